"""Questions to readers that speak only when asked, answered by the parties of other tests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.sim.uhf_reader import FieldReader
from drivers.wire import m100, osdp_frame, pn532, r2000, uhfreader18
from drivers.wire.identify import ADDRESSES, QUESTIONS, Question, address_of, who, who_at
from drivers.wire.uhf_families import FAMILIES
from tests.rigs.pn532_module import Module

SENDS = list(dict.fromkeys(one.send for one in QUESTIONS))


def names(found: list[Question]) -> list[str]:
    return [one.protocol or one.driver for one in found]


def question(name: str) -> Question:
    (found,) = [one for one in QUESTIONS if name in (one.protocol, one.driver)]
    return found


def test_a_pn532_answers_when_it_was_woken() -> None:
    asked = question("pn532")
    answer = b"".join(Module().heard(asked.send))
    assert names(who(asked.send, answer)) == ["pn532"]
    assert who(asked.send, pn532.ACK) == []


@pytest.mark.parametrize("name", [m100.PROTOCOL, r2000.PROTOCOL, uhfreader18.PROTOCOL])
def test_a_long_range_reader_answers(name: str) -> None:
    asked = question(name)
    reader = FieldReader(name, 1)
    reader.heard(asked.send, 0.0)
    assert name in names(who(asked.send, reader.due(60.0)))


def test_a_device_on_an_osdp_line_answers() -> None:
    asked = question("osdp")
    body = bytes((osdp_frame.PDID, *range(12)))
    answer = osdp_frame.encode(3, 0x04, body, reply=True)
    assert names(who(asked.send, answer)) == ["osdp"]


@pytest.mark.parametrize("send", SENDS)
def test_what_the_line_gives_back_is_no_answer(send: bytes) -> None:
    assert who(send, send) == []
    assert who(send, b"") == []


@given(send=st.sampled_from(SENDS), noise=st.binary(max_size=300))
def test_noise_is_taken(send: bytes, noise: bytes) -> None:
    assert isinstance(who(send, noise), list)


@pytest.mark.parametrize("other", SENDS)
def test_an_answer_belongs_to_its_question(other: bytes) -> None:
    told = pn532.encode(0x15, tfi=pn532.FROM_MODULE)
    assert names(who(other, told)) == (["pn532"] if other == question("pn532").send else [])


def test_each_address_of_an_osdp_line_is_asked_for_itself() -> None:
    assert [osdp_frame.encode(one, 4, b"\x61\x00", reply=False) for one in (0, 126)] == [
        who_at(ADDRESSES[0]),
        who_at(ADDRESSES[-1]),
    ]
    assert who_at(osdp_frame.BROADCAST) in SENDS
    answer = osdp_frame.encode(3, 0x04, bytes((osdp_frame.PDID, *range(12))), reply=True)
    assert address_of(b"\xff" + answer) == 3
    assert address_of(answer[:-1]) is None
    assert address_of(b"noise" + who_at(3)) is None


@given(noise=st.binary(max_size=300))
def test_noise_has_no_address_beyond_a_line(noise: bytes) -> None:
    found = address_of(noise)
    assert found is None or 0 <= found <= osdp_frame.BROADCAST


@pytest.mark.parametrize("name", FAMILIES)
def test_what_was_said_to_others_before_does_not_hide_a_question(name: str) -> None:
    reader = FieldReader(name, 1)
    for number, send in enumerate(SENDS):
        now_s = 10.0 * number
        reader.heard(send, now_s)
        if send == question(name).send:
            assert name in names(who(send, reader.due(now_s + 5)))
            return
        reader.due(now_s + 5)
    raise AssertionError(name)
