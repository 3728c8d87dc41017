"""OSDP readers against libosdp's own devices in another process, on a pty."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import pytest

from agent.core.effects import Verdict
from agent.core.events import (
    CardRead,
    Event,
    FrameFaulted,
    KeysTyped,
    ReaderFound,
    ReaderLost,
    ReaderTampered,
)
from agent.core.ids import ReaderId
from agent.core.model import ClockQuality, Moment
from agent.errors import DeviceError, SettingsError
from agent.ports import Condition
from drivers.osdp import OsdpReader
from drivers.osdp_bus import OsdpBus
from drivers.wire.osdp_frame import ACK, NAK, PDCAP, PDID, RAW, OsdpFrames, Packet, encode
from tests.patience import LIMIT_S, QUIET_S, until
from tests.rigs.osdp_device import AMBER, BUZZER, GREEN, KEYSET, LED, RED, TEXT, Line, OsdpLine

KEY, OTHER = "00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"
CARD: Any = {"bits": 26, "data": "85813E80"}
NUMBER = "w26:0B027D"
LED_AND_BUZZER = [4, 5]
T = TypeVar("T")


class Clock:
    def now(self) -> Moment:
        return Moment(time.time_ns() // 1000, time.monotonic_ns(), ClockQuality.SYNCED)


class Seen:
    """What a reader told, in order."""

    def __init__(self) -> None:
        self.events: list[Event | FrameFaulted] = []

    def put(self, event: Event | FrameFaulted) -> None:
        self.events.append(event)

    def of(self, kind: type[T]) -> list[T]:
        return [event for event in list(self.events) if isinstance(event, kind)]

    def wait(self, kind: type[T], count: int = 1) -> T:
        until(lambda: len(self.of(kind)) >= count, f"{count} {kind.__name__}")
        return self.of(kind)[count - 1]

    @property
    def cards(self) -> list[str]:
        return [str(event.credential) for event in self.of(CardRead)]


def device(address: int = 5, mode: str = "required", key: str = KEY, **more: Any) -> dict[str, Any]:
    return {"address": address, "mode": mode, "key": key, **more}


class Conforming:
    """A device without security that repeats its reply when it is asked twice, as a context.

    libosdp's own device does not (3.2.9). The first reply with a card is always damaged.
    """

    def __init__(self, link: Path) -> None:
        self._line = Line(link)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="conforming", daemon=True)
        self.show_card = False
        self.repeated = self.refused = 0
        self.names: set[str] = set()

    def __enter__(self) -> Self:
        self._line.plug()
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join(LIMIT_S)
        self._line.unplug()

    def _run(self) -> None:
        frames, asked, reply = OsdpFrames(), b"", b""
        while not self._over.is_set():
            for one in frames.packets(self._line.take()):
                assert isinstance(one, Packet)
                if one.raw == asked and one.sequence:
                    self.repeated += 1
                else:
                    asked, body = one.raw, self._body(one)
                    reply = encode(5, 4 | one.sequence, body, reply=True)
                    self._line.damaged = int(body[0] == RAW)
                self._line.send(reply)
            self._over.wait(0.002)

    def _body(self, asked: Packet) -> bytes:
        self.names.add(asked.name)
        if asked.name == "osdp_ID":
            return bytes((PDID,)) + bytes(12)
        if asked.name == "osdp_CAP":
            return bytes((PDCAP,)) + bytes((4, 1, 1, 8, 1, 0))
        if asked.name == "osdp_LED":
            self.refused += 1
            return bytes((NAK, 3))
        if asked.name == "osdp_POLL" and self.show_card:
            self.show_card = False
            return bytes((RAW, 0, 1, CARD["bits"], 0)) + bytes.fromhex(CARD["data"])
        return bytes((ACK,))


@pytest.fixture
def link(tmp_path: Path) -> Path:
    return tmp_path / "line"


@contextmanager
def reading(
    bus: OsdpBus, address: int = 5, key: str | None = KEY, **more: Any
) -> Iterator[tuple[OsdpReader, Seen]]:
    """A reader that is started, and what it tells."""
    secret = None if key is None else key.encode
    reader = OsdpReader(ReaderId(f"at-{address}"), bus, address, Clock(), secret=secret, **more)
    seen = Seen()
    reader.start(seen.put)
    try:
        yield reader, seen
    finally:
        reader.stop()


def wait_health(reader: OsdpReader, what: Callable[[str], bool]) -> str:
    def look() -> str:
        told = reader.health().detail
        return told if what(told) else ""

    return until(look, f"health: {reader.health()}")


def wait_condition(reader: OsdpReader, condition: Condition) -> None:
    until(lambda: reader.health().condition is condition, f"{condition}: {reader.health()}")


def tap(line: OsdpLine, seen: Seen, address: int = 5) -> None:
    """Hold a card to the reader; once more where a machine that stood still lost it.

    libosdp's device forgets a card with its first reply, whether that was heard or not.
    """
    before, tries = len(seen.cards), iter(range(1_000_000))

    def read() -> bool:
        if next(tries) % 200 == 0:
            line.do("card", address=address, **CARD)
        return len(seen.cards) > before

    until(read, "a card")


def counters(reader: OsdpReader) -> dict[str, int]:
    return dict(reader.health().counters or {})


def test_cards_of_two_readers_on_one_line(link: Path) -> None:
    with OsdpLine(link, device(5), device(6, key=OTHER)) as line, ExitStack() as stack:
        bus = OsdpBus(str(link), 115_200)
        one, first = stack.enter_context(reading(bus, 5))
        two, second = stack.enter_context(reading(bus, 6, OTHER, form="raw"))
        found = first.wait(ReaderFound)
        second.wait(ReaderFound)
        assert "secure channel; vendor 00A1B2, model 2, firmware 1.2.3" in found.detail
        tap(line, first, 5)
        tap(line, second, 6)
        assert (set(first.cards), set(second.cards)) == ({NUMBER}, {"raw26:21604FA"})
        for reader in (one, two):
            wait_condition(reader, Condition.OK)
        assert NUMBER[4:] not in f"{one.health()}"
    assert not [one for one in threading.enumerate() if one.name.startswith("osdp-line")]


@pytest.mark.parametrize(
    ("verdict", "colour", "tones"),
    [(Verdict.GRANTED, GREEN, 1), (Verdict.DENIED, RED, 3), (Verdict.REFERRED, AMBER, 1)],
)
def test_lamp_buzzer_and_text(link: Path, verdict: Verdict, colour: int, tones: int) -> None:
    texts = {one: f"SIGN OF {one}" for one in Verdict}
    with (
        OsdpLine(link, device()) as line,
        reading(OsdpBus(str(link), 9600), texts=texts) as (
            reader,
            seen,
        ),
    ):
        seen.wait(ReaderFound)

        def shown() -> bool:
            reader.show(verdict)  # a reader that is away for a moment shows nothing
            return all(line.told(5, kind) for kind in (LED, BUZZER, TEXT))

        until(shown, "lamp, buzzer and text", step_s=0.5)
        lamp, tone, text = (line.told(5, kind)[0] for kind in (LED, BUZZER, TEXT))
        assert (lamp["on_color"], lamp["temporary"], tone["rep_count"]) == (colour, True, tones)
        assert (text["data"], text["temp_time"] > 0) == (f"SIGN OF {verdict}", True)


def test_a_reader_is_told_only_what_it_has(link: Path) -> None:
    with (
        OsdpLine(link, device(capabilities=LED_AND_BUZZER[:1])) as line,
        reading(OsdpBus(str(link), 115_200), texts={Verdict.GRANTED: "HELLO"}) as (reader, seen),
    ):
        seen.wait(ReaderFound)

        def shown() -> bool:
            reader.show(Verdict.GRANTED)
            return bool(line.told(5, LED))

        until(shown, "the lamp", step_s=0.5)
        tap(line, seen)
        assert (line.told(5, BUZZER), line.told(5, TEXT)) == ([], [])


def test_keys_are_handed_on_and_show_in_no_text(link: Path) -> None:
    pin = "471108154711"  # as long as that it stands in no time and in no path by chance
    with OsdpLine(link, device()) as line, reading(OsdpBus(str(link), 115_200)) as (reader, seen):
        seen.wait(ReaderFound)

        def counted() -> bool:
            line.do("keys", address=5, keys=pin)
            return counters(reader)["keys"] >= len(pin)

        until(counted, "all keys", step_s=1.0)
        assert counters(reader)["keys"] % len(pin) == 0
        handed = "".join(event.keys for event in seen.of(KeysTyped))
        assert handed == pin * (len(handed) // len(pin))
        assert handed
        assert pin not in f"{reader.health()}{seen.events}"
        assert seen.cards == []


def test_tamper_is_an_event_and_stands_in_health(link: Path) -> None:
    with OsdpLine(link, device()) as line, reading(OsdpBus(str(link), 115_200)) as (_, seen):
        seen.wait(ReaderFound)

        def told(count: int, **status: int) -> bool:
            """What is told then; said again where a machine that stood still lost it."""

            def look() -> bool:
                line.do("status", address=5, **status)
                return len(seen.of(ReaderTampered)) >= count

            until(look, f"{count} times", step_s=0.5)
            return seen.of(ReaderTampered)[count - 1].open

        assert told(1, tamper=1, power=0)
        assert not told(2, tamper=0, power=1)
        assert told(3, tamper=1, power=1)


def test_troubles_in_health_are_told_the_worst_first(link: Path) -> None:
    with OsdpLine(link, device()) as line, reading(OsdpBus(str(link), 115_200)) as (reader, seen):
        seen.wait(ReaderFound)

        # libosdp's device says that all is well when it is asked, every half minute: say it anew.
        def said(tamper: int, word: str) -> Callable[[], bool]:
            def look() -> bool:
                line.do("status", address=5, tamper=tamper, power=1)
                return word in reader.health().detail

            return look

        until(said(0, "power supply failed"), "power", step_s=0.2)
        until(said(1, "case is open"), "tamper", step_s=0.2)
        assert reader.health().condition is Condition.DEGRADED


def test_another_key_is_named_and_no_card_comes_in(link: Path) -> None:
    with (
        OsdpLine(link, device(key=OTHER)) as line,
        reading(OsdpBus(str(link), 115_200)) as (reader, seen),
    ):
        assert "has another key than the one configured" in seen.wait(ReaderLost).detail
        line.do("card", address=5, **CARD)
        until(lambda: counters(reader)["restarts"] >= 2, "it is tried again")
        health = reader.health()
        assert (health.condition, seen.cards) == (Condition.DOWN, [])
        assert KEY not in f"{health}{seen.events}"
        assert OTHER not in f"{health}{seen.events}"


def test_plain_text_only_where_it_is_asked_for(link: Path) -> None:
    with (
        OsdpLine(link, device(mode="plain", key="")) as line,
        reading(OsdpBus(str(link), 115_200), key=None, secure="off") as (reader, seen),
    ):
        assert "PLAIN TEXT" in seen.wait(ReaderFound).detail
        tap(line, seen)
        assert set(seen.cards) == {NUMBER}
        assert "PLAIN TEXT" in reader.health().detail


def test_the_key_is_stored_in_install_mode_and_then_required(link: Path) -> None:
    with OsdpLine(link, device(mode="install", key="")) as line:
        bus = OsdpBus(str(link), 115_200)
        with reading(bus, secure="install") as (reader, seen):
            seen.wait(ReaderFound)
            assert {told["data"] for told in line.told(5, KEYSET)} == {KEY}
            wait_health(reader, lambda told: "INSTALL MODE" in told)
            health = reader.health()
            assert health.condition is Condition.DEGRADED
            assert "INSTALL MODE: our key is in the reader, stored now" in health.detail
            assert KEY not in f"{health}{seen.events}"
        with reading(bus, secure="required") as (reader, seen):
            seen.wait(ReaderFound)
            tap(line, seen)
            wait_condition(reader, Condition.OK)


def test_install_mode_takes_no_reader_in_plain_text(link: Path) -> None:
    with (
        OsdpLine(link, device(key=OTHER)) as line,
        reading(OsdpBus(str(link), 115_200), secure="install") as (reader, seen),
    ):
        assert "neither our key nor the default key" in seen.wait(ReaderLost).detail
        line.do("card", address=5, **CARD)
        until(lambda: counters(reader)["restarts"] >= 2, "it is tried again")
        assert (seen.cards, seen.of(ReaderFound)) == ([], [])
        assert line.told(5, KEYSET) == []


def test_a_required_channel_gives_its_key_to_nobody(link: Path) -> None:
    """A reader in install mode, put on the line by somebody, is neither believed nor told."""
    with (
        OsdpLine(link, device(mode="install", key="")) as line,
        reading(OsdpBus(str(link), 115_200)) as (reader, seen),
    ):
        assert "another key" in seen.wait(ReaderLost).detail
        until(lambda: counters(reader)["restarts"] >= 3, "it is tried again")
        assert line.told(5, KEYSET) == []
        assert seen.of(ReaderFound) == []


def test_what_is_refused_twice_is_not_asked_again(link: Path) -> None:
    with (
        Conforming(link) as far,
        reading(
            OsdpBus(str(link), 115_200),
            key=None,
            secure="off",
            texts={Verdict.DENIED: "PLEASE RING"},
        ) as (reader, seen),
    ):
        seen.wait(ReaderFound)

        def without() -> bool:
            """A verdict is shown to a reader that is there, and no lamp was asked for."""
            refused, late = far.refused, counters(reader)["late_signs"]
            reader.show(Verdict.DENIED)
            cards = len(seen.cards)
            far.show_card = True
            seen.wait(CardRead, cards + 1)
            return (far.refused, counters(reader)["late_signs"]) == (refused, late)

        until(without, "a verdict without a lamp", step_s=0.2)
        assert far.refused >= 2
        assert far.names.isdisjoint({"osdp_BUZ", "osdp_TEXT"})  # it told of a lamp only
        assert counters(reader)["restarts"] >= 2


def test_unplugged_and_plugged_again(link: Path) -> None:
    with OsdpLine(link, device()) as line, reading(OsdpBus(str(link), 115_200)) as (reader, seen):
        seen.wait(ReaderFound)
        before = len(seen.of(ReaderLost))
        line.do("unplug")
        until(lambda: len(seen.of(ReaderLost)) > before, "the loss")
        wait_health(reader, lambda told: "is the adapter plugged in" in told)
        assert reader.health().condition is Condition.DOWN
        found = len(seen.of(ReaderFound))
        line.do("plug")
        until(lambda: len(seen.of(ReaderFound)) > found, "the reader")
        tap(line, seen)
        assert counters(reader)["reconnects"] >= 1


def test_one_of_two_goes_away_and_comes_back(link: Path) -> None:
    with OsdpLine(link, device(5), device(6)) as line, ExitStack() as stack:
        bus = OsdpBus(str(link), 115_200)
        _, stays = stack.enter_context(reading(bus, 5))
        goer, goes = stack.enter_context(reading(bus, 6))
        stays.wait(ReaderFound)
        goes.wait(ReaderFound)
        lost, found = len(goes.of(ReaderLost)), len(goes.of(ReaderFound))
        line.do("silent", address=6, on=True)
        until(lambda: len(goes.of(ReaderLost)) > lost, "the loss of one")
        assert "nothing answers at address 6" in wait_health(goer, lambda told: "answers" in told)
        for _ in range(3):
            tap(line, stays)
        line.do("silent", address=6, on=False)
        until(lambda: len(goes.of(ReaderFound)) > found, "the one that was away")
        tap(line, goes, 6)


def test_a_damaged_reply_is_asked_for_again_as_it_was(link: Path) -> None:
    """As the document has it: the same frame once more, and the device repeats its reply."""
    with (
        Conforming(link) as far,
        reading(OsdpBus(str(link), 115_200), key=None, secure="off") as (_, seen),
    ):
        seen.wait(ReaderFound)
        for count in range(1, 4):
            far.show_card = True
            seen.wait(CardRead, count)
        assert seen.cards == [NUMBER] * 3
        assert far.repeated >= 3


def test_after_damage_the_reader_is_there_again(link: Path) -> None:
    with OsdpLine(link, device()) as line, reading(OsdpBus(str(link), 115_200)) as (_, seen):
        seen.wait(ReaderFound)
        line.do("damage", count=3)
        tap(line, seen)


def test_noise_between_the_frames_does_no_harm(link: Path) -> None:
    with OsdpLine(link, device()) as line, reading(OsdpBus(str(link), 115_200)) as (_, seen):
        seen.wait(ReaderFound)
        for noise in ("00ff53", "53850e000d0216", "ff53050e000d021560b5d62be5f66d"):
            line.do("babble", data=noise)
        tap(line, seen)


def test_cards_of_another_format_are_counted_and_named_in_health(link: Path) -> None:
    with (
        OsdpLine(link, device()) as line,
        reading(OsdpBus(str(link), 115_200), form="w34") as (reader, seen),
    ):
        seen.wait(ReaderFound)

        def faulty() -> bool:
            line.do("card", address=5, **CARD)
            return counters(reader)["faults"] >= 3

        until(faulty, "three faults", step_s=0.3)
        told = wait_health(reader, lambda told: "not of the configured format" in told)
        assert "wrong_length, 26 bits" in told
        assert seen.wait(FrameFaulted).reason == "wrong_length"
        assert seen.cards == []


def test_a_line_without_a_device_and_a_port_without_a_line(link: Path) -> None:
    with OsdpLine(link, device(5)), reading(OsdpBus(str(link), 115_200), 9) as (_, seen):
        assert "nothing answers at address 9" in seen.wait(ReaderLost).detail
    with reading(OsdpBus(str(link), 115_200)) as (_, seen):
        assert "is the adapter plugged in" in seen.wait(ReaderLost).detail


def test_a_line_that_cannot_be_turned_by_rts_is_named(link: Path) -> None:
    with OsdpLine(link, device()), reading(OsdpBus(str(link), 115_200, "rts")) as (_, seen):
        assert "write direction: own" in seen.wait(ReaderLost).detail


def test_a_key_that_cannot_be_read_is_named_and_nothing_is_asked(link: Path) -> None:
    def unreadable() -> bytes:
        raise SettingsError("the secret in /nowhere cannot be read")

    reader = OsdpReader(ReaderId("x"), OsdpBus(str(link), 9600), 1, Clock(), secret=unreadable)
    assert reader.health().condition is Condition.UNKNOWN
    seen = Seen()
    reader.start(seen.put)
    assert seen.of(ReaderLost)[0].detail == "the secret in /nowhere cannot be read"
    assert reader.health().condition is Condition.DOWN
    reader.show(Verdict.GRANTED)
    assert counters(reader)["late_signs"] == 1
    reader.stop()
    for secret in (None, b"short".decode().encode):
        reader = OsdpReader(ReaderId("x"), OsdpBus(str(link), 9600), 1, Clock(), secret=secret)
        seen = Seen()
        reader.start(seen.put)
        assert "32 hexadecimal digits" in seen.of(ReaderLost)[0].detail
        reader.stop()


def test_what_cannot_be_is_refused(link: Path) -> None:
    bus = OsdpBus(str(link), 9600)
    with pytest.raises(DeviceError, match="0 to 126"):
        OsdpReader(ReaderId("x"), bus, 127, Clock(), secret=None)
    with reading(bus, 1) as (reader, _):
        with pytest.raises(DeviceError, match="started already"):
            reader.start(Seen().put)
        twin = OsdpReader(ReaderId("y"), bus, 1, Clock(), secret=KEY.encode)
        with pytest.raises(DeviceError, match="used twice"):
            twin.start(Seen().put)
        twin.stop()


def test_nothing_is_told_after_stop(link: Path) -> None:
    with OsdpLine(link, device()) as line, reading(OsdpBus(str(link), 115_200)) as (reader, seen):
        seen.wait(ReaderFound)
        reader.stop()
        count = len(seen.events)
        line.do("card", address=5, **CARD)
        threading.Event().wait(QUIET_S)
        assert len(seen.events) == count
        reader.stop()


CHALLENGES = """
import json
from drivers.osdp_panel import Panel
from drivers.wire.osdp_frame import OsdpFrames, encode

def challenge(panel):
    assert panel.restart()
    while True:
        (asked,) = OsdpFrames().packets(panel.step())
        if asked.name == "osdp_CHLNG":
            return asked.data.hex()
        body = b"\\x45" + bytes(12) if asked.name == "osdp_ID" else b"\\x46\\x09\\x01\\x00"
        panel.answer(encode(5, 4 | asked.sequence, body, reply=True))

panel = Panel(5, bytes(range(16)), "required", print)
print(json.dumps([challenge(panel) for _ in range(5)]))
"""


def test_no_challenge_is_ever_given_twice() -> None:
    """Left alone, libosdp begins every life of the process with the same challenge."""
    given: list[str] = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", CHALLENGES],
            capture_output=True,
            text=True,
            check=True,
            timeout=LIMIT_S,
            cwd=Path(__file__).parents[2],
        )
        given += json.loads(done.stdout)
    assert len(set(given)) == 10
