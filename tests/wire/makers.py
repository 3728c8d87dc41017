"""Frames made for tests: the other direction of every decoder, written from the documents."""

from collections.abc import Iterable
from itertools import pairwise

from hypothesis import strategies as st

from drivers.wire.frame import Decoder, Fault, Frame
from drivers.wire.registry import Options, make_decoder


def em4100(digits: str, end: bytes = b"\x03") -> bytes:
    check = 0
    for byte in bytes.fromhex(digits):
        check ^= byte
    return b"\x02" + digits.encode() + f"{check:02X}".encode() + end


def wiegand(data: str, span: int, *, odd_first: bool = False) -> str:
    """Data bits between their two parity bits, each over ``span`` data bits."""
    leading = (data[:span].count("1") + odd_first) % 2
    trailing = (data[len(data) - span :].count("1") + (not odd_first)) % 2
    return f"{leading}{data}{trailing}"


def collect(decoder: Decoder, chunks: Iterable[bytes]) -> list[Frame | Fault]:
    found = [one for chunk in chunks for one in decoder.feed(chunk)]
    found += decoder.flush()
    assert not decoder.pending
    return found


def decode(protocol: str, data: bytes, options: Options | None = None) -> list[Frame | Fault]:
    return collect(make_decoder(protocol, options or Options()), [data])


def frames(found: Iterable[Frame | Fault]) -> list[str]:
    return [one.credential for one in found if isinstance(one, Frame)]


def faults(found: Iterable[Frame | Fault]) -> list[str]:
    return [one.reason for one in found if isinstance(one, Fault)]


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """``data`` in pieces, cut wherever ``places`` fall."""
    edges = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(edges)]


EM4100_DIGITS = st.from_regex(r"[0-9A-F]{10}", fullmatch=True)
PLACES = st.lists(st.integers(0, 10_000), max_size=30)

FORMATS = {26: (12, False), 34: (16, False), 36: (17, True), 37: (18, False)}

LINE_LIKE = st.sampled_from(
    [
        em4100("62E3086CED"),
        em4100("0100CDA4EC", b"\r\n\x03"),
        b"10000000100000010001011001\r\n",
        b"0089449F\n",
        bytes.fromhex("80803380"),
        b"0000123478\r\n",
        b"\x02",
        b"\x03",
        b"\r\n",
        b"3",
        b"\xe1",
        b"0" * 100,
        b"\xff" * 300,
    ]
)
STREAMS = st.lists(st.one_of(LINE_LIKE, st.binary(max_size=40)), max_size=12).map(b"".join)
