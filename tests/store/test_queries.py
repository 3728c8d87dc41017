"""The questions of the screen, asked of a gate where a day's things have happened."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from agent.core.entries import Entry, EntryType
from agent.core.ids import AgentId, EstateId, ZoneId
from agent.core.model import Card, CardKind, CardStatus, Credential
from agent.core.plan import GatePlan, ZonePlan
from agent.store.ledger import Ledger
from agent.store.queries import deposits, desk, movements, shifts, todo, visits
from agent.store.queries.counts import counts, stock
from agent.store.reading import Reading
from agent.store.rows import digest_of
from tests.rigs.whole import whole
from tests.store.build import US, at, open_ledger, switched

HOUR = 3600
HOUR_US = HOUR * 1_000_000
NOW_US = US + 10 * HOUR_US

WANG = {"visitor": "王小明", "company": "Acme", "plate": "粤B12345", "phone": "13800138000"}
LI = {"visitor": "李四", "unit": "3-1201", "idhash": "i1-abc"}


def told(
    kind: EntryType,
    subject: str,
    hour: float,
    data: Mapping[str, object],
    personal: Mapping[str, str] | None = None,
    actor: str = "g-1",
) -> Entry:
    return whole(Entry(kind, subject, at(hour * HOUR), data, personal or {}, actor))


def visit_opened(name: str, card: str, hour: float, until: float, who: dict[str, str]) -> Entry:
    until_us = US + int(until * HOUR_US)
    data: dict[str, object] = {"visit": name, "kind": "company", "card": card}
    data["untilus"] = until_us
    data["purpose"] = "meeting"
    return told(EntryType.VISIT_OPENED, f"visit/{name}", hour, data, who)


def taken(name: str, visit: str, hour: float, receipt: int, **more: object) -> Entry:
    data = {"deposit": name, "visit": visit, "card": "V-1", "receipt": receipt, **more}
    who = {"owner": "王小明", "description": "blue one"}
    return told(EntryType.DEPOSIT_TAKEN, f"deposit/{name}", hour, data, who)


def passed(card: str, kind: str, hour: float) -> Entry:
    data: dict[str, object] = {"lane": "in-1", "passage": f"p-{card}", "outcome": "passed"}
    data |= {
        "card": card,
        "kind": kind,
        "from": "outside",
        "to": "inside",
        "vehicles": int(kind == "vehicle"),
    }
    return told(EntryType.PASSAGE_ENDED, "lane/in-1", hour, data, actor="")


def a_day() -> list[Entry]:
    alarm = {"lane": "in-1", "alarm": "held_open"}
    lines = [{"name": "sofa", "quantity": 1}]
    return [
        told(
            EntryType.SHIFT_BEGAN,
            "shift/s-1",
            0,
            {"shift": "s-1", "guard": "g-1", "at": "booth", "role": "guard"},
        ),
        visit_opened("v-1", "V-1", 1, 9, WANG),
        told(EntryType.PASS_ISSUED, "card/V-1", 1, {"card": "V-1", "visit": "v-1"}),
        taken("d-1", "v-1", 1, 7, kind="driving_licence", pocket="12", amount=0, currency=""),
        taken("d-2", "v-1", 1, 7, kind="cash", pocket="", amount=5000, currency="CNY"),
        visit_opened("v-2", "V-2", 2, 11, LI),
        told(EntryType.PASS_ISSUED, "card/V-2", 2, {"card": "V-2", "visit": "v-2"}),
        taken("d-3", "v-2", 2, 8, kind="object", pocket="3", amount=0, currency=""),
        visit_opened("v-0", "V-3", 0.5, 1, WANG | {"plate": "粤B99999"}),
        taken("d-0", "v-0", 0.5, 6, kind="driving_licence", pocket="A", amount=0, currency=""),
        told(EntryType.VISIT_ENDED, "visit/v-0", 1, {"visit": "v-0", "outcome": "left"}),
        told(
            EntryType.ACCESS_GRANTED,
            "lane/in-1",
            3,
            {"lane": "in-1", "card": "R-1", "kind": "vehicle", "passage": "p-R-1"},
            {"holder": "赵六", "plate": "粤B77777"},
            "",
        ),
        passed("R-1", "vehicle", 3),
        passed("V-1", "visitor", 3),
        told(
            EntryType.ACCESS_REFERRED,
            "lane/out-1",
            4,
            {"lane": "out-1", "duty": "deposit_due", "card": "V-1", "visit": "v-1", "reader": "r"},
            {"holder": "王小明"},
            "",
        ),
        told(
            EntryType.HELP_REQUESTED,
            "help/h-1",
            9.99,
            {"help": "h-1", "kind": "flood", "dueus": NOW_US + 200_000_000},
            {"unit": "6-402"},
        ),
        told(EntryType.HELP_REQUESTED, "help/h-2", 9, {"help": "h-2", "kind": "repair"}),
        told(EntryType.HELP_CLOSED, "help/h-2", 9.1, {"help": "h-2"}),
        told(EntryType.ALARM_RAISED, "lane/in-1", 5, alarm),
        told(EntryType.ALARM_RAISED, "lane/out-1", 5, {"lane": "out-1"}),
        told(EntryType.ALARM_ENDED, "lane/out-1", 6, {"lane": "out-1"}),
        told(
            EntryType.ARM_ORDERED,
            "lane/in-1",
            6,
            {"lane": "in-1", "order": "stop", "unsigned": True, "desk": "booth"},
        ),
        told(
            EntryType.NOTICE_POSTED,
            "notice/n-1",
            1,
            {"notice": "n-1", "text": "停水", "audience": "all", "fromus": US, "untilus": 0},
        ),
        told(
            EntryType.NOTICE_POSTED,
            "notice/n-2",
            1,
            {
                "notice": "n-2",
                "text": "old",
                "audience": "sales",
                "fromus": US,
                "untilus": US + HOUR_US,
            },
        ),
        told(
            EntryType.APPOINTMENT_MADE,
            "appointment/a-1",
            1,
            {
                "appointment": "a-1",
                "kind": "company",
                "fromus": US + 12 * HOUR_US,
                "untilus": US + 13 * HOUR_US,
            },
            {"visitor": "孙七", "plate": "京A00001"},
        ),
        told(
            EntryType.BAN_SET, "ban/b-1", 1, {"ban": "b-1", "reason": "hawker"}, {"visitor": "李四"}
        ),
        told(
            EntryType.SLIP_RECEIVED,
            "slip/g-1",
            1,
            {"slip": "g-1", "number": "F-7", "lines": lines},
            {"signatory": "周八", "unit": "3-1201"},
        ),
        told(
            EntryType.PRIORITY_ANNOUNCED,
            "priority/x-1",
            1,
            {"announced": "x-1", "kind": "ambulance", "count": 1, "fromus": US, "untilus": 0},
        ),
    ]


def stock_up(ledger: Ledger) -> None:
    cards = [
        Card(
            Credential("em4100", f"{n:010X}"),
            f"V-{n}",
            CardKind.VISITOR,
            CardStatus.STOCK,
            plate="" if n else "粤",
        )
        for n in range(1, 5)
    ]
    cards.append(
        Card(
            Credential("em4100", "00000000FF"),
            "R-1",
            CardKind.VEHICLE,
            CardStatus.ACTIVE,
            "赵六",
            "1-101",
            plate="粤B77777",
        )
    )
    generation = ledger.roster_begin()
    ledger.roster_stage(generation, cards)
    ledger.roster_switch(generation, *digest_of(cards), switched(), at())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with open_ledger(tmp_path / "gate.db") as ledger:
        stock_up(ledger)
        head = ledger.head()
        for entry in a_day():
            if entry.type == EntryType.PASSAGE_ENDED and "R-1" in str(entry.data["card"]):
                cause = f"/gate/v1/garden/north/{head.stream}/{ledger.head().sequence:020d}"
                ledger.append(
                    [Entry(entry.type, entry.subject, entry.at, entry.data, cause=cause)], entry.at
                )
            else:
                ledger.append([entry], entry.at)
    with closing(sqlite3.connect(tmp_path / "gate.db", isolation_level=None)) as conn:
        conn.execute("INSERT INTO guards VALUES ('g-1', '张伟', 'G-1', 'guard', 'x', 'active', 0)")
        conn.execute(
            "INSERT INTO directory VALUES "
            "('e-1', 'resident', '周八', '3-1201', '', '123', 1, '', '', 0)"
        )
    return tmp_path / "gate.db"


@pytest.fixture
def reading(path: Path) -> Iterator[Reading]:
    with Reading.open(path) as made:
        yield made


def test_visits_with_their_deposits(reading: Reading) -> None:
    assert [row["visit"] for row in visits.visits(reading)] == ["v-2", "v-1"]
    assert [row["visit"] for row in visits.visits(reading, "")] == ["v-2", "v-1", "v-0"]
    row = visits.visit(reading, "v-1")
    assert row is not None
    assert row["personal"] == WANG
    assert (row["by"], row["actor"], row["erased"]) == ("张伟", "g-1", False)
    assert [each["deposit"] for each in row["deposits"]] == ["d-1", "d-2"]
    assert row["deposits"][0]["personal"]["description"] == "blue one"
    assert row["pass"]["state"] == "out"
    assert visits.visit(reading, "v-9") is None
    by_card = visits.visit_of_card(reading, "V-2")
    assert by_card is not None
    assert by_card["visit"] == "v-2"
    assert visits.visit_of_card(reading, "V-3") is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("小明", ["v-1"]),
        ("b123", ["v-1"]),
        ("12", ["v-2", "v-1"]),
        ("V-2", ["v-2"]),
        ("8", ["v-2", "v-1"]),
        ("nobody", []),
    ],
)
def test_visits_by_a_part(reading: Reading, text: str, found: list[str]) -> None:
    assert [row["visit"] for row in visits.visits_by(reading, text)] == found


def test_earlier_visitors_come_once(reading: Reading) -> None:
    assert [row["visit"] for row in visits.earlier(reading, "王小")] == ["v-1", "v-0"]
    assert [row["visit"] for row in visits.earlier(reading, "i1-abc")] == ["v-2"]
    assert [row["visit"] for row in visits.earlier(reading, "王小", 1)] == ["v-1"]
    assert visits.earlier(reading, "i1-ab") == []


def test_the_drawer(reading: Reading) -> None:
    assert [row["pocket"] for row in deposits.pockets(reading)] == ["3", "12", "A"]
    first = deposits.pockets(reading)[0]
    assert first["visit_row"]["personal"] == LI
    assert {row["deposit"] for row in deposits.deposits(reading)} == {"d-0", "d-1", "d-2", "d-3"}
    assert [row["deposit"] for row in deposits.deposits(reading, text="李四")] == ["d-3"]
    assert {row["deposit"] for row in deposits.deposits(reading, "", text="7")} >= {"d-1", "d-2"}
    one = deposits.deposit(reading, "d-1")
    assert one is not None
    assert one["visit_row"]["card"] == "V-1"
    late = deposits.not_fetched(reading, NOW_US)
    assert [row["deposit"] for row in late] == ["d-0"]
    assert deposits.not_fetched(reading, US) == []


def test_what_is_counted(reading: Reading) -> None:
    told_all = counts(reading)
    assert told_all["documents"] == 2
    assert told_all["cash"] == {"CNY": 5000}
    assert told_all["other"] == 1
    assert (told_all["pockets"], told_all["refunds"]) == (3, 0)
    assert (told_all["cards_out"], told_all["cards_stock"], told_all["cards_lost"]) == (2, 2, 0)
    assert told_all["inside"] == {"people": 1, "vehicles": 1, "visits": 2}
    assert told_all["zones"] == [{"zone": "inside", "cards": 2, "free": None}]
    inside = ZoneId("inside")
    zones = {inside: ZonePlan(inside, 40)}
    plan = GatePlan(EstateId("e"), AgentId("a"), {}, {}, zones=zones)
    with_bays = counts(reading, plan)
    assert with_bays["free"] == 39
    assert [row["state"] for row in stock(reading)] == ["out", "out", "in", "in"]
    handed = shifts.handover_counts(reading, "s-1")
    assert handed["documents"] == 2
    assert handed["shift"]["guard_name"] == "张伟"
    assert handed["overrides"] == 0


def _ordered(order: str, origin: str = "console", **more: object) -> Entry:
    data = {"lane": "in-1", "order": order, "origin": origin, **more}
    return told(EntryType.ARM_ORDERED, "lane/in-1", 7, data)


def test_overrides_are_what_was_let_through_by_hand_in_this_shift(tmp_path: Path) -> None:
    """All of them: none is left out, however many there are."""
    began = next(entry for entry in a_day() if entry.type == EntryType.SHIFT_BEGAN)
    other = dict.fromkeys(("close", "stop", "release_hold"), "console")
    visit = told(EntryType.VISIT_OVERRIDDEN, "visit/v-1", 7, {"visit": "v-1"})
    with open_ledger(tmp_path / "gate.db") as ledger:
        ledger.append([_ordered("open"), began], at())
        for order, origin in other.items():
            ledger.append([_ordered(order, origin)], at())
        ledger.append([_ordered("open", refused="lockdown")], at())
        ledger.append([_ordered("open", "mqtt"), _ordered("hold_open", "mqtt")], at())
        with Reading.open(tmp_path / "gate.db") as reading:
            assert shifts.handover_counts(reading, "s-1")["overrides"] == 0
            assert shifts.handover_counts(reading, "s-9")["overrides"] == 0
        ledger.append([_ordered("priority"), _ordered("hold_open"), visit], at())
        ledger.append([_ordered("open", "button") for _ in range(600)], at())
    with Reading.open(tmp_path / "gate.db") as reading:
        assert shifts.handover_counts(reading, "s-1")["overrides"] == 603


def test_what_is_to_do_comes_by_urgency(reading: Reading) -> None:
    items = todo.todo(reading, NOW_US)
    assert [(item["what"], item["key"]) for item in items] == [
        ("duty", "lane/out-1"),
        ("help", "h-1"),
        ("priority", "x-1"),
        ("alarm", "in-1/held_open"),
        ("overdue", "v-1"),
        ("unsigned", items[5]["key"]),
        ("deposit", "d-0"),
        ("notice", "n-2"),
    ]
    assert [item["lane"] for item in items[:4]] == ["out-1", "", "", "in-1"]
    assert items[1]["left_us"] == 200_000_000
    assert items[4]["left_us"] == -HOUR_US
    assert items[1]["row"]["personal"] == {"unit": "6-402"}


def test_alarms_stand_until_they_end_however_much_is_written_since(path: Path) -> None:
    def alarm(kind: EntryType, what: str, lane: str = "in-1") -> Entry:
        return told(kind, f"lane/{lane}", 7, {"lane": lane, "alarm": what})

    noted = told(EntryType.DUTY_NOTED, "duty/booth", 8, {})
    with open_ledger(path) as ledger:
        up = EntryType.ALARM_RAISED
        raised = [alarm(up, "forced"), alarm(up, "tailgating"), alarm(up, "forced", "b")]
        ledger.append(raised, at())
        ledger.append([alarm(EntryType.ALARM_ENDED, "forced")], at())
        for _ in range(6):
            ledger.append([noted] * 1000, at())
    with Reading.open(path) as reading:
        standing = {row["standing"]: row["data"]["alarm"] for row in todo.alarms(reading)}
    assert standing == {
        "in-1/held_open": "held_open",
        "in-1/tailgating": "tailgating",
        "b/forced": "forced",
    }


def test_alarms_of_an_older_file_are_made_from_its_journal(path: Path) -> None:
    """Its software knew no such table."""
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("DROP TABLE alarms")
        conn.execute("DELETE FROM projections WHERE name = 'alarms'")
        conn.commit()
    with Reading.open(path) as reading:
        assert todo.alarms(reading) == []
    with open_ledger(path), Reading.open(path) as reading:
        assert [row["standing"] for row in todo.alarms(reading)] == ["in-1/held_open"]


def test_the_desk(reading: Reading) -> None:
    assert [row["text"] for row in desk.notices(reading, NOW_US)] == ["停水"]
    assert [row["text"] for row in desk.notices(reading, US + 1, "sales")] == ["停水", "old"]
    assert {row["notice"] for row in desk.all_notices(reading)} == {"n-1", "n-2"}
    assert [row["appointment"] for row in desk.appointments(reading, NOW_US)] == ["a-1"]
    assert desk.appointments(reading, NOW_US, US + 11 * HOUR_US) == []
    assert [row["appointment"] for row in desk.appointments(reading, text="孙")] == ["a-1"]
    assert desk.appointments(reading, text="nobody") == []
    assert desk.appointment(reading, "a-1") is not None
    assert [row["help"] for row in desk.help_requests(reading)] == ["h-1"]
    assert [row["help"] for row in desk.help_requests(reading, "closed")] == ["h-2"]
    assert desk.help_request(reading, "h-1") is not None
    (slip,) = desk.slips(reading, text="F-7")
    assert slip["lines"] == [{"name": "sofa", "quantity": 1}]
    assert desk.slip(reading, "g-1") == slip
    (ban,) = desk.bans(reading, text="李四")
    assert ban["reason"] == "hawker"
    assert [row["kind"] for row in desk.announced(reading, NOW_US)] == ["ambulance"]
    assert [row["name"] for row in desk.directory(reading, "3-12")] == ["周八"]
    assert desk.directory(reading, kind="emergency") == []


def test_guards_and_shifts(reading: Reading) -> None:
    (guard,) = shifts.guards(reading)
    assert guard["name"] == "张伟"
    assert "pin" not in guard
    assert shifts.guard(reading, "g-1") == guard
    assert shifts.guard(reading, "g-2") is None
    on = shifts.shift(reading, "booth")
    assert on is not None
    assert on["guard_name"] == "张伟"
    assert shifts.shift(reading, "gatehouse") is None
    assert [row["shift"] for row in shifts.shifts(reading)] == ["s-1"]


def test_the_duty_log_leaves_out_what_went_well(reading: Reading) -> None:
    log = shifts.duty_log(reading, US, NOW_US)
    kinds = {row["type"] for row in log}
    assert "gate.visit.opened.v1" in kinds
    assert not kinds & {"gate.access.granted.v1", "gate.passage.ended.v1"}
    assert [row["sequence"] for row in log] == sorted(row["sequence"] for row in log)
    assert shifts.duty_log(reading, US, NOW_US, 3, log[2]["sequence"]) == log[3:6]
    assert shifts.duty_log(reading, NOW_US, NOW_US + 1) == []


def test_taps_and_passages(reading: Reading) -> None:
    taps = movements.last_taps(reading)
    assert [row["type"] for row in taps] == ["gate.access.referred.v1", "gate.access.granted.v1"]
    assert [row["outcome"] for row in taps] == ["", "passed"]
    assert taps[1]["personal"]["plate"] == "粤B77777"
    assert [row["sequence"] for row in movements.last_taps(reading, 1, "in-1")] == [
        taps[1]["sequence"]
    ]
    went = movements.passages(reading)
    assert [row["data"]["card"] for row in went] == ["V-1", "R-1"]
    assert [row["personal"] for row in went] == [{}, {"holder": "赵六", "plate": "粤B77777"}]
    assert [row["granted"] > 0 for row in went] == [False, True]


def test_cards_of_the_roster(reading: Reading) -> None:
    assert [row["label"] for row in movements.cards(reading, "赵六")] == ["R-1"]
    (one,) = movements.cards(reading, "em4100:00000000FF")
    assert (one["label"], one["where"]) == ("R-1", "inside")
    assert len(movements.cards(reading, "V-", 3)) == 3
    card = movements.card(reading, "V-2")
    assert card is not None
    assert (card["status"], card["where"]) == ("stock", "")


def test_what_was_erased_is_said_to_be(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute("DELETE FROM personal")
    with Reading.open(path) as reading:
        rows = visits.visits(reading, "")
        assert {row["erased"] for row in rows} == {True}
        assert rows[0]["data"]["purpose"] == "meeting"
        assert all(row["personal"] == {} for row in rows)
        assert visits.visits_by(reading, "小明") == []
        act = next(item for item in todo.todo(reading, NOW_US) if item["what"] == "unsigned")
        assert not act["row"]["erased"]
