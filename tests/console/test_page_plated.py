"""The hint for a plate that is being typed, in both languages, and for numbers of documents."""

from zoneinfo import ZoneInfo

import pytest

from agent import identity as conceals
from agent.console.pages import plated
from agent.console.words import load
from agent.core import identity, plates

ZONE = ZoneInfo("Asia/Shanghai")
EN, ZH = (load(language, ZONE) for language in ("en", "zh"))
HINTS = (
    plates.NO_PROVINCE,
    plates.NO_LETTER,
    plates.NEVER,
    plates.LENGTH,
    plates.STRANGE,
)
NUMBERS = (
    identity.LENGTH,
    identity.CHECK,
    identity.FORM,
    conceals.NO_KEY,
    conceals.NO_TEXT,
    conceals.TOO_DEEP,
)


@pytest.mark.parametrize("plate", ["", "粤B·D12345", "粤B123", "使224578"])
def test_a_good_plate_or_one_that_is_not_whole_yet_needs_no_hint(plate: str) -> None:
    assert plated.lines({"plate": plate}, EN) == []


def test_a_mistake_is_told_with_what_was_meant() -> None:
    (line,) = plated.lines({"plate": "粤b1O345"}, EN)
    assert line["title"] == plates.NEVER
    assert line["note"] == "take 粤B·10345"
    assert line["fill"] == {"plate": "粤B·10345"}


def test_a_foreign_plate_gets_a_hint_and_no_guess() -> None:
    (line,) = plated.lines({"plate": "GB 7654-X9"}, EN)
    assert (line["title"], line["note"], "fill" in line) == (plates.STRANGE, "", False)


@pytest.mark.parametrize("text", [*HINTS, *NUMBERS, plated.TAKE, plated.PLATE])
def test_every_sentence_is_there_in_chinese(text: str) -> None:
    assert ZH(text) != text
    assert set(plated._HINTS) == set(HINTS)
