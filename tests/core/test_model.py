import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.model import ClockQuality, Credential


@pytest.mark.parametrize("text", ["em4100:0100CDA4EC", "uid:04A1B2C3", "w26:FFFFFF", "a:0"])
def test_a_credential_is_written_as_it_was_read(text: str) -> None:
    assert str(Credential.parse(text)) == text


@pytest.mark.parametrize("text", ["", "uid", "uid:", "uid:0g", "uid:ab", "UID:AB", "1a:AB", " a:0"])
def test_what_is_no_credential(text: str) -> None:
    with pytest.raises(ValueError, match="write scheme:HEX"):
        Credential.parse(text)


@given(st.integers(0, 2**128 - 1), st.sampled_from([24, 32]))
def test_low_bits(number: int, bits: int) -> None:
    assert Credential("x", f"{number:X}").low(bits) == number % 2**bits


def test_which_clocks_are_trusted() -> None:
    trusted = [quality for quality in ClockQuality if quality.trusted]
    assert trusted == [ClockQuality.SYNCED, ClockQuality.HOLDOVER]
