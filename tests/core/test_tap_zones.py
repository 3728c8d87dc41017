"""Taps where zones, other lanes and emergencies have a say."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from agent.core.access import Passback
from agent.core.effects import ShowVerdict, Verdict
from agent.core.emergency import Emergency
from agent.core.entries import Entry, EntryType
from agent.core.events import CardRead
from agent.core.facts import Facts
from agent.core.ids import LaneId, PassageId, ReaderId
from agent.core.lane import LaneState
from agent.core.model import CardKind, ClockQuality, Direction
from agent.core.passages import Grant
from agent.core.plan import INSIDE, ArmKind, GatePlan, PassbackMode, ZonePlan
from agent.core.tap import at_lane, question
from agent.core.vehicles import Vehicle
from tests.core.builders import a_card, moment
from tests.core.zones import (
    AT_IN,
    AT_OUT,
    CARS,
    DOWN,
    GARAGE,
    IN_1,
    IN_2,
    OUT_1,
    RAMP,
    UP,
    draft,
    estate,
    facts,
    seen,
    zone,
)

CALM = Emergency()
LOCKED = Emergency(lockdown=True)
CAR = replace(a_card("V"), kind=CardKind.VEHICLE)
HARD = estate(zone(PassbackMode.HARD))
BAYS = estate(zone(bays=2, refuse_when_full=CARS))


def granted(lane: LaneId, *cards: str, taken: bool = False, **more: Any) -> LaneState:
    """A lane where these cards have a grant each; ``taken``: the first one's vehicle is inside."""
    given = [
        Grant(PassageId(f"{lane}-{card}"), card, "c", "vehicle", at_ns=1, **more) for card in cards
    ]
    state = LaneState(lane)
    inside = Vehicle(since_ns=2) if taken else None
    return replace(state, passages=replace(state.passages, grants=tuple(given), inside=inside))


def tapped(
    plan: GatePlan,
    reader: ReaderId,
    known: Facts,
    emergency: Emergency = CALM,
    state: LaneState | None = None,
    others: Iterable[LaneState] = (),
    quality: ClockQuality = ClockQuality.SYNCED,
) -> tuple[Entry, LaneState, Verdict]:
    at = moment(0, quality)
    lane = plan.readers[reader].lane
    assert lane is not None
    out = draft(plan, known, at)
    event = CardRead(reader, a_card().credential, at)
    after = at_lane(plan, state or LaneState(lane), emergency, event, known, out, others)
    (shown,) = (effect for effect in out.effects if isinstance(effect, ShowVerdict))
    return out.entries[0], after, shown.verdict


def reason(*args: Any, **more: Any) -> object:
    entry, _, _ = tapped(*args, **more)
    return entry.data.get("reason") or entry.data.get("duty") or entry.data.get("marks", "granted")


# Anti-passback


def test_a_second_entry_is_denied_and_says_so() -> None:
    known = facts(cards=(a_card(),), presence=seen())
    entry, after, verdict = tapped(HARD, AT_IN, known)
    assert (entry.type, entry.data["reason"]) == (EntryType.ACCESS_DENIED, "passback")
    assert verdict is Verdict.DENIED
    assert after.passages.grants == ()
    assert reason(HARD, AT_OUT, known) == "granted"


def test_a_mark_is_written_beside_the_grant() -> None:
    known = facts(cards=(a_card(),), presence=seen())
    soft = estate(zone(PassbackMode.SOFT))
    assert reason(soft, AT_IN, known) == ["passback"]
    unknown = ClockQuality.UNKNOWN
    assert reason(HARD, AT_IN, known, quality=unknown) == ["clock_unknown", "passback"]


def test_two_cards_for_one_number_are_ambiguous_whatever_is_known() -> None:
    known = facts(cards=(a_card("A"), a_card("B")), presence=seen())
    assert reason(HARD, AT_IN, known) == "ambiguous"
    assert reason(HARD, AT_IN, facts()) == "unknown_credential"


def test_a_card_handed_back_through_the_window_opens_nothing() -> None:
    known = facts(cards=(a_card("A"),))
    standing = granted(IN_1, "A", taken=True)
    assert reason(HARD, AT_IN, known, state=standing) == "passback"
    assert reason(estate(), AT_IN, known, state=standing) == "granted"


def test_a_card_that_waits_elsewhere_opens_no_second_lane() -> None:
    known = facts(cards=(a_card("A"),))
    waiting = granted(IN_1, "A")
    assert reason(HARD, AT_IN, known, others=[granted(IN_2, "A")]) == "passback"
    assert reason(HARD, AT_IN, known, others=[granted(IN_2, "B")]) == "granted"
    # A grant for the way out, or this lane itself among the others, is no way in.
    assert reason(HARD, AT_IN, known, others=[granted(OUT_1, "A", direction=Direction.OUT)]) == (
        "granted"
    )
    assert reason(HARD, AT_IN, known, state=waiting, others=[waiting]) == "granted"


# Bays


def test_no_vehicle_comes_into_a_full_zone() -> None:
    known = facts(cards=(CAR,), counts={INSIDE: 2})
    assert reason(BAYS, AT_IN, known) == "zone_full"
    assert reason(BAYS, AT_OUT, known) == "granted"
    assert reason(BAYS, AT_IN, replace(known, cards=(a_card(),))) == "granted"
    assert reason(BAYS, AT_IN, replace(known, counts={INSIDE: 1})) == "granted"


def test_the_last_bay_goes_to_one_vehicle() -> None:
    known = facts(cards=(CAR,), counts={INSIDE: 1})
    assert reason(BAYS, AT_IN, known, state=granted(IN_1, "X")) == "zone_full"
    assert reason(BAYS, AT_IN, known, others=[granted(IN_2, "X")]) == "zone_full"
    empty = replace(known, counts={})
    here = granted(IN_1, "X")
    assert reason(BAYS, AT_IN, empty, state=here, others=[here]) == "granted"
    assert reason(BAYS, AT_IN, empty, others=[granted(IN_2, "", count=2)]) == "zone_full"
    # A second tap of the same vehicle takes no second bay, nor does who leaves or walks in.
    assert reason(BAYS, AT_IN, known, state=granted(IN_1, "V")) == "granted"
    leaving = granted(OUT_1, "X", direction=Direction.OUT)
    assert reason(BAYS, AT_IN, known, others=[leaving]) == "granted"
    in_2 = BAYS.lanes[IN_2]
    door = replace(in_2, arm=replace(in_2.arm, kind=ArmKind.DOOR))
    walked = replace(BAYS, lanes={**BAYS.lanes, IN_2: door})
    assert reason(walked, AT_IN, known, others=[granted(IN_2, "X")]) == "granted"


# Lockdown


def test_nobody_leaves_in_a_lockdown_without_a_release() -> None:
    known = facts(cards=(a_card(),))
    entry, after, verdict = tapped(estate(), AT_OUT, known, LOCKED)
    assert (entry.type, entry.data["duty"]) == (EntryType.ACCESS_REFERRED, "lockdown_release")
    assert (entry.data["card"], entry.personal["holder"]) == ("A", "王小明")
    assert verdict is Verdict.REFERRED
    assert after.passages.grants == ()
    assert reason(estate(), AT_IN, known, LOCKED) == "granted"
    assert reason(estate(), UP, known, LOCKED) == "lockdown_release"
    assert reason(estate(), DOWN, known, LOCKED) == "granted"


def test_fire_lets_everybody_out() -> None:
    known = facts(cards=(a_card(),))
    assert reason(estate(), AT_OUT, known, Emergency(fire=True, lockdown=True)) == "granted"


# A two-way lane with one arm


def test_nobody_is_granted_against_who_comes_the_other_way() -> None:
    known = facts(cards=(a_card("A"),))
    down = granted(RAMP, "X", taken=True)
    assert reason(estate(), UP, known, state=down) == "oncoming"
    assert reason(estate(), DOWN, known, state=down) == "granted"
    assert reason(estate(), UP, known) == "granted"


def test_the_grant_knows_its_kind_and_its_way() -> None:
    _, after, _ = tapped(estate(), UP, facts(cards=(CAR,)))
    (grant,) = after.passages.grants
    assert (grant.card, grant.kind, grant.direction) == ("V", "vehicle", Direction.OUT)


# The question that explain asks, when no gate runs


@pytest.mark.parametrize(
    ("plan", "known", "wanted"),
    [
        (HARD, facts(cards=(a_card(),), presence=seen()), (Passback.REFUSED, False)),
        (BAYS, facts(cards=(CAR,), counts={INSIDE: 2}), (Passback.NONE, True)),
        (HARD, facts(), (Passback.NONE, False)),
        (estate(ZonePlan(GARAGE)), facts(cards=(CAR,)), (Passback.NONE, False)),
    ],
)
def test_a_question_without_lanes(
    plan: GatePlan, known: Facts, wanted: tuple[Passback, bool]
) -> None:
    asked = question(plan, plan.lanes[IN_1], Direction.IN, moment(0), known, CALM)
    assert (asked.passback, asked.full) == wanted
    assert not asked.oncoming
    assert not asked.late
