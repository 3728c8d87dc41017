"""What a lane looks like from outside: the same picture for `state/{lane}`, screen and terminal."""

from dataclasses import dataclass

from agent.core.ids import LaneId


@dataclass(frozen=True, slots=True)
class LaneView:
    """One lane now.

    ``position``: ``open, closed, opening, closing, unknown``; only a limit switch proves ``open``
    or ``closed``. ``loop``: ``occupied, clear, unknown, none``. ``waiting`` counts grants whose
    vehicle has not passed yet.
    """

    lane: LaneId
    position: str
    mode: str
    loop: str
    waiting: int
    faults: tuple[str, ...] = ()
