"""All that the screen shows, as plain values: a picture can be recorded and drawn again."""

from dataclasses import dataclass

from agent.demo.checks import Finding
from agent.demo.words import Told


@dataclass(frozen=True, slots=True)
class LaneCard:
    """One lane. ``position``, ``loop`` and ``waiting`` are what the daemon says.

    ``place`` (0 down to 1 up) and ``cars`` are what the simulated gate sees; ``position`` is empty
    while nobody can say. ``plugged``: the lane's reader is there. ``last`` is the last answer to a
    card, ``who`` its holder. ``chosen``: keys act on this lane.
    """

    lane: str
    name: str
    direction: str
    position: str
    loop: str
    waiting: int
    place: float
    cars: tuple[str, ...]
    plugged: bool
    last: Told | None = None
    who: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class CentreCard:
    """The other side. ``linked``: the centre hears the broker; ``line``: the gate's line is whole.

    ``link`` is the condition of the gate's uplink in one word.
    """

    line: bool
    link: str
    linked: bool
    presence: str
    last: int
    events: int
    gaps: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class Picture:
    """One moment. ``centre`` is None where no broker runs; ``running``: the daemon is there.

    ``findings`` and ``choices`` take the place of the events when there are any.
    """

    gate: str
    clock: str
    caption: str
    running: bool
    head: int
    lanes: tuple[LaneCard, ...]
    told: tuple[Told, ...]
    centre: CentreCard | None
    keys: tuple[tuple[str, str], ...] = ()
    findings: tuple[Finding, ...] = ()
    choices: tuple[str, ...] = ()
