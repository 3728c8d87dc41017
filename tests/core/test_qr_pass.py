"""QR passes at the lanes: good once for each way, with a visit, and judged by the books."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from agent.core.access import Reason
from agent.core.effects import ShowVerdict, Verdict
from agent.core.entries import Entry, EntryType
from agent.core.events import CardRead, Started
from agent.core.gate_state import Step
from agent.core.ids import ReaderId, ZoneId
from agent.core.model import CardKind, ClockQuality, Credential, Direction
from agent.core.plan import INSIDE, OUTSIDE, GatePlan, PassbackMode, ZonePlan
from agent.core.project_passes import is_pass, key_of
from agent.core.qr_pass import ShownPass
from tests.core.booth import (
    BOOKS,
    HOUR,
    RAMP_IN,
    Booth,
    at_us,
    booth_plan,
    opens,
    types,
)
from tests.core.builders import DESK_READER, LANE, READER
from tests.core.whole import OUT, OUT_READER, RAMP

LABEL = "pass~0011223344556677"
PASS = ShownPass(Credential("pass", "AB" * 16), LABEL, at_us(-60), at_us(2 * HOUR))


class Gatehouse(Booth):
    """A booth with a scanner at every lane."""

    def scan(self, shown: ShownPass = PASS, reader: ReaderId = READER) -> Step:
        self.wait(1)
        return self.do(CardRead(reader, shown.credential, self.now, shown=shown))

    def answer(self, shown: ShownPass = PASS, reader: ReaderId = READER) -> str:
        """Granted, or the reason or duty."""
        return told(self.scan(shown, reader).entries)

    def used(self) -> list[str]:
        return sorted(row["pass_use"] for row in self.rows("used_passes"))

    def appointment(self, **form: Any) -> ShownPass:
        """An appointment, and its pass."""
        who = {"kind": "contractor", "visitor": "李雷", "company": "Lift", "plate": "粤B1"}
        made = self.done("appointment.make", **{**who, **form})
        return replace(PASS, appointment=made["appointment"])


def told(entries: Sequence[Entry]) -> str:
    for entry in entries:
        if entry.type.startswith("gate.access."):
            data = entry.data
            return str(data.get("reason") or data.get("duty") or "granted")
    raise AssertionError(entries)


def key(source: str = OUTSIDE, target: str = INSIDE) -> str:
    return key_of(LABEL, source, target)


def test_whoever_came_by_a_pass_leaves_by_it_unless_something_is_held_for_him() -> None:
    gate = Gatehouse()
    gate.scan()
    gate.drive(LANE)
    (visit,) = gate.rows("visits", state="open")
    gate.done("deposit.take", visit=visit["visit"], kind="cash", amount=100)
    assert gate.answer(reader=OUT_READER) == "deposit_due"
    (held,) = gate.rows("deposits", state="held")
    gate.done("deposit.end", deposit=held["deposit"], end="returned")
    assert gate.answer(reader=OUT_READER) == "granted"


# In


def test_a_pass_opens_once_and_writes_a_visit_down() -> None:
    gate = Gatehouse()
    step = gate.scan()
    assert opens(step, LANE)
    assert types(step.entries)[:2] == ["visit.opened", "access.granted"]
    visit, granted = step.entries[:2]
    assert granted.cause.endswith(f"{gate.journal.head().sequence - len(step.entries) + 1:020d}")
    assert granted.data == {
        "lane": LANE,
        "reader": READER,
        "direction": "in",
        "card": LABEL,
        "kind": "visitor",
        "from": OUTSIDE,
        "to": INSIDE,
        "untilus": PASS.ends_us,
        "visit": visit.data["visit"],
        "passage": granted.data["passage"],
    }
    assert granted.data["passage"] != visit.data["visit"]
    assert granted.personal == {"credential": "pass:" + "AB" * 16}
    assert gate.used() == [key()]
    assert [end.data["outcome"] for end in gate.drive(LANE)] == ["passed"]
    assert gate.row("presence", "card", LABEL)["zone"] == INSIDE
    row = gate.row("visits", "card", LABEL)
    assert (row["state"], row["kind"], row["until_us"]) == ("open", "company", PASS.ends_us)
    assert gate.answer() == "pass_used"
    assert gate.answer(reader=RAMP_IN) == "pass_used"
    assert len(gate.rows("visits")) == 1


def test_a_second_scan_while_the_visitor_is_to_come_is_the_same_grant() -> None:
    gate = Gatehouse()
    first = gate.scan().entries[1]
    again = gate.scan()
    assert types(again.entries) == ["access.granted"]
    assert again.entries[0].data["passage"] == first.data["passage"]
    assert again.entries[0].data["visit"] == first.data["visit"]
    # At another lane it would be a second entry.
    assert gate.answer(reader=RAMP_IN) == "pass_used"
    assert len(gate.drive(LANE)) == 1
    assert gate.answer() == "pass_used"


def test_a_pass_whose_visitor_never_came_is_good_again() -> None:
    gate = Gatehouse()
    shown = gate.appointment()
    assert gate.answer(shown) == "granted"
    assert gate.row("appointments", "appointment", shown.appointment)["state"] == "used"
    gate.drives_off(LANE)
    ended = gate.last(EntryType.VISIT_ENDED)
    assert (ended.data["outcome"], ended.data["origin"]) == ("no_entry", "pass")
    assert gate.used() == []
    assert gate.row("appointments", "appointment", shown.appointment)["state"] == "open"
    assert gate.rows("presence") == []
    assert gate.answer(shown) == "granted"
    assert [row["state"] for row in gate.rows("visits")] == ["ended", "open"]
    gate.drive(LANE)
    assert gate.answer(shown) == "pass_used"


def test_without_an_appointment_nobody_coming_opens_none() -> None:
    gate = Gatehouse()
    assert gate.answer(replace(PASS, appointment="north-x-9-1")) == "granted"
    gate.drives_off(LANE)
    assert "appointment" not in gate.last(EntryType.VISIT_ENDED).data
    assert gate.used() == []


def test_who_was_not_seen_may_have_come() -> None:
    gate = Gatehouse()
    gate.scan()
    arm = gate.plan.lanes[LANE].arm
    assert arm.loop is not None
    gate._turn(arm.loop, True)
    gate._turn(arm.loop, False)
    gate.drives_off(LANE)
    assert gate.last(EntryType.PASSAGE_ENDED).data["outcome"] != "no_entry"
    assert gate.answer() == "pass_used"
    assert gate.row("visits", "card", LABEL)["state"] == "open"


def test_after_a_crash_between_grant_and_passage_the_pass_is_used() -> None:
    gate = Gatehouse()
    gate.scan()
    gate.state = gate.gate.first_state()
    gate.do(Started(gate.now))
    assert gate.last(EntryType.PASSAGE_ENDED).data["outcome"] == "interrupted"
    gate._clear()
    step = gate.scan()
    assert told(step.entries) == "pass_used"
    assert not opens(step, LANE)
    assert gate.row("visits", "card", LABEL)["state"] == "open"


def test_a_vehicle_takes_a_bay() -> None:
    plan = booth_plan()
    zone = ZonePlan(INSIDE, bays=1, refuse_when_full=frozenset({CardKind.VISITOR_VEHICLE}))
    gate = Gatehouse(replace(plan, zones={INSIDE: zone}))
    car = replace(PASS, vehicle=True)
    other = replace(car, label="pass~0000000000000001", credential=Credential("pass", "CD" * 16))
    assert gate.answer(other) == "granted"
    gate.drive(LANE)
    assert gate.answer(car) == "zone_full"
    assert gate.answer() == "granted"
    row = gate.row("visits", "card", other.label)
    assert [row["vehicle"], row["pass_kind"]] == [1, "visitor_vehicle"]


def test_anti_passback_knows_where_a_pass_is() -> None:
    zone = ZonePlan(INSIDE, passback=PassbackMode.HARD)
    gate = Gatehouse(replace(booth_plan(), zones={INSIDE: zone}))
    gate.scan()
    gate.drive(LANE)
    facts = gate.lookup.facts(CardRead(READER, PASS.credential, gate.now, shown=PASS), 0)
    assert facts.presence is not None
    assert facts.presence.zone == INSIDE


# What the books and the times say


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"begins_us": at_us(HOUR)}, "not_yet_valid"),
        ({"ends_us": at_us(-60)}, "expired"),
        ({"lanes": (RAMP,)}, "lane_not_allowed"),
        ({"direction": Direction.OUT}, "direction_not_allowed"),
        ({"fault": Reason.FORGED}, "pass_forged"),
        ({"fault": Reason.KEY_UNKNOWN}, "pass_key_unknown"),
        ({"fault": Reason.KEY_REVOKED}, "pass_revoked"),
        ({"fault": Reason.ELSEWHERE}, "pass_elsewhere"),
    ],
)
def test_each_thing_that_may_be_wrong_is_denied(changed: dict[str, Any], reason: str) -> None:
    gate = Gatehouse()
    step = gate.scan(replace(PASS, **changed))
    assert told(step.entries) == reason
    assert types(step.entries) == ["access.denied"]
    assert [effect for effect in step.effects if isinstance(effect, ShowVerdict)] == [
        ShowVerdict(READER, Verdict.DENIED)
    ]
    assert gate.used() == []
    assert gate.answer() == "granted"


def test_of_a_pass_that_cannot_be_believed_nothing_is_said() -> None:
    gate = Gatehouse()
    shown = replace(gate.appointment(), fault=Reason.FORGED)
    (denied,) = gate.scan(shown).entries
    assert set(denied.data) == {"lane", "reader", "direction", "reason"}
    assert gate.row("appointments", "appointment", shown.appointment)["state"] == "open"


def test_without_a_clock_the_guard_decides() -> None:
    gate = Gatehouse()
    gate.quality = ClockQuality.UNKNOWN
    (referred,) = gate.scan(replace(PASS, ends_us=at_us(-60), appointment="north-x-9-1")).entries
    assert referred.data["duty"] == "clock_unknown"
    assert referred.data["appointment"] == "north-x-9-1"
    assert gate.used() == []
    gate = Gatehouse(replace(gate.plan, clock_pass=frozenset({CardKind.VISITOR})))
    gate.quality = ClockQuality.UNKNOWN
    assert gate.scan(replace(PASS, ends_us=at_us(-60))).entries[1].data["marks"] == [
        "clock_unknown"
    ]


def test_the_last_minute_counts() -> None:
    gate = Gatehouse()
    gate.wait(120 - gate.seconds % 60 + 30)
    whole_minute = at_us(gate.seconds // 60 * 60)
    assert gate.answer(replace(PASS, ends_us=whole_minute)) == "granted"
    assert gate.answer(replace(PASS, ends_us=whole_minute - 60_000_000)) == "expired"


def test_what_the_appointment_says_of_the_visitor_is_written_down() -> None:
    gate = Gatehouse()
    shown = gate.appointment()
    visit, granted = gate.scan(shown).entries[:2]
    assert visit.data["kind"] == "contractor"
    assert visit.data["appointment"] == granted.data["appointment"] == shown.appointment
    assert visit.personal == {"visitor": "李雷", "company": "Lift", "plate": "粤B1"}
    assert granted.personal["holder"] == "李雷"
    assert granted.personal["plate"] == "粤B1"


def test_a_cancelled_appointment_keeps_its_pass_out() -> None:
    gate = Gatehouse()
    shown = gate.appointment()
    gate.done("appointment.cancel", appointment=shown.appointment, reason="ill")
    assert gate.answer(shown) == "appointment_cancelled"
    # He is not kept in by it.
    assert gate.answer(shown, OUT_READER) == "granted"


def test_an_appointment_that_the_guard_has_used_is_used() -> None:
    gate = Gatehouse()
    shown = gate.appointment(kind="company")
    gate.visit(appointment=shown.appointment)
    assert gate.answer(shown) == "pass_used"


def test_an_unknown_appointment_enters_unless_the_settings_say_no() -> None:
    shown = replace(PASS, appointment="north-x-9-1")
    assert Gatehouse().answer(shown) == "granted"
    strict = Gatehouse(booth_plan(replace(BOOKS, known_appointments=True)))
    assert strict.answer(shown) == "appointment_unknown"
    assert strict.answer(strict.appointment()) == "granted"
    other = replace(PASS, label="pass~0000000000000001")
    assert strict.answer(other) == "granted"


def test_who_is_banned_does_not_come_in_by_a_pass() -> None:
    gate = Gatehouse()
    shown = gate.appointment()
    gate.done("ban.set", plate="粤B1", reason="r")
    assert gate.answer(shown) == "banned"


def test_a_kind_that_has_to_prove_itself_is_no_matter_of_passes() -> None:
    gate = Gatehouse(replace(booth_plan(), proved=frozenset(CardKind)))
    assert gate.answer() == "granted"


# Out


def test_the_way_out_ends_the_visit_when_he_has_gone() -> None:
    gate = Gatehouse()
    gate.scan()
    gate.drive(LANE)
    gate.wait(3 * HOUR)
    step = gate.scan(reader=OUT_READER)
    assert opens(step, OUT)
    assert types(step.entries)[0] == "access.granted"
    assert gate.row("visits", "card", LABEL)["state"] == "open"
    gate.drive(OUT)
    ended = gate.last(EntryType.VISIT_ENDED)
    assert ended.data == {
        "visit": step.entries[0].data["visit"],
        "card": LABEL,
        "kind": "company",
        "outcome": "left",
        "cardback": False,
        "kept": [],
        "duties": [],
        "origin": "pass",
    }
    assert gate.row("visits", "card", LABEL)["state"] == "ended"
    assert gate.rows("presence") == []
    assert gate.used() == [key(INSIDE, OUTSIDE), key()]
    assert gate.answer(reader=OUT_READER) == "pass_used"


def test_who_did_not_go_after_all_is_still_here() -> None:
    gate = Gatehouse()
    gate.scan()
    gate.drive(LANE)
    gate.scan(reader=OUT_READER)
    gate.drives_off(OUT)
    assert gate.row("visits", "card", LABEL)["state"] == "open"
    assert gate.row("presence", "card", LABEL)["zone"] == INSIDE
    assert gate.used() == [key()]
    assert gate.answer(reader=OUT_READER) == "granted"
    gate.drive(OUT)
    assert gate.row("visits", "card", LABEL)["state"] == "ended"


def test_who_came_by_another_gate_may_leave_by_this_one() -> None:
    gate = Gatehouse()
    assert types(gate.scan(reader=OUT_READER).entries)[0] == "access.granted"
    gate.drive(OUT)
    assert gate.rows("visits") == []
    assert gate.rows("presence") == []


def test_goods_need_their_slip_before_a_pass_leaves() -> None:
    gate = Gatehouse()
    visit = gate.scan().entries[0].data["visit"]
    gate.drive(LANE)
    gate.done("visit.change", visit=visit, visitor="李雷", host="韩梅梅", goods=True)
    assert gate.answer(reader=OUT_READER) == "release_slip_due"


def test_the_guard_ends_the_visit_without_a_card() -> None:
    gate = Gatehouse()
    visit = gate.scan().entries[0].data["visit"]
    gate.drive(LANE)
    code, field, says = gate.refused("visit.end", visit=visit, card_back=True)
    assert (code, field) == (422, "card_back")
    assert "no card" in says
    gate.done("visit.end", visit=visit, lane=OUT)
    assert gate.row("visits", "card", LABEL)["outcome"] == "left"
    assert gate.row("presence", "card", LABEL)["zone"] == INSIDE
    gate.drive(OUT)
    assert gate.rows("presence") == []


def test_a_lost_pass_is_no_lost_card() -> None:
    gate = Gatehouse()
    visit = gate.scan().entries[0].data["visit"]
    gate.drive(LANE)
    gate.done("visit.end", visit=visit, outcome="card_lost")
    assert gate.rows("passes") == []
    assert gate.rows("presence") == []


def test_a_card_that_was_called_pass_is_a_card() -> None:
    assert is_pass(LABEL)
    for label in ("pass~north-0f6e2a4c5b1d-1042-1", "pass", "V-017", "", None):
        assert not is_pass(label)


# Inner lanes and the desk


def inner_plan() -> GatePlan:
    plan = booth_plan()
    ramp = replace(plan.lanes[RAMP], from_zone=INSIDE, to_zone=ZoneId("garage"))
    return replace(plan, lanes={**plan.lanes, RAMP: ramp})


def test_an_inner_lane_is_a_way_of_its_own() -> None:
    gate = Gatehouse(inner_plan())
    inner = gate.scan(reader=RAMP_IN)
    assert types(inner.entries)[0] == "access.granted"
    assert "visit" not in inner.entries[0].data
    gate.drives_off(RAMP)
    assert gate.rows("visits") == []
    gate.scan()
    gate.drive(LANE)
    step = gate.scan(reader=RAMP_IN)
    assert step.entries[0].data["visit"] == gate.row("visits", "card", LABEL)["visit"]
    gate.drives_off(RAMP)
    assert gate.row("visits", "card", LABEL)["state"] == "open"
    assert gate.answer(reader=RAMP_IN) == "granted"


def test_a_pass_at_the_desk_is_shown_and_decides_nothing() -> None:
    gate = Gatehouse()
    (entry,) = gate.scan(reader=DESK_READER).entries
    assert entry.type is EntryType.CARD_PRESENTED
    assert "card" not in entry.data
    assert gate.used() == []
    assert gate.answer() == "granted"
