"""Passes as text: the one form that docs/readers/qr.md tells, and nothing else."""

import base64
import contextlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.wire import qr_pass
from drivers.wire.qr_pass import NoPass, QrPass, SignedPass, content, encode, message, parse
from drivers.wire.registry import Options
from tests.wire.makers import PLACES, collect, cut, decode, faults, frames

VECTOR = json.loads((Path(__file__).parents[1] / "vectors" / "qr_pass.json").read_text())
IDENTITY = bytes(range(16))
PASS = QrPass("k1", IDENTITY, "fuli-hupan", 29_500_000, 29_500_480, "north", ("in-1",))
TEXT = encode(SignedPass(PASS, b"\x00" * 64))

word = st.from_regex(re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?", re.ASCII), fullmatch=True)
minutes = st.integers(0, 541_727_999)
times = st.tuples(minutes, minutes).map(sorted)
ways = st.sampled_from([(True, True), (True, False), (False, True)])


@st.composite
def passes(draw: st.DrawFn) -> QrPass:
    begins, ends = draw(times)
    enters, leaves = draw(ways)
    return QrPass(
        draw(word),
        draw(st.binary(min_size=16, max_size=16)),
        draw(word),
        begins,
        ends,
        draw(st.one_of(st.just(""), word)),
        tuple(draw(st.lists(word, max_size=2))),
        draw(st.from_regex(re.compile(r"[a-z0-9-]{0,60}", re.ASCII), fullmatch=True)),
        enters,
        leaves,
        draw(st.booleans()),
    )


def packed(data: bytes) -> str:
    return "GP1:" + base64.b32encode(data).decode().rstrip("=")


def test_the_worked_example_of_the_documents() -> None:
    told = VECTOR["says"]
    says = QrPass(
        told["key"],
        bytes.fromhex(told["pass"]),
        told["estate"],
        told["begins"],
        told["ends"],
        told["gate"],
        tuple(told["lanes"]),
        told["appointment"],
        enters=told["enters"],
        leaves=told["leaves"],
        vehicle=told["vehicle"],
    )
    assert content(says).hex() == VECTOR["content"]
    assert message(says).hex() == VECTOR["message"]
    signed = SignedPass(says, bytes.fromhex(VECTOR["signature"]))
    assert encode(signed) == VECTOR["text"]
    assert parse(VECTOR["text"]) == signed
    assert says.fields() == told
    page = (Path(__file__).parents[2] / "docs" / "readers" / "qr.md").read_text()
    for name in ("content", "signature", "text", "seed", "public"):
        assert VECTOR[name] in re.sub(r"\s", "", page)


@given(says=passes(), signature=st.binary(min_size=64, max_size=64))
def test_what_was_written_is_read(says: QrPass, signature: bytes) -> None:
    signed = SignedPass(says, signature)
    text = encode(signed)
    assert parse(text) == parse(f"  {text.lower()}\r\n") == signed
    assert re.fullmatch(r"[0-9A-Z $%*+./:-]+", text), "alphanumeric mode of a QR code"


@given(data=st.one_of(st.binary(max_size=400), st.binary(min_size=160, max_size=180)))
def test_bytes_that_are_no_pass_raise_nothing_else(data: bytes) -> None:
    text = packed(data)
    with contextlib.suppress(NoPass):
        assert encode(parse(text)) == text


@given(text=st.text(max_size=600))
def test_text_that_is_no_pass_raises_nothing_else(text: str) -> None:
    for each in (text, "GP1:" + text):
        with contextlib.suppress(NoPass):
            parse(each)


@given(at=st.integers(0, len(content(PASS)) - 1), value=st.integers(0, 255))
def test_a_byte_that_is_another_makes_another_pass_or_none(at: int, value: int) -> None:
    data = bytearray(content(PASS))
    same = data[at] == value
    data[at] = value
    try:
        says = parse(packed(bytes(data) + b"\x00" * 64)).says
    except NoPass:
        assert not same
    else:
        assert (says == PASS) is same


@pytest.mark.parametrize(
    "wrong",
    [
        replace(PASS, identity=b"short"),
        replace(PASS, begins=5, ends=4),
        replace(PASS, begins=-1),
        replace(PASS, ends=541_728_000),
        replace(PASS, enters=False, leaves=False),
        replace(PASS, lanes=("in-1",) * 9),
        replace(PASS, key=""),
        replace(PASS, estate="Fuli"),
        replace(PASS, gate="-"),
        replace(PASS, appointment="1/2"),
    ],
)
def test_what_has_no_place_in_a_pass_is_not_written(wrong: QrPass) -> None:
    with pytest.raises(NoPass):
        encode(SignedPass(wrong, b"\x00" * 64))


def test_neither_a_short_signature_nor_too_long_a_text_is_written() -> None:
    with pytest.raises(NoPass, match="64 bytes"):
        encode(SignedPass(PASS, b"\x00" * 63))
    with pytest.raises(NoPass, match="fewer lanes"):
        encode(SignedPass(replace(PASS, lanes=("a" * 32,) * 8), b"\x00" * 64))


def raw(**changed: bytes) -> str:
    """A pass of one field after the other, some of them as told."""
    parts = {
        "version": b"\x01",
        "flags": b"\x03",
        "identity": IDENTITY,
        "times": bytes(4) + b"\x00\x00\x00\x01",
        "key": b"\x02k1",
        "estate": b"\x04east",
        "gate": b"\x00",
        "lanes": b"\x00",
        "appointment": b"\x00",
        "rest": b"",
        "signature": b"\x00" * 64,
    }
    return packed(b"".join((parts | changed).values()))


def test_each_field_is_looked_at() -> None:
    assert parse(raw()).says.estate == "east"
    for changed, why in (
        ({"version": b"\x02"}, "version 2"),
        ({"flags": b"\x09"}, "flags"),
        ({"flags": b"\x00"}, "way in"),
        ({"rest": b"\x00"}, "behind its end"),
        ({"appointment": b"\x05a"}, "ends too early"),
        ({"lanes": b"\xff"}, "ends too early"),
        ({"estate": b"\x01\xff"}, "small letters"),
    ):
        with pytest.raises(NoPass, match=why):
            parse(raw(**changed))


def test_there_is_one_text_for_one_pass() -> None:
    with pytest.raises(NoPass, match="missing"):
        parse(TEXT[:-1])
    with pytest.raises(NoPass, match="missing"):
        parse("GP1:" + "A" * 16)
    body = TEXT[4:]
    assert len(body) % 8 != 0, "the last letter has bits to spare"
    others = [
        TEXT[:-1] + letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" if letter != TEXT[-1]
    ]
    read = []
    for text in others:
        try:
            read.append(parse(text))
        except NoPass:
            continue
    assert SignedPass(PASS, b"\x00" * 64) not in read
    for text in (TEXT + "=", TEXT.replace("A", "1", 1), "GP2:" + body, "GP1:" + "A" * 600, "ÄP1:"):
        with pytest.raises(NoPass):
            parse(text)


def test_a_scanner_with_passes_and_other_lines() -> None:
    stream = f"{TEXT}\r\nV-017\r\n{TEXT.lower()}\r\n{TEXT[:-9]}\r\nGP1:{'A' * 600}\r\n".encode()
    found = decode("qr-pass", stream)
    credential = "pass:" + IDENTITY.hex().upper()
    assert frames(found) == [credential, "qr:562D303137", credential]
    assert faults(found) == ["incomplete", "too_long"]
    assert found[0].fields == PASS.fields()
    options = Options(pattern=r"v=(?P<credential>\d+)", scheme="pin", encoding="hex")
    assert frames(decode("qr-pass", f"v=12\r\n{TEXT}\r\n".encode(), options)) == [
        "pin:12",
        credential,
    ]


def test_what_is_left_is_a_line_too() -> None:
    reader = qr_pass.QrPasses()
    assert reader.feed(TEXT.encode()) == []
    assert reader.pending
    assert [type(one).__name__ for one in reader.flush()] == ["Frame"]
    assert not reader.pending


@given(places=PLACES)
def test_pieces_of_a_pass_do_not_matter(places: list[int]) -> None:
    stream = f"{TEXT}\r\nV-017\r\n".encode()
    whole = collect(qr_pass.QrPasses(), [stream])
    assert collect(qr_pass.QrPasses(), cut(stream, places)) == whole
