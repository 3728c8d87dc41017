"""The fields of a form: what is taken, and what is said of the rest."""

from collections.abc import Callable
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.form import Fault, Form

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def fault_of(read: Callable[[], object]) -> Fault | None:
    try:
        read()
    except Fault as fault:
        return fault
    return None


def said(of: Fault) -> tuple[str, str]:
    return str(of), of.field


@pytest.mark.parametrize(
    ("value", "text"),
    [("  王  小明\n", "王 小明"), (None, ""), (7, "7"), ("", ""), ("a\tb", "a b")],
)
def test_a_text_is_one_line(value: object, text: str) -> None:
    assert Form({"name": value}).text("name") == text


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (["x"], "this is not a text"),
        (True, "this is not a text"),
        ("a\x00b", "there are characters in it that cannot be printed"),
        ("x" * 6, "this is too long: 5 characters at most"),
        ("", "this is needed"),
    ],
)
def test_what_is_no_such_text(value: object, sentence: str) -> None:
    with pytest.raises(Fault) as found:
        Form({"name": value}).text("name", 5, needed=True)
    assert said(found.value) == (sentence, "name")


def test_a_choice() -> None:
    form = Form({"kind": "cash", "other": "gold"})
    assert form.choice("kind", {"cash"}) == "cash"
    assert form.choice("missing", {"cash"}, "cash") == "cash"
    with pytest.raises(Fault, match="gold is none of: cash, object"):
        form.choice("other", {"object", "cash"})
    with pytest.raises(Fault, match="— is none of: cash"):
        form.choice("missing", {"cash"})


@pytest.mark.parametrize(("value", "number"), [("7", 7), (7, 7), (" -3 ", -3), ("", 9), (None, 9)])
def test_a_whole_number(value: object, number: int) -> None:
    assert Form({"n": value}).whole("n", -5, 10, 9) == number


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("", "this is needed"),
        (True, "this is not a whole number"),
        (1.0, "this is not a whole number"),
        ("٣", "this is not a whole number"),
        ("--3", "this is not a whole number"),
        ("11", "this must lie from 0 to 10"),
        ("1" * 40, "this must lie from 0 to 10"),
    ],
)
def test_what_is_no_such_number(value: object, sentence: str) -> None:
    with pytest.raises(Fault) as found:
        Form({"n": value}).whole("n", 0, 10)
    assert said(found.value) == (sentence, "n")


def test_a_flag() -> None:
    form = Form({"yes": "on", "no": "false", "odd": "perhaps"})
    assert form.flag("yes")
    assert not form.flag("no")
    assert not form.flag("missing")
    with pytest.raises(Fault, match="neither yes nor no"):
        form.flag("odd")


def test_a_moment() -> None:
    form = Form({"until": "2026-11-22T07:30:59", "odd": "soon", "far": "2026-11-22T07:30+08:00"})
    assert form.moment("until") == datetime(2026, 11, 22, 7, 30)  # noqa: DTZ001 - local
    assert form.moment("missing") is None
    with pytest.raises(Fault, match="not a time such as"):
        form.moment("odd")
    with pytest.raises(Fault, match="without a time zone"):
        form.moment("far")


def test_rows_name_their_fields() -> None:
    form = Form({"lines": [{"name": "sofa"}, {"name": ""}], "odd": ["x"]})
    first, second = form.rows("lines")
    assert first.text("name") == "sofa"
    with pytest.raises(Fault) as found:
        second.text("name", needed=True)
    assert found.value.field == "lines.1.name"
    assert form.rows("missing") == []
    with pytest.raises(Fault, match="not a list of lines"):
        form.rows("odd")
    with pytest.raises(Fault, match="too many lines: 1 at most"):
        form.rows("lines", 1)


def test_texts() -> None:
    form = Form({"names": [" a  b ", "c"], "odd": [1]})
    assert form.texts("names") == ("a b", "c")
    assert form.texts("missing") == ()
    with pytest.raises(Fault, match="not a list of texts"):
        form.texts("odd")
    with pytest.raises(Fault, match="1 at most"):
        form.texts("names", 1)


def test_a_fault_travels_with_its_values_apart() -> None:
    fault = Form({}).fault("pocket %(pocket)s is taken", "pocket", 409, pocket=12)
    assert str(fault) == "pocket 12 is taken"
    assert fault.code == 409
    result = {"says": "pocket %(pocket)s is taken", "with": {"pocket": 12}, "field": "pocket"}
    assert fault.result() == result


def test_given() -> None:
    form = Form({"a": "x", "b": "", "c": 0, "d": []})
    assert [form.given(name) for name in "abcde"] == [True, False, True, False, False]


@given(JSON)
def test_whatever_stands_there_is_taken_or_is_a_fault(value: object) -> None:
    form = Form({"x": value})
    for read in (
        lambda: form.text("x"),
        lambda: form.choice("x", {"a"}),
        lambda: form.whole("x", 0, 10),
        lambda: form.flag("x"),
        lambda: form.moment("x"),
        lambda: form.rows("x"),
        lambda: form.texts("x"),
    ):
        found = fault_of(read)
        assert found is None or (found.field == "x" and str(found))
