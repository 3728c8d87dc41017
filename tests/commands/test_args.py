"""The models of what commands take: all names, strict, bounded, nothing that must not go up."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.commands.taken import taken
from agent.contract.args import ARGS, Args
from agent.core.commands import Command, Name
from agent.core.form import Fault

NEVER = {"phone", "phones", "idnumber", "idmask", "idhash", "pin", "pins", "key", "keys", "photo"}
GOOD: dict[str, dict[str, Any]] = {
    "open": {"lane": "in-1", "direction": "out", "for": "王小明"},
    "hold_open": {"lane": "in-1", "until": "2026-11-22T18:00:00Z"},
    "amnesty": {"zone": "inside"},
    "roster.chunk": {"generation": 1, "first": 0, "rows": [["x"] * 13]},
    "roster.commit": {"generation": 1, "count": 1, "digest": "5e" * 32},
    "card.block": {"card": "V-017"},
    "card.unblock": {"credential": "em4100:0100CDA4EC", "stock": True},
    "appointment.put": {"visitor": "王", "from": "2026-11-22T18:00:00+08:00"},
    "appointment.cancel": {"appointment": "a"},
    "notice.put": {"text": "no water"},
    "notice.end": {"notice": "n"},
    "release_slip.put": {
        "number": "77",
        "unit": "3-1",
        "lines": [{"name": "sofa", "quantity": 2}],
        "stamp": True,
    },
    "ban.put": {"plate": "粤B1"},
    "ban.lift": {"ban": "b"},
    "help.announce": {"kind": "flood", "unit": "3-1"},
    "priority.announce": {"kind": "ambulance", "route": "left"},
    "replay": {"streamid": "s", "from": 1, "to": None},
}
LANES = ("close", "stop", "release_hold", "fault.clear")
GOOD |= {name: {"lane": "in-1"} for name in LANES}


def command(name: str, args: dict[str, Any]) -> Command:
    return Command("centre", name, "c-1", "", "", args, "d", 0)


def refused(name: str, args: dict[str, Any]) -> str:
    with pytest.raises(Fault) as fault:
        taken(command(name, args))
    assert fault.value.code == 422
    assert str(fault.value)
    return fault.value.field


def test_every_command_has_a_model_that_says_what_it_is() -> None:
    assert set(ARGS) == set(Name)
    for model in ARGS.values():
        assert model.__doc__ not in (None, Args.__doc__)
        assert not model.model_json_schema()["additionalProperties"]


def test_nothing_takes_what_must_not_go_over_mqtt() -> None:
    for model in ARGS.values():
        assert not NEVER & set(model.model_json_schema().get("properties", {}))


@pytest.mark.parametrize("name", list(Name))
def test_good_ones_are_taken_and_what_has_no_place_is_refused(name: str) -> None:
    args = GOOD.get(name, {})
    made = taken(command(name, args))
    assert isinstance(made, ARGS[name])
    assert made.model_dump(by_alias=True, exclude_unset=True) == args
    assert refused(name, {**args, "phone": "13800000000"}) == "phone"


@pytest.mark.parametrize(
    ("name", "change", "field"),
    [
        ("open", {"lane": None}, "lane"),
        ("open", {"lane": 1}, "lane"),
        ("open", {"lane": ""}, "lane"),
        ("open", {"direction": "both"}, "direction"),
        ("open", {"for": "x" * 201}, "for"),
        ("hold_open", {"until": "2026-11-22 18:00"}, "until"),
        ("hold_open", {"until": "2026-11-22T18:00:00"}, "until"),
        ("hold_open", {"until": "2026-02-30T18:00:00Z"}, "until"),
        ("hold_open", {"until": "9999-12-31T23:59:00-23:00"}, "until"),
        ("hold_open", {"until": "0001-01-01T00:00:00+23:00"}, "until"),
        ("amnesty", {"card": "A"}, ""),
        ("roster.chunk", {"rows": []}, "rows"),
        ("roster.chunk", {"rows": [["x"] * 12]}, "rows.0"),
        ("roster.chunk", {"rows": [["x"] * 12 + [1]]}, "rows.0.12"),
        ("roster.chunk", {"first": True}, "first"),
        ("roster.chunk", {"generation": 0}, "generation"),
        ("roster.commit", {"digest": "5E" * 32}, "digest"),
        ("card.block", {"credential": "em4100:0100CDA4EC"}, ""),
        ("card.block", {"card": None}, ""),
        ("card.unblock", {"credential": "EM4100:0100"}, "credential"),
        ("appointment.put", {"kind": "friend"}, "kind"),
        ("notice.put", {"text": ""}, "text"),
        ("release_slip.put", {"lines": []}, "lines"),
        ("release_slip.put", {"lines": [{"name": "x", "quantity": 0}]}, "lines.0.quantity"),
        ("release_slip.put", {"stamp": "yes"}, "stamp"),
        ("priority.announce", {"count": 51}, "count"),
        ("replay", {"limit": 501}, "limit"),
    ],
)
def test_what_does_not_fit_is_named(name: str, change: dict[str, Any], field: str) -> None:
    assert refused(name, {**GOOD[name], **change}) == field


@given(
    st.sampled_from(list(Name)),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["lane", "rows", "card", "from", "x"]), inner)
        ),
        max_leaves=8,
    ),
)
def test_whatever_comes_is_taken_or_refused(name: str, value: object) -> None:
    args = value if isinstance(value, dict) else {"lane": value, "secret-name": value}
    said = ""
    try:
        taken(command(name, args))
    except Fault as fault:
        said = fault.field
    assert len(said) <= 100
