"""A gate with an intercom: who calls whom, what the lines tell, and the timers of it all.

Lane in-1 calls the booth's phone, then unit 3-1 (two residents, three numbers), then the control
room; lane out-1 calls the control room alone. What is dialled is kept in ``dialled``.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agent.core.call_state import Call
from agent.core.effects import Accept, Dial, HangUp, StartTimer, StopTimer
from agent.core.entries import Entry, EntryType
from agent.core.events import Event, InputChanged, LineTold, TimerFired, Turn, Why
from agent.core.gate_state import Step
from agent.core.ids import InputId, LaneId, LineId
from agent.core.needs import Need, Row, Rows
from agent.core.plan import Button, GatePlan
from agent.core.plan_calls import SECOND, CallsPlan, Keys, Party
from agent.core.plan_calls import Step as CallStep
from tests.core.booth import DRAWER, Booth, booth_plan
from tests.core.builders import LANE
from tests.core.whole import OUT
from tests.rigs.memory_journal import MemoryJournal

PHONE, WANG, WANG_2, LI = "sip:booth@10.0.0.5", "13800000001", "010-6222 3333", "13900000002"
CONTROL = "sip:control@10.0.0.9"
OFFICE = "8001"
BUTTON, BUTTON_OUT = InputId("in-1.button-call"), InputId("out-1.button-call")


def line_of(
    entry: str, kind: str, name: str, unit: str, *phones: str, quiet: str = "", place: int = 0
) -> Row:
    return {
        "entry": entry,
        "kind": kind,
        "name": name,
        "unit": unit,
        "department": "",
        "phones": json.dumps(phones),
        "signs": 0,
        "note": "",
        "quiet": quiet,
        "place": place,
    }


DIRECTORY = (
    line_of("d-1", "resident", "王小明", "3-1", WANG, WANG_2),
    line_of("d-2", "resident", "李娜", "3-1", LI),
    line_of("d-3", "department", "财务", "", OFFICE),
    line_of("d-4", "emergency", "110", "", "110"),
    line_of("d-5", "other", "none", ""),
    line_of("d-6", "other", "a shop", "3-1", "8009"),
    line_of("d-7", "resident", "nobody", "9-9"),
    line_of("d-8", "resident", "周静", "5-2", "13700000001", quiet="12:00-14:00"),
    line_of("d-9", "resident", "周勤", "5-2", "13700000002", quiet="13:00-20:00"),
    line_of("d-a", "resident", "of the roster, second", "7-1", "72", place=2),
    line_of("d-b", "resident", "of the roster, first", "7-1", "71", place=1),
    line_of("d-c", "resident", "by hand", "7-1", "70"),
)
CALLS = CallsPlan(
    lanes={
        LANE: (
            CallStep(Party.BOOTH, PHONE, ring_ns=(10 * SECOND,), may_open=False),
            CallStep(Party.UNIT, unit="3-1", ring_ns=(20 * SECOND, 15 * SECOND)),
            CallStep(Party.CONTROL, CONTROL, ring_ns=(30 * SECOND,)),
        ),
        OUT: (CallStep(Party.CONTROL, CONTROL, ring_ns=(30 * SECOND,)), CallStep(Party.BOOTH)),
    },
    dial="sip:{number}@10.0.0.1",
    control=(CONTROL,),
    home=LANE,
    quiet={"3-1": "22:00-07:00"},
    ring_ns=(25 * SECOND,),
)
PIN = replace(CALLS, keys=Keys(pin="1234"))


class WithDirectory(MemoryJournal):
    """A journal that knows the directory of this file."""

    broken = False

    def rows(self, needs: Sequence[Need]) -> Rows:
        books = [need for need in needs if need.table != "directory"]
        found = dict(super().rows(books))
        for need in needs:
            if need.table == "directory":
                rows = tuple(row for row in DIRECTORY if row[need.column] == need.value)
                found["directory"] = (*found.get("directory", ()), *rows)
        return found


def calling_plan(calls: CallsPlan | None = CALLS) -> GatePlan:
    plan = booth_plan()
    lanes = dict(plan.lanes)
    for lane, button in ((LANE, BUTTON), (OUT, BUTTON_OUT)):
        arm = lanes[lane].arm
        arm = replace(arm, buttons={**arm.buttons, Button.CALL: button})
        lanes[lane] = replace(lanes[lane], arm=arm)
    return replace(plan, lanes=lanes, calls=calls)


class Calling(Booth):
    """The gate of this file. ``timers`` are those that run, by key, with their time (ns)."""

    def __init__(self, calls: CallsPlan | None = CALLS, seconds: float = 0.0) -> None:
        self.timers: dict[str, int] = {}
        self.dialled: dict[LineId, str] = {}
        self.hung_up: list[LineId] = []
        self.taken: list[LineId] = []
        self.spoken_at: list[LaneId | None] = []
        super().__init__(calling_plan(calls), journal=WithDirectory(DRAWER), seconds=seconds)

    def do(self, event: Event) -> Step:
        step = super().do(event)
        for effect in step.effects:
            match effect:
                case StartTimer(key, at_ns):
                    self.timers[key] = at_ns
                case StopTimer(key):
                    self.timers.pop(key, None)
                case Dial(line, number, lane):
                    self.spoken_at.append(lane)
                    self.dialled[line] = number
                case HangUp(line):
                    self.hung_up.append(line)
                case Accept(line, lane):
                    self.spoken_at.append(lane)
                    self.taken.append(line)
        return step

    @property
    def call(self) -> Call:
        """The call that rings or talks."""
        call = self.state.calls.active
        assert call is not None
        return call

    def press(self, button: InputId = BUTTON) -> Step:
        """The visitor presses the button and lets it go."""
        self.wait(1)
        step = self.do(InputChanged(button, True, 1, self.now))
        self.do(InputChanged(button, False, 2, self.now))
        return step

    def tell(self, turn: Turn, line: str = "", **more: Any) -> Step:
        """The intercom tells of a line, of the one that is on unless told."""
        self.wait(1)
        which = LineId(line) if line else self.call.line
        return self.do(LineTold(which, turn, self.now, **more))

    def rings(self) -> Step:
        return self.tell(Turn.RANG)

    def answers(self) -> Step:
        return self.tell(Turn.ANSWERED)

    def key(self, *keys: str) -> Step:
        for key in keys:
            step = self.tell(Turn.KEY, key=key)
        return step

    def ends(self, why: Why = Why.HUNG_UP) -> Step:
        return self.tell(Turn.ENDED, why=why)

    def after(self, seconds: float) -> None:
        """Time goes by, and the timers of calls that are over by then fire in their order."""
        ends_ns = self.now.mono_ns + int(seconds * SECOND)
        while due := sorted(
            (at, key) for key, at in self.timers.items() if _call(key, at, ends_ns)
        ):
            at_ns, key = due[0]
            self.seconds += max(0, at_ns - self.now.mono_ns) / SECOND
            del self.timers[key]
            self.do(TimerFired(key, self.now))
        self.seconds += max(0, ends_ns - self.now.mono_ns) / SECOND

    def to_unit(self) -> "Calling":
        """The booth's phone did not answer; the unit's first number rings."""
        self.press()
        self.rings()
        self.after(10)
        self.rings()
        return self

    def since(self, count: int) -> list[str]:
        """The types of the entries after the first ``count``, without what is alike in all."""
        return [
            str(each.type).removeprefix("gate.").removesuffix(".v1")
            for each in self.entries[count:]
        ]

    def told(self, kind: EntryType) -> list[Mapping[str, object]]:
        return [entry.data for entry in self.entries if entry.type is kind]

    def every(self, kind: EntryType) -> list[Entry]:
        return [entry for entry in self.entries if entry.type is kind]


def _call(key: str, at_ns: int, ends_ns: int) -> bool:
    return key.startswith("call:") and at_ns <= ends_ns
