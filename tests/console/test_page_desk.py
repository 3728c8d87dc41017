"""The pages of the booth's desk against a whole house: what is sent is what the books then hold."""

import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from agent.console.pages import search
from agent.console.words import load
from agent.core.entries import EntryType
from agent.store import export
from agent.store.reading import Reading
from agent.store.words import Wanted
from tests.console.browsing import Browser
from tests.console.gate_end import site
from tests.patience import LIMIT_S, until
from tests.rigs.screen import GUARD, GUARD_TAGS, LEADER, NAMES, PINS, ScreenHouse

IN = "in-1"
CHANCE = frozenset({"file", "sha256", "head", "commitments"})
"""What of an export's entry is made of digests and dates."""


class Desk(Browser):
    """Somebody at a page: finds a form by what it does, sends it as a browser does."""

    def __init__(self, house: ScreenHouse, guard: str, language: str = "en") -> None:
        cookies = {"gate_language": language}
        address = house.console.address
        super().__init__(httpx.Client(base_url=address, timeout=LIMIT_S, cookies=cookies))
        self.house = house
        self.see("/sign-on")
        answer = self.send("/sign-on", guard=guard, pin=PINS[guard])
        assert answer.status_code == 303, answer.text

    def post(self, path: str, fields: Mapping[str, str]) -> httpx.Response:
        """Send these fields, with the session's token."""
        data = {"csrf": self.csrf(), **fields}
        return self.client.post(path, data=data, follow_redirects=False)

    def text(self, path: str) -> str:
        """A page that is there."""
        answer = self.client.get(path, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return answer.text

    def form(self, path: str, do: str, **row: str) -> dict[str, str]:
        """The hidden fields of the form that does this, about this row."""
        return hidden(self.text(path), do, **row)

    def does(self, path: str, do: str, filled: Mapping[str, str], **row: str) -> httpx.Response:
        """Fill in a form and send it; it has to be done."""
        answer = self.tries(path, do, filled, **row)
        assert answer.status_code == 303, faults(answer.text)
        return answer

    def tries(self, path: str, do: str, filled: Mapping[str, str], **row: str) -> httpx.Response:
        """Fill in a form and send it."""
        return self.post(path, {**self.form(path, do, **row), **filled})


def hidden(page: str, do: str, **row: str) -> dict[str, str]:
    """The hidden fields of the form on this page that does this, about this row."""
    for form in re.findall(r"<form method=\"post\".*?</form>", page, re.DOTALL):
        found = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
        if found.get("do") == do and all(found.get(name) == row[name] for name in row):
            return found
    raise AssertionError(f"no form {do} {row} in {page[:3000]}")


def shown(house: ScreenHouse, label: str) -> int:
    """Hold a card to the desk's reader; gives the number of the entry that tells it."""
    before = house.head()
    house.tap_desk(label)
    return house.wait_entry(EntryType.CARD_PRESENTED, after=before, card=label).sequence


def faults(page: str) -> list[str]:
    """What a page says is wrong."""
    found = re.findall(r'class="(?:fault|say bad)"[^>]*>([^<]+)<', page)
    return [text.strip() for text in found] or [page[:2000]]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScreenHouse]:
    with ScreenHouse(tmp_path_factory.mktemp("t")) as made:
        yield made.open()


@pytest.fixture
def guard(house: ScreenHouse) -> Iterator[Desk]:
    desk = Desk(house, GUARD)
    with closing(desk.client):
        yield desk


@pytest.fixture
def leader(house: ScreenHouse) -> Iterator[Desk]:
    desk = Desk(house, LEADER)
    with closing(desk.client):
        yield desk


def test_a_notice_is_posted_and_ended(guard: Desk, house: ScreenHouse) -> None:
    guard.does("/notices", "post", {"text": "no water in 8 <today>", "audience": "booth"})
    row = house.row("notices", state="open")
    page = guard.text("/notices")
    assert "no water in 8 &lt;today&gt;" in page
    assert "the booth" in page
    guard.does("/notices", "end", {}, notice=row["notice"])
    assert house.row("notices", notice=row["notice"], state="ended")


def test_a_fault_stands_beside_its_field_and_nothing_typed_is_lost(guard: Desk) -> None:
    typed = {"text": "works", "from": "2026-11-22T07:00", "until": "2020-01-01T00:00"}
    answer = guard.tries("/notices", "post", typed)
    assert answer.status_code == 422
    assert "the end must lie after the beginning" in answer.text
    assert 'aria-describedby="fault-post-until"' in answer.text
    assert 'value="2026-11-22T07:00"' in answer.text
    assert ">works</textarea>" in answer.text


def test_what_somebody_else_has_ended_is_said_at_the_top(guard: Desk, house: ScreenHouse) -> None:
    guard.does("/notices", "post", {"text": "short one"})
    row = house.row("notices", state="open")
    form = guard.form("/notices", "end", notice=row["notice"])
    guard.does("/notices", "end", {}, notice=row["notice"])
    answer = guard.post("/notices", {**form, "order_id": f"console-{'a' * 32}"})
    assert answer.status_code == 422
    assert '<p class="say bad"' in answer.text
    assert "it is ended already: look at it again" in answer.text


def test_a_form_sent_twice_is_one_order(guard: Desk, house: ScreenHouse) -> None:
    form = {**guard.form("/shift", "note"), "text": "written once"}
    before = house.head()
    assert [guard.post("/shift", form).status_code for _ in range(2)] == [303, 303]
    noted = house.entries(EntryType.DUTY_NOTED, after=before)
    assert len(noted) == 1


def test_a_session_that_ended_in_mid_form_loses_and_doubles_nothing(
    guard: Desk, house: ScreenHouse
) -> None:
    form = {**guard.form("/shift", "note"), "text": "kept over a sign-on"}
    guard.client.cookies.delete("gate_session")
    before = house.head()
    answer = guard.post("/shift", form)
    assert answer.status_code == 303
    guard.see(answer.headers["Location"])
    assert guard.send("/sign-on", guard=GUARD, pin=PINS[GUARD]).status_code == 303
    page = guard.text("/shift")
    assert 'value="kept over a sign-on"' in page
    fields = hidden(page, "note")
    assert fields["order_id"] == form["order_id"]
    assert guard.post("/shift", {**fields, "text": "kept over a sign-on"}).status_code == 303
    assert len(house.entries(EntryType.DUTY_NOTED, after=before)) == 1


def test_help_is_asked_answered_and_closed(guard: Desk, house: ScreenHouse) -> None:
    guard.does("/help", "ask", {"kind": "flood", "unit": "6-402", "visitor": "Li"})
    row = house.row("help", kind="flood", state="open")
    page = guard.text("/help")
    assert re.search(r">[0-4]:[0-5]\d</b>", page)
    guard.does("/help", "answer", {"note": "plumber called"}, help=row["help"])
    assert house.row("help", help=row["help"], state="answered")
    guard.does("/help", "close", {"note": "dry again"}, help=row["help"])
    assert house.row("help", help=row["help"], state="closed")
    assert "6-402" in guard.text("/help").partition("<details>")[2]


def test_an_ambulance_is_announced_with_its_way(guard: Desk, house: ScreenHouse) -> None:
    guard.does("/help", "ask", {"kind": "illness", "unit": "3-1501"})
    row = house.row("help", kind="illness", state="open")
    page = guard.text(f"/help?announce={row['help']}")
    assert re.search(r'id="announce-unit"[^>]*value="3-1501"', page)
    route = "second right, east door"
    guard.does("/help", "announce", {"kind": "ambulance", "unit": "3-1501", "route": route})
    expected = house.row("announced", state="open")
    assert route in guard.text("/help")
    guard.does("/help", "come", {}, announced=expected["announced"])
    assert house.row("announced", announced=expected["announced"], state="ended")


def test_the_directory_is_kept_by_the_shift_leader(leader: Desk, house: ScreenHouse) -> None:
    typed = {"kind": "resident", "name": "王秀英", "unit": "8-1203", "signs": "true"}
    leader.does("/directory", "put", {**typed, "phones": "０755-1234567，13800000000"})
    row = house.row("directory", name="王秀英")
    assert row["phones"] == '["0755-1234567", "13800000000"]'
    answer = leader.does("/directory", "find", {"q": "王秀"})
    assert "王" not in answer.headers["Location"]
    page = leader.text(answer.headers["Location"])
    assert "13800000000" in page
    assert "may sign release slips" in page
    page = leader.text(f"/directory?edit={row['entry']}")
    assert 'value="0755-1234567, 13800000000"' in page
    path = f"/directory?edit={row['entry']}"
    form = {**leader.form(path, "put", entry=row["entry"]), **typed, "unit": "8-1204"}
    assert leader.post("/directory", form).status_code == 303
    assert house.row("directory", name="王秀英")["unit"] == "8-1204"
    form = leader.form(path, "drop", entry=row["entry"])
    assert leader.post("/directory", form).status_code == 303
    until(lambda: not house.rows("directory", name="王秀英"), "the entry is gone")


def test_a_call_is_noted_and_a_guard_changes_no_entry(guard: Desk, house: ScreenHouse) -> None:
    before = house.head()
    typed = {"to": "Wang", "unit": "8-1203", "answer": "agreed", "note": "send him up"}
    guard.does("/directory", "call", typed)
    page = guard.text("/directory")
    assert "send him up" in page
    assert house.entries(EntryType.CALL_NOTED, after=before)[0].actor == GUARD
    assert 'value="put"' not in page


def test_a_ban_is_set_and_only_a_leader_lifts_it(guard: Desk, house: ScreenHouse) -> None:
    typed = {"visitor": "孙某", "plate": "粤B99999", "reason": "canvasser"}
    guard.does("/bans", "set", typed)
    row = house.row("bans", state="open")
    page = guard.text("/bans")
    assert "孙某" in page
    assert "Bans are lifted by a shift leader or the office." in page
    leader = Desk(house, LEADER)
    with closing(leader.client):
        leader.does("/bans", "lift", {"reason": "settled"}, ban=row["ban"])
    assert house.row("bans", ban=row["ban"], state="lifted")


def test_a_ban_of_nobody_is_refused_beside_the_name(guard: Desk) -> None:
    answer = guard.tries("/bans", "set", {"reason": "because"})
    assert answer.status_code == 422
    assert 'aria-describedby="fault-set-visitor"' in answer.text


def test_a_card_is_lost_found_replaced(leader: Desk, house: ScreenHouse) -> None:
    label = house.roster.draw("resident")
    path = f"/cards?card={label}"

    def turned(do: str, filled: Mapping[str, str]) -> httpx.Response:
        return leader.post("/cards", {**leader.form(path, do, label=label), **filled})

    assert turned("lost", {"reason": "told at the window"}).status_code == 303
    page = leader.text(path)
    assert '"do" value="lost"' not in page
    refused = turned("found", {})
    assert refused.status_code == 422
    assert "this is needed" in refused.text
    assert turned("found", {"reason": "in a pocket"}).status_code == 303
    new = {"credential": "em4100:00000FACE1", "reason": "worn out"}
    answer = turned("replace", new)
    assert answer.headers["Location"] == f"/cards?card={label}"
    assert "em4100:00000FACE1" in leader.text(path)


def test_a_card_is_issued_from_the_number_of_the_reader(leader: Desk) -> None:
    typed = {"credential": "em4100:00000FACE2", "label": "N-17", "kind": "resident"}
    typed |= {"holder": "新住户", "unit": "5-0101", "lane.in-1": "1", "direction": "in"}
    leader.does("/cards", "issue", typed)
    page = leader.text("/cards?card=N-17")
    assert "5-0101" in page
    assert "in only" in page
    assert "入口 1" in page
    again = leader.tries("/cards", "issue", {**typed, "label": "N-18"})
    assert again.status_code == 422
    assert "this card is N-17 already" in again.text


def test_a_supervisor_is_known_by_a_card_at_the_desk(guard: Desk, house: ScreenHouse) -> None:
    refused = guard.tries("/shift", "check", {"note": "typed"})
    assert refused.status_code == 422
    assert "hold the supervisor" in refused.text
    card = str(shown(house, "P-1"))
    guard.does("/shift", "check", {"presented": card, "note": "all quiet"})
    assert "all quiet" in guard.text("/shift")


def test_a_stop_without_a_name_is_written_up(guard: Desk, house: ScreenHouse) -> None:
    with httpx.Client(base_url=house.console.address, timeout=LIMIT_S) as client:
        nobody = Browser(client)
        nobody.see("/")
        headers = {"Accept": "application/json"}
        told = nobody.send("/gate/act", headers, kind="stop", lane=IN).json()
    assert told["status"] == "done", told
    row = house.row("unsigned")
    assert "stop" in guard.text("/shift")
    guard.does("/shift", "sign", {"reason": "a child ran"}, act=row["act"])
    until(lambda: not house.rows("unsigned"), "the act is signed")


def test_a_shift_is_handed_over_with_its_differences(guard: Desk, house: ScreenHouse) -> None:
    path = "/shift/handover"
    counted = {"cash.CNY": "12.50", "documents": "0", "cards": "1"}
    typed = {**counted, "to": LEADER, "note": "one lamp is out"}
    refused = guard.tries(path, "hand_over", typed)
    assert refused.status_code == 422
    assert "sign: hold your card to the reader, or give your PIN" in refused.text
    assert 'value="12.50"' in refused.text
    card = str(shown(house, f"G-{GUARD_TAGS[LEADER]}"))
    signed = {"pins.from": PINS[GUARD], "presented.to": card}
    before = house.head()
    done = guard.does(path, "hand_over", {**typed, **signed})
    entry = house.entries(EntryType.SHIFT_HANDED, after=before)[0]
    data = house.data(entry)
    assert data["signed"] == {"from": "pin", "to": "card"}
    assert {"what": "cash.CNY", "counted": 1250, "booked": 0} in data["differences"]
    paper = guard.text(done.headers["Location"])
    for text in ("¥12.50", "one lamp is out", NAMES[LEADER], "signed with the PIN", "碧桂花园"):
        assert text in paper
    shift = done.headers["Location"].partition("shift=")[2]
    table = guard.see(f"/shift/log.csv?shift={shift}")
    assert table.headers["Content-Type"].startswith("text/csv")
    assert table.text.startswith("\ufeffsequence,time,type,")
    (left,) = house.entries(EntryType.EVIDENCE_EXPORTED, after=entry.sequence)
    told = house.data(left)
    assert told["sha256"] == hashlib.sha256(table.content).hexdigest()
    assert told["rows"] == len(list(csv.reader(io.StringIO(table.text)))) - 1
    assert told["file"] in table.headers["Content-Disposition"]
    assert left.actor == GUARD


def test_a_handover_that_is_no_number_is_refused_beside_it(guard: Desk) -> None:
    typed = {"cash.CNY": "twelve", "documents": "0", "cards": "1", "pins.from": PINS[GUARD]}
    answer = guard.tries("/shift/handover", "hand_over", typed)
    assert answer.status_code == 422
    assert "this is not a whole number" in answer.text
    assert PINS[GUARD] not in answer.text


def test_a_movement_is_found_noted_and_exported(
    guard: Desk, house: ScreenHouse, tmp_path: Path
) -> None:
    label = house.roster.draw("vehicle")
    tapped = house.head()
    house.tap_lane(IN, label)
    entry = house.wait_entry("gate.access.granted.v1", after=tapped, card=label)
    plate = f"粤B·{int(label[2:]):05}"
    found: list[str] = []

    def seen() -> bool:
        answer = guard.send("/search", do="find", plate=plate[-3:], type="gate.access.")
        # Nothing of what is looked for: the key is made by chance, and may hold any digits.
        assert re.fullmatch(r"/search\?find=[0-9a-f]{12}", answer.headers["Location"])
        found[:] = [answer.headers["Location"]]
        return plate in guard.text(found[0])

    until(seen, "the index knows the movement", step_s=0.5)
    path = found[0]
    form = guard.form(path, "note", sequence=str(entry.sequence))
    noted = guard.post(path, {**form, "driver": "陈师傅", "companions": "2"})
    assert noted.headers["Location"] == path
    assert house.entries(EntryType.PASSAGE_NOTED, after=entry.sequence)
    for way in ("csv", "jsonl"):
        answer = guard.see(path.replace("/search?", "/search/export?") + f"&as={way}")
        assert answer.status_code == 200
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            archive.extractall(tmp_path)
            name = min(archive.namelist(), key=len)
        seal = export.check(tmp_path / name)
        assert seal.by == NAMES[GUARD]
        assert seal.rows >= 1
        assert plate in (tmp_path / name).read_text("utf-8")
        (left,) = house.entries(EntryType.EVIDENCE_EXPORTED, after=entry.sequence)[-1:]
        told = json.loads(left.data)
        assert told["sha256"] == seal.sha256, "the journal knows what left"
        # Digests and dates may have any three digits by chance.
        said = [value for name, value in told.items() if name not in CHANCE]
        assert plate[-3:] not in json.dumps(said), "what was looked for is nobody's business"


def test_an_export_that_would_hold_too_much_says_how_far_it_reaches(
    house: ScreenHouse, tmp_path: Path
) -> None:
    """It never stops in silence: all that was found, or nothing and the way to get it."""
    words = load("en", ZoneInfo("Asia/Shanghai"))
    place = replace(site(tmp_path), ledger=house.ledger)
    with Reading.open(house.ledger) as reading:

        def rows(
            most: int, since: int | None = None, until: int | None = None
        ) -> list[Mapping[str, object]]:
            # Nothing of this comes by itself.
            what = Wanted(type="gate.guard.", since=since, until=until)
            return list(search.everything(reading, place, what, words, most))

        there = len([one for one in house.entries() if one.type.startswith("gate.guard.")])
        assert len(rows(there)) == there > 1
        with pytest.raises(search.TooManyError) as fault:
            rows(there - 1)
        assert f"More than {words.count(there - 1)} lines were found" in fault.value.says(words)
        # Done as it says, the parts are the whole.
        back_us = fault.value.back_us
        newest = rows(there - 1, since=back_us)
        assert len(newest) + len(rows(there, until=back_us - 1)) == there


def test_a_leader_enrols_a_guard_who_then_gets_another_card_and_pin(
    leader: Desk, house: ScreenHouse
) -> None:
    first = {"name": "赵敏", "role": "guard", "pin": "739155", "pin_again": "739154"}
    refused = leader.tries("/guards", "enrol", first)
    assert refused.status_code == 422
    assert 'aria-describedby="fault-enrol-pin_again"' in refused.text
    assert "739155" not in refused.text
    leader.does("/guards", "enrol", {**first, "pin_again": "739155"})
    row = house.row("guards", name="赵敏")
    card = house.roster.draw("staff")
    leader.does("/guards", "card", {"card": card, "reason": "first one"}, guard=row["guard"])
    assert house.row("guards", name="赵敏")["card"] == card
    pins = {"pin": "902614", "pin_again": "902614", "reason": "forgotten"}
    leader.does("/guards", "pin", pins, guard=row["guard"])
    with closing(httpx.Client(base_url=house.console.address, timeout=LIMIT_S)) as client:
        new = Browser(client)
        new.see("/sign-on")
        assert new.send("/sign-on", guard=row["guard"], pin="739155").status_code == 422
        assert new.send("/sign-on", guard=row["guard"], pin="902614").status_code == 303
    leader.does("/guards", "leave", {"reason": "moved away"}, guard=row["guard"])
    assert house.row("guards", name="赵敏")["state"] == "left"


def test_a_guard_enrols_nobody(guard: Desk) -> None:
    assert '"do" value="enrol"' not in guard.text("/guards")
    answer = guard.send("/guards", do="enrol", name="x", role="guard", pin="739155")
    assert answer.status_code == 422
    answer = guard.send(
        "/guards", do="enrol", name="x", role="guard", pin="739155", pin_again="739155"
    )
    assert answer.status_code == 422
    assert "ask a shift leader" in answer.text


def test_pages_with_names_want_a_guard(house: ScreenHouse) -> None:
    with httpx.Client(base_url=house.console.address, timeout=LIMIT_S) as client:
        for path in ("/directory", "/help", "/notices", "/shift", "/cards", "/bans", "/search"):
            answer = client.get(path)
            assert answer.status_code == 303
            assert answer.headers["Location"].startswith("/sign-on")


def test_a_shift_that_is_not_there_leads_back(guard: Desk) -> None:
    for path in ("/shift/print?shift=x", "/shift/log.csv?shift=x", "/search/export?find=x"):
        answer = guard.see(path)
        assert answer.status_code == 303
