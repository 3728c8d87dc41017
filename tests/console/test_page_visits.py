"""The visitors' pages against a whole house: what is typed, found, sent, and shown again."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.core.entries import EntryType
from tests.console.booth import CASH, LICENCE, OUT, Booth
from tests.console.browsing import field
from tests.rigs.screen import ScreenHouse


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScreenHouse]:
    with ScreenHouse(Path(tmp_path_factory.mktemp("t"))) as made:
        yield made.open()


@pytest.fixture
def booth(house: ScreenHouse) -> Iterator[Booth]:
    desk = Booth(house)
    with closing(desk.client):
        yield desk.sign()


def test_a_visitor_comes_and_goes(booth: Booth, house: ScreenHouse) -> None:
    visit = booth.admit("安一", {**LICENCE, "deposits.0.description": "A 17"}, bay="会所 1")
    receipt = booth.text(f"/receipt?visit={visit}&new=1")
    for part in ("Put it into pocket", "安一", "park in bay 会所 1", "Driving licence", "张伟"):
        assert part in receipt
    deposit = house.row("deposits", visit=visit)
    page = booth.text(f"/visitor-out?visit={visit}")
    assert f"Pocket {deposit['pocket']}" in page
    assert "A 17" in page
    fields = {"deposits.0.deposit": str(deposit["deposit"]), "deposits.0.end": "returned"}
    led = booth.done("/visitor-out", do="end", visit=visit, card_back="true", **fields)
    assert led == "/visitor-out"
    assert house.row("visits", visit=visit)["outcome"] == "left"
    assert "over already" in booth.text(f"/visitor-out?visit={visit}")
    assert "given back" in booth.text(f"/receipt?visit={visit}")


def test_money_is_sent_in_minor_units_and_no_card_is_needed_twice(
    booth: Booth, house: ScreenHouse
) -> None:
    visit = booth.admit("安二", CASH)
    assert house.row("deposits", visit=visit)["amount"] == 10_050
    card = house.row("visits", visit=visit)["card"]
    found = booth.look("/visitor-in/look", field="card", card=card, kind="company")
    assert found["This card is out"][0]["href"] == f"/visitor-out?visit={visit}"
    page = booth.refused(
        "/visitor-in",
        "card",
        do="open",
        kind="company",
        visitor="又一",
        host="陈",
        answer="host_agreed",
        card=card,
        **CASH,
    )
    assert "if it is here, take it back first" in page
    assert 'value="又一"' in page
    assert 'value="100.50"' in page


def test_the_same_form_twice_is_one_visit(booth: Booth, house: ScreenHouse) -> None:
    order = field(booth.text("/visitor-in"), "order_id")
    card = house.roster.draw("visitor")
    form = {
        "order_id": order,
        "do": "open",
        "kind": "resident",
        "visitor": "安三",
        "unit": "8-1",
        "answer": "host_agreed",
        "card": card,
        **LICENCE,
    }
    places = {booth.done("/visitor-in", **form) for _ in range(3)}
    assert len(places) == 1
    assert len(house.rows("visits", card=card)) == 1


def test_a_refused_kind_says_the_law(booth: Booth) -> None:
    page = booth.text("/visitor-in")
    assert "Article 15" in page
    fields = {"deposits.0.kind": "resident_id", "deposits.0.pocket": "9"}
    page = booth.refused(
        "/visitor-in",
        "deposits.0.kind",
        do="open",
        kind="company",
        visitor="安四",
        host="陈",
        answer="host_agreed",
        card=booth.house.roster.draw("visitor"),
        **fields,
    )
    assert page.count("Article 15") > 2


def test_who_is_banned_is_found_while_typing(booth: Booth, house: ScreenHouse) -> None:
    fields = {"kind": "company", "visitor": "推一", "plate": "粤B·10001", "reason": "hawker"}
    booth.done("/visitor-in", do="decline", note="传单", ban="true", **fields)
    found = booth.look("/visitor-in/look", field="plate", plate="粤b10001")
    assert "传单" in found["Banned"][0]["note"]
    card = house.roster.draw("visitor")
    form = {"do": "open", "kind": "company", "visitor": "推一", "host": "陈", "card": card}
    form |= {"answer": "host_agreed", **LICENCE}
    page = booth.refused("/visitor-in", "visitor", **form)
    assert "there is a ban" in page
    booth.done("/visitor-in", despite="误报", **form)
    # A refusal whose ban cannot be set is written down all the same, and that is said.
    led = booth.done("/visitor-in", do="decline", kind="company", reason="hawker", ban="true")
    assert led == "/notices"
    assert "There is no ban yet" in booth.text("/notices")


def test_earlier_visits_and_the_directory_fill_the_form(booth: Booth, house: ScreenHouse) -> None:
    booth.admit("安五六", LICENCE, company="海港物流")
    found = booth.look("/visitor-in/look", field="visitor", visitor="安五")
    assert found["Was here before"][0]["title"] == "安五六"
    line = {"entry": "d-a", "kind": "resident", "name": "赵女士", "unit": "6-602"}
    house.act("directory.put", {**line, "phones": ["138"], "signs": False})
    found = booth.look("/visitor-in/look", field="unit", unit="6-602")
    assert found["Directory"][0]["title"] == "赵女士"
    assert booth.look("/visitor-in/look", field="visitor", visitor="a") == {}
    assert booth.look("/visitor-in/look", field="purpose", purpose="安五") == {}
    found = booth.look("/visitor-out/look", card="安五六")
    assert found["Open visits"]
    assert booth.look("/visitor-out/look", card="") == {}


def test_an_appointment_from_the_list_to_the_visit(booth: Booth, house: ScreenHouse) -> None:
    today = datetime.now(ZoneInfo("Asia/Shanghai"))
    day = today.strftime("%Y-%m-%d")
    soon = (today + timedelta(days=2)).strftime("%Y-%m-%dT10:00")
    fields = {"kind": "company", "visitor": "安七", "host": "陈经理", "from": soon}
    led = booth.done("/appointments", do="make", **fields)
    assert led == f"/appointments?day={soon[:10]}"
    row = house.row("appointments", from_us=_us(soon))
    assert "安七" in booth.text(f"/appointments?day={soon[:10]}")
    assert "安七" not in booth.text(f"/appointments?day={day}")
    assert "安七" not in booth.text(f"/appointments?day={soon[:10]}&q=nobody")
    moved = {"appointment": str(row["appointment"]), "day": soon[:10]}
    past = booth.sends("/appointments", {**moved, "do": "move", "until": "2020-01-01T00:00"})
    assert past.status_code == 422
    assert "安七" in past.text
    begin = today.strftime("%Y-%m-%dT%H:%M")
    booth.done("/appointments", do="move", **{**moved, "from": begin})
    page = booth.text(f"/visitor-in?appointment={row['appointment']}")
    assert 'value="安七"' in page
    found = booth.look("/visitor-in/look", field="visitor", visitor="安七")
    assert found["Expected"][0]["fill"]["appointment"] == row["appointment"]  # type: ignore[index]
    visit = booth.admit("安七", LICENCE, appointment=str(row["appointment"]), answer="expected")
    assert house.row("visits", visit=visit)["appointment"] == row["appointment"]
    assert "came" in booth.text(f"/appointments?day={day}")
    booth.done("/appointments", do="make", **{**fields, "visitor": "安八"})
    other = house.row("appointments", state="open", from_us=_us(soon))
    gone = {"appointment": str(other["appointment"]), "day": "no day"}
    led = booth.done("/appointments", do="cancel", reason="不来了", **gone)
    assert led == "/appointments?day="
    assert "called off" in booth.text(f"/appointments?day={soon[:10]}")


def _us(local: str) -> int:
    at = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    return int(at.timestamp()) * 1_000_000


def test_a_visit_is_corrected_and_stays_longer(booth: Booth, house: ScreenHouse) -> None:
    visit = booth.admit("安九", LICENCE, hours="1")
    before = house.row("visits", visit=visit)["until_us"]
    led = booth.done("/visitor-out", do="change", visit=visit, visitor="安久", hours="8")
    assert led == f"/visitor-out?visit={visit}"
    assert house.row("visits", visit=visit)["until_us"] > before
    assert "安久" in booth.text(led)
    page = booth.refused("/visitor-out", "visitor", do="change", visit=visit, visitor="")
    assert "say who comes" in page
    answer = booth.send("/visitor-out", do="change", visit="v-none", visitor="x")
    assert answer.status_code == 422


def test_every_other_way_out(booth: Booth, house: ScreenHouse) -> None:
    """Lost card, left elsewhere, a mistake, let out all the same: each with its reason."""
    ends = {
        "end card_lost": ("card_lost", "returned"),
        "end elsewhere": ("elsewhere", "held"),
        "end mistake": ("mistake", "reversed"),
    }
    for do, (outcome, state) in ends.items():
        visit = booth.admit(f"客{outcome}", LICENCE)
        deposit = str(house.row("deposits", visit=visit)["deposit"])
        fields = {"deposits.0.deposit": deposit, "deposits.0.end": "returned"}
        booth.done("/visitor-out", do=do, visit=visit, reason="丢", card_back="true", **fields)
        assert house.row("visits", visit=visit)["outcome"] == outcome
        assert house.row("deposits", deposit=deposit)["state"] == state
    visit = booth.admit("客特批", LICENCE)
    assert booth.send("/visitor-out", do=f"override {OUT}", visit=visit).status_code == 422
    led = booth.done("/visitor-out", do=f"override {OUT}", visit=visit, reason="急救")
    assert led == "/"
    house.through(OUT, "car-1")
    assert house.row("visits", visit=visit)["state"] == "open"


def test_who_waits_at_the_exit_is_told_and_can_go_back_in(booth: Booth, house: ScreenHouse) -> None:
    visit = booth.admit("安十", LICENCE)
    card = str(house.row("visits", visit=visit)["card"])
    after = house.head()
    house.tap_lane(OUT, card)
    house.wait_entry(EntryType.ACCESS_REFERRED, after=after, card=card)
    waiting = booth.see("/visitor-out/waiting", headers={"X-Fragment": "1"}).json()["waiting"]
    assert waiting[0]["href"] == f"/visitor-out?card={card}&lane={OUT}"
    assert card in booth.text("/visitor-out")
    page = booth.text(waiting[0]["href"])
    assert "take the card back" in page
    assert f'value="dismiss {OUT}"' in page
    booth.done("/visitor-out", do=f"dismiss {OUT}", reason="又进去了")
    assert booth.see("/visitor-out/waiting").json() == {"waiting": []}


def test_what_is_asked_for_is_found_by_card_name_or_receipt(
    booth: Booth, house: ScreenHouse
) -> None:
    visit = booth.admit("独孤求败", LICENCE)
    row = house.row("deposits", visit=visit)
    for asked in (row["card"], "独孤", f"{row['receipt']:06d}"):
        assert "独孤求败" in booth.text(f"/visitor-out?card={asked}"), asked
    assert "No open visit" in booth.text("/visitor-out?card=nobody")
    several = booth.text("/visitor-out?card=陈经理")
    assert "独孤求败" in several
    assert 'name="visit"' not in several


def test_a_form_that_was_left_is_found_again(booth: Booth) -> None:
    """Kept in the console, once, with the id of its order; what was sent is no draft."""
    order = field(booth.text("/visitor-in"), "order_id")
    typed = {"order_id": order, "kind": "delivery", "visitor": "半途", "deposits.1.kind": "cash"}
    assert booth.sends("/visitor-in/keep", typed).status_code == 204
    page = booth.text("/visitor-in")
    assert 'value="半途"' in page
    assert "What you had typed is still here" in page
    assert field(page, "order_id") == order
    assert 'value="半途"' not in booth.text("/visitor-in")
    booth.sends("/visitor-in/keep", typed)
    assert 'value="半途"' not in booth.text("/visitor-in?new=1")
    booth.sends("/visitor-in", {**typed, "do": "decline", "reason": "hawker"})
    booth.sends("/visitor-in/keep", typed)
    assert 'value="半途"' not in booth.text("/visitor-in")
    booth.sends("/goods/keep", {"number": "半途-1", "lines.4.name": "灯"})
    page = booth.text("/goods")
    assert 'value="半途-1"' in page
    assert 'name="lines.0.name"' in page


def test_a_session_that_ended_in_mid_form_loses_nothing(house: ScreenHouse) -> None:
    """What was filled in waits for the sign-on, and is one visit in the end."""
    booth = Booth(house)
    with closing(booth.client):
        card = house.roster.draw("visitor")
        form = {"do": "open", "kind": "company", "visitor": "途中", "host": "陈", "card": card}
        form |= {"answer": "host_agreed", "order_id": f"console-{'c' * 32}", **CASH}
        answer = booth.sends("/visitor-in", form)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-on")
        assert house.rows("visits", card=card) == []
        booth.sign()
        page = booth.text("/visitor-in")
        assert 'value="途中"' in page
        assert field(page, "order_id") == form["order_id"]
        booth.done("/visitor-in", **form)
        booth.done("/visitor-in", **form)
        assert len(house.rows("visits", card=card)) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/visitor-in",
        "/visitor-out",
        "/goods",
        "/deposits",
        "/inside",
        "/appointments",
    ],
)
def test_in_chinese_nothing_is_left_in_english(house: ScreenHouse, path: str) -> None:
    """No sentence of these pages lacks its translation (names of kinds come from the settings)."""
    booth = Booth(house, "zh")
    with closing(booth.client):
        page = booth.sign().text(path)
    main = page.split("<main", 1)[1].split("</main>", 1)[0]
    for word in ("Write", "Card", "Deposit", "Nothing", "choose", "the visitor", "overdue"):
        assert word not in main, word


def test_a_gate_that_does_not_answer_in_time_doubles_nothing(
    booth: Booth, house: ScreenHouse
) -> None:
    """Not known yet is said, the form keeps its id, and sent again it is the same visit."""
    order, card = field(booth.text("/visitor-in"), "order_id"), house.roster.draw("visitor")
    form = {"do": "open", "kind": "company", "visitor": "久等", "host": "陈", "card": card}
    form |= {"answer": "host_agreed", "order_id": order, **LICENCE}
    os.kill(house.pid, signal.SIGSTOP)
    try:
        answer = booth.sends("/visitor-in", form)
    finally:
        os.kill(house.pid, signal.SIGCONT)
    assert answer.status_code == 202
    assert "Not known yet" in answer.text
    assert field(answer.text, "order_id") == order
    assert 'value="久等"' in answer.text
    visit = house.row("visits", card=card)["visit"]  # it settled by itself
    assert booth.done("/visitor-in", **form) == f"/receipt?visit={visit}&new=1"
    assert len(house.rows("visits", card=card)) == 1


def test_without_a_printer_it_is_said_once(booth: Booth, house: ScreenHouse) -> None:
    visit = booth.admit("收据", LICENCE)
    number = str(house.row("deposits", visit=visit)["receipt"])
    order = f"console-{'b' * 32}"
    led = booth.done("/receipt", visit=visit, number=number, order_id=order)
    assert "no printer is configured" in booth.text(led)
    assert "Print at the receipt printer" not in booth.text(led)
    booth.done("/receipt", visit=visit, number=number, order_id=order)
    assert "no printer is configured" not in booth.text(led)
    assert booth.see("/receipt?visit=none").status_code == 303
