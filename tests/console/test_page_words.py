"""What the pages of the desk say and send, without a gate: words, forms, papers, translations."""

import csv
import io
from collections.abc import Collection, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.extract import extract_from_file

from agent.console.pages import (
    bans,
    cards,
    directory,
    entries,
    guards,
    handover,
    notices,
    papers,
    sealed,
    search,
    shift,
)
from agent.console.pages import (
    help as help_page,
)
from agent.console.pages.session import shown as shown_card
from agent.console.pages.told import CARD_KINDS
from agent.console.words import Words, load
from agent.core import announced, dutylog, help_requests, roles
from agent.core import notices as core_notices
from agent.core.directory import KINDS as ENTRIES
from agent.core.entries import MEANINGS, EntryType
from agent.core.model import CardKind, CardStatus
from agent.core.plan_books import BooksPlan
from tests.console.gate_end import ZONE, site

EN = Words("en", ZoneInfo("Asia/Shanghai"))
ZH = load("zh", ZONE)
CONSOLE = Path(papers.__file__).parents[1]
PAGES = "sent notices bans help directory entries codes shift papers handover cards search sealed"
TEMPLATES = "_booth notices bans help directory shift handover shift_print cards search guards"


def row(kind: str, **more: object) -> dict[str, object]:
    made = {"sequence": 7, "time_us": 1_795_000_000_000_000, "quality": "synced", "type": kind}
    return made | {"data": {}, "personal": {}, "erased": False, "by": "", "subject": ""} | more


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(220.9, "3:40"), (59, "0:59"), (0, "0:00"), (-10, "-0:10"), (-0.5, "0:00")],
)
def test_the_time_that_is_left(seconds: float, shown: str) -> None:
    assert help_page.left(seconds) == shown


@pytest.mark.parametrize(
    ("shown", "asked"),
    [
        (help_page.KINDS, help_requests.KINDS),
        (help_page.PRIORITIES, announced.KINDS),
        (directory.KINDS, ENTRIES),
        (directory.ANSWERS, dutylog.ANSWERS),
        (cards.STATUSES, [status.value for status in CardStatus]),
    ],
)
def test_every_word_of_the_books_can_be_chosen(
    shown: Mapping[str, object], asked: Collection[str]
) -> None:
    assert set(shown) == set(asked)


def test_audiences() -> None:
    assert tuple(notices.AUDIENCES) == core_notices.AUDIENCES


def test_every_order_of_these_pages_is_one_that_somebody_may_give() -> None:
    tables = [
        page.DEEDS for page in (help_page, directory, shift, cards, search, bans, notices, guards)
    ]
    tables.append(handover.deeds(BooksPlan()))
    kinds = {deed.kind for table in tables for deed in table.values()}
    assert kinds <= set(roles.MAY)


def test_telephone_numbers_are_parted_however_they_were_typed() -> None:
    deed = directory.DEEDS["put"]
    form = {
        "entry": "",
        "kind": "other",
        "name": "x",
        "phones": "０755-1，138；  139 、",
        "signs": "",
    }
    assert deed.wanted(form) == {
        "kind": "other", "name": "x", "phones": ["0755-1", "138", "139"], "signs": False,
    }  # fmt: skip


def test_what_is_counted_at_a_handover() -> None:
    form = {
        "shift": "s-1",
        "cash.CNY": "１,250.5",
        "cash.HKD": "many",
        "documents": "３",
        "cards": "",
        "presented.from": "12",
        "presented.to": "x",
        "pins.from": "",
        "pins.to": "481516",
    }
    assert handover.counted(form, BooksPlan()) == {
        "documents": "3",
        "cards": "",
        "cash": {"CNY": "125050", "HKD": "many"},
        "presented": {"from": 12},
        "pins": {"to": "481516"},
    }


@pytest.mark.parametrize("cell", ["=1+1", "+8613", "-2", "@x", "\tx"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert papers.safe(cell) == f"'{cell}"


def test_a_table_is_read_again_as_it_was_written() -> None:
    lines = b"".join(papers._lines(("a", "b"), [("王，1", 'say "x"'), (2, "c\nd")]))
    assert lines.startswith("\ufeffa,b".encode())
    read = list(csv.reader(io.StringIO(lines.decode("utf-8-sig"), newline="")))
    assert read == [["a", "b"], ["王，1", 'say "x"'], ["2", "c\nd"]]


def test_what_was_handed_over_is_told_with_its_differences() -> None:
    data = {
        "from": "g-1",
        "to": "",
        "signed": {"from": "pin"},
        "counted": {"cash.CNY": 1250, "cards": 9},
        "booked": {"cash.CNY": 0, "cards": 10, "documents": 0},
        "open": {"visits": 2},
    }
    told = papers.handed(row("gate.shift.handed.v1", data=data), EN, BooksPlan(), {"g-1": "Zhang"})
    assert (told["from"], told["to"], told["signed_to"]) == ("Zhang", "", "")
    assert [line["difference"] for line in told["lines"]] == ["+CN¥12.50", "-1", "0"]
    assert [line["differs"] for line in told["lines"]] == [True, True, False]
    assert told["open"] == [{"what": "visitors inside", "count": 2}]


def test_a_line_of_the_log(tmp_path: Path) -> None:
    where = site(tmp_path)
    data = {"lane": "in-1", "card": "V-17", "reason": "card_lost"}
    denied = entries.line(row("gate.access.denied.v1", data=data), EN, where)
    assert denied["place"] == "入口"
    assert denied["card"] == "V-17"
    assert "lost" in denied["details"]
    ended = row("gate.passage.ended.v1", data={"outcome": "tailgated"})
    assert entries.line(ended, EN, where)["what"] == "somebody followed without a card"
    asked = row("gate.help.requested.v1", data={"kind": "flood"}, personal={"unit": "6-402"})
    assert entries.line(asked, EN, where)["details"] == "6-402 · water damage"
    erased = entries.line(row("gate.duty.noted.v1", erased=True), EN, where)
    assert (erased["details"], erased["free"]) == ("(erased)", True)
    lost = row("gate.reader.lost.v1", subject="reader/in-1-rdm", data={"detail": "x"})
    assert entries.line(lost, EN, where)["details"] == "in-1-rdm"
    let_in = row("gate.visit.opened.v1", data={"answer": "host_agreed"})
    assert entries.line(let_in, EN, where)["details"] == "called: agreed"
    strange = entries.line(row("gate.other.thing.v1", quality="unknown"), EN, where)
    assert (strange["what"], strange["doubtful"]) == ("gate.other.thing.v1", True)
    assert len(entries.cells(row("gate.agent.started.v1"), EN, where)) == 8


def test_identity_and_card_numbers_are_in_no_export() -> None:
    personal = {"visitor": "李", "idmask": "1101…", "idhash": "ab", "credential": "em4100:01"}
    personal["phone"] = "138"
    told = sealed.fields(row("gate.visit.opened.v1", personal=personal), "t")
    assert set(told) == set(sealed.COLUMNS)
    assert told["name"] == "李"
    assert not {"1101…", "ab", "em4100:01", "138"} & {str(each) for each in told.values()}


def test_what_is_looked_for(tmp_path: Path) -> None:
    form = {
        "text": "王",
        "type": "no such",
        "since": "2026-11-22T07:00",
        "until": "2026-11-22T07:00",
    }
    what = search.wanted(form, site(tmp_path))
    assert (what.text, what.type) == ("王", "gate.access.")
    assert (what.since, what.until) == (1_795_302_000_000_000, 1_795_302_059_999_999)
    assert search.wanted({"since": "soon"}, site(tmp_path)).since is None


def said() -> set[str]:
    found: set[str] = {meaning for kind, meaning in MEANINGS.items() if kind in set(EntryType)}
    for name in (*PAGES.split(), "guards"):
        file = CONSOLE / "pages" / f"{name}.py"
        found |= {str(each[1]) for each in extract_from_file("python", file, {"N_": None})}
    for name in TEMPLATES.split():
        file = CONSOLE / "templates" / f"{name}.html"
        spoken = extract_from_file("jinja2.ext:babel_extract", file, {"_": None, "ngettext": (1,)})
        found |= {str(each[1] if isinstance(each[1], str) else each[1][0]) for each in spoken}
    return found


def test_everything_is_said_in_chinese_too() -> None:
    assert not {text for text in said() if text not in ZH.texts and text != "CSV"}


def test_every_kind_of_card_has_a_name() -> None:
    assert set(CARD_KINDS) == {kind.value for kind in CardKind}


@pytest.mark.parametrize(
    ("data", "holder", "says"),
    [
        ({"card": "G-2", "kind": "guard"}, "王小明", "G-2 · guard · 王小明"),
        ({}, "", "this card is not known here"),
        (
            {"card": "G-2", "kind": "guard", "reason": "proof_failed"},
            "",
            "G-2 · guard · did not prove itself: perhaps a copy",
        ),
        (
            {"reason": "proof_required"},
            "",
            "this card is not known here · only its number was read, it has to prove itself",
        ),
    ],
)
def test_a_card_at_the_desk_is_told_with_what_it_did_not_prove(
    data: dict[str, str], holder: str, says: str
) -> None:
    assert shown_card(EN, data, holder) == says
