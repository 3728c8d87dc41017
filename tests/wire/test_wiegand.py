"""Wiegand bits, as text, as packed bytes and as decimal digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.wire.frame import Fault, Frame
from drivers.wire.registry import BitDecoder, make_decoder
from drivers.wire.wiegand_ascii10 import WiegandAscii10
from tests.wire.makers import FORMATS, PLACES, collect, cut, decode, faults, frames, wiegand

SWAP = str.maketrans("01", "10")
SIZES = st.sampled_from(sorted(FORMATS))


def bits_of(size: int, number: int) -> str:
    span, odd_first = FORMATS[size]
    return wiegand(f"{number % (1 << (size - 2)):0{size - 2}b}", span, odd_first=odd_first)


def judge(size: int, bits: str) -> Frame | Fault:
    decoder = make_decoder(f"wiegand-{size}")
    assert isinstance(decoder, BitDecoder)
    (one,) = decoder.feed_bits(bits)
    return one


@given(SIZES, st.integers(0, 2**35 - 1))
def test_round_trip(size: int, number: int) -> None:
    bits = bits_of(size, number)
    one = judge(size, bits)
    assert isinstance(one, Frame)
    scheme, _, digits = one.credential.partition(":")
    assert scheme == f"w{size}"
    assert int(digits, 16) == number % (1 << (size - 2))
    assert len(digits) == {26: 6, 34: 8, 36: 9, 37: 9}[size]


@given(SIZES, st.integers(0, 2**35 - 1), st.integers(0, 36))
def test_one_wrong_bit_is_never_a_card(size: int, number: int, place: int) -> None:
    bits = list(bits_of(size, number))
    bits[place % size] = "10"[int(bits[place % size])]
    one = judge(size, "".join(bits))
    assert isinstance(one, Fault)
    # The middle bit of 37 is under both parities: one flip there breaks both, as swapped wires do.
    both = size == 37 and place == 18
    assert one.reason == ("d0_d1_swapped" if both else "bad_parity")


@given(st.sampled_from([26, 34, 37]), st.integers(0, 2**35 - 1))
def test_swapped_wires_are_named_with_the_card_behind_them(size: int, number: int) -> None:
    bits = bits_of(size, number)
    one = judge(size, bits.translate(SWAP))
    good = judge(size, bits)
    assert isinstance(one, Fault)
    assert isinstance(good, Frame)
    assert one.reason == "d0_d1_swapped"
    assert good.credential in one.detail


@given(st.integers(0, 2**34 - 1))
def test_swapped_wires_cannot_be_seen_in_the_36_bit_format(number: int) -> None:
    assert isinstance(judge(36, bits_of(36, number).translate(SWAP)), Frame)


def test_both_parities_of_36_bits_wrong() -> None:
    bits = bits_of(36, 12345)
    wrong = "10"[int(bits[0])] + bits[1:-1] + "10"[int(bits[-1])]
    one = judge(36, wrong)
    assert isinstance(one, Fault)
    assert one.reason == "bad_parity"
    assert one.detail.startswith("both")


@pytest.mark.parametrize("size", sorted(FORMATS))
def test_a_number_of_bits_that_is_not_the_format(size: int) -> None:
    for bits in ("1", "0" * (size - 1), "0" * (size + 1), "1" * 500):
        one = judge(size, bits)
        assert isinstance(one, Fault)
        assert one.reason == "wrong_length"
        assert one.fields["bits"] == len(bits)


@given(SIZES, st.lists(st.integers(0, 2**35 - 1), max_size=4), PLACES)
def test_lines_in_any_pieces(size: int, numbers: list[int], places: list[int]) -> None:
    cards = [bits_of(size, number) for number in numbers]
    stream = "".join(f"{bits}\r\n" for bits in cards).encode()
    found = collect(make_decoder(f"wiegand-{size}"), cut(stream, places))
    expected = [judge(size, bits) for bits in cards]
    assert frames(found) == frames(expected)
    assert faults(found) == []


def test_every_way_a_line_can_be_wrong() -> None:
    good = bits_of(26, 0x123456).encode()
    cases = {
        good + b"\n": [],
        b"  " + good + b"\t\r\n": [],
        good: [],
        good[:-1] + b"\n": ["wrong_length"],
        b"0A1B2\n": ["wrong_length"],
        b"FFFFFFFF\n": ["bad_padding"],
        b"card 17\n": ["non_hex"],
        b"\x80\x80\x33\x80\n": ["not_text"],
        b"\x02123\x03\n": ["not_text"],
        b"0" * 1000 + b"\n" + good + b"\n": ["too_long"],
    }
    assert {raw: faults(decode("wiegand-26", raw)) for raw in cases} == cases


@given(st.lists(st.integers(0, 2**24 - 1), max_size=5), PLACES)
def test_packed_cards_in_any_pieces(numbers: list[int], places: list[int]) -> None:
    cards = [bits_of(26, number) for number in numbers]
    stream = b"".join((int(bits, 2) << 6).to_bytes(4, "big") for bits in cards)
    found = collect(make_decoder("wiegand-26-left-justified"), cut(stream, places))
    assert frames(found) == [f"w26:{number:06X}" for number in numbers]
    assert faults(found) == []


def test_every_way_packed_bytes_can_be_wrong() -> None:
    cases = {
        "80803380": [],
        "00803380": ["bad_parity"],
        "80803381": ["bad_padding"],
        "808033": ["too_short"],
        "8080338080": ["too_short"],
        "7F7FCC40": ["d0_d1_swapped"],
    }
    protocol = "wiegand-26-left-justified"
    assert {raw: faults(decode(protocol, bytes.fromhex(raw))) for raw in cases} == cases


def test_packed_bits_may_be_given_as_bits() -> None:
    decoder = make_decoder("wiegand-26-left-justified")
    assert isinstance(decoder, BitDecoder)
    (one,) = decoder.feed_bits("10000000100000000011001110")
    assert one.raw == bytes.fromhex("80803380")
    assert faults(decoder.feed_bits("1" * 25)) == ["wrong_length"]


def test_the_example_of_the_s4a_manual() -> None:
    raw = bytes.fromhex("30 30 30 30 31 32 33 34 37 38 0D 0A")
    (one,) = decode("wiegand-uart-ascii10", raw)
    assert one == Frame(
        "wiegand-uart-ascii10",
        "w32:0001E256",
        {"decimal": "0000123478", "number": 0x1E256, "hex": "0001E256"},
        raw[:10],
    )


def test_keys_before_a_card_and_alone() -> None:
    assert frames(decode("wiegand-uart-ascii10", b"3")) == ["key:3"]
    assert frames(decode("wiegand-uart-ascii10", b"A")) == ["key:A"]
    assert frames(decode("wiegand-uart-ascii10", b"\xe1\xf0\x5a")) == ["key:1", "key:0", "key:A"]
    glued = b"12" + b"0000123478\r\n" + b"7"
    assert frames(decode("wiegand-uart-ascii10", glued)) == [
        "key:1",
        "key:2",
        "w32:0001E256",
        "key:7",
    ]


def test_silence_makes_a_key_and_not_a_part_of_the_next_card() -> None:
    decoder = WiegandAscii10()
    assert decoder.feed(b"5") == []
    assert decoder.pending
    assert frames(decoder.flush()) == ["key:5"]
    assert frames(decoder.feed(b"0000123478\r\n")) == ["w32:0001E256"]


@given(st.integers(0, 2**32 - 1), PLACES)
def test_decimal_cards_in_any_pieces(number: int, places: list[int]) -> None:
    stream = f"{number:010d}\r\n".encode() * 2
    assert frames(collect(WiegandAscii10(), cut(stream, places))) == [f"w32:{number:08X}"] * 2


def test_every_way_ten_digits_can_be_wrong() -> None:
    cases = {
        b"123\r\n": ["too_short"],
        b"00001234x8\r\n": ["not_a_number"],
        b"4294967296\r\n": ["too_large"],
        b"0000123478": ["no_end"],
        b"z": ["not_a_key"],
        b"0" * 100 + b"\r\n": ["too_long"],
    }
    assert {raw: faults(decode("wiegand-uart-ascii10", raw)) for raw in cases} == cases
