"""What holds for every decoder."""

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import drivers.wire
from drivers.wire.frame import Fault, Reason
from drivers.wire.registry import PROTOCOLS, make_decoder
from tests.wire.makers import PLACES, STREAMS, collect, cut

each_protocol = pytest.mark.parametrize("name", PROTOCOLS)
MOST_KEPT = 600


def kept(decoder: object) -> int:
    """Bytes that a decoder holds, wherever it holds them."""
    total = 0
    for value in vars(decoder).values():
        if isinstance(value, bytearray):
            total += len(value)
        elif type(value).__name__ == "Lines":
            total += kept(value)
    return total


@each_protocol
@given(stream=STREAMS, places=PLACES)
def test_pieces_do_not_matter(name: str, stream: bytes, places: list[int]) -> None:
    whole = collect(make_decoder(name), [stream])
    assert collect(make_decoder(name), cut(stream, places)) == whole
    assert collect(make_decoder(name), [bytes((byte,)) for byte in stream]) == whole


@each_protocol
@given(chunks=st.lists(st.one_of(STREAMS, st.binary(max_size=2000)), max_size=8))
def test_nothing_raises_and_nothing_grows(name: str, chunks: list[bytes]) -> None:
    decoder = make_decoder(name)
    for chunk in chunks:
        for one in decoder.feed(chunk):
            if isinstance(one, Fault):
                assert one.reason in Reason
                assert one.detail
            assert len(one.raw) <= MOST_KEPT
        assert kept(decoder) <= MOST_KEPT
    decoder.flush()
    assert not decoder.pending
    assert decoder.flush() == []


@each_protocol
def test_every_protocol_says_what_it_is(name: str) -> None:
    assert PROTOCOLS[name].meaning
    silence = make_decoder(name).silence_ms
    assert silence is None or silence >= 100


def test_an_unknown_name_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        make_decoder("morse")


def test_the_decoders_are_pure() -> None:
    forbidden = {"time", "threading", "logging", "sqlite3", "socket", "os", "random", "asyncio"}
    for path in Path(drivers.wire.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert name.partition(".")[0] not in forbidden | {"agent"}, (path.name, name)
                assert not name.startswith("drivers") or name.startswith("drivers.wire")
