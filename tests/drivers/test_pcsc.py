"""The reader against a real pcscd with virtual readers and cards."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, TypeVar

import pytest

from agent.core.effects import Verdict
from agent.core.events import CardRead, Event, FrameFaulted, ReaderFound, ReaderLost
from agent.core.ids import ReaderId
from agent.core.model import CardProof, ClockQuality, Moment
from agent.errors import DeviceError
from agent.ports import Condition
from drivers.pcsc import PcscReader
from drivers.pcsc_calls import UNAWARE, Calls
from drivers.pcsc_card import Shown
from drivers.pcsc_slot import Slot
from tests.parts import require
from tests.patience import LIMIT_S, Watch, until
from tests.rigs.pcsc_rig import (
    ACR122U,
    ATR,
    GET_UID,
    HERE,
    Pcscd,
    VirtualCard,
    VirtualReader,
    pcscd_here,
    virtual_reader,
)

UID = bytes.fromhex("04A1B2C3D4E5F6")
OTHER = bytes.fromhex("B0864D25")
SHORT_S, LONG_S = 0.8, 30.0
"""How long a card may take to answer: where the test is about that, and everywhere else."""

A_LOOK_S = 0.5
"""pcscd looks for cards every 0.4 s."""

Kind = TypeVar("Kind", bound=Event | FrameFaulted)


class SteadyClock:
    def now(self) -> Moment:
        return Moment(time.time_ns() // 1000, time.monotonic_ns(), ClockQuality.SYNCED)


class Watched:
    """A reader and everything that it has emitted."""

    def __init__(self, match: str, *, lamp: bool = True, card_s: float = LONG_S) -> None:
        self.reader = PcscReader(
            ReaderId("lane-1"), match, SteadyClock(), lamp=lamp, card_timeout_s=card_s
        )
        self.events: list[Event | FrameFaulted] = []

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [each for each in self.events if isinstance(each, kind)]

    def wait(self, kind: type[Kind], count: int) -> Kind:
        until(lambda: len(self.of(kind)) >= count, f"{count} {kind.__name__}")
        found = self.of(kind)
        assert len(found) == count, found
        return found[-1]

    def wait_health(self, condition: Condition, words: str = "") -> None:
        def reached() -> bool:
            health = self.reader.health()
            return health.condition is condition and words in health.detail

        until(reached, f"{condition} with {words!r}, got {self.reader.health()}")

    def count(self, what: str) -> int:
        counters = self.reader.health().counters
        assert counters is not None
        return counters[what]

    @property
    def uids(self) -> list[str]:
        return [str(each.credential) for each in self.of(CardRead)]


@contextmanager
def watched(match: str = "*", *, lamp: bool = True, card_s: float = LONG_S) -> Iterator[Watched]:
    found = Watched(match, lamp=lamp, card_s=card_s)
    found.reader.start(found.events.append)
    try:
        yield found
    finally:
        found.reader.stop()


@pytest.fixture
def acr() -> VirtualReader:
    require("root", "pcscd")
    return virtual_reader(ACR122U)


@pytest.fixture
def plain() -> VirtualReader:
    require("root", "pcscd")
    return virtual_reader("Virtual PCD")


@pytest.fixture
def daemon(acr: VirtualReader, plain: VirtualReader) -> Iterator[Pcscd]:
    """A pcscd with two readers of two slots each; an orphan would show none."""
    with pcscd_here(acr, plain) as running:
        calls = Calls()
        with calls.context() as context:
            assert len(calls.readers(context)) == 4
        yield running


def pause(seconds: float) -> None:
    """Give something that must not happen the time to happen."""
    threading.Event().wait(seconds)


def a_few_looks() -> None:
    pause(3 * A_LOOK_S)


def gone(reader: VirtualReader, slot: int = 0) -> None:
    """Wait until pcscd has seen that this field is empty; before, another card is still the one."""
    calls = Calls()
    with calls.context() as context:
        (name,) = (
            each
            for each in calls.readers(context)
            if each.startswith(reader.name) and each.endswith(f" {slot:02}")
        )
        asked = [(name, UNAWARE)]
        until(lambda: not any(one.present for one in calls.changes(context, asked, 0)), "empty")


@pytest.mark.usefixtures("daemon")
class TestCards:
    def test_a_card_is_told_with_uid_and_atr(self, acr: VirtualReader) -> None:
        with watched() as seen:
            found = seen.wait(ReaderFound, 1)
            assert f"{ACR122U} 0" in found.detail
            with VirtualCard(acr.port, UID) as card:
                tap = seen.wait(CardRead, 1)
        assert str(tap.credential) == "uid:04A1B2C3D4E5F6"
        assert tap.note == f"atr:{ATR.hex().upper()}; MIFARE Classic 1K"
        assert tap.proof is CardProof.UID_ONLY
        assert tap.reader == "lane-1"
        assert card.asked_ns is not None
        assert card.asked_ns < tap.at.mono_ns < time.monotonic_ns()
        assert seen.of(ReaderLost) == []

    def test_one_insertion_is_one_tap(self, acr: VirtualReader) -> None:
        card = VirtualCard(acr.port, OTHER)
        with watched() as seen:
            with card:
                seen.wait(CardRead, 1)
                a_few_looks()
            gone(acr)
            with card:
                seen.wait(CardRead, 2)
                a_few_looks()
            gone(acr)
            assert seen.uids == ["uid:B0864D25"] * 2
            assert card.commands == [GET_UID] * 2

    def test_a_card_in_the_field_at_the_start_is_a_tap(self, acr: VirtualReader) -> None:
        with VirtualCard(acr.port, UID) as card:
            until(lambda: card.asked_ns, "pcscd has seen the card")
            with watched() as seen:
                seen.wait(CardRead, 1)
                a_few_looks()
                assert len(seen.uids) == 1

    def test_all_readers_under_one_name_serve_one_lane(
        self, acr: VirtualReader, plain: VirtualReader
    ) -> None:
        with watched() as seen, VirtualCard(acr.port, UID):
            seen.wait(CardRead, 1)
            for turn in (2, 3):
                with VirtualCard(plain.port + 1, OTHER):
                    seen.wait(CardRead, turn)
                gone(plain, 1)
            # The card that lay there all the time is not told again when another one comes.
            assert seen.uids == ["uid:04A1B2C3D4E5F6", "uid:B0864D25", "uid:B0864D25"]

    def test_readers_wanted_apart_are_told_apart(
        self, acr: VirtualReader, plain: VirtualReader
    ) -> None:
        first_slot = "Virtual PCD 00 00"
        with watched("ACS ACR122U*") as left, watched("Virtual PCD 0? 00") as right:
            assert first_slot[:-6] in right.wait(ReaderFound, 1).detail
            with VirtualCard(acr.port, UID), VirtualCard(plain.port, OTHER):
                left.wait(CardRead, 1)
                right.wait(CardRead, 1)
                with VirtualCard(plain.port + 1, UID):
                    a_few_looks()
        assert left.uids == ["uid:04A1B2C3D4E5F6"]
        assert right.uids == ["uid:B0864D25"]

    def test_a_card_without_uid_is_a_fault_and_no_tap(self, acr: VirtualReader) -> None:
        with watched() as seen, VirtualCard(acr.port, UID, no_uid=True):
            fault = seen.wait(FrameFaulted, 1)
            assert fault.raw == b"\x6a\x81"
            assert "does not tell a UID" in fault.reason
            assert seen.count("unreadable") == 1
            assert seen.reader.health().condition is Condition.OK
            assert seen.uids == []

    def test_a_reader_that_wants_a_length_gets_it(self, acr: VirtualReader) -> None:
        exact = bytes.fromhex("FFCA000007")
        answers = {GET_UID: b"\x6c\x07", exact: UID + b"\x90\x00"}
        with watched() as seen, VirtualCard(acr.port, UID, answers=answers) as card:
            seen.wait(CardRead, 1)
            assert card.commands == [GET_UID, exact]

    def test_a_card_torn_away_in_mid_command_is_no_tap(self, acr: VirtualReader) -> None:
        with watched() as seen:
            with VirtualCard(acr.port, UID, torn=True):
                assert "left" in seen.wait(FrameFaulted, 1).reason
            assert seen.count("torn") == 1
            assert seen.reader.health().condition is Condition.OK
            with VirtualCard(acr.port, OTHER):
                seen.wait(CardRead, 1)
            assert seen.uids == ["uid:B0864D25"]

    def test_a_card_that_comes_back_before_pcscd_looks_is_read(self, acr: VirtualReader) -> None:
        with watched() as seen:
            with VirtualCard(acr.port, UID, torn=True) as card:
                until(lambda: card.commands and not card.inside, "the card is torn away")
            with VirtualCard(acr.port, UID):
                seen.wait(CardRead, 1)
                a_few_looks()
            assert seen.uids == ["uid:04A1B2C3D4E5F6"]

    def test_a_mute_card_blinds_its_own_slot_only(
        self, acr: VirtualReader, plain: VirtualReader
    ) -> None:
        with watched(card_s=SHORT_S) as seen:
            with VirtualCard(acr.port, UID, mute=True):
                with Watch() as watch:
                    assert "did not answer" in seen.wait(FrameFaulted, 1).reason
                    assert watch.ran_s < A_LOOK_S + SHORT_S + 0.5
                seen.wait_health(Condition.DEGRADED, "take the card away")
                assert seen.count("stuck") == 1
                for turn in (1, 2):
                    with VirtualCard(plain.port, OTHER):
                        seen.wait(CardRead, turn)
                    gone(plain)
            seen.wait_health(Condition.OK)
            gone(acr)
            with VirtualCard(acr.port, UID):
                seen.wait(CardRead, 3)
        assert seen.count("timeouts") == 1
        assert seen.of(ReaderLost) == []

    def test_no_second_thread_follows_an_abandoned_one(self, acr: VirtualReader) -> None:
        with watched(f"{ACR122U} 0? 00", card_s=SHORT_S) as seen:
            with VirtualCard(acr.port, UID, mute=True) as card:
                seen.wait_health(Condition.DEGRADED, "take the card away")
                for _ in range(5):
                    seen.reader.show(Verdict.DENIED)
                names = [each.name for each in threading.enumerate()]
                assert names.count("pcsc-lane-1-card") == 1
                pause(SHORT_S + 0.7)  # longer than the signal may wait
            until(lambda: seen.count("skipped") == 1, "the stale signal is dropped")
            assert card.commands == [GET_UID]
            seen.wait_health(Condition.OK)

    def test_an_answer_after_the_time_opens_nothing(self, acr: VirtualReader) -> None:
        with watched(card_s=SHORT_S) as seen:
            with VirtualCard(acr.port, UID, slow_s=2 * SHORT_S):
                seen.wait(FrameFaulted, 1)
                until(lambda: seen.count("late"), "the late answer")
                a_few_looks()
            assert seen.uids == []
            seen.wait_health(Condition.OK)

    def test_another_program_that_keeps_the_card_is_named(self, acr: VirtualReader) -> None:
        scard = pytest.importorskip("smartcard.scard")
        code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
        assert code == 0
        name = next(each for each in scard.SCardListReaders(context, [])[1] if ACR122U in each)
        with VirtualCard(acr.port, UID) as card:
            until(lambda: card.asked_ns, "pcscd has seen the card")
            protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
            until(
                lambda: (
                    scard.SCardConnect(context, name, scard.SCARD_SHARE_EXCLUSIVE, protocols)[0]
                    == 0
                ),
                "the card is taken",
            )
            with watched(card_s=SHORT_S) as seen:
                assert "Sharing violation" in seen.wait(FrameFaulted, 1).reason
                assert seen.count("failed") == 1
                seen.wait_health(Condition.DEGRADED, ACR122U)
                scard.SCardReleaseContext(context)
                card.remove()
                gone(acr)
                card.insert()
                seen.wait(CardRead, 1)
                assert seen.reader.health().condition is Condition.OK


class Heard:
    """A listener that writes down."""

    def __init__(self) -> None:
        self.uids: list[bytes] = []
        self.counted: list[str] = []

    def told(self, slot: Slot, card: Shown) -> None:
        assert slot.name
        assert card.atr == ATR
        self.uids.append(card.uid)

    def faulted(self, counter: str, reason: str, raw: bytes) -> None:
        self.counted.append(f"{counter} {reason} {raw.hex()}")

    def count(self, counter: str) -> None:
        self.counted.append(counter)


@pytest.mark.usefixtures("daemon")
def test_a_card_that_stays_while_pcscd_restarts_is_told_once(acr: VirtualReader) -> None:
    heard = Heard()
    calls = Calls()
    with calls.context() as context, VirtualCard(acr.port, UID) as card:
        until(lambda: card.asked_ns, "pcscd has seen the card")
        name = next(each for each in calls.readers(context) if ACR122U in each and each[-1] == "0")
        # It asks the card before it tells anybody of it.
        asked = [(name, UNAWARE)]
        until(lambda: any(each.present for each in calls.changes(context, asked, 0)), "told")
        slot = Slot(calls, name, "slot", LONG_S, heard)

        def come(*, lying: bool, read: Callable[[], bool]) -> None:
            slot.came(b"", lying=lying)  # the ATR is fetched where pcscd gave none
            until(read, "the card is read")

        come(lying=True, read=lambda: heard.uids == [UID])
        come(lying=True, read=lambda: heard.counted == ["lying"])
        assert not slot.idle
        card.uid = OTHER
        come(lying=True, read=lambda: heard.uids == [UID, OTHER])
        come(lying=False, read=lambda: heard.uids == [UID, OTHER, OTHER])
        slot.left()
        until(lambda: slot.idle, "the slot forgets the card")
        come(lying=True, read=lambda: heard.uids == [UID, OTHER, OTHER, OTHER])
        slot.close()
        slot.came(ATR, lying=False)
        slot.join(LIMIT_S)
        assert len(heard.uids) == 4


class TestReaders:
    def test_without_pcscd_the_reader_is_lost_once_and_found_later(
        self, acr: VirtualReader
    ) -> None:
        os.environ["PCSCLITE_CSOCK_NAME"] = str(HERE / "run" / "pcscd.comm")
        with watched() as seen:
            assert "systemctl status pcscd" in seen.wait(ReaderLost, 1).detail
            seen.wait_health(Condition.DOWN, "systemctl status pcscd")
            until(lambda: seen.count("retries") >= 4, "it goes on trying")
            with pcscd_here(acr), VirtualCard(acr.port, UID):
                seen.wait(ReaderFound, 1)
                seen.wait(CardRead, 1)
                seen.wait_health(Condition.OK, ACR122U)
            seen.wait(ReaderLost, 2)
        assert [type(each) for each in seen.events] == [
            ReaderLost,
            ReaderFound,
            CardRead,
            ReaderLost,
        ]

    def test_pcscd_killed_and_started_again(self, daemon: Pcscd, acr: VirtualReader) -> None:
        with watched() as seen:
            seen.wait(ReaderFound, 1)
            for turn in (1, 2, 3):
                daemon.stop(signal.SIGKILL)
                seen.wait(ReaderLost, turn)
                daemon.start()
                seen.wait(ReaderFound, turn + 1)
                with VirtualCard(acr.port, UID):
                    seen.wait(CardRead, turn)

    def test_pcscd_restarted_under_a_mute_card(self, daemon: Pcscd, acr: VirtualReader) -> None:
        with watched(card_s=SHORT_S) as seen:
            with VirtualCard(acr.port, UID, mute=True):
                seen.wait_health(Condition.DEGRADED, "take the card away")
                daemon.stop(signal.SIGKILL)
            daemon.start()
            with VirtualCard(acr.port, UID):
                seen.wait(CardRead, 1)
            seen.wait_health(Condition.OK)

    def test_a_named_reader_plugged_out_and_in(
        self, daemon: Pcscd, acr: VirtualReader, plain: VirtualReader
    ) -> None:
        with watched("ACS ACR122U*") as seen:
            seen.wait(ReaderFound, 1)
            daemon.restart(plain)
            seen.wait_health(Condition.DOWN, '"Virtual PCD 00 00"')
            daemon.restart(plain, acr)
            seen.wait_health(Condition.OK, ACR122U)
            with VirtualCard(acr.port, UID):
                seen.wait(CardRead, 1)
            assert len(seen.of(ReaderFound)) == len(seen.of(ReaderLost)) + 1

    def test_one_of_all_readers_plugged_out(
        self, daemon: Pcscd, acr: VirtualReader, plain: VirtualReader
    ) -> None:
        with watched() as seen:
            with VirtualCard(acr.port, UID):
                seen.wait(CardRead, 1)
            daemon.restart(plain)
            until(lambda: seen.count("readers") == 2, "two slots are left")
            with VirtualCard(plain.port, OTHER):
                seen.wait(CardRead, 2)
            assert seen.reader.health().condition is Condition.OK

    def test_pcscd_without_any_reader_is_told_with_what_to_check(self) -> None:
        require("root", "pcscd")
        with pcscd_here(), watched() as seen:
            assert "check the cable" in seen.wait(ReaderLost, 1).detail
            pause(1.2)  # a whole look: the pseudo reader alone is watched
            assert seen.count("retries") == 0

    def test_brackets_in_a_name_are_letters(self) -> None:
        require("root", "pcscd")
        odd = virtual_reader("ACS ACR122U [CCID Interface]")
        with pcscd_here(odd), watched("ACS ACR122U [CCID*") as seen:
            assert "[CCID Interface] 00 00" in seen.wait(ReaderFound, 1).detail
            with VirtualCard(odd.port, UID):
                seen.wait(CardRead, 1)


@pytest.mark.usefixtures("daemon")
class TestLamp:
    SIGNALS: ClassVar = {
        Verdict.GRANTED: bytes.fromhex("FF0040A00402010101"),
        Verdict.DENIED: bytes.fromhex("FF0040500401010301"),
        Verdict.REFERRED: bytes.fromhex("FF0040F00406010101"),
    }

    @pytest.mark.parametrize("verdict", list(Verdict))
    def test_an_acr122u_shows_the_verdict(self, acr: VirtualReader, verdict: Verdict) -> None:
        answers = dict.fromkeys(self.SIGNALS.values(), b"\x90\x03")
        with watched() as seen, VirtualCard(acr.port, UID, answers=answers) as card:
            seen.wait(CardRead, 1)
            seen.reader.show(verdict)
            until(lambda: seen.count("lamp_signals") == 1, "the signal is given")
            assert card.commands == [GET_UID, self.SIGNALS[verdict]]
            assert seen.reader.health().condition is Condition.OK

    def test_a_lamp_that_fails_degrades_health_until_it_obeys(self, acr: VirtualReader) -> None:
        with watched() as seen, VirtualCard(acr.port, UID) as card:
            seen.wait(CardRead, 1)
            seen.reader.show(Verdict.GRANTED)
            seen.wait_health(Condition.DEGRADED, "6D00")
            card.answers = {self.SIGNALS[Verdict.DENIED]: b"\x90\x00"}
            seen.reader.show(Verdict.DENIED)
            seen.wait_health(Condition.OK)
            assert (seen.count("lamp_failures"), seen.count("lamp_signals")) == (1, 1)

    def test_without_a_card_the_reader_itself_is_addressed(self) -> None:
        # vpcd knows no escape commands: that it refuses shows that it was asked.
        with watched() as seen:
            seen.wait(ReaderFound, 1)
            seen.reader.show(Verdict.GRANTED)
            seen.wait_health(Condition.DEGRADED, "SCardControl")
            seen.wait_health(Condition.DEGRADED, "ifdDriverOptions")

    def test_other_readers_and_a_lamp_switched_off_get_nothing(
        self, acr: VirtualReader, plain: VirtualReader
    ) -> None:
        for match, port, lamp in (("Virtual PCD*", plain.port, True), ("ACS*", acr.port, False)):
            with watched(match, lamp=lamp) as seen, VirtualCard(port, UID) as card:
                seen.wait(CardRead, 1)
                seen.reader.show(Verdict.GRANTED)
                pause(0.3)
                assert card.commands == [GET_UID]
                assert seen.count("lamp_failures") == 0


class TestEnd:
    def test_stop_is_quick_silent_and_may_be_repeated(
        self, daemon: Pcscd, acr: VirtualReader
    ) -> None:
        assert daemon.pid
        with watched() as seen:
            seen.wait(ReaderFound, 1)
            pause(0.1)  # now it is in the middle of a look, which takes a second if not cancelled
            with Watch() as watch:
                seen.reader.stop()
                assert watch.ran_s < 0.5
            seen.reader.stop()
            assert not [each for each in threading.enumerate() if each.name == "pcsc-lane-1"]
            with VirtualCard(acr.port, UID):
                a_few_looks()
            assert seen.of(CardRead) == []
            assert seen.reader.health().condition is Condition.UNKNOWN
            with pytest.raises(DeviceError, match="stopped already"):
                seen.reader.start(seen.events.append)

    def test_stop_does_not_wait_for_a_mute_card(self, daemon: Pcscd, acr: VirtualReader) -> None:
        assert daemon.pid
        with watched(card_s=SHORT_S) as seen, VirtualCard(acr.port, UID, slow_s=2.5) as card:
            until(lambda: card.commands, "the card is asked")
            with Watch() as watch:
                seen.reader.stop()
                assert watch.ran_s < 2
            told = len(seen.events)
            pause(1.0)
            assert len(seen.events) == told

    def test_a_pcscd_that_hangs_is_seen_and_holds_up_nothing(self, daemon: Pcscd) -> None:
        with watched() as seen:
            seen.wait(ReaderFound, 1)
            os.kill(daemon.pid, signal.SIGSTOP)
            try:
                seen.wait_health(Condition.DOWN, "systemctl restart pcscd")
                with Watch() as watch:
                    seen.reader.stop()
                    assert watch.ran_s < 2
            finally:
                os.kill(daemon.pid, signal.SIGCONT)

    def test_stop_before_start(self) -> None:
        require("pcscd")
        reader = PcscReader(ReaderId("lane-1"), "*", SteadyClock())
        assert reader.health().condition is Condition.UNKNOWN
        reader.stop()


def test_what_cannot_be_meant_is_refused() -> None:
    with pytest.raises(DeviceError, match="pcsc_scan"):
        PcscReader(ReaderId("lane-1"), "", SteadyClock())
    with pytest.raises(DeviceError, match="time-out"):
        PcscReader(ReaderId("lane-1"), "*", SteadyClock(), card_timeout_s=0)


def test_without_pyscard_it_says_what_to_install() -> None:
    # -S leaves site-packages out: the same interpreter on a machine without pyscard.
    root = Path(__file__).parents[2]
    program = (
        f"import sys; sys.path.insert(0, {str(root)!r})\n"
        "from agent.errors import DeviceError\n"
        "from drivers.pcsc import PcscReader\n"
        "try:\n"
        "    PcscReader('lane-1', '*', None)\n"
        "except DeviceError as fault:\n"
        "    print(fault)\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=True,
    )
    assert "gate-agent[pcsc]" in done.stdout
    assert "python3-pyscard" in done.stdout
