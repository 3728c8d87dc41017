"""Protocol and speed of an unknown reader, from what was heard at every speed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.wire import r2000
from drivers.wire.guess import BAUDS, BURSTS, LONGEST, Certainty, bits_of_lines, guess
from tests.rigs.uart import heard
from tests.wire.makers import STREAMS, em4100, wiegand

TAGS = ("0100CDA4EC", "62E3086CED", "0F00123ABC")
W26 = [wiegand(f"{number:024b}", 12) for number in (0xCDA4EC, 0x086CED, 0x123ABC)]
W34 = [wiegand(f"{number:032b}", 16) for number in (0x9ACDA4EC, 0xE3086CED, 0xB0123ABC)]


def packed(bits: str) -> bytes:
    return int(bits.ljust(32, "0"), 2).to_bytes(4, "big")


READERS = {
    "em4100-ascii": [em4100(tag) for tag in TAGS],
    "wiegand-26": [bits.encode() + b"\r\n" for bits in W26],
    "wiegand-34": [f"{int(bits, 2):010X}\r\n".encode() for bits in W34],
    "wiegand-26-left-justified": [packed(bits) for bits in W26] * 2,
    "wiegand-uart-ascii10": [b"0013477100\r\n", b"3808980205\r\n", b"2951889596\r\n"],
    "line": [b"VISIT/2031-04/ab93\r\n", b"VISIT/2031-05/77c1\r\n"],
}
FEW_CHECKS = {"wiegand-26-left-justified"}


def everywhere(bursts: list[bytes], sent_baud: int) -> dict[int, list[bytes]]:
    return {baud: [heard(burst, sent_baud, baud) for burst in bursts] for baud in BAUDS}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("baud", [9_600, 115_200, 1_200])
def test_what_is_read_at_every_speed_tells_protocol_and_speed(name: str, baud: int) -> None:
    best = guess(everywhere(READERS[name], baud))[0]
    assert (best.protocol, best.baud) == (name, baud)
    assert best.cards == len(set(READERS[name]))
    if name not in FEW_CHECKS:
        assert best.certainty is Certainty.SURE
    assert not best.ignore
    assert not best.swapped


def test_the_line_hears_itself_at_its_own_speed() -> None:
    assert heard(bytes(range(256)), 9_600, 9_600) == bytes(range(256))
    assert heard(em4100(TAGS[0]), 9_600, 19_200) != em4100(TAGS[0])


def test_one_card_of_a_strong_protocol_is_enough() -> None:
    (best,) = guess({9_600: [em4100(TAGS[0])]})
    assert (best.protocol, best.certainty, best.cards) == ("em4100-ascii", Certainty.SURE, 1)


def test_the_same_card_again_is_no_new_evidence() -> None:
    once, often = (guess({9_600: [packed(W26[0])] * times})[0] for times in (1, 9))
    assert (once.bits, once.certainty) == (often.bits, often.certainty)
    assert once.certainty is Certainty.POSSIBLE


def test_a_number_that_two_protocols_can_read_is_not_sure() -> None:
    found = guess({9_600: [b"0013477100\r\n"]})
    assert {"wiegand-34", "wiegand-uart-ascii10"} <= {one.protocol for one in found}
    assert all(one.certainty is Certainty.POSSIBLE for one in found)


def test_wrong_checksums_and_swapped_wires_are_recognised() -> None:
    wrong = [em4100(tag)[:-3] + b"00\x03" for tag in TAGS]
    best = guess({9_600: wrong})[0]
    assert (best.protocol, best.ignore, best.cards) == ("em4100-ascii", True, 3)
    inverted = [bits.translate(str.maketrans("01", "10")).encode() + b"\n" for bits in W26]
    best = guess({9_600: inverted})[0]
    assert (best.protocol, best.swapped, best.cards) == ("wiegand-26", True, 3)


def test_what_has_no_check_is_possible_at_most() -> None:
    found = guess({9_600: [b"\xf1\x02\x03\x04", b"\xf1\x12\x23\x34"]})
    assert [(one.protocol, one.certainty) for one in found] == [
        ("wiegand-32-left-justified", Certainty.POSSIBLE)
    ]
    assert guess({9_600: [b"\xf1\x02\x03\x04"]}) == []


def test_noise_before_a_card_does_not_hide_it() -> None:
    best = guess({9_600: [b"\xff\x00\xff" + em4100(TAGS[0]), em4100(TAGS[1])]})[0]
    assert (best.protocol, best.certainty) == ("em4100-ascii", Certainty.SURE)


def test_a_long_range_reader_that_speaks_by_itself() -> None:
    seen = [r2000.tag_frame(1, bytes.fromhex(f"E28011700000020{n}A1B2C3D4"), 1, -60) for n in "12"]
    (once,) = guess({115_200: seen[:1]})
    assert (once.protocol, once.certainty) == ("r2000", Certainty.LIKELY)
    assert guess({115_200: seen})[0].certainty is Certainty.SURE


@pytest.mark.parametrize(
    ("bursts", "bits"),
    [
        ([b"01" * 20 + b"\r\n", b"10" * 20 + b"\n"], 40),
        ([b"01" * 20 + b"\r\n" + b"11" * 20], 40),
        ([b"01" * 20, b"01" * 19], 0),
        ([b"01" * 20, b"VISIT"], 0),
        ([b"0101"], 0),
        ([b"1" * 129], 0),
        ([], 0),
    ],
)
def test_lines_of_bits_that_no_format_here_has(bursts: list[bytes], bits: int) -> None:
    assert bits_of_lines(bursts) == bits


def test_bits_are_no_keys() -> None:
    (best,) = guess({9_600: [f"{number:040b}\r\n".encode() for number in (0xA345678901, 0x9A)]})
    assert (best.protocol, best.certainty) == ("line", Certainty.SURE)


def test_silence_is_nothing() -> None:
    assert guess({}) == []
    assert guess({9_600: []}) == []
    assert guess({9_600: [b""]}) == []


@given(
    said=st.dictionaries(
        st.sampled_from((*BAUDS, 31_250)), st.lists(st.binary(max_size=60), max_size=6), max_size=3
    )
)
def test_any_bytes_are_taken(said: dict[int, list[bytes]]) -> None:
    found = guess(said)
    assert all(one.baud in said and one.cards for one in found)
    assert [one.bits for one in found] == sorted((one.bits for one in found), reverse=True)
    assert sum(one.certainty is not Certainty.POSSIBLE for one in found) <= 1


@given(noise=st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=8))
def test_noise_is_never_sure_of_a_checked_protocol(noise: list[bytes]) -> None:
    for one in guess({9_600: noise}):
        assert one.certainty is not Certainty.SURE or one.protocol == "line"


@settings(max_examples=15)
@given(stream=STREAMS)
def test_only_so_much_is_looked_at(stream: bytes) -> None:
    last = [em4100(TAGS[0])] * BURSTS
    assert guess({9_600: [stream, *last]}) == guess({9_600: last})
    long = b"\x00" * LONGEST + em4100(TAGS[0])
    assert guess({9_600: [stream + long]}) == guess({9_600: [long]})
