"""Rows marked (published) are from ACS's manuals and PC/SC part 3; the rest follows from them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.wire.acr122u import (
    GET_FIRMWARE,
    GET_UID,
    Light,
    ask_again,
    decode_firmware,
    decode_uid,
    light_command,
    light_done,
)


def test_the_command_for_the_uid_names_no_length() -> None:
    assert GET_UID.hex().upper() == "FFCA000000"  # (published)


@pytest.mark.parametrize("uid", ["B0864D25", "04A1B2C3D4E5F6", "04112233445566778899"])
def test_a_uid_is_what_stands_before_the_status_word(uid: str) -> None:
    assert decode_uid(bytes.fromhex(uid + "9000")) == bytes.fromhex(uid)
    assert decode_uid(bytes.fromhex(uid + "6282")) == bytes.fromhex(uid)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", "left"),
        ("90", "cut off"),
        ("6300", "failed"),  # (published)
        ("6A81", "does not tell"),  # (published)
        ("6D00", "does not know"),
        ("6982", "refused to tell the UID (6982)"),
        ("9000", "0 bytes"),
        ("0102039000", "3 bytes"),
        ("00" * 17 + "9000", "17 bytes"),
        ("B0864D256300", "failed"),
    ],
)
def test_what_is_no_uid_is_refused_with_a_reason(answer: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason.replace("(", r"\(").replace(")", r"\)")):
        decode_uid(bytes.fromhex(answer))


@given(st.binary(max_size=40))
def test_any_bytes_are_a_uid_of_their_own_or_a_fault(answer: bytes) -> None:
    try:
        uid = decode_uid(answer)
    except ValueError as fault:
        assert str(fault)  # noqa: PT017 - the point is that it is one or the other
    else:
        assert answer.startswith(uid)
        assert 4 <= len(uid) <= 16
        assert len(answer) == len(uid) + 2


def test_a_reader_that_insists_on_a_length_is_asked_with_it() -> None:
    assert ask_again(bytes.fromhex("6C07")) == bytes.fromhex("FFCA000007")
    assert ask_again(bytes.fromhex("6C00")) is None
    assert ask_again(bytes.fromhex("B0864D259000")) is None
    assert ask_again(b"") is None


def test_signals_are_the_nine_bytes_of_the_manual() -> None:
    assert light_command(Light.GREEN_SHORT).hex().upper() == "FF0040A00402010101"
    assert light_command(Light.RED_THRICE).hex().upper() == "FF0040500401010301"
    assert light_command(Light.BOTH_LONG).hex().upper() == "FF0040F00406010101"
    # (published) "red, 1 Hz, three times, buzzer during T1" has the same form
    published = bytes.fromhex("FF0040500405050301")
    ours = light_command(Light.RED_THRICE)
    assert (ours[:5], ours[7:]) == (published[:5], published[7:])


def test_a_signal_tells_how_long_the_reader_is_busy() -> None:
    assert [each.duration_ms for each in Light] == [300, 600, 700]


def test_no_signal_changes_the_lamp_for_good() -> None:
    masks_of_the_final_state = 0b0000_1100
    assert all(not light_command(each)[3] & masks_of_the_final_state for each in Light)


@pytest.mark.parametrize(
    ("answer", "done"), [("9000", True), ("9003", True), ("6300", False), ("", False)]
)
def test_the_answer_to_a_signal_ends_with_the_state_of_the_lamps(answer: str, done: bool) -> None:
    assert light_done(bytes.fromhex(answer)) is done


def test_the_command_for_the_firmware() -> None:
    assert GET_FIRMWARE.hex().upper() == "FF00480000"  # (published)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("41435231323255323037", "ACR122U207"),  # (published)
        ("414352313232553230379000", "ACR122U207"),
        ("", ""),
        ("6D00", ""),
        ("6300", ""),
        ("41435200", ""),
        ("FFFFFFFFFF", ""),
    ],
)
def test_the_firmware_comes_without_a_status_word(answer: str, told: str) -> None:
    assert decode_firmware(bytes.fromhex(answer)) == told


@given(st.binary(max_size=20))
def test_any_answer_about_the_firmware_is_text_that_can_be_shown(answer: bytes) -> None:
    assert decode_firmware(answer).isprintable()
