import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.wire.native import MORE, OK, Answer, answer, command


@pytest.mark.parametrize(
    ("code", "data", "sent"),
    [
        (0x51, "", "9051000000"),
        (0x71, "0000", "9071000002000000"),  # NXP AN12196, table 14
        (0x5A, "0021F5", "905A0000030021F500"),
    ],
)
def test_a_command_is_wrapped(code: int, data: str, sent: str) -> None:
    assert command(code, bytes.fromhex(data)).hex().upper() == sent


def test_a_command_has_room_for_255_bytes() -> None:
    assert len(command(0x51, bytes(255))) == 261
    with pytest.raises(ValueError, match="255 bytes at most, not 256"):
        command(0x51, bytes(256))


def test_an_answer_is_data_and_status() -> None:
    assert answer(bytes.fromhex("A04C91AF")) == Answer(b"\xa0\x4c", MORE)
    assert answer(b"\x91\x00") == Answer(b"", OK)


@pytest.mark.parametrize("raw", [b"", b"\x91"])
def test_without_a_status_the_card_left(raw: bytes) -> None:
    assert answer(raw) is None


@given(st.binary(min_size=2))
def test_every_status_has_words(raw: bytes) -> None:
    told = answer(raw)
    assert told is not None
    assert told.says.startswith("it ")
    assert told.data + told.status.to_bytes(2, "big") == raw
