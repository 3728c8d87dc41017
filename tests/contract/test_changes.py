"""What may be changed inside a major: only additions, seen from whoever has to live with them."""

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.contract.changes import asked, changes
from agent.contract.documents import schemas

KNOWN = schemas()
UP, DOWN = "status", "cmd/open"
TEXT = {"type": "string"}
WORDS = {"type": "string", "enum": ["a", "b"]}
OPEN = {"type": "string", "x-words": ["a", "b"]}
NUMBER = {"type": "integer", "minimum": 1, "maximum": 9}
NULLABLE = {"anyOf": [{"type": "integer"}, {"type": "null"}]}
ARRAY = {"type": "array", "items": TEXT}
MAP = {"type": "object", "additionalProperties": TEXT}
REF = {"$ref": "#/$defs/Thing"}


def thing(field: Any, *required: str, **more: Any) -> dict[str, Any]:
    """A schema with one field, ``f``; with ``$defs`` of which one is used."""
    defs = {"Thing": {"type": "object", "properties": {"n": NUMBER}}}
    made = {"$id": "urn:x", "type": "object", "properties": {"f": field}, "$defs": defs, **more}
    return {**made, "required": list(required)} if required else made


def told(name: str, old: Any, new: Any) -> list[str]:
    return changes({name: old}, {name: new})


ADDITIONS = [
    ("said: a field more", UP, thing(TEXT), thing(TEXT, properties={"f": TEXT, "g": TEXT})),
    ("said: always there from now on", UP, thing(TEXT), thing(TEXT, "f")),
    ("said: a known word more", UP, thing(OPEN), thing({**OPEN, "x-words": ["a", "b", "c"]})),
    ("said: only words from now on", UP, thing(TEXT), thing(WORDS)),
    ("said: a word less of those allowed", UP, thing(WORDS), thing({**WORDS, "enum": ["a"]})),
    ("said: whole numbers only", UP, thing({"type": "number"}), thing({"type": "integer"})),
    ("said: closer bounds", UP, thing(NUMBER), thing({**NUMBER, "minimum": 2, "maximum": 8})),
    ("said: a bound", UP, thing({"type": "integer"}), thing(NUMBER)),
    ("said: a form", UP, thing(TEXT), thing({**TEXT, "pattern": "^a$"})),
    ("said: null no more", UP, thing(NULLABLE), thing({"type": "integer"})),
    ("said: what was anything", UP, thing({}), thing(TEXT)),
    ("said: other words of explanation", UP, thing(TEXT), thing({**TEXT, "description": "x"})),
    ("said: values of a certain kind", UP, thing({"type": "object"}), thing(MAP)),
    (
        "said: the same by reference",
        UP,
        thing(REF),
        thing({"type": "object", "properties": {"n": NUMBER}}),
    ),
    ("asked: may be left out now", DOWN, thing(TEXT, "f"), thing(TEXT)),
    (
        "asked: a field that nobody needs",
        DOWN,
        thing(TEXT),
        thing(0, properties={"f": TEXT, "g": {}}),
    ),
    ("asked: a word more", DOWN, thing(WORDS), thing({**WORDS, "enum": ["a", "b", "c"]})),
    ("asked: any word", DOWN, thing(WORDS), thing(TEXT)),
    ("asked: wider bounds", DOWN, thing(NUMBER), thing({**NUMBER, "minimum": 0, "maximum": 10})),
    ("asked: no bound", DOWN, thing(NUMBER), thing({"type": "integer"})),
    ("asked: null as well", DOWN, thing({"type": "integer"}), thing(NULLABLE)),
    ("asked: any form", DOWN, thing({**TEXT, "pattern": "^a$"}), thing(TEXT)),
    ("asked: any number", DOWN, thing({"type": "integer"}), thing({"type": "number"})),
    ("asked: strange fields", DOWN, thing(TEXT, additionalProperties=False), thing(TEXT)),
]
BREAKS = [
    ("said: a field less", UP, thing(TEXT), thing(0, properties={}), "f: it is gone"),
    ("said: may be absent", UP, thing(TEXT, "f"), thing(TEXT), "may be absent"),
    (
        "said: another type",
        UP,
        thing(TEXT),
        thing({"type": "integer"}),
        "was string and is integer",
    ),
    ("said: fractions", UP, thing({"type": "integer"}), thing({"type": "number"}), "is number"),
    ("said: anything", UP, thing(TEXT), thing({}), "is anything"),
    ("said: a new word", UP, thing(WORDS), thing({**WORDS, "enum": ["a", "b", "c"]}), "c may be"),
    ("said: any word", UP, thing(WORDS), thing(TEXT), "any word"),
    (
        "said: a word gone",
        UP,
        thing(OPEN),
        thing({**OPEN, "x-words": ["a"]}),
        "'b' is said no more",
    ),
    ("said: wider bounds", UP, thing(NUMBER), thing({**NUMBER, "maximum": 10}), "'maximum'"),
    ("said: no bound", UP, thing(NUMBER), thing({"type": "integer"}), "'minimum'"),
    ("said: another form", UP, thing({**TEXT, "pattern": "a"}), thing(TEXT), "'pattern'"),
    ("said: null as well", UP, thing({"type": "integer"}), thing(NULLABLE), "can be null"),
    ("said: in a list", UP, thing(ARRAY), thing({**ARRAY, "items": NUMBER}), "f[]"),
    ("said: in a map", UP, thing(MAP), thing({**MAP, "additionalProperties": NUMBER}), "f.*"),
    ("said: values of any kind", UP, thing(MAP), thing({"type": "object"}), "f.*"),
    ("said: another name", UP, thing(TEXT), thing(TEXT, **{"$id": "urn:y"}), "$id"),
    ("said: behind a reference", UP, thing(REF), thing({"type": "object"}), "f.n: it is gone"),
    ("asked: a field less", DOWN, thing(TEXT), thing(0, properties={}), "f: it is gone"),
    ("asked: needed now", DOWN, thing(TEXT), thing(TEXT, "f"), "may not be left out"),
    (
        "asked: new and needed",
        DOWN,
        thing(TEXT),
        thing(0, "g", properties={"f": TEXT, "g": {}}),
        "g:",
    ),
    ("asked: a word less", DOWN, thing(WORDS), thing({**WORDS, "enum": ["a"]}), "no longer taken"),
    ("asked: only words", DOWN, thing(TEXT), thing(WORDS), "only certain words"),
    ("asked: closer bounds", DOWN, thing(NUMBER), thing({**NUMBER, "minimum": 2}), "'minimum'"),
    ("asked: a bound", DOWN, thing({"type": "integer"}), thing(NUMBER), "'maximum'"),
    ("asked: a form", DOWN, thing(TEXT), thing({**TEXT, "pattern": "a"}), "'pattern'"),
    ("asked: null no more", DOWN, thing(NULLABLE), thing({"type": "integer"}), "no longer be null"),
    ("asked: nothing strange", DOWN, thing(TEXT), thing(TEXT, additionalProperties=False), ".*"),
    ("asked: one of", DOWN, thing(TEXT), thing(TEXT, oneOf=[{"required": ["f"]}]), "'oneOf'"),
    ("a word that nobody knows", UP, thing(TEXT), thing({**TEXT, "not": {}}), "'not' changed"),
]


@pytest.mark.parametrize(
    ("name", "old", "new"), [pytest.param(*each[1:], id=each[0]) for each in ADDITIONS]
)
def test_an_addition_is_let_through(name: str, old: Any, new: Any) -> None:
    assert told(name, old, new) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "says"), [pytest.param(*each[1:], id=each[0]) for each in BREAKS]
)
def test_what_is_no_addition_is_named(name: str, old: Any, new: Any, says: str) -> None:
    found = told(name, old, new)
    assert len(found) >= 1
    assert says in "\n".join(found)
    assert all(each.startswith(name) for each in found)


def test_a_message_may_come_and_none_may_go() -> None:
    less = {name: each for name, each in KNOWN.items() if name != "evt/gate.arm.opened.v1"}
    assert changes(less, KNOWN) == []
    assert changes(KNOWN, less) == ["evt/gate.arm.opened.v1: it is gone"]


def test_which_way_a_message_goes() -> None:
    assert {name for name in KNOWN if "/" not in name and asked(name)} == {"cmd", "ack"}
    assert asked("cmd/open")
    assert not asked("evt/gate.arm.opened.v1")


# --- whatever is done to the contract as it is ----------------------------------------------------


def fields(schema: Mapping[str, Any]) -> list[str]:
    return list(schema.get("properties", {}))


SOME = st.sampled_from(sorted(name for name in KNOWN if fields(KNOWN[name])))


@given(SOME, st.data())
def test_a_field_taken_out_is_noticed_wherever_it_was(name: str, data: st.DataObject) -> None:
    new = deepcopy(KNOWN[name])
    gone = data.draw(st.sampled_from(fields(new)))
    del new["properties"][gone]
    assert told(name, KNOWN[name], new) == [f"{name}.{gone}: it is gone"]


@given(SOME, st.data())
def test_another_type_is_noticed_wherever_it_is(name: str, data: st.DataObject) -> None:
    new = deepcopy(KNOWN[name])
    field = data.draw(st.sampled_from(fields(new)))
    new["properties"][field] = {"type": "other"}
    assert any(each.startswith(f"{name}.{field}") for each in told(name, KNOWN[name], new))


@given(SOME, st.sets(st.text("abc", min_size=1), min_size=1, max_size=3))
def test_fields_that_nobody_has_to_give_may_come_everywhere(name: str, added: set[str]) -> None:
    new = deepcopy(KNOWN[name])
    new["properties"] |= {f"new_{field}": {"type": "string"} for field in added}
    assert told(name, KNOWN[name], new) == []
    assert len(told(name, new, KNOWN[name])) == len(added)


@given(st.sampled_from(sorted(KNOWN)))
def test_nothing_is_nothing(name: str) -> None:
    again = json.loads(json.dumps(KNOWN[name]))
    assert told(name, KNOWN[name], again) == []
