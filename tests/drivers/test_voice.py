"""The loudspeaker, with the real aplay on a sound card that keeps what it is given."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.core.ids import LaneId
from agent.errors import DeviceError
from agent.ports import Condition, Voice
from drivers.voice import Loudspeaker
from tests.parts import require
from tests.patience import until
from tests.rigs.sound_card import SoundCard

LANE = LaneId("in-1")
DEVICE = "lane"
LONG_S = 600.0
A, B, C, FIRE = 11, 22, 33, 99


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoundCard:
    require("aplay")
    made = SoundCard(tmp_path / "card", DEVICE)
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(made.config))
    for name, value in (("a", A), ("b", B), ("c", C), ("fire", FIRE)):
        made.record(name, value)
    return made


Make = Callable[..., Loudspeaker]


@pytest.fixture
def make(card: SoundCard) -> Iterator[Make]:
    """A loudspeaker that is patient with a slow machine, unless told."""
    made: list[Loudspeaker] = []

    def build(
        device: str = DEVICE,
        silent: Callable[[], bool] = lambda: False,
        limit_s: float = LONG_S,
        waits_s: float = LONG_S,
    ) -> Loudspeaker:
        made.append(Loudspeaker(LANE, card.sounds, device, silent, limit_s, waits_s))
        return made[-1]

    yield build
    for each in made:
        each.stop()


def count(voice: Loudspeaker, name: str) -> int:
    counters = voice.health().counters
    assert counters is not None
    return counters[name]


def wait_count(voice: Loudspeaker, name: str, wanted: int) -> None:
    until(lambda: count(voice, name) == wanted, f"{name} is {wanted}")


def test_it_plays_a_recording(card: SoundCard, make: Make) -> None:
    voice = make()
    port: Voice = voice
    assert port.health().condition is Condition.UNKNOWN
    port.start()
    port.say(["a"])
    wait_count(voice, "played", 1)
    assert card.played(DEVICE) == [A]
    assert port.health().part == "voice in-1"
    assert port.health().condition is Condition.OK


def test_the_newest_of_those_that_wait_is_played(card: SoundCard, make: Make) -> None:
    (card.sounds / "a.wav").unlink()
    held = card.hold("a", A)
    voice = make()
    voice.start()
    voice.say(["a"])
    held.wait_playing()
    voice.say(["b"])
    voice.say(["c"])
    held.finish()
    wait_count(voice, "played", 2)
    assert card.played(DEVICE) == [A, C]
    assert count(voice, "replaced") == 1


def test_what_waited_too_long_is_not_said(card: SoundCard, make: Make) -> None:
    voice = make(waits_s=-1.0)
    voice.start()
    voice.say(["a"])
    wait_count(voice, "late", 1)
    voice.say(["fire"], urgent=True)
    wait_count(voice, "played", 1)
    assert card.played(DEVICE) == [FIRE]


def test_what_is_urgent_cuts_off_the_rest(card: SoundCard, make: Make) -> None:
    (card.sounds / "a.wav").unlink()
    held = card.hold("a", A)
    voice = make()
    voice.start()
    voice.say(["a"])
    held.wait_playing()
    voice.say(["fire"], urgent=True)
    wait_count(voice, "played", 1)
    held.wait_dropped()
    assert card.played(DEVICE) == [FIRE]
    assert count(voice, "cut") == 1


def test_what_is_urgent_is_not_replaced_by_a_greeting(card: SoundCard, make: Make) -> None:
    voice = make()
    voice.say(["fire"], urgent=True)
    voice.say(["a"])
    voice.start()
    wait_count(voice, "played", 1)
    voice.say(["b"])
    wait_count(voice, "played", 2)
    assert card.played(DEVICE) == [FIRE, B]


def test_a_player_that_hangs_is_killed(card: SoundCard, make: Make) -> None:
    held = card.hold("hangs", A)
    voice = make(limit_s=0.5)
    voice.start()
    voice.say(["hangs"])
    until(lambda: voice.health().condition is Condition.DOWN, "health says it")
    assert "was not over within 0.5 s" in voice.health().detail
    held.wait_dropped()
    assert card.played(DEVICE) == []


def test_the_stop_falls_silent_at_once(card: SoundCard, make: Make) -> None:
    held = card.hold("long", A)
    voice = make()
    voice.start()
    voice.say(["long"])
    held.wait_playing()
    voice.stop()
    held.wait_dropped()
    voice.stop()
    assert all(thread.name != "voice-in-1" for thread in threading.enumerate())
    with pytest.raises(DeviceError, match="started already"):
        voice.start()


def test_a_device_that_is_missing_and_comes_back(card: SoundCard, make: Make) -> None:
    card.plug()
    voice = make()
    voice.start()
    voice.say(["a"])
    wait_count(voice, "faults", 1)
    assert voice.health().condition is Condition.DOWN
    assert "a.wav cannot be played on lane: aplay: " in voice.health().detail
    card.plug(DEVICE)
    voice.say(["b"])
    wait_count(voice, "played", 1)
    assert voice.health().condition is Condition.OK
    assert card.played(DEVICE) == [B]


def test_a_common_recording_stands_in(card: SoundCard, make: Make) -> None:
    voice = make()
    voice.start()
    voice.say(["b_of_some_reason", "b"])
    wait_count(voice, "played", 1)
    voice.say(["nothing", "neither"])
    wait_count(voice, "missing", 1)
    assert voice.health().condition is Condition.DEGRADED
    assert "nothing.wav is not there" in voice.health().detail
    assert card.played(DEVICE) == [B]


def test_what_is_no_wav_is_not_played_as_noise(card: SoundCard, make: Make) -> None:
    (card.sounds / "noise.wav").write_bytes(bytes(range(256)) * 64)
    voice = make()
    voice.start()
    voice.say(["noise"])
    wait_count(voice, "faults", 1)
    assert "noise.wav is no WAV file" in voice.health().detail
    assert card.played(DEVICE) == []


def test_without_a_player(
    card: SoundCard, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as bare:
        bare.setenv("PATH", str(tmp_path))
        voice = make()
        voice.start()
        until(lambda: "apt install alsa-utils" in voice.health().detail, "it looks for its player")
        voice.say(["a"])
        wait_count(voice, "faults", 1)
        assert voice.health().condition is Condition.DOWN
    voice.say(["b"])
    wait_count(voice, "played", 1)
    assert card.played(DEVICE) == [B]


def test_without_a_folder(card: SoundCard, tmp_path: Path) -> None:
    del card
    voice = Loudspeaker(LANE, tmp_path / "none", DEVICE)
    voice.start()
    until(lambda: voice.health().condition is Condition.DOWN, "the folder is missed")
    assert "gate-agent voice" in voice.health().detail
    voice.stop()


def test_it_is_silent_while_somebody_talks(card: SoundCard, make: Make) -> None:
    talking = threading.Event()
    talking.set()
    voice = make(silent=talking.is_set)
    voice.start()
    voice.say(["a"])
    wait_count(voice, "silenced", 1)
    talking.clear()
    voice.say(["b"])
    wait_count(voice, "played", 1)
    assert card.played(DEVICE) == [B]


def test_it_falls_silent_when_somebody_begins_to_talk(card: SoundCard, make: Make) -> None:
    talking = threading.Event()
    held = card.hold("long", A)
    voice = make(silent=talking.is_set)
    voice.start()
    voice.say(["long"])
    held.wait_playing()
    talking.set()
    wait_count(voice, "silenced", 1)
    held.wait_dropped()
    assert card.played(DEVICE) == []
