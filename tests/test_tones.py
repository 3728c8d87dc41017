"""The tone of a test call: found whole, cut, faint and in noise, and in nothing else."""

import math
import struct
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.tones import CYCLE_S, RATE, SENT_DB, beeps, heard, power

SENT = beeps(7)


def sine(hz: float, level_db: float, seconds: float = 1.0) -> bytes:
    peak = 32_767 * 10 ** (level_db / 20)
    places = range(round(seconds * RATE))
    return b"".join(
        struct.pack("<h", round(peak * math.sin(2 * math.pi * hz * at / RATE))) for at in places
    )


def fainter(sound: bytes, db: float) -> bytes:
    count = len(sound) // 2
    samples = struct.unpack(f"<{count}h", sound)
    return struct.pack(f"<{count}h", *(round(each * 10 ** (db / 20)) for each in samples))


def mixed(one: bytes, other: bytes) -> bytes:
    pairs = zip(struct.iter_unpack("<h", one), struct.iter_unpack("<h", other), strict=False)
    return b"".join(struct.pack("<h", a + b) for (a,), (b,) in pairs)


def test_what_is_sent_is_heard_with_its_level_and_its_beginnings() -> None:
    found = heard(SENT)
    assert found.seconds == 7
    assert found.tone_db == pytest.approx(SENT_DB, abs=0.1)
    assert found.begins == (RATE // 2, RATE // 2 + round(CYCLE_S * RATE), RATE // 2 + 6 * RATE)


@given(st.integers(0, 3 * RATE), st.sampled_from([0.0, -10.0, -30.0]))
def test_it_is_found_wherever_it_begins_and_however_faint(cut: int, db: float) -> None:
    late = bytes(2 * cut) + fainter(SENT[: 3 * 2 * RATE], db)
    found = heard(late)
    assert found.tone_db == pytest.approx(SENT_DB + db, abs=0.6)
    assert len(found.begins) == 1
    assert abs(found.begins[0] - (cut + RATE // 2)) <= 160


def test_it_is_found_in_noise_that_is_less() -> None:
    loud = mixed(SENT, sine(440, SENT_DB - 8, 7))
    assert len(heard(loud).begins) == 3


@pytest.mark.parametrize("hz", [0, 425, 440, 697, 941, 1209, 1336, 2000, 3000])
def test_other_tones_are_not_ours(hz: float) -> None:
    found = heard(sine(hz, -6))
    assert found.tone_db is None
    assert found.begins == ()
    assert found.silent is (hz == 0)


def test_the_tone_too_short_or_too_faint_is_none() -> None:
    assert heard(sine(1000, -6, 0.08)).tone_db is None
    assert heard(sine(1000, -70)).tone_db is None
    assert heard(sine(1000, -70)).silent


@given(st.binary(max_size=4_000))
def test_whatever_comes_is_measured(sound: bytes) -> None:
    found = heard(sound)
    assert -96 <= found.sound_db <= 0
    assert found.seconds == len(sound) // 2 / RATE


def test_power_is_that_of_one_frequency() -> None:
    samples = array("h", struct.unpack("<160h", sine(1000, 0, 0.02)))
    assert power(samples, 1000) == pytest.approx(0.5, abs=0.01)
    assert power(samples, 2000) == pytest.approx(0, abs=0.001)
