"""Lamps, horn and text line of a lane: they follow what the lane looks like from outside.

Rules kept here:
- green only while a vehicle may drive: the arm is up, proved or assumed, and there is somebody who
  was granted (in a lockdown: by name), or it is held open, or up for a fire; else, and when the
  position is not known, red;
- red and green are never on together: the one goes off before the other comes on;
- the text is Chinese first; the English word follows where both fit the line; whatever happens,
  no text is wider than the line (a Chinese character takes two columns).
"""

from typing import NamedTuple
from unicodedata import east_asian_width

from agent.core.draft import Draft
from agent.core.effects import PulseRelay, ShowText, SwitchRelay
from agent.core.ids import OutputId
from agent.core.plan import ArmKind, LanePlan
from agent.core.view import LaneView

COLUMNS = 20


class Words(NamedTuple):
    """What the line says, in both languages."""

    zh: str
    en: str


FIRE = Words("消防", "FIRE")
LOCKDOWN = Words("出口管制", "LOCKDOWN")
FAULTED = Words("设备故障", "FAULT")
STOP = Words("停", "STOP")
GO = Words("请通行", "GO")
WAIT = Words("请稍候", "WAIT")
MOVE_ON = Words("请勿停留", "MOVE ON")
TAP = Words("请刷卡", "TAP CARD")
FULL = Words("已满", "FULL")
RECORDED = Words("通话录音", "RECORDED")
BAYS = Words("请刷卡 余{free}", "FREE")

_MODES = {"fire": FIRE, "lockdown": LOCKDOWN, "faulted": FAULTED, "stopped": STOP}
_POSITIONS = {"open": STOP, "closing": STOP, "stopped": STOP, "opening": WAIT}


def follow(plan: LanePlan, before: LaneView | None, after: LaneView, out: Draft) -> None:
    """Bring lamps and text to what the lane looks like now; ``before`` is None at the start."""
    go = may_drive(plan, after)
    if before is None or go != may_drive(plan, before):
        red, green = plan.signals.red, plan.signals.green
        off, on = (red, green) if go else (green, red)
        _switch(off, False, out)
        _switch(on, True, out)
    if plan.signals.text and (before is None or before.text != after.text):
        out.do(ShowText(plan.lane, after.text))


def sound(plan: LanePlan, out: Draft) -> None:
    """Sound the horn once, if there is one."""
    if plan.signals.horn is not None:
        out.do(PulseRelay(plan.signals.horn, plan.signals.horn_ms))


def may_drive(plan: LanePlan, view: LaneView) -> bool:
    """Whether the lamp is green. A door that was released counts as open: it waits for a push."""
    released = plan.arm.kind is ArmKind.DOOR and view.position == "opening"
    if not released and (view.position != "open" or view.proof not in {"switch", "assumed"}):
        return False
    # In a lockdown whoever waits was let out by name.
    granted = view.mode in {"normal", "lockdown"} and view.waiting > 0
    return granted or view.mode in {"held_open", "fire"}


def text(
    plan: LanePlan,
    view: LaneView,
    free: int | None,
    columns: int = COLUMNS,
    *,
    recorded: bool = False,
) -> str:
    """The line of a lane's display, at most ``columns`` wide.

    ``free`` is how many bays are free where this lane leads to; None where they are not counted or
    do not matter (a lane out). ``recorded``: a call is on here, and is recorded.
    """
    words = _words(plan, view, RECORDED if recorded else _invitation(free))
    both = f"{words.zh} {words.en}"
    return both if width(both) <= columns else fit(words.zh, columns)


def width(line: str) -> int:
    """Columns that a line takes: East Asian wide, full and ambiguous characters take two."""
    return sum(2 if east_asian_width(letter) in "WFA" else 1 for letter in line)


def fit(line: str, columns: int) -> str:
    """As much of the line as ``columns`` hold; no character is cut in half."""
    while line and width(line) > columns:
        line = line[:-1]
    return line.rstrip()


def _words(plan: LanePlan, view: LaneView, quiet: Words) -> Words:
    mode = "fire" if view.emergency == "fire" else view.mode
    if mode != "fire" and may_drive(plan, view):
        return GO
    if mode in _MODES:
        return _MODES[mode]
    if view.position == "open" and view.alarm != "none":
        return MOVE_ON
    return _POSITIONS.get(view.position) or (WAIT if view.waiting else quiet)


def _invitation(free: int | None) -> Words:
    """The arm is down, or may be, and nobody was granted: what somebody who comes has to know."""
    if free is None:
        return TAP
    return FULL if free <= 0 else Words(BAYS.zh.format(free=free), BAYS.en)


def _switch(output: OutputId | None, on: bool, out: Draft) -> None:
    if output is not None:
        out.do(SwitchRelay(output, on))
