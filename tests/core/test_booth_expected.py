"""Who and what is expected, who is not to be let in, and what the office has to say."""

from dataclasses import replace

import pytest

from agent.core import notices
from agent.core.ask import Ask
from agent.core.draft import Draft
from agent.core.entries import EntryType
from agent.core.facts import Facts
from agent.core.ids import OrderId
from agent.core.model import ClockQuality
from agent.core.orders import Order
from tests.core.builders import WALL_US, WEDNESDAY
from tests.core.desk import GUARD, Desk

MINUTE_US = 60_000_000


@pytest.fixture
def desk() -> Desk:
    return Desk()


# Appointments


def test_an_appointment_is_for_a_day_and_its_people_are_personal(desk: Desk) -> None:
    told = desk.go(
        "appointment.make",
        kind="company",
        visitor="李  小龙",
        company="ACME",
        host="王女士",
        phone="13800000000",
        purpose="interview",
        **{"from": desk.local(60)},
    )
    row = desk.row("appointments")
    assert told == {"appointment": "north-s1-1-1"}
    assert (row["state"], row["kind"], row["sequence"]) == ("open", "company", 1)
    assert row["from_us"] == WALL_US + 60 * MINUTE_US
    assert row["until_us"] == WALL_US + (11 * 60 + 59) * MINUTE_US, "the day ends at 23:59"
    assert desk.last.personal == {
        "visitor": "李 小龙",
        "company": "ACME",
        "host": "王女士",
        "phone": "13800000000",
    }
    assert desk.last.actor == GUARD
    assert desk.last.data["desk"] == "desk-1"
    assert "李" not in str(desk.last.data)


def test_an_appointment_in_the_last_minute_of_a_day_is_one(desk: Desk) -> None:
    desk.go("appointment.make", visitor="李小龙", **{"from": desk.local(11 * 60 + 59)})
    row = desk.row("appointments")
    assert row["from_us"] == WALL_US + (11 * 60 + 59) * MINUTE_US
    assert row["until_us"] == WALL_US + 12 * 60 * MINUTE_US


def test_an_appointment_without_a_time_begins_now(desk: Desk) -> None:
    desk.seconds = 42
    desk.go("appointment.make", plate="粤B12345", until=desk.local(30))
    row = desk.row("appointments")
    assert (row["from_us"], row["until_us"]) == (WALL_US, WALL_US + 30 * MINUTE_US)


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"host": "王"}, "visitor"),
        ({"visitor": "李", "kind": "friend"}, "kind"),
        ({"visitor": "李", "from": "2027-04-01T10:00"}, "from"),
        ({"visitor": "李", "from": "2026-03-05T10:00", "until": "2026-03-05T10:00"}, "until"),
        ({"visitor": "李", "from": "2026-03-04T10:00", "until": "2026-03-04T11:00"}, "until"),
        ({"visitor": "李", "from": "soon"}, "from"),
    ],
)
def test_what_is_no_appointment(desk: Desk, form: dict[str, str], field: str) -> None:
    assert desk.refused("appointment.make", **form) == (422, field)


def test_an_appointment_is_moved_until_somebody_came_on_it(desk: Desk) -> None:
    made = desk.go("appointment.make", visitor="李")["appointment"]
    desk.go("appointment.move", appointment=made, **{"from": desk.local(24 * 60)})
    assert desk.row("appointments")["from_us"] == WALL_US + 24 * 60 * MINUTE_US
    assert desk.row("appointments")["sequence"] == 1, "its people stand in the first entry"
    desk.write(EntryType.VISIT_OPENED, {"visit": "v", "appointment": made})
    assert desk.row("appointments")["state"] == "used"
    assert desk.refused("appointment.move", appointment=made) == (409, "appointment")
    assert desk.refused("appointment.cancel", appointment=made) == (409, "appointment")


def test_an_appointment_is_changed_as_a_whole(desk: Desk) -> None:
    form = {"visitor": "李", "company": "ACME", "phone": "13800000000", "until": desk.local(30)}
    made = desk.go("appointment.make", **form)["appointment"]
    told = desk.go("appointment.change", appointment=made, visitor="王", kind="viewing")
    assert told == {"appointment": made}
    row = desk.row("appointments")
    assert (row["state"], row["kind"], row["sequence"]) == ("open", "viewing", 2)
    assert row["until_us"] == WALL_US + (11 * 60 + 59) * MINUTE_US, "until the end of the day"
    assert desk.last.type is EntryType.APPOINTMENT_CHANGED
    assert desk.last.subject == f"appointment/{made}"
    assert desk.last.personal == {"visitor": "王", "phone": "13800000000"}, "the number is kept"
    assert desk.refused("appointment.change", appointment=made) == (422, "visitor")
    assert desk.refused("appointment.change", appointment="x", visitor="王") == (404, "appointment")
    desk.go("appointment.cancel", appointment=made, reason="ill")
    assert desk.refused("appointment.change", appointment=made) == (409, "appointment")


def test_an_appointment_is_cancelled_for_a_reason(desk: Desk) -> None:
    made = desk.go("appointment.make", visitor="李")["appointment"]
    assert desk.refused("appointment.cancel", appointment=made) == (422, "reason")
    desk.go("appointment.cancel", appointment=made, reason="ill")
    assert desk.row("appointments")["state"] == "cancelled"
    assert desk.last.data["reason"] == "ill"


def test_there_is_no_such_appointment(desk: Desk) -> None:
    assert desk.refused("appointment.cancel", appointment="x") == (404, "appointment")
    assert desk.refused("appointment.cancel", appointment=["x"]) == (422, "appointment")
    assert desk.refused("appointment.cancel") == (422, "appointment")


def test_a_visit_without_an_appointment_uses_none(desk: Desk) -> None:
    desk.go("appointment.make", visitor="李")
    desk.write(EntryType.VISIT_OPENED, {"visit": "v"})
    assert desk.row("appointments")["state"] == "open"


# Bans


def test_a_ban_is_for_a_name_a_plate_or_a_card(desk: Desk) -> None:
    desk.go("ban.set", visitor="李", plate="粤B12345", reason="theft", until=desk.local(60))
    row = desk.row("bans")
    assert (row["state"], row["card"]) == ("open", "")
    assert row["until_us"] == WALL_US + 60 * MINUTE_US
    assert desk.last.personal == {"visitor": "李", "plate": "粤B12345"}
    assert desk.last.data["reason"] == "theft"


def test_a_ban_of_a_card_has_no_end_unless_it_is_given(desk: Desk) -> None:
    made = desk.go("ban.set", card="V-017", reason="never returned")["ban"]
    assert (desk.row("bans")["card"], desk.row("bans")["until_us"]) == ("V-017", 0)
    assert desk.refused("ban.lift", ban=made) == (422, "reason")
    desk.go("ban.lift", ban=made, reason="returned by post")
    assert desk.row("bans")["state"] == "lifted"
    assert desk.refused("ban.lift", ban=made, reason="again") == (409, "ban")


def test_a_ban_is_changed_as_a_whole(desk: Desk) -> None:
    made = desk.go("ban.set", visitor="李", card="V-017", reason="theft")["ban"]
    told = desk.go("ban.change", ban=made, plate="粤B1", reason="again", until=desk.local(60))
    assert told == {"ban": made}
    row = desk.row("bans")
    assert (row["state"], row["card"], row["sequence"]) == ("open", "", 2)
    assert row["until_us"] == WALL_US + 60 * MINUTE_US
    assert (desk.last.type, desk.last.personal) == (EntryType.BAN_CHANGED, {"plate": "粤B1"})
    assert desk.refused("ban.change", ban="x", plate="粤B1", reason="r") == (404, "ban")
    desk.go("ban.lift", ban=made, reason="paid")
    assert desk.refused("ban.change", ban=made, plate="粤B1", reason="r") == (409, "ban")


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"reason": "theft"}, "visitor"),
        ({"visitor": "李"}, "reason"),
        ({"visitor": "李", "reason": "theft", "until": "2026-03-04T11:00"}, "until"),
    ],
)
def test_what_is_no_ban(desk: Desk, form: dict[str, str], field: str) -> None:
    assert desk.refused("ban.set", **form) == (422, field)


# Notices


def test_a_notice_ends_at_its_time(desk: Desk) -> None:
    desk.go("notice.post", text="no water", audience="booth", until=desk.local(1))
    made = desk.go("notice.post", text="a key was found")["notice"]
    row = desk.row("notices", "north-s1-1-1")
    assert (row["audience"], row["from_us"], row["until_us"]) == (
        "booth",
        WALL_US,
        WALL_US + MINUTE_US,
    )
    assert desk.sweep() == []
    desk.seconds = 60
    (over,) = desk.sweep()
    assert (over.type, over.data) == (
        EntryType.NOTICE_ENDED,
        {"notice": "north-s1-1-1", "by": "time"},
    )
    assert desk.row("notices", "north-s1-1-1")["state"] == "ended"
    assert desk.sweep() == [], "once"
    desk.go("notice.end", notice=made)
    assert desk.row("notices", made)["state"] == "ended"


def test_a_telephone_number_in_a_notice_is_covered(desk: Desk) -> None:
    desk.go("notice.post", text="a key was found, call 13800138000", audience="booth")
    assert desk.last.data["text"] == "a key was found, call 138********", "it is published"


def test_a_notice_is_changed_as_a_whole(desk: Desk) -> None:
    made = desk.go("notice.post", text="no water", audience="booth")["notice"]
    told = desk.go("notice.change", notice=made, text="water is back", until=desk.local(1))
    assert told == {"notice": made}
    row = desk.row("notices")
    assert (row["state"], row["audience"], row["sequence"]) == ("open", "all", 2)
    assert row["until_us"] == WALL_US + MINUTE_US
    assert desk.last.type is EntryType.NOTICE_CHANGED
    assert desk.last.data["text"] == "water is back"
    assert desk.refused("notice.change", notice=made) == (422, "text")
    desk.seconds = 60
    assert len(desk.sweep()) == 1
    assert desk.refused("notice.change", notice=made, text="x") == (409, "notice")
    assert desk.refused("notice.change", notice="x", text="x") == (404, "notice")


def test_no_notice_ends_by_a_clock_that_nobody_trusts(desk: Desk) -> None:
    desk.go("notice.post", text="no water", until=desk.local(1))
    desk.seconds, desk.quality = 3600, ClockQuality.ESTIMATED
    assert desk.sweep() == []


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({}, "text"),
        ({"text": "x" * 251}, "text"),
        ({"text": "no water", "audience": "cats"}, "audience"),
    ],
)
def test_what_is_no_notice(desk: Desk, form: dict[str, str], field: str) -> None:
    assert desk.refused("notice.post", **form) == (422, field)


def test_the_gate_itself_has_something_to_say(desk: Desk) -> None:
    order = Order(OrderId("o"), GUARD, "console", "visit.open", form={"audience": "sales"})
    out = Draft(desk.plan, Facts("s1", 1, WEDNESDAY), desk.now)
    ask = Ask(desk.plan, order, Facts("s1", 1, WEDNESDAY), desk.now)
    made = notices.tell(ask, out, "sales", "somebody wants to view a house", "李, 粤B12345", 77)
    (entry,) = out.entries
    assert entry.data == {
        "notice": made,
        "audience": "sales",
        "text": "somebody wants to view a house",
        "fromus": WALL_US,
        "untilus": 77,
        "origin": "console",
    }
    assert entry.personal == {"text_private": "李, 粤B12345"}
    assert entry.cause == "o"


# Announced passages


def test_an_announced_passage_shows_the_way_until_it_came(desk: Desk) -> None:
    made = desk.go("priority.announce", kind="wedding", count=6, route="gate 2, left", unit="3-1")
    row = desk.row("announced")
    assert (row["state"], row["kind"], row["count"]) == ("open", "wedding", 6)
    assert desk.last.data["route"] == "gate 2, left"
    assert desk.last.personal == {"unit": "3-1"}
    told = {"lane": "in-1", "order": "priority", "announced": made["announced"]}
    desk.write(EntryType.ARM_ORDERED, {**told, "refused": "fire"})
    assert desk.row("announced")["state"] == "open"
    desk.write(EntryType.ARM_ORDERED, told)
    assert desk.row("announced")["state"] == "used"
    desk.go("priority.end", announced=made["announced"])
    assert desk.row("announced")["state"] == "ended"
    assert desk.refused("priority.end", announced=made["announced"]) == (409, "announced")


def test_an_announced_passage_ends_with_its_day(desk: Desk) -> None:
    for kind in ("ambulance", "police"):
        desk.go("priority.announce", kind=kind, route="left")
    used = {"lane": "in-1", "order": "priority", "announced": "north-s1-1-1"}
    desk.write(EntryType.ARM_ORDERED, used)
    desk.seconds = 12 * 3600
    desk.quality = ClockQuality.UNKNOWN
    assert desk.sweep() == []
    desk.quality = ClockQuality.SYNCED
    over = desk.sweep()
    assert [entry.data["by"] for entry in over] == ["time", "time"]
    assert {row["state"] for row in desk.tables.table("announced").values()} == {"ended"}
    assert desk.sweep() == []


def test_what_lasts_is_not_ended(desk: Desk) -> None:
    desk.go("priority.announce", kind="funeral", route="left")
    assert desk.sweep() == []


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"kind": "parade", "route": "left"}, "kind"),
        ({"kind": "funeral"}, "route"),
        ({"kind": "funeral", "route": "left", "count": 51}, "count"),
    ],
)
def test_what_is_not_announced(desk: Desk, form: dict[str, object], field: str) -> None:
    assert desk.refused("priority.announce", **form) == (422, field)


# Acts without a name


def test_an_act_without_a_name_is_signed_once(desk: Desk) -> None:
    data = {"lane": "in-1", "order": "stop", "desk": "desk-1", "unsigned": True}
    act = str(desk.write(EntryType.ARM_ORDERED, data))
    assert desk.row("unsigned", act) == {
        "kind": "stop",
        "lane": "in-1",
        "desk": "desk-1",
        "since_us": WALL_US,
        "sequence": 1,
    }
    assert desk.refused("act.sign", act=act) == (422, "reason")
    desk.go("act.sign", act=act, reason="a child")
    assert desk.tables.table("unsigned") == {}
    assert desk.last.data["of"] == "stop"
    assert desk.last.data["lane"] == "in-1"
    assert desk.refused("act.sign", act=act, reason="again") == (404, "act")


def test_a_priority_passage_is_written_up_afterwards_by_whoever_gave_it(desk: Desk) -> None:
    """Nothing was asked when it was given; what was announced, or told with it, is known."""
    given = {"lane": "in-1", "order": "priority", "desk": "desk-1", "reason": ""}
    act = str(desk.write(EntryType.ARM_ORDERED, given))
    desk.write(EntryType.ARM_ORDERED, given | {"announced": "north-s1-1-1"})
    desk.write(EntryType.ARM_ORDERED, given | {"reason": "a fire engine"})
    desk.write(EntryType.ARM_ORDERED, given | {"refused": "fire"})
    desk.write(EntryType.ARM_ORDERED, given | {"order": "open"})
    desk.write(EntryType.ARM_ORDERED, {"lane": "in-1", "order": "priority", "reason": ""})
    assert list(desk.tables.table("unsigned")) == [act]
    desk.go("act.sign", act=act, reason="an ambulance for 6-402")
    assert desk.last.data["of"] == "priority"
    assert desk.tables.table("unsigned") == {}


def test_a_fire_that_nobody_signed_has_no_lane(desk: Desk) -> None:
    act = str(desk.write(EntryType.EMERGENCY_RAISED, {"emergency": "fire", "unsigned": True}))
    desk.go("act.sign", act=act, reason="smoke")
    assert "lane" not in desk.last.data
    assert desk.last.data["of"] == "fire"


def test_what_was_signed_or_refused_waits_for_no_name(desk: Desk) -> None:
    desk.write(EntryType.ARM_ORDERED, {"lane": "in-1", "order": "stop"})
    refused = {"lane": "in-1", "order": "priority", "unsigned": True, "refused": "fire"}
    desk.write(EntryType.ARM_ORDERED, refused)
    assert desk.tables.table("unsigned") == {}


def test_a_form_that_is_no_list_of_values(desk: Desk) -> None:
    desk.plan = replace(desk.plan)
    desk.sign_on()
    desk.tables.rows["shifts"]["north-s1-1-1"]["guard"] = GUARD
    code = desk.refused("shift.hand_over", shift="north-s1-1-1", signed={"from": "pin"}, cash=[1])
    assert code == (422, "cash")
