"""Frames of long-range readers: published ones, made ones, and those in noise."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from agent.cli.decode import decode as command
from drivers.wire import m100, r2000, uhfreader18
from drivers.wire.frame import Fault, Frame, Reason
from drivers.wire.registry import ASKED, PROTOCOLS, make_decoder
from drivers.wire.uhf import LONGEST, Cutter, Heard, Tag, crc16
from drivers.wire.uhf_families import FAMILIES, Choices, guess, make_family
from drivers.wire.uhfreader18 import HEARTBEAT
from tests.wire.makers import PLACES, collect, cut, faults, frames

Row = dict[str, Any]
ROWS: list[Row] = json.loads(
    (Path(__file__).parent.parent / "vectors" / "uhf_vectors.json").read_text("utf-8")
)
NOT_SAID = {"id", "protocol", "source", "input_hex", "tags", "fault"}
each_row = pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
NAMES = st.sampled_from(list(FAMILIES))

EPCS = st.integers(1, 15).flatmap(lambda words: st.binary(min_size=2 * words, max_size=2 * words))
DBM = st.integers(-127, -2)
ANTENNA = st.integers(1, 8)
TAGS = st.builds(lambda epc, antenna, dbm: (epc, antenna, dbm), EPCS, ANTENNA, DBM)

MAKE: dict[str, Callable[[bytes, int, int], bytes]] = {
    "m100": lambda epc, _antenna, dbm: m100.tag_frame(epc, dbm),
    "r2000": lambda epc, antenna, dbm: r2000.tag_frame(1, epc, antenna, dbm),
    "uhfreader18": lambda epc, _antenna, _dbm: uhfreader18.tags_frame(1, 1, [epc]),
    "uhfreader288": lambda epc, antenna, dbm: uhfreader18.tags_frame_288(
        1, 3, antenna, [(epc, dbm)]
    ),
}
NOISE = st.lists(
    st.one_of(
        st.binary(max_size=30),
        st.sampled_from(
            [b"\xbb", b"\xbb\x02\x22\x00\xff", b"\xa0", b"\xa0\xfe\x01\x89", b"\x56", b"\x56\x00"]
        ),
        st.sampled_from([HEARTBEAT, b"\xff\x01\x01", b"\x15\x00\x01", b"\x7e"]),
        st.sampled_from([bytes.fromhex(row["input_hex"])[:-1] for row in ROWS]),
    ),
    max_size=6,
).map(b"".join)


def cutter(name: str) -> Cutter:
    return Cutter(make_family(name))


def tags_of(found: list[Frame | Fault]) -> list[Tag]:
    return [tag for one in found if isinstance(one, Heard) for tag in one.reply.tags]


def expected(name: str, epc: bytes, antenna: int, dbm: int) -> Tag:
    told = name in ("r2000", "uhfreader288")
    return Tag(epc.hex().upper(), antenna if told else 0, None if name == "uhfreader18" else dbm)


@each_row
def test_published_frames(row: Row) -> None:
    raw = bytes.fromhex(row["input_hex"])
    found = collect(cutter(row["protocol"]), [raw])
    assert len(found) == 1
    (one,) = found
    assert one.raw == raw
    if "fault" in row:
        assert isinstance(one, Fault)
        assert one.reason == row["fault"]
        assert one.detail
        return
    assert isinstance(one, Heard)
    assert one.reply.tags == tuple(Tag(*tag) for tag in row["tags"])
    assert {key: it for key, it in row.items() if key not in NOT_SAID}.items() <= one.fields.items()
    assert one.credential == (f"epc:{row['tags'][0][0]}" if row["tags"] else "")


@each_row
def test_published_frames_on_the_terminal(row: Row) -> None:
    result = CliRunner().invoke(command, [row["protocol"], row["input_hex"]])
    told = json.loads(result.stdout)
    assert result.exit_code == (1 if "fault" in row else 0)
    if row.get("tags"):
        assert told["credential"] == f"epc:{row['tags'][0][0]}"
        assert [tag["epc"] for tag in told["tags"]] == [tag[0] for tag in row["tags"]]
    else:
        assert "credential" not in told


def test_the_protocols_that_are_asked_stand_apart() -> None:
    assert set(FAMILIES) <= set(ASKED) - set(PROTOCOLS)
    assert all(isinstance(make_decoder(name), Cutter) for name in FAMILIES)


def test_the_published_check_value() -> None:
    assert crc16(b"123456789") == 0x6F91


@given(name=NAMES, tags=st.lists(TAGS, min_size=1, max_size=5), places=PLACES)
def test_what_was_made_is_read(
    name: str, tags: list[tuple[bytes, int, int]], places: list[int]
) -> None:
    stream = b"".join(MAKE[name](*tag) for tag in tags)
    found = collect(cutter(name), cut(stream, places))
    assert faults(found) == []
    assert tags_of(found) == [expected(name, *tag) for tag in tags]
    assert frames(found) == [f"epc:{tag[0].hex().upper()}" for tag in tags]


@given(name=NAMES, before=NOISE, tag=TAGS, after=NOISE, places=PLACES)
def test_noise_never_costs_a_good_frame(
    name: str, before: bytes, tag: tuple[bytes, int, int], after: bytes, places: list[int]
) -> None:
    good = MAKE[name](*tag)
    found = collect(cutter(name), cut(before + good + after, places))
    inside = [one for one in found if isinstance(one, Frame) and good in one.raw]
    # Noise of an eight-bit sum may be a frame by chance, and then holds what follows.
    assert inside or any(isinstance(one, Frame) for one in found)
    assert b"".join(one.raw for one in found) == before + good + after


@given(name=NAMES, stream=NOISE, tags=st.lists(TAGS, max_size=3), places=PLACES)
def test_pieces_do_not_matter_and_no_byte_is_lost(
    name: str, stream: bytes, tags: list[tuple[bytes, int, int]], places: list[int]
) -> None:
    stream += b"".join(MAKE[name](*tag) + stream[:7] for tag in tags)
    whole = collect(cutter(name), [stream])
    assert collect(cutter(name), cut(stream, places)) == whole
    assert collect(cutter(name), [bytes((byte,)) for byte in stream]) == whole
    assert b"".join(one.raw for one in whole) == stream
    assert all(one.reason in Reason and one.detail for one in whole if isinstance(one, Fault))


@given(name=NAMES, chunks=st.lists(st.one_of(NOISE, st.binary(max_size=600)), max_size=6))
def test_nothing_raises_and_nothing_grows(name: str, chunks: list[bytes]) -> None:
    decoder = cutter(name)
    for chunk in chunks:
        for one in decoder.feed(chunk):
            assert len(one.raw) <= LONGEST
        assert len(decoder._buffer) <= LONGEST
        assert len(decoder._noise) <= 64
    decoder.flush()
    assert not decoder.pending
    assert decoder.flush() == []


@given(EPCS, DBM, st.integers(0, 255), st.integers(0, 7))
def test_a_wrong_bit_is_never_another_tag(epc: bytes, dbm: int, place: int, bit: int) -> None:
    for name, make in MAKE.items():
        wrong = bytearray(make(epc, 1, dbm))
        wrong[place % len(wrong)] ^= 1 << bit
        assert tags_of(collect(cutter(name), [bytes(wrong)])) == []


@given(st.binary(min_size=82, max_size=82))
@example(bytes(82))
def test_the_heartbeat_and_a_frame_of_its_length(data: bytes) -> None:
    real = uhfreader18.frame(0, 0x02, data)
    assert real[0] == HEARTBEAT[0]
    found = collect(cutter("uhfreader18"), [HEARTBEAT + real + HEARTBEAT])
    assert [one.raw for one in found] == [HEARTBEAT, real, HEARTBEAT]
    assert all(isinstance(one, Frame) for one in found)


def test_half_a_heartbeat_is_no_heartbeat() -> None:
    assert faults(collect(cutter("uhfreader18"), [HEARTBEAT[:5] + b"\x01"])) == ["no_start"]
    assert faults(collect(cutter("uhfreader18"), [HEARTBEAT[:5]])) == ["too_short"]


def test_the_sum_alone_does_not_make_a_tag() -> None:
    crc = m100.frame(2, 0x22, bytes.fromhex("C93400") + bytes(11) + b"\x12\x34")
    length = r2000.frame(1, 0x89, bytes.fromhex("003400E2000011112222333344445555") + b"\x30")
    shortest = r2000.frame(1, 0x89, b"\x00\x30\x00")
    listed = uhfreader18.frame(1, 0x01, bytes.fromhex("0102020CE2"))
    nothing = uhfreader18.frame(1, 0x01, bytes.fromhex("010100"))
    more = uhfreader18.frame(1, 0x01, bytes.fromhex("010102E20007"))
    cases = [("m100", crc), ("r2000", length), ("r2000", shortest)]
    cases += [("uhfreader18", raw) for raw in (listed, nothing, more)]
    for name, raw in cases:
        assert faults(collect(cutter(name), [raw])) == ["wrong_length"], (name, raw.hex())
    wrong = bytearray(m100.tag_frame(bytes(12), -50))
    wrong[10] ^= 1
    wrong[-2] = sum(wrong[1:-2]) & 0xFF
    found = collect(cutter("m100"), [bytes(wrong)])
    assert faults(found) == ["bad_checksum"]
    assert "tag's own CRC" in found[0].detail if isinstance(found[0], Fault) else False


def test_a_module_that_passes_no_crc_on() -> None:
    told = (6 << 11).to_bytes(2, "big") + bytes(range(12))
    raw = m100.frame(2, 0x22, b"\xc8" + told + b"\x00\x00")
    assert frames(collect(cutter("m100"), [raw])) == ["epc:000102030405060708090A0B"]


def test_a_tag_without_an_epc_is_no_tag() -> None:
    for name, raw in (
        ("m100", m100.tag_frame(b"", -50)),
        ("r2000", r2000.frame(1, 0x89, b"\x00\x00\x00\x30")),
        ("uhfreader18", uhfreader18.tags_frame(1, 1, [])),
    ):
        (one,) = collect(cutter(name), [raw])
        assert isinstance(one, Heard)
        assert one.reply.tags == ()


def test_no_end_where_it_should_be() -> None:
    raw = m100.frame(1, 0x28, b"\x00")[:-1] + b"\x00"
    assert faults(collect(cutter("m100"), [raw])) == ["no_end"]


def test_two_bad_frames_are_two_faults() -> None:
    bad = bytes.fromhex("A00A018900001D00000001BC")
    assert faults(collect(cutter("r2000"), [bad + bad])) == ["bad_checksum"] * 2


def test_what_a_reader_refuses_is_said_in_words() -> None:
    cases = {
        ("r2000", r2000.frame(1, 0x76, b"\x48")): "the power is out of its range",
        ("r2000", r2000.frame(1, 0x89, b"\x22")): "the antenna is not connected",
        ("r2000", r2000.frame(1, 0x89, b"\x99")): "it says error 99",
        ("r2000", r2000.frame(1, 0x8A, b"\x02\x22")): "antenna 3: the antenna is not connected",
        ("r2000", r2000.frame(1, 0x89, b"\x36")): "",
        ("m100", m100.frame(1, 0xB6, b"\x01")): "it says error 01",
        ("m100", m100.frame(1, 0xFF, b"")): "it says error 00",
        ("uhfreader18", uhfreader18.frame(1, 0x2F, b"\xff")): "the parameter is wrong",
        ("uhfreader18", uhfreader18.frame(1, 0x01, b"\xf8")): "the antenna is not connected",
        ("uhfreader18", uhfreader18.frame(1, 0x01, b"\x77")): "it says status 77",
        ("uhfreader18", uhfreader18.frame(1, 0x01, b"\xfb")): "",
        ("uhfreader18", HEARTBEAT): "it is in active mode: set it to answer mode",
    }
    for (name, raw), words in cases.items():
        (one,) = collect(cutter(name), [raw])
        assert isinstance(one, Heard)
        assert one.reply.refused == words, (name, raw.hex())


def test_the_end_of_a_round_with_several_antennas() -> None:
    raw = r2000.frame(1, 0x8A, bytes.fromhex("00000500000032"))
    (one,) = collect(cutter("r2000"), [raw])
    assert isinstance(one, Heard)
    assert one.reply.over


def test_power_per_antenna_is_told_only_where_all_have_the_same() -> None:
    same, other = (r2000.frame(1, 0x77, data) for data in (b"\x1a" * 4, b"\x1a\x1a\x1e\x1a"))
    assert collect(cutter("r2000"), [same])[0].fields["power_dbm"] == 26
    assert "power_dbm" not in collect(cutter("r2000"), [other])[0].fields


def test_too_much_for_a_frame() -> None:
    for make, most in ((m100.frame, 255), (r2000.frame, 252), (uhfreader18.frame, 251)):
        make(0, 1, bytes(most))
        with pytest.raises(ValueError, match="do not fit"):
            make(0, 1, bytes(most + 1))


def test_guessing_the_family() -> None:
    for name, make in MAKE.items():
        assert name in guess(b"\x07noise" + make(bytes(range(12)), 1, -50))
    assert list(guess(b"nothing of the kind")) == []


def test_the_antennas_of_a_round() -> None:
    one, three, six = (
        make_family("r2000", Choices(antennas=antennas)) for antennas in ([2], [1, 2, 4], [1, 6])
    )
    assert one.inventory(0).hex() == "a004ff89ffd5"
    assert three.inventory(0)[4:-1].hex() == "000101010301ff000001"
    assert six.inventory(0)[4:-1].hex() == "00010501" + "ff00" * 6 + "0001"
    both = make_family("uhfreader288", Choices(address=0, antennas=[1, 3]))
    published = "0f0001000000008014"
    asked = [both.inventory(turn)[3:-2].hex() for turn in range(3)]
    assert [text[-4:-2] for text in asked] == ["80", "82", "80"]
    assert len(asked[0]) == len(published)
    assert make_family("uhfreader18", Choices(address=0)).inventory(7)[:3].hex() == "040001"


def test_commands_are_those_of_the_documents() -> None:
    asked = {ask.send.hex().upper() for ask in make_family("m100", Choices(power=20)).setup()}
    assert {"BB00280000287E", "BB00B6000207D08F7E", "BB00B70000B77E"} <= asked
    assert make_family("m100").inventory(0).hex().upper() == "BB00270003 22FFFF4A7E".replace(
        " ", ""
    )
    asked = {ask.send.hex().upper() for ask in make_family("r2000", Choices(address=1)).setup()}
    assert asked == {"A0030172EA"}
    (ask,) = make_family("uhfreader18", Choices(address=0)).setup()
    assert ask.send.hex().upper() == "040021D96A"
