"""Commands of the centre: what one is once it was read and checked, and what is answered.

Rules kept here:
- a command is known by its client and its ``cmd_id`` together: two clients may use the same id;
- ``actor`` names the person for the record and grants nothing: what a client may do is settled
  before (`agent.uplink.permits`);
- every command that reached the gate leaves an entry with what came of it, in the transaction of
  what it did.

See docs/contract for the messages.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from agent.core.draft import Draft
from agent.core.effects import AnswerOrder
from agent.core.entries import EntryType
from agent.core.events import CommandRefused
from agent.core.orders import Order


class Name(StrEnum):
    """Every command that a client may be allowed. There is no toggle."""

    OPEN = "open"
    CLOSE = "close"
    STOP = "stop"
    HOLD_OPEN = "hold_open"
    RELEASE_HOLD = "release_hold"
    LOCKDOWN = "lockdown"
    LIFT_LOCKDOWN = "lift_lockdown"
    FAULT_CLEAR = "fault.clear"
    AMNESTY = "amnesty"
    ROSTER_BEGIN = "roster.begin"
    ROSTER_CHUNK = "roster.chunk"
    ROSTER_COMMIT = "roster.commit"
    ROSTER_DIGEST = "roster.digest"
    CARD_BLOCK = "card.block"
    CARD_UNBLOCK = "card.unblock"
    APPOINTMENT_PUT = "appointment.put"
    APPOINTMENT_CANCEL = "appointment.cancel"
    NOTICE_PUT = "notice.put"
    NOTICE_END = "notice.end"
    RELEASE_SLIP_PUT = "release_slip.put"
    BAN_PUT = "ban.put"
    BAN_LIFT = "ban.lift"
    HELP_ANNOUNCE = "help.announce"
    PRIORITY_ANNOUNCE = "priority.announce"
    REPLAY = "replay"
    PING = "ping"
    INFO = "info"
    CONFIG_GET = "config.get"


ACTUATION = frozenset({Name.OPEN, Name.CLOSE, Name.STOP, Name.HOLD_OPEN, Name.RELEASE_HOLD})
"""What moves an arm: it waits nowhere, and expires after seconds."""

ORIGIN = "mqtt"
ACCEPTED, DONE, FAILED, REJECTED, EXPIRED = "accepted", "done", "failed", "rejected", "expired"
LATE = "this came too late: its time was over before the gate could do it, and nothing was done"


@dataclass(frozen=True, slots=True)
class Command:
    """A command, read and checked.

    ``digest`` is the SHA-256 of its name and exact body (hex), so that the same id with another
    body is noticed; ``deadline_ns`` is monotonic, and after it nothing is done any more.
    """

    client: str
    name: str
    cmd_id: str
    actor: str
    reason: str
    args: Mapping[str, object]
    digest: str
    deadline_ns: int

    @property
    def key(self) -> str:
        """Under which its result is kept."""
        return f"{self.client}/{self.cmd_id}"

    @property
    def origin_actor(self) -> str:
        """Who stands in the entries: the client, and the person whom it names."""
        return f"{ORIGIN}:{self.client}/{self.actor}" if self.actor else f"{ORIGIN}:{self.client}"


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered: ``accepted``, and later ``done``, ``failed``, ``rejected``, ``expired``.

    ``code`` is as in HTTP and goes out unless it was accepted or done; ``detail`` is a sentence.
    """

    status: str
    code: int = 200
    result: Mapping[str, object] = field(default_factory=dict)
    detail: str = ""
    duplicate: bool = False


Answer = Callable[[Reply], None]
"""Takes the one reply that follows `accepted`, from any thread."""

Execute = Callable[[Command, Answer], None]
"""Begins a command and returns at once; the answer follows, exactly once."""


def late(order: Order, out: Draft) -> bool:
    """Is its time over? Then that is its answer."""
    if not order.deadline_ns or out.at.mono_ns < order.deadline_ns:
        return False
    out.do(AnswerOrder(order.order_id, EXPIRED, 410, LATE))
    return True


def noted(order: Order, out: Draft) -> None:
    """Write down what came of a command, after what it did."""
    for effect in out.effects:
        if isinstance(effect, AnswerOrder):
            data: dict[str, object] = {"client": order.client, "command": order.command}
            data |= {"status": effect.status, "code": effect.code}
            if said := order.args.get("reason", ""):
                data["reason"] = said
            out.write(
                EntryType.COMMAND_ANSWERED,
                f"client/{order.client}",
                data,
                actor=order.actor,
                cause=order.order_id,
            )


def refused(event: CommandRefused, out: Draft) -> None:
    """Write down that somebody at the broker asked for what he may not have."""
    data = {"client": event.client, "command": event.command, "code": event.code}
    out.write(
        EntryType.COMMAND_REFUSED,
        f"client/{event.client}",
        {**data, "detail": event.detail, "count": event.count},
        actor=f"{ORIGIN}:{event.client}",
    )
