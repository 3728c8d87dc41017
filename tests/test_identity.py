"""What is left of an identity number when an order is made."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import identity
from agent.core.form import Fault
from agent.identity import NO_KEY, Identities

NUMBER = "11010519491231002X"
KEY = bytes(range(32))
OURS = Identities(KEY)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def test_a_number_becomes_its_mask_and_keyed_hash() -> None:
    told = OURS.concealed({"visitor": "王女士", "idnumber": " 110105 19491231 002x"})
    digest = hmac.new(KEY, b"idnumber\x00" + NUMBER.encode(), hashlib.sha256).hexdigest()
    assert told == {"visitor": "王女士", "idmask": "110105********002X", "idhash": digest}


def test_another_key_makes_another_hash() -> None:
    other = Identities(bytes(32))
    assert other.known(NUMBER)["idhash"] != OURS.known(NUMBER)["idhash"]
    assert OURS.known(NUMBER.lower()) == OURS.known(NUMBER)


@pytest.mark.parametrize("number", [None, "", "  "])
def test_no_number_needs_no_key(number: str | None) -> None:
    assert Identities(None).concealed({"idnumber": number, "a": 1}) == {"a": 1}


def test_without_a_key_a_number_is_refused() -> None:
    with pytest.raises(Fault) as refused:
        Identities(None).concealed({"idnumber": NUMBER})
    assert (refused.value.says, refused.value.field, refused.value.code) == (
        NO_KEY,
        "idnumber",
        409,
    )


@pytest.mark.parametrize("number", [NUMBER[:17] + "1", "12", ["a"], True, 1.5])
def test_a_wrong_number_is_refused_and_not_told(number: object) -> None:
    with pytest.raises(Fault) as refused:
        OURS.concealed({"idnumber": number})
    assert refused.value.field == "idnumber"
    assert NUMBER[:10] not in str(refused.value)


def test_numbers_in_rows_and_in_other_fields_are_covered() -> None:
    told = OURS.concealed(
        {
            "note": f"showed {NUMBER}",
            "phone": 440524188001010014,
            "deposits": [{"owner": "A", "idnumber": NUMBER}, {"description": NUMBER.lower()}],
            "count": 2,
            "truck": True,
            "weight": 1.5,
        }
    )
    assert told["note"] == "showed 110105********002X"
    assert told["phone"] == "440524********0014"
    assert told["deposits"][0] == {"owner": "A", **OURS.known(NUMBER)}
    assert told["deposits"][1] == {"description": "110105********002X"}
    assert (told["count"], told["truck"], told["weight"]) == (2, True, 1.5)


def test_a_form_of_endless_depth_is_refused() -> None:
    form: dict[str, object] = {}
    for _ in range(20):
        form = {"a": [form]}
    with pytest.raises(Fault):
        OURS.concealed(form)


@given(st.dictionaries(st.text(max_size=8).filter(lambda name: name != "idnumber"), JSON))
def test_a_form_without_numbers_is_left_alone(form: dict[str, object]) -> None:
    try:
        told = OURS.concealed(form)
    except Fault:
        return
    # Hypothesis also draws texts and whole numbers that stand in some test, and some are numbers.
    if "idnumber" not in repr(form) and identity.masked(repr(form)) == repr(form):
        assert told == form
    assert not any(identity.resident(str(value)) for value in told.values())


def test_a_telephone_number_in_a_sentence_does_not_leave_the_gate() -> None:
    said = "call 13800138000 first"
    told = OURS.concealed({"reason": said, "phone": said, "deposits": [{"why": said}]})
    assert told["reason"] == told["deposits"][0]["why"] == "call 138******** first"
    assert told["phone"] == said, "it is kept beside the journal"
