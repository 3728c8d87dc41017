"""Who says what at which lane: entries and looks go to the loudspeaker of their lane alone."""

from collections.abc import Sequence
from dataclasses import replace

from agent.core.entries import Entry, EntryType
from agent.core.ids import LaneId
from agent.core.model import Moment
from agent.core.tap import LATE_NS
from agent.core.view import LaneView
from agent.ports import Condition, Head, Health
from agent.speaking import Speaking
from tests.core.builders import moment

IN, OUT, MUTE = LaneId("in-1"), LaneId("out-1"), LaneId("mute")
HEAD = Head("s", "b", 1, 9, b"")


class Kept:
    """A loudspeaker that keeps what it has to say."""

    def __init__(self) -> None:
        self.said: list[tuple[str, bool]] = []

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def say(self, names: Sequence[str], *, urgent: bool = False) -> None:
        self.said.append((" ".join(names), urgent))

    def health(self) -> Health:
        return Health("voice", Condition.OK, "")


class Standing:
    """A clock that stands until it is put forward."""

    def __init__(self) -> None:
        self.at = moment(0)

    def now(self) -> Moment:
        return self.at


def test_each_lane_says_its_own() -> None:
    voices = {IN: Kept(), OUT: Kept()}
    speaking = Speaking(voices, Standing())
    entries = [
        Entry(EntryType.ACCESS_DENIED, "lane/in-1", moment(0), {"reason": "expired"}),
        Entry(EntryType.ACCESS_GRANTED, "lane/out-1", moment(0), {"direction": "out"}),
        Entry(EntryType.ACCESS_GRANTED, "lane/mute", moment(0), {"direction": "in"}),
        Entry(EntryType.ARM_OPENED, "lane/in-1", moment(0)),
    ]
    speaking.committed(HEAD, 1, entries)
    assert voices[IN].said == [("denied_expired denied", False)]
    assert voices[OUT].said == [("granted_out", False)]


def test_what_was_written_late_is_not_said() -> None:
    voices, clock = {IN: Kept()}, Standing()
    speaking = Speaking(voices, clock)
    clock.at = replace(moment(0), mono_ns=moment(0).mono_ns + LATE_NS + 1)
    entry = Entry(EntryType.ACCESS_GRANTED, "lane/in-1", moment(0), {"direction": "in"})
    speaking.committed(HEAD, 1, [entry])
    assert voices[IN].said == []
    speaking.committed(HEAD, 2, [replace(entry, at=clock.at)])
    assert voices[IN].said == [("granted_in", False)]


def test_what_lanes_look_like_is_said_once() -> None:
    voices = {IN: Kept(), OUT: Kept()}
    speaking = Speaking(voices, Standing())
    quiet = [LaneView(lane, "closed", "normal", "clear", 0) for lane in (IN, OUT, MUTE)]
    speaking.lanes(quiet)
    fire = [replace(view, position="open", mode="fire", emergency="fire") for view in quiet]
    speaking.lanes(fire)
    speaking.lanes(fire)
    assert voices[IN].said == [("fire", True)]
    assert voices[OUT].said == [("fire", True)]
