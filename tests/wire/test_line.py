"""Lines from scanners and keypads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.wire.frame import Frame
from drivers.wire.keys import of_frame
from drivers.wire.line import LONGEST, LineReader
from drivers.wire.lines import Lines
from drivers.wire.registry import Options
from tests.wire.makers import PLACES, collect, cut, decode, faults, frames


def test_a_whole_line_is_the_credential() -> None:
    assert frames(decode("line", b"V-017\r\nV-018\nV-019\r\r\n")) == [
        "qr:562D303137",
        "qr:562D303138",
        "qr:562D303139",
    ]


def test_a_named_group_picks_the_credential_out_of_the_line() -> None:
    options = Options(pattern=r"https://\S+[?&]c=(?P<credential>\w+)")
    found = decode("line", b"https://gate.example/v?c=AB12\r\nhello\r\n", options)
    assert frames(found) == ["qr:41423132"]
    assert faults(found) == ["no_match"]
    assert found[0].fields == {"text": "AB12"}


def test_a_pattern_without_the_group_takes_the_whole_line() -> None:
    found = decode("line", b"1234\n12x4\n", Options(pattern=r"\d+", scheme="pin", encoding="hex"))
    assert frames(found) == ["pin:1234"]
    assert faults(found) == ["no_match"]


def test_an_empty_match_is_no_credential() -> None:
    assert faults(decode("line", b"#\n", Options(pattern=r"(?P<credential>\d*)#"))) == ["no_match"]


def test_hex_keeps_leading_zeros_and_decimal_becomes_hexadecimal() -> None:
    pin = Options(scheme="pin", encoding="hex")
    assert frames(decode("line", b"0042\n00ab\n", pin)) == ["pin:0042", "pin:00AB"]
    assert faults(decode("line", b"00xy\n", pin)) == ["non_hex"]
    number = Options(scheme="card", encoding="decimal")
    assert frames(decode("line", b"0003909740\n", number)) == ["card:003BA86C"]
    assert faults(decode("line", b"12A\n", number)) == ["not_a_number"]
    assert faults(decode("line", "\u0661\u0662\n".encode(), number)) == ["not_a_number"]


def test_other_line_ends() -> None:
    options = Options(scheme="pin", encoding="hex", ends=b"#")
    assert frames(decode("line", b"1234#5678#", options)) == ["pin:1234", "pin:5678"]


def test_what_is_too_long_or_no_text() -> None:
    assert faults(decode("line", b"\xff\xfe\n")) == ["not_text"]
    assert faults(decode("line", b"x" * 65 + b"\n")) == ["too_long"]
    found = decode("line", b"x" * 10_000 + b"\nV-017\n")
    assert faults(found) == ["too_long"]
    assert found[0].raw == b"x" * LONGEST
    assert frames(found) == ["qr:562D303137"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"pattern": "("}, "regular expression"),
        ({"scheme": "QR"}, "lower-case"),
        ({"scheme": ""}, "lower-case"),
        ({"ends": b""}, "ends is empty"),
    ],
)
def test_options_of_no_use_are_refused(options: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        LineReader(**options)  # type: ignore[arg-type]  # the wrong use is what is tested


@given(
    st.lists(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=20)),
    PLACES,
)
def test_lines_in_any_pieces(lines: list[str], places: list[int]) -> None:
    stream = "".join(f"{line}\r\n" for line in lines).encode()
    found = collect(LineReader(), cut(stream, places))
    assert frames(found) == [f"qr:{line.encode().hex().upper()}" for line in lines]


@given(st.lists(st.binary(max_size=300), max_size=20), st.integers(1, 50))
def test_memory_is_bounded(chunks: list[bytes], limit: int) -> None:
    lines = Lines(limit)
    for chunk in chunks:
        assert all(len(line.text) <= limit for line in lines.feed(chunk))
        assert len(lines._buffer) <= limit


def test_keys_are_told_apart_from_a_card_by_the_pattern() -> None:
    options = Options(pattern=r"K(?P<keys>[0-9*#]+)|C(?P<credential>\d+)", scheme="pin")
    found = decode("line", b"K4711#\r\nC42\r\nK\r\n", options)
    assert frames(found) == ["key:3437313123", "pin:3432"]
    assert faults(found) == ["no_match"]
    assert isinstance(found[0], Frame)
    assert of_frame(found[0]) == "4711#"


def test_a_pattern_of_keys_alone_makes_no_cards() -> None:
    found = decode("line", b"12\n", Options(pattern=r"(?P<keys>\d+)", encoding="hex"))
    assert frames(found) == ["key:3132"]
