"""EM4100 frames in noise, in pieces, and never more than a few bytes kept."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from drivers.wire.em4100 import LONGEST, NOISE_BYTES, Em4100
from drivers.wire.frame import Fault, Frame
from drivers.wire.registry import Options
from tests.wire.makers import (
    EM4100_DIGITS,
    PLACES,
    collect,
    cut,
    decode,
    em4100,
    faults,
    frames,
)

GOOD = em4100("62E3086CED")
BAD = bytes.fromhex("0236383030334235314336434203")


def test_the_sheets_own_example() -> None:
    found = decode("em4100-ascii", b"\x020C000621A58E\r\n\x03")
    assert frames(found) == ["em4100:0C000621A5"]


def test_lower_case_digits_give_the_same_card() -> None:
    assert frames(decode("em4100-ascii", b"\x0262e3086ced08\x03")) == ["em4100:62E3086CED"]


@given(EM4100_DIGITS, st.sampled_from([b"\x03", b"\r\n\x03"]))
def test_round_trip(digits: str, end: bytes) -> None:
    raw = em4100(digits, end)
    found = decode("em4100-ascii", raw)
    assert found == [Frame("em4100-ascii", f"em4100:{digits}", found[0].fields, raw)]
    assert found[0].fields["serial_dec10"] == str(int.from_bytes(bytes.fromhex(digits)[1:])).zfill(
        10
    )


@given(st.binary(max_size=200), EM4100_DIGITS, st.binary(max_size=200), PLACES)
def test_noise_never_costs_a_good_frame(
    before: bytes, digits: str, after: bytes, places: list[int]
) -> None:
    stream = before + em4100(digits) + after
    assert f"em4100:{digits}" in frames(collect(Em4100(), cut(stream, places)))


@given(st.lists(EM4100_DIGITS, max_size=5), PLACES)
def test_glued_and_split_frames(cards: list[str], places: list[int]) -> None:
    stream = b"".join(em4100(digits) for digits in cards)
    found = collect(Em4100(), cut(stream, places))
    assert frames(found) == [f"em4100:{digits}" for digits in cards]
    assert faults(found) == []


@given(EM4100_DIGITS, st.integers(0, 9), st.sampled_from("0123456789ABCDEF"))
def test_one_wrong_digit_is_never_a_card(digits: str, place: int, digit: str) -> None:
    wrong = bytearray(em4100(digits))
    wrong[1 + place] = ord(digit)
    expected = ["bad_checksum"] if digits[place] != digit else []
    assert faults(decode("em4100-ascii", bytes(wrong))) == expected


def test_the_check_can_be_switched_off_for_modules_that_get_it_wrong() -> None:
    assert faults(decode("em4100-ascii", BAD)) == ["bad_checksum"]
    found = decode("em4100-ascii", BAD, Options(checksum="ignore"))
    assert frames(found) == ["em4100:68003B51C6"]
    assert found[0].fields["checksum"] == "CB"
    assert found[0].fields["computed_xor"] == "C4"


def test_every_way_to_be_wrong_has_its_name() -> None:
    cases = {
        b"\x0262E3086C\x03": ["too_short"],
        b"\x02\x03": ["too_short"],
        b"\x0262E3086CED0800\x03": ["too_long"],
        b"\x0262E3086CED080\x03": ["too_long"],
        b"\x0262E3086CED08000000": ["too_long", "no_start"],
        b"\x0262E3086CED08": ["no_end"],
        b"\x0262E3" + GOOD: ["no_end"],
        b"\x02\x02" + GOOD: ["no_end", "no_end"],
        b"\x0262E308 CED08\x03": ["non_hex"],
        b"\x0262E3086CED;8\x03": ["non_hex_checksum"],
        b"noise" + GOOD: ["no_start"],
        GOOD + b"noise": ["no_start"],
        b"\r\n\x00" + GOOD + b"\r\n": [],
    }
    assert {raw: faults(decode("em4100-ascii", raw)) for raw in cases} == cases


def test_faults_and_frames_account_for_every_byte() -> None:
    stream = b"abc" + BAD + b"x" * 100 + GOOD + b"\x021234"
    found = decode("em4100-ascii", stream)
    assert b"".join(one.raw for one in found) == stream


def test_a_megabyte_of_garbage_keeps_the_buffer_small() -> None:
    noise = b"".join(sha256(b"%d" % turn).digest() for turn in range(31_250))
    assert len(noise) == 1_000_000
    decoder = Em4100()
    for start in range(0, len(noise), 1000):
        decoder.feed(noise[start : start + 1000])
        assert len(decoder._buffer) < LONGEST
        assert len(decoder._noise) < NOISE_BYTES
    assert frames(decoder.feed(GOOD)) == ["em4100:62E3086CED"]
    at_once = Em4100()
    found = at_once.feed(noise)
    assert all(isinstance(one, Fault) for one in found)
    assert len(at_once._buffer) < LONGEST
