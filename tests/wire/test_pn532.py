"""Frames of the PN532: published ones, our own, and anything at all."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.wire.frame import Fault, Reason
from drivers.wire.pn532 import (
    ACK,
    FROM_MODULE,
    MOST,
    NACK,
    NOISE,
    WAKE_UP,
    Ack,
    Frames,
    Nack,
    Packet,
    Refused,
    Told,
    encode,
)
from drivers.wire.pn532_cards import Target, chip, targets
from tests.wire.makers import PLACES, cut

VECTORS = Path(__file__).parent.parent / "vectors" / "pn532.json"
ROWS: list[dict[str, Any]] = json.loads(VECTORS.read_text())
MOST_KEPT = 2 * MOST + NOISE

TOLD = st.builds(
    Told, st.sampled_from([0xD4, 0xD5]), st.integers(0, 255), st.binary(max_size=MOST - 2)
)
PIECES = st.lists(
    st.one_of(
        TOLD.map(lambda one: encode(one.code, one.data, one.tfi)),
        st.sampled_from([ACK, NACK, WAKE_UP, bytes.fromhex("0000FF01FF7F8100"), b"\x00\xff\xff"]),
        st.binary(max_size=100),
    ),
    max_size=8,
).map(b"".join)

# A busy machine makes examples slowly.
BUSY = settings(suppress_health_check=[HealthCheck.too_slow])


def collect(*chunks: bytes) -> list[Packet | Fault]:
    frames = Frames()
    found = [one for chunk in chunks for one in frames.feed(chunk)]
    found += frames.flush()
    assert not frames.pending
    return found


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_published_frames(row: dict[str, Any]) -> None:
    expected = row["expected"]
    first, *_ = collect(bytes.fromhex(row["input_hex"]))
    if not row["valid"]:
        # Where the end of a frame is not marked, a wrong length is a wrong sum of what is there.
        assert isinstance(first, Fault)
        assert first.reason is Reason.BAD_CHECKSUM
    elif "frame" in expected:
        kinds = {"ACK": Ack(), "NACK": Nack(), "application error 7F": Refused()}
        assert first == kinds[expected["frame"]]
    else:
        assert isinstance(first, Told)
        assert f"{first.tfi:02X}" == expected["tfi"]
        if "payload" in expected:
            assert (f"{first.code:02X}", first.data.hex()) == (expected["cmd"], expected["payload"])
        if "targets" in expected:
            cards = targets("a", first.data)
            assert cards is not None
            assert len(cards) == expected["targets"]
            for card in cards:
                assert card.uid.hex().upper() == expected["uid"]
                assert card.sens_res.hex() == expected["sens_res"]
                assert f"{card.sel_res:02X}" == expected["sel_res"]


@BUSY
@given(st.lists(TOLD | st.sampled_from([Ack(), Nack()]), max_size=6), PLACES)
def test_what_is_sent_is_read_in_any_pieces(packets: list[Packet], places: list[int]) -> None:
    stream = b"".join(
        encode(one.code, one.data, one.tfi)
        if isinstance(one, Told)
        else (ACK if isinstance(one, Ack) else NACK)
        for one in packets
    )
    assert collect(*cut(stream, places)) == packets
    assert collect(*(bytes((byte,)) for byte in stream)) == packets


@BUSY
@given(PIECES, PLACES)
def test_pieces_do_not_matter_nor_does_anything_grow(stream: bytes, places: list[int]) -> None:
    whole = collect(stream)
    assert collect(*cut(stream, places)) == whole
    frames = Frames()
    for byte in stream * 3:
        for one in frames.feed(bytes((byte,))):
            assert not isinstance(one, Fault) or (one.detail and len(one.raw) <= MOST + NOISE)
        assert sum(len(v) for v in vars(frames).values() if isinstance(v, bytearray)) <= MOST_KEPT
    for one in frames.flush():
        assert not isinstance(one, Fault) or len(one.raw) <= MOST_KEPT


@given(TOLD, st.integers(0, 10_000), st.integers(1, 255))
def test_one_damaged_byte_of_the_body_is_never_a_frame(one: Told, place: int, by: int) -> None:
    raw = bytearray(encode(one.code, one.data, one.tfi))
    head = 5 if len(one.data) + 2 <= 255 else 8
    raw[head + place % (len(raw) - head - 1)] ^= by
    found = collect(bytes(raw))
    assert isinstance(found[0], Fault)
    assert found[0].reason is Reason.BAD_CHECKSUM
    assert one not in found


def test_a_frame_inside_a_damaged_one_is_found() -> None:
    good = encode(0x4B, b"\x00", FROM_MODULE)
    # A length that was damaged, together with its checksum, swallows the frame that follows.
    found = collect(bytes.fromhex("0000FF 20 E0") + good)
    assert [type(one) for one in found] == [Fault, Told]
    assert isinstance(found[0], Fault)
    assert found[0].reason is Reason.TOO_SHORT


def test_a_frame_inside_one_with_a_wrong_sum_is_found() -> None:
    good = encode(0x4B, b"\x00", FROM_MODULE)
    outer = b"\x00\xff" + bytes((len(good), 256 - len(good))) + good + b"\x77"
    found = collect(outer)
    assert [type(one) for one in found] == [Fault, Told]
    assert isinstance(found[0], Fault)
    assert found[0].reason is Reason.BAD_CHECKSUM


def test_noise_comes_in_pieces_and_padding_is_none() -> None:
    found = collect(b"\x55\x00\x00\xff\xff" + b"\x11" * 150 + ACK, b"\x00" * 500, b"\x77")
    reasons = [(one.reason, len(one.raw)) for one in found if isinstance(one, Fault)]
    assert Ack() in found
    assert {reason for reason, _ in reasons} <= {Reason.NO_START, Reason.BAD_CHECKSUM}
    assert collect(b"\x55\x00" * 40, b"\x00" * 500, WAKE_UP) == []


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("0000FF 02 FE D6 15 15 00", Reason.NO_MATCH),
        ("0000FF 01 FF D5 2B 00", Reason.NO_MATCH),
        ("0000FF FFFF 0000 00 00", Reason.WRONG_LENGTH),
        ("0000FF FFFF 0200 FE 00", Reason.WRONG_LENGTH),
        ("0000FF FFFF 0101 00 00", Reason.BAD_CHECKSUM),
        ("0000FF 05", Reason.TOO_SHORT),
    ],
)
def test_every_other_way_a_frame_can_be_wrong(raw: str, reason: Reason) -> None:
    (one, *_) = collect(bytes.fromhex(raw))
    assert isinstance(one, Fault)
    assert one.reason is reason


def test_the_module_takes_no_longer_frame() -> None:
    assert len(encode(0x40, bytes(263))) == MOST + 10
    with pytest.raises(ValueError, match="a frame of 266 bytes"):
        encode(0x40, bytes(264))


def test_what_the_module_is() -> None:
    assert chip(bytes.fromhex("32010607")) == "PN532 firmware 1.6"
    assert chip(bytes.fromhex("99010607")) == "chip 99 firmware 1.6"
    assert chip(b"\x01") == ""


DESFIRE = "01 01 0344 20 07 04112233445566 06 7577810280"
TYPE_B = "01 01 50 01020304 11223344 556677 01 00"


def test_cards_of_both_kinds() -> None:
    (a,) = targets("a", bytes.fromhex(DESFIRE)) or ()
    assert a == Target("a", bytes.fromhex("04112233445566"), b"\x03\x44", 0x20)
    (no_ats,) = targets("a", bytes.fromhex("01 01 0344 20 04 0A0B0C0D")) or ()
    assert no_ats.uid == bytes.fromhex("0A0B0C0D")
    (b,) = targets("b", bytes.fromhex(TYPE_B)) or ()
    assert b == Target("b", bytes.fromhex("01020304"))
    two = targets("a", bytes.fromhex("02 01 0004 08 04 01020304 02 0004 08 04 05060708"))
    assert two is not None
    assert [card.uid.hex() for card in two] == ["01020304", "05060708"]


@pytest.mark.parametrize("kind", ["a", "b"])
@given(data=st.binary(max_size=40))
def test_any_answer_gives_cards_or_none(kind: Any, data: bytes) -> None:
    found = targets(kind, data)
    assert found is None or len(found) == data[0]


@pytest.mark.parametrize(("kind", "whole"), [("a", DESFIRE), ("b", TYPE_B)])
def test_an_answer_cut_short_is_none(kind: Any, whole: str) -> None:
    raw = bytes.fromhex(whole)
    allowed = {13} if kind == "a" else set()  # a card whose ATS was left out
    for size in range(len(raw)):
        assert targets(kind, raw[:size]) is None or size in allowed
    assert targets(kind, raw + b"\x00") is None


def test_a_telephone_is_one_card_and_two_kinds_are_not() -> None:
    first, second = Target("a", b"\x08\x01\x02\x03"), Target("a", b"\x08\x0a\x0b\x0c")
    card, other = Target("a", b"\x01\x02\x03\x04"), Target("b", b"\x01\x02\x03\x04")
    assert first.same(second)
    assert card.same(card)
    assert not card.same(other)
    assert not card.same(None)
    assert not card.same(first)
