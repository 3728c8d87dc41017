"""OSDP frames as published, damaged and cut; cards as readers report them."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.wire.frame import Fault, Frame, Reason
from drivers.wire.osdp_card import FORMATS, card, text
from drivers.wire.osdp_frame import (
    LONGEST,
    OsdpFrames,
    Packet,
    checksum,
    crc16,
    encode,
)
from drivers.wire.wiegand_format import H10301, parse
from tests.wire.makers import PLACES, collect, cut

VECTORS = Path(__file__).parent.parent / "vectors" / "osdp_vectors.json"
ROWS: list[dict[str, Any]] = json.loads(VECTORS.read_text())
# What the sources say of their own frames, beside what the bytes say.
NOT_OF_THE_FRAME = {"error", "app_error", "name"}

POLL = bytes.fromhex("FF5365080004606090")
CARD = bytes.fromhex("53FF10000550FF011A00CD22C71600C9")
BODIES = st.binary(min_size=1, max_size=40).map(lambda data: b"\x50" + data)
FRAMES = st.builds(
    lambda address, crc, body, reply: encode(address, 4 if crc else 0, body, reply=reply),
    st.integers(0, 127),
    st.booleans(),
    BODIES,
    st.booleans(),
)
PIECES = st.one_of(
    FRAMES,
    st.binary(max_size=90),
    st.sampled_from([POLL, CARD, CARD[:-1], b"\x53", b"\x53" * 70, b"\xff" * 80]),
)
STREAMS = st.lists(PIECES, max_size=8).map(b"".join)


def only(data: bytes) -> Frame | Fault:
    (found,) = collect(OsdpFrames(), [data])
    return found


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_published_frames(row: dict[str, Any]) -> None:
    found = only(bytes.fromhex(row["input_hex"]))
    expected = row["expected"]
    assert isinstance(found, Frame) is row["valid"]
    if isinstance(found, Fault):
        assert (expected["error"], found.reason) == ("bad_crc", Reason.BAD_CHECKSUM)
        return
    assert {name: expected[name] for name in expected.keys() - NOT_OF_THE_FRAME}.items() <= (
        found.fields.items()
    )
    name = str(found.fields["name"])
    assert name.removeprefix("osdp_") in expected["name"].replace("SCS_16 ", "")


def test_a_card_in_plain_text_is_shown() -> None:
    found = only(CARD)
    assert isinstance(found, Frame)
    assert found.credential == f"raw26:{0xCD22C716 >> 6:07X}"


def test_keys_are_counted_and_not_shown() -> None:
    found = only(encode(1, 4, b"\x53\x00\x041234", reply=True))
    assert isinstance(found, Frame)
    assert (found.fields["keys"], "data" in found.fields) == (4, False)


def test_what_is_encrypted_is_not_shown_as_data() -> None:
    for kind, hidden in ((0x16, False), (0x18, True)):
        body = bytes((2, kind)) + b"\x50" + bytes(16) + b"MACM"
        (packet,) = OsdpFrames().packets(encode(3, 0x0D, body, reply=True))
        assert isinstance(packet, Packet)
        assert packet.data == (b"" if hidden else bytes(16))
        assert packet.security == bytes((2, kind))


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("no command", encode(1, 0x0C, b"\x02\x15MACM", reply=False), Reason.TOO_SHORT),
        ("empty block", encode(1, 0x0C, b"\x01\x60", reply=False), Reason.BAD_PADDING),
        ("length", b"\x53\x01\x03\x00\x04", Reason.WRONG_LENGTH),
        ("cut short", CARD[:-3], Reason.TOO_SHORT),
        ("noise", b"\x00\x01\x02", Reason.NO_START),
        ("checksum", encode(1, 0, b"\x60", reply=False)[:-1] + b"\x00", Reason.BAD_CHECKSUM),
    ],
)
def test_what_is_no_frame_is_named(name: str, data: bytes, reason: Reason) -> None:
    found = only(data)
    assert isinstance(found, Fault), name
    assert found.reason is reason
    assert found.detail


def test_unknown_codes_and_strange_lengths_are_still_frames() -> None:
    shown = []
    for body in (
        b"\xee",
        b"\x50\x00",
        b"\x53",
        b"\x50\x00\x01\xff\x00\x12",
        b"\x50\x00\x00\x00\x00",
    ):
        found = only(encode(9, 0, body, reply=True))
        assert isinstance(found, Frame)
        assert found.credential == ""
        shown.append(found.fields["name"])
    assert shown[0] == "osdp_EE"


def test_a_whole_frame_behind_a_damaged_one_is_found() -> None:
    broken = bytearray(CARD)
    broken[2] = 0x40  # the length is damaged: the frame seems to go on
    found = collect(OsdpFrames(), [bytes(broken) + CARD])
    assert [one.raw for one in found if isinstance(one, Frame)] == [CARD]
    bad = CARD[:-2] + b"\x00\x00"
    found = collect(OsdpFrames(), [bad + CARD])
    assert [one.raw for one in found if isinstance(one, Frame)] == [CARD]


@given(frame=FRAMES, noise=st.binary(max_size=20))
def test_what_is_encoded_is_decoded(frame: bytes, noise: bytes) -> None:
    noise = noise.replace(b"\x53", b"")
    found = collect(OsdpFrames(), [noise + frame])
    assert frame in [one.raw for one in found]
    assert found[-1].raw == frame


@given(stream=STREAMS, places=PLACES)
def test_pieces_do_not_matter(stream: bytes, places: list[int]) -> None:
    whole = collect(OsdpFrames(), [stream])
    assert collect(OsdpFrames(), cut(stream, places)) == whole
    assert collect(OsdpFrames(), [bytes((byte,)) for byte in stream]) == whole


@given(stream=st.binary(max_size=3000))
def test_nothing_raises_and_nothing_grows(stream: bytes) -> None:
    decoder = OsdpFrames()
    for one in [*decoder.feed(stream), *decoder.flush()]:
        assert len(one.raw) <= LONGEST
    assert not decoder.pending


@pytest.mark.parametrize(("address", "body"), [(128, b"\x60"), (1, b""), (1, bytes(LONGEST))])
def test_frames_that_cannot_be_are_refused(address: int, body: bytes) -> None:
    with pytest.raises(ValueError, match="no frame of"):
        encode(address, 4, body, reply=False)


def test_the_checks_are_those_of_the_document() -> None:
    assert crc16(POLL[1:-2]) == int.from_bytes(POLL[-2:], "little")
    assert checksum(bytes.fromhex("53000800006100")) == 0x44


# Cards


def shown(form: str, count: int, data: str) -> str:
    found = card(form, count, bytes.fromhex(data))
    return found.credential if isinstance(found, Frame) else found.reason


@pytest.mark.parametrize(
    ("form", "count", "data", "expected"),
    [
        # Facility 11, card 637: the card of the published 26-bit row, left-justified.
        ("wiegand", 26, "85813E80", "w26:0B027D"),
        ("w26", 26, "85813E80", "w26:0B027D"),
        ("raw", 26, "85813E80", "raw26:21604FA"),
        ("w34", 26, "85813E80", Reason.WRONG_LENGTH),
        ("wiegand", 26, "CD22C716", Reason.BAD_PARITY),
        ("raw", 26, "CD22C716", "raw26:3348B1C"),
        ("wiegand", 32, "04A1B2C3", "raw32:04A1B2C3"),
        ("w32", 32, "04A1B2C3", "w32:04A1B2C3"),
        ("uid", 32, "04A1B2C3", "uid:04A1B2C3"),
        ("uid", 56, "04A1B2C3D4E5F6", "uid:04A1B2C3D4E5F6"),
        ("uid", 26, "85813E80", Reason.WRONG_LENGTH),
        ("uid", 16, "85804FBE", Reason.WRONG_LENGTH),
        ("wiegand", 0, "00", Reason.TOO_SHORT),
        ("raw", 33, "04A1B2C3", Reason.TOO_SHORT),
    ],
)
def test_cards(form: str, count: int, data: str, expected: str) -> None:
    assert shown(form, count, data) == expected


@given(
    form=st.sampled_from(FORMATS),
    count=st.integers(-1, 520),
    data=st.binary(max_size=64),
)
def test_every_card_is_a_card_or_a_fault(form: str, count: int, data: bytes) -> None:
    found = card(form, count, data)
    if isinstance(found, Frame):
        scheme, _, digits = found.credential.partition(":")
        assert scheme.isalnum()
        assert digits
    else:
        assert found.detail


def test_a_layout_says_what_a_card_is() -> None:
    found = card(parse(H10301), 26, bytes.fromhex("85813E80"))
    assert isinstance(found, Frame)
    assert found.credential == "w26:0B027D"


def test_characters_are_digits_of_a_number() -> None:
    found = text(b"00a1b2\r\n")
    assert isinstance(found, Frame)
    assert found.credential == "text:00A1B2"
    for told in (b"", b"\x00", b"no number"):
        assert isinstance(text(told), Fault)
