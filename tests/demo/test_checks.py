"""Break the world in one place and see which check finds it; whole lists are compared."""

from dataclasses import replace

import pytest

from agent.core.entries import EntryType, StoredEntry
from agent.demo.checks import Answer, Evidence, Lane, check
from agent.demo.pulses import MS, pulses, wanted
from agent.store.verify import Verdict
from drivers.sim.board import Record
from tests.demo.world import (
    CENTRE,
    CLOSE,
    ENTRIES,
    LANE,
    OPEN,
    RESTORED_MS,
    TRACE,
    WORLD,
    ended,
    entry,
    granted,
    pulse,
    received,
    with_centre,
    with_entries,
    with_trace,
)

JOURNAL = "the journal verifies"
ANSWERS = "every tap has its one answer"
AGREE = "relays and journal agree"
LENGTHS = "every pulse has its length"
EXCLUDE = "open and close exclude each other"
REST = "no relay is on at the end"
PASSAGES = "every passage ended, once"
UNHURT = "nobody was hit by an arm"
COMPLETE = "the centre has every entry"
BYTES = "the centre has the same bytes"
OUTAGE = "the outage was replayed"
STOPPED = "the daemon stopped in order"


def failing(world: Evidence) -> dict[str, str]:
    return {one.name: one.detail for one in check(world) if one.holds is False}


def test_a_world_in_which_everything_agrees() -> None:
    made = check(WORLD)
    assert [one.name for one in made] == [
        JOURNAL, ANSWERS, AGREE, LENGTHS, EXCLUDE, REST, PASSAGES, UNHURT, COMPLETE, BYTES, OUTAGE,
        STOPPED,
    ]  # fmt: skip
    assert [one.detail for one in made if not one.holds] == []


def test_without_a_broker_nothing_is_claimed_of_the_centre() -> None:
    made = check(replace(WORLD, centre=None, code=None))
    unchecked = {one.name: one.detail for one in made if one.holds is None}
    assert unchecked == dict.fromkeys((COMPLETE, BYTES, OUTAGE), "not checked: no mosquitto")
    assert all(one.holds for one in made if one.name not in unchecked)


BROKEN: dict[str, tuple[Evidence, set[str]]] = {
    "an extra open pulse": (with_trace(*TRACE, *pulse(OPEN, 6_005)), {AGREE}),
    "a second pulse for one grant": (with_trace(*TRACE, *pulse(OPEN, 1_500)), {AGREE}),
    "an extra close pulse": (with_trace(*TRACE, *pulse(CLOSE, 6_005)), {AGREE}),
    "a grant that moved nothing": (
        with_trace(*TRACE[:3], *pulse(CLOSE, 4_004), *TRACE[-4:]),
        {AGREE},
    ),
    "a pulse long after its grant": (
        with_trace(*TRACE[:3], *pulse(OPEN, 3_500), *TRACE[5:]),
        {AGREE},
    ),
    "a pulse before its grant": (with_trace(*TRACE[:3], *pulse(OPEN, 900), *TRACE[5:]), {AGREE}),
    "a pulse of the wrong relay": (
        with_trace(*TRACE[:3], *pulse(CLOSE, 1_005), *TRACE[5:]),
        {AGREE},
    ),
    "a pulse that is too long": (
        with_trace(*TRACE[:3], *pulse(OPEN, 1_005, 700), *TRACE[5:]),
        {LENGTHS},
    ),
    "a pulse that is too short": (
        with_trace(*TRACE[:3], *pulse(OPEN, 1_005, 20), *TRACE[5:]),
        {LENGTHS},
    ),
    "open and close together": (
        with_trace(*TRACE[:-4], *pulse(OPEN, 10_003), *pulse(CLOSE, 10_200), *TRACE[-2:]),
        {AGREE, EXCLUDE},
    ),
    "a relay that stays on": (with_trace(*TRACE[:-1]), {REST}),
    "an entry that is missing": (
        replace(with_entries(*ENTRIES[:3], *ENTRIES[4:]), verdict=Verdict(4, 1, 5, b"", 0)),
        {JOURNAL, ANSWERS, AGREE, PASSAGES, BYTES},
    ),
    "a journal that was changed": (
        replace(WORLD, verdict=Verdict(2, 1, 2, b"", 0, 3, "its hash does not fit")),
        {JOURNAL},
    ),
    "a passage without an end": (
        replace(with_entries(*ENTRIES[:4]), trace=TRACE[:-2]),
        {PASSAGES, BYTES},
    ),
    "a passage that ended twice": (
        replace(
            with_entries(*ENTRIES, ended(6, 14_000, "p2", "interrupted")),
            centre=None,
        ),
        {PASSAGES},
    ),
    "a car that the journal did not see": (
        replace(WORLD, lanes={LANE: Lane(passed=3, hits=0, cars=0)}),
        {PASSAGES},
    ),
    "a car that is still there": (
        replace(WORLD, lanes={LANE: Lane(passed=2, hits=0, cars=1)}),
        {PASSAGES},
    ),
    "an arm on a car": (replace(WORLD, lanes={LANE: Lane(passed=2, hits=1, cars=0)}), {UNHURT}),
    "a tap without an answer": (
        replace(WORLD, expected=(*WORLD.expected, Answer(LANE, "V-003", "granted"))),
        {ANSWERS},
    ),
    "another answer than the script's": (
        replace(WORLD, expected=(*WORLD.expected[:2], Answer(LANE, "V-002", "expired"))),
        {ANSWERS},
    ),
    "a gap at the centre": (with_centre(gaps=((3, 3),)), {COMPLETE}),
    "an event that never came": (with_centre(events=received()[:2] + received()[3:]), {COMPLETE}),
    "a tail that never came": (with_centre(events=received()[:-1]), {COMPLETE, OUTAGE}),
    "an event that was counted twice": (
        with_centre(events=(*received(), received()[-1])),
        {COMPLETE},
    ),
    "events out of order": (
        with_centre(events=(received()[1], received()[0], *received()[2:])),
        {COMPLETE},
    ),
    "a line that could not be read": (with_centre(unreadable=1), {COMPLETE}),
    "an event that differs": (
        with_centre(
            events=(replace(received()[0], line=received()[0].line.replace(b"V-001", b"V-007")),
                    *received()[1:])
        ),
        {BYTES},
    ),
    "an event that is not in the journal": (
        with_centre(events=(*received(), replace(received()[-1], sequence=6))),
        {BYTES},
    ),
    "an outage that never was": (with_centre(outages=()), {OUTAGE}),
    "an outage in which nothing happened": (
        with_centre(outages=((7_000 * MS, 8_000 * MS),)),
        {OUTAGE},
    ),
    "a line that was not really cut": (
        with_centre(events=tuple(replace(one, ns=one.sequence) for one in received())),
        {OUTAGE},
    ),
    "a daemon that did not stop well": (replace(WORLD, code=-9), {STOPPED}),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_world_is_found(name: str) -> None:
    world, found = BROKEN[name]
    assert set(failing(world)) == found, failing(world)


def test_a_finding_says_what_was_seen() -> None:
    told = failing(with_trace(*TRACE, *pulse(OPEN, 6_005)))
    assert told == {AGREE: "in-1.open moved at 6005 ms, and no entry says why"}


def test_many_faults_are_counted_and_not_all_told() -> None:
    extra = [record for at in range(20_000, 25_000, 1_000) for record in pulse(OPEN, at)]
    assert failing(with_trace(*TRACE, *extra))[AGREE].endswith("; and 2 more")


def test_a_floating_pin_switches_nothing() -> None:
    floats = Record(RESTORED_MS * MS, "pin", OPEN.pin, "input", 0, 7)
    assert pulses([*TRACE, floats], OPEN) == pulses(TRACE, OPEN)


def test_a_pin_that_is_let_go_ends_a_pulse() -> None:
    on = pulse(OPEN, 1_000)[0]
    (one,) = pulses([on, Record(1_100 * MS, "pin", OPEN.pin, "input", 1, 7)], OPEN)
    assert one.ms == 100


def test_two_cars_on_two_grants_lower_the_arm_once() -> None:
    nose_to_tail = (
        granted(1, 1_000, "p1"),
        granted(2, 1_500, "p2"),
        ended(3, 4_000, "p1"),
        ended(4, 6_000, "p2"),
    )
    asked = [(want.sequence, want.relay) for want in wanted(nose_to_tail)]
    assert asked == [(1, "in-1.open"), (2, "in-1.open"), (4, "in-1.close")]


def test_an_interrupted_passage_moves_nothing() -> None:
    left = (granted(1, 1_000, "p1"), ended(2, 9_000, "p1", "interrupted"))
    assert [want.relay for want in wanted(left)] == ["in-1.open"]


def test_orders_by_hand_move_what_they_say() -> None:
    def ordered(sequence: int, at_ms: int, kind: str, **more: object) -> StoredEntry:
        return entry(sequence, EntryType.ARM_ORDERED, at_ms, lane=LANE, order=kind, **more)

    story = (
        ordered(1, 1_000, "open", passage="p1"),
        ordered(2, 2_000, "close", refused="safety input in-1.loop is occupied"),
        ordered(3, 3_000, "close"),
        ended(4, 3_000, "p1", "no_entry"),
        ordered(5, 4_000, "stop"),
        entry(6, EntryType.ARM_PROTECTED, 5_000, output="in-1.open", what="raised", because="x"),
    )
    asked = [(want.sequence, want.relay, want.early) for want in wanted(story)]
    assert asked == [
        (1, "in-1.open", False),
        (3, "in-1.close", False),
        (5, "in-1.stop", True),
        (6, "in-1.open", True),
    ]


def test_the_centre_may_lag_behind_what_came_after_the_head() -> None:
    stopped = entry(6, EntryType.AGENT_STOPPED, 17_000, reason="SIGTERM")
    assert failing(with_entries(*ENTRIES, stopped)) == {}
    assert CENTRE.upto == 5
