"""Both languages: nothing is missing; dates, spans and money as each of them writes them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po

import agent.console
import agent.core
from agent.console.words import FIRST, LANGUAGES, Words, load
from tests.console.gate_end import ZONE

CONSOLE = Path(agent.console.__file__).parent
CORE = Path(agent.core.__file__).parent
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "many": (1, 2)}
HOLES = re.compile(r"%\((\w+)\)s")
NOON_US = 1_795_320_127_000_000  # 2026-11-22 04:02:07 UTC


@pytest.fixture(scope="module")
def chinese() -> Words:
    return load("zh", ZONE)


@pytest.fixture(scope="module")
def english() -> Words:
    return load("en", ZONE)


def texts() -> Iterator[tuple[str, str]]:
    """Every text that is marked for translation, and where."""
    options = {"newstyle_gettext": "true", "extensions": "jinja2.ext.i18n,jinja2.ext.do"}
    for path in sorted((*CONSOLE.rglob("*.py"), *CONSOLE.rglob("*.html"))):
        method = "python" if path.suffix == ".py" else "jinja2.ext:babel_extract"
        with path.open("rb") as source:
            found = extract(method, source, KEYWORDS, options=options)
            for line, message, _, _ in found:
                for text in message if isinstance(message, tuple) else (message,):
                    if text:
                        yield text, f"{path.name}:{line}"


def faults() -> Iterator[tuple[str, str]]:
    """The first argument of every ``Fault(…)`` and ``….fault(…)`` of the core, if it is a text."""
    for path in sorted(CORE.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = node.func
            name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
            first = node.args[0]
            if name.lower() in ("fault", "_fault", "conflict") and isinstance(first, ast.Constant):
                yield str(first.value), f"core/{path.name}:{node.lineno}"


def test_every_text_has_chinese(chinese: Words) -> None:
    missing = {text: place for text, place in texts() if text not in chinese.texts}
    assert not missing


def test_every_refusal_of_the_books_has_chinese(chinese: Words) -> None:
    said = {text: place for text, place in faults() if HOLES.sub("", text).strip()}
    missing = {text: place for text, place in said.items() if text not in chinese.texts}
    assert not missing


def test_english_needs_no_catalogue(english: Words) -> None:
    assert english("Visitor in") == "Visitor in"
    assert FIRST == "zh"
    assert set(LANGUAGES) == {"zh", "en"}


def test_what_is_put_in_is_the_same_in_both(chinese: Words) -> None:
    odd = {
        text: told
        for text, told in chinese.texts.items()
        if not set(HOLES.findall(told)) <= {*HOLES.findall(text), "num"}
    }
    assert not odd


def test_no_text_has_two_translations() -> None:
    """Files that give one text different words would fight; the last one would win."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted((CONSOLE / "locale" / "zh").glob("*.po")):
        with path.open("rb") as lines:
            for message in read_po(lines):
                if message.id:
                    found.setdefault(str(message.id), {})[path.name] = str(message.string)
    assert found
    assert not {text: told for text, told in found.items() if len(set(told.values())) > 1}


def test_times_are_the_gates_local_ones(chinese: Words, english: Words) -> None:
    assert chinese.clock(NOON_US) == english.clock(NOON_US) == "12:02:07"
    assert english.minute(NOON_US) == "12:02"
    assert chinese.day(NOON_US) == "2026年11月22日"
    assert english.day(NOON_US) == "22 Nov 2026"
    assert chinese.moment(NOON_US) == "11-22 12:02"
    assert english.moment(NOON_US) == "22 Nov 12:02"
    assert english.full(NOON_US) == "2026-11-22 12:02:07"


def test_money_and_counts(chinese: Words, english: Words) -> None:
    assert chinese.money(35000) == "¥350.00"
    assert english.money(35000) == "CN¥350.00"
    assert english.money(5, "GBP") == "£0.05"
    assert chinese.money(350, "JPY", 0) == "JP¥350"
    assert english.count(1_000_000) == "1,000,000"


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (0, "0秒", "0 s"),
        (-5, "0秒", "0 s"),
        (59.9, "59秒", "59 s"),
        (220, "3分40秒", "3 min 40 s"),
        (7800, "2小时10分", "2 h 10 min"),
        (90000, "1天1小时", "1 d 1 h"),
    ],
)
def test_spans(chinese: Words, english: Words, seconds: float, zh: str, en: str) -> None:
    assert chinese.span(seconds) == zh
    assert english.span(seconds) == en


def test_one_and_more(chinese: Words, english: Words) -> None:
    assert [english.many("one", "more", n) for n in (0, 1, 2)] == ["more", "one", "more"]
    assert chinese.many("%(num)s document", "%(num)s documents", 2) == "%(num)s 件证件"
