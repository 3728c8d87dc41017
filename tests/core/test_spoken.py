"""What a lane says: a sentence for each moment, and never whom it is about."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import spoken
from agent.core.decision import Duty, Reason
from agent.core.entries import Entry, EntryType
from agent.core.ids import LaneId
from agent.core.spoken import SENTENCES, candidates, of_entry, of_view
from agent.core.view import ALARMS, EMERGENCIES, MODES, POSITIONS, LaneView
from tests.core.builders import moment

LANE = LaneId("in-1")
QUIET = LaneView(LANE, "closed", "normal", "clear", 0)


def said(kind: EntryType, subject: str = "lane/in-1", **data: Any) -> str:
    found = of_entry(Entry(kind, subject, moment(0), data))
    if found is None:
        return ""
    assert found[0] == LANE
    return found[1]


@pytest.mark.parametrize(
    ("kind", "data", "wanted"),
    [
        (EntryType.ACCESS_GRANTED, {"direction": "in"}, "granted_in"),
        (EntryType.ACCESS_GRANTED, {"direction": "out"}, "granted_out"),
        (EntryType.ACCESS_GRANTED, {}, "granted_in"),
        (EntryType.ACCESS_DENIED, {"reason": "expired"}, "denied_expired"),
        (EntryType.ACCESS_DENIED, {"reason": "unknown_credential"}, "denied_unknown"),
        (EntryType.ACCESS_DENIED, {"reason": "zone_full"}, "denied_full"),
        (EntryType.ACCESS_DENIED, {"reason": "of a later version"}, "denied"),
        (EntryType.ACCESS_REFERRED, {"duty": "deposit_due"}, "referred_deposit"),
        (EntryType.ACCESS_REFERRED, {"duty": "inspection_due"}, "referred_inspection"),
        (EntryType.ACCESS_REFERRED, {"duty": "bearer_check"}, "referred_bearer"),
        (EntryType.ACCESS_REFERRED, {"duty": "clock_unknown"}, "referred"),
        (EntryType.ARM_ORDERED, {}, ""),
    ],
)
def test_what_a_card_is_told(kind: EntryType, data: dict[str, Any], wanted: str) -> None:
    assert said(kind, **data) == wanted


def test_a_desk_says_nothing() -> None:
    assert said(EntryType.ACCESS_DENIED, "desk/booth", reason="expired") == ""


@pytest.mark.parametrize(
    "reason",
    [Reason.BANNED, Reason.CARD_LOST, Reason.CARD_BLOCKED, Reason.PASSBACK, Reason.PROOF_FAILED],
)
def test_what_shames_is_not_said_aloud(reason: Reason) -> None:
    assert said(EntryType.ACCESS_DENIED, reason=reason.value) == "denied"


def test_every_answer_has_a_sentence_in_both_languages() -> None:
    moments = {said(EntryType.ACCESS_DENIED, reason=each.value) for each in Reason}
    moments |= {said(EntryType.ACCESS_REFERRED, duty=each.value) for each in Duty}
    moments |= {said(EntryType.ACCESS_GRANTED, direction=way) for way in ("in", "out")}
    states = {spoken.FIRE, spoken.LOCKDOWN, spoken.OPEN_TOO_LONG}
    assert moments | states == set(SENTENCES)
    for zh, en in SENTENCES.values():
        assert not zh.isascii()
        assert en.isascii()
        assert en
        assert not {"%", "{"} & {*zh, *en}, "nothing is put into a recording"


def test_a_common_recording_stands_in_for_those_of_a_reason() -> None:
    assert candidates("denied_expired") == ("denied_expired", "denied")
    assert candidates("referred_slip") == ("referred_slip", "referred")
    assert candidates("granted_in") == ("granted_in",)
    assert candidates("open_too_long") == ("open_too_long",)
    assert candidates("denied") == ("denied",)
    for name in SENTENCES:
        assert set(candidates(name)) <= set(SENTENCES)


# how the lane looked, how it looks > what is said
TABLE = """
closed normal   none     none      > closed normal   none     none      > -
closed normal   none     none      > open   normal   none     none      > -
open   normal   none     none      > open   normal   none     pre_alarm > open_too_long
open   normal   none     pre_alarm > open   normal   none     pre_alarm > -
open   normal   none     pre_alarm > open   normal   none     alarm     > open_too_long
open   normal   none     alarm     > closed normal   none     none      > -
closed normal   none     none      > closed normal   none     alarm     > -
closed normal   none     none      > open   fire     fire     none      > fire
open   fire     fire     none      > open   fire     fire     alarm     > -
open   fire     fire     none      > open   normal   none     none      > -
closed normal   none     none      > closed lockdown lockdown none      > lockdown
closed lockdown lockdown none      > open   fire     fire     none      > fire
closed normal   none     none      > closed normal   lockdown none      > -
"""


def look(told: str) -> LaneView:
    position, mode, emergency, alarm = told.split()
    return replace(QUIET, position=position, mode=mode, emergency=emergency, alarm=alarm)


@pytest.mark.parametrize("row", TABLE.strip().splitlines())
def test_what_a_lane_says_of_itself(row: str) -> None:
    before, after, wanted = row.split(" > ")
    assert of_view(look(before), look(after)) == wanted.strip().replace("-", "")


def test_what_is_in_force_at_the_start_is_said() -> None:
    assert of_view(None, look("open fire fire none")) == "fire"
    assert of_view(None, QUIET) == ""


LOOKS = st.builds(
    LaneView,
    st.just(LANE),
    st.sampled_from(POSITIONS),
    st.sampled_from(MODES),
    st.just("clear"),
    st.integers(0, 2),
    emergency=st.sampled_from(EMERGENCIES),
    alarm=st.sampled_from(ALARMS),
)


@given(LOOKS, LOOKS)
def test_whatever_it_looks_like_there_is_a_sentence_or_silence(
    before: LaneView, after: LaneView
) -> None:
    assert of_view(before, after) in {"", *SENTENCES}
    assert of_view(after, after) == ""
