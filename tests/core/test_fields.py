"""What stands in a form and nobody looks at is refused; what an act looks at is known."""

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import agent.core
from agent.core import fields
from agent.core.books import ACTS
from agent.core.fields import FIELDS, unknown
from agent.core.roles import INNER, MAY
from tests.core.booth import CASH, Booth, company
from tests.core.desk import Desk

OURS = sorted(FIELDS)


def written(kind: str) -> set[str]:
    """The fields that the act itself tells of: those in the first braces of its docstring."""
    told = re.search(r"``\{(.*?)\}``", inspect.getdoc(ACTS[kind].does) or "", re.DOTALL)
    if told is None:
        return set()
    text = told[1]
    while (plain := re.sub(r"\{[^{}]*\}|\[[^][]*\]", "", text)) != text:
        text = plain
    each = (re.sub(r":.*", "", part, flags=re.DOTALL) for part in re.split(r"[,|]", text))
    return {name.strip().removesuffix("?") for name in each} - {"…", "found", ""}


def test_every_act_that_somebody_may_order_has_its_fields() -> None:
    assert set(FIELDS) == set(ACTS) & ({*MAY} | INNER)


@pytest.mark.parametrize("kind", OURS)
def test_what_an_act_tells_of_is_known(kind: str) -> None:
    assert written(kind) <= FIELDS[kind]
    assert set(ACTS[kind].cards) <= FIELDS[kind], "and so are the cards that are looked up for it"


def test_what_is_known_is_a_word_of_the_books() -> None:
    core = Path(agent.core.__file__).parent
    words = {
        node.value
        for path in core.glob("*.py")
        if path.name != Path(fields.__file__).name
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert {name.rpartition(".")[2] for names in FIELDS.values() for name in names} <= words


@pytest.mark.parametrize("kind", OURS)
def test_a_field_that_nobody_looks_at_is_refused_before_anything_else(kind: str) -> None:
    assert Desk().refused(kind, visiter="x") == (422, "visiter")


def test_a_refusal_names_what_the_field_could_be() -> None:
    code, field, says = Booth().refused("duty.note", text="all quiet", unit="8-1203")
    assert (code, field, says) == (422, "unit", "unit is none of: text")


def test_every_line_of_a_list_is_looked_at() -> None:
    booth = Booth()
    lines: list[Any] = [CASH, {**CASH, "amout": 70}]
    found = booth.refused("visit.open", **{**company(), "deposits": lines})
    known = "amount, description, kind, owner, pocket"
    assert found == (422, "deposits.1.amout", f"amout is none of: {known}")


@pytest.mark.parametrize("lines", [7, "x", None, {"kind": "cash"}, [["kind"]]])
def test_what_is_no_list_of_lines_is_for_the_act_to_judge(lines: object) -> None:
    assert list(unknown({"deposits": lines}, FIELDS["visit.open"])) == []


@given(st.dictionaries(st.sampled_from(sorted(FIELDS["slip.use"])) | st.text(), st.none()))
def test_exactly_what_is_none_of_the_fields_is_told(form: dict[str, None]) -> None:
    told = {path for path, _, _ in unknown(form, FIELDS["slip.use"])}
    assert told == set(form) - FIELDS["slip.use"]
