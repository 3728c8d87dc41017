"""What a lane looks like from outside: the same picture for `state/{lane}`, screen and terminal."""

from dataclasses import dataclass

from agent.core.ids import LaneId

POSITIONS = ("open", "closed", "opening", "closing", "stopped", "unknown")
PROOFS = ("switch", "assumed", "none")
MODES = ("normal", "held_open", "stopped", "faulted", "fire", "lockdown")
LOOPS = ("occupied", "clear", "unknown", "none")
EMERGENCIES = ("none", "fire", "lockdown")
ALARMS = ("none", "pre_alarm", "alarm", "escalated")
"""Every word of a `LaneView`, for those who have to know them all beforehand."""


@dataclass(frozen=True, slots=True)
class LaneView:
    """One lane now.

    ``position``: ``open, closed, opening, closing, stopped, unknown``; only a limit switch proves
    ``open`` or ``closed``, and ``proof`` says what a position stands on: ``switch``, ``assumed``
    (from the time that the arm takes) or ``none``. ``mode``: ``normal, held_open, stopped, faulted,
    fire, lockdown``. ``loop`` (and ``approach``, ``exit``): ``occupied, clear, unknown, none``.
    ``waiting`` counts grants whose vehicle has not passed yet. ``emergency``: ``none, fire,
    lockdown`` of the whole gate. ``alarm``: the step of the ladder that was reached (``none,
    pre_alarm, alarm, escalated``). ``text`` is what the lane's display says.
    """

    lane: LaneId
    position: str
    mode: str
    loop: str
    waiting: int
    faults: tuple[str, ...] = ()
    proof: str = "none"
    approach: str = "none"
    exit: str = "none"
    emergency: str = "none"
    alarm: str = "none"
    text: str = ""
