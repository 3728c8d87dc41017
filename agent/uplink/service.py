"""What the gate serves to the centre, and who does it: plain words that need no MQTT library."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from agent.core.commands import FAILED, Answer, Command, Execute, Reply
from agent.core.events import CommandRefused
from agent.uplink.discovery import Discovery
from agent.uplink.permits import Permits


def _nothing(*_: object) -> None:
    return None


def nobody(_command: Command, answer: Answer) -> None:
    """Nothing is done for the centre here."""
    answer(Reply(FAILED, 503, detail="nothing is served here"))


@dataclass(frozen=True, slots=True)
class Service:
    """What the gate serves to the centre.

    ``trusted_us`` is the last wall time that the journal knows to be true (µs since 1970 UTC, 0:
    none).

    ``recall`` looks up what was answered to a command before, and ``note`` keeps the answer to one
    that was done here; ``refused`` writes down what was asked for in vain. All return at once; the
    answers come in any thread.
    """

    permits: Permits = field(default_factory=dict)
    execute: Execute = nobody
    recall: Callable[[Command, Callable[[Reply | None], None]], None] = _nothing
    note: Callable[[Command, Reply], None] = _nothing
    refused: Callable[[CommandRefused], None] = _nothing
    consumers: tuple[str, ...] = ()
    acked: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    keep_acked: Callable[[Mapping[str, tuple[str, int]]], None] = _nothing
    discovery: Discovery | None = None
    trusted_us: int = 0
