"""Commands to a card behind a PN532: in pieces that fit, and answers out of pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.wire.pn532 import encode
from drivers.wire.pn532_exchange import LONGEST, PIECE, Exchange
from drivers.wire.pn532_session import EXCHANGE


def module(exchange: Exchange, answer: bytes, size: int) -> tuple[bytes, bytes | None]:
    """What a module hears that gives the answer in pieces, and what came of it."""
    heard, told, turns = b"", None, 0
    while told is None and turns < 100:
        asked = exchange.ask()
        assert encode(EXCHANGE, asked), "it fits into a frame"
        turns += 1
        heard += asked[1:]
        if asked[0] == 0x41:
            assert len(asked) == PIECE + 1, "full but for the last"
            told = exchange.take(b"\x00")
            continue
        assert asked[0] == 0x01
        piece, answer = answer[:size], answer[size:]
        told = exchange.take(bytes((0x40 if answer else 0,)) + piece)
    return heard, told


@given(st.binary(max_size=3 * PIECE), st.binary(min_size=1, max_size=800), st.integers(20, 262))
def test_a_command_and_its_answer_come_through_whole(
    command: bytes, answer: bytes, size: int
) -> None:
    assert module(Exchange(command), answer, size) == (command, answer)


def test_a_short_command_is_one_frame() -> None:
    exchange = Exchange(bytes.fromhex("905A00000300 21F500"))
    assert exchange.ask().hex() == "01905a0000030021f500"
    assert exchange.take(bytes.fromhex("009100")) == b"\x91\x00"


@pytest.mark.parametrize("status", ["01", "13", "27", "2B", "41", "80", "81"])
def test_a_card_that_left_or_broke_is_an_empty_answer(status: str) -> None:
    exchange = Exchange(b"\x90")
    exchange.ask()
    assert exchange.take(bytes.fromhex(status) + b"\x91\x00") == b""
    exchange.ask()
    assert exchange.take(b"") == b""


@pytest.mark.parametrize("size", [0, 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 1])
def test_a_long_command_goes_in_pieces(size: int) -> None:
    command = bytes(number % 251 for number in range(size))
    assert module(Exchange(command), b"\x91\x00", 1) == (command, b"\x91\x00")


def test_in_the_middle_of_a_long_command_too() -> None:
    exchange = Exchange(bytes(PIECE + 1))
    assert exchange.ask()[0] == 0x41
    assert exchange.take(b"\x2b") == b""


def test_an_answer_without_end_is_none() -> None:
    exchange = Exchange(b"\x90")
    exchange.ask()
    told, size = None, 0
    while told is None:
        assert size <= LONGEST
        told = exchange.take(b"\x40" + bytes(PIECE))
        size += PIECE
    assert told == b""
