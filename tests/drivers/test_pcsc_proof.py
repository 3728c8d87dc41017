"""Cards that prove themselves, or do not, at a real pcscd with virtual readers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from agent.core.events import CardRead, FrameFaulted
from agent.core.ids import ReaderId
from agent.core.model import CardProof
from agent.ports import Condition
from drivers.pcsc import PcscReader
from drivers.pcsc_card import Shown
from drivers.pcsc_proof import Prover
from drivers.secure.cards import By, Desfire, Ntag424, SiteKey
from tests.drivers.test_pcsc import A_LOOK_S, LONG_S, SteadyClock, Watched
from tests.parts import require
from tests.patience import until
from tests.rigs.pcsc_rig import (
    ACR122U,
    ATR,
    GET_UID,
    VirtualCard,
    VirtualReader,
    pcscd_here,
    virtual_reader,
)
from tests.rigs.secure_cards import APPLICATION, DESFIRE_ATR, NTAG_SELECT, SecureCard, diversified

SITE = bytes.fromhex("6A3F0C5581D24E97B0C1D2E3F4051627")
UID = bytes.fromhex("04A1B2C3D4E5F6")
RANDOM = bytes.fromhex("08A1B2C3")
KINDS = ["ev1", "ev2", "ntag424"]
KEY = SiteKey(0, SITE)
PROVER = Prover(Desfire(APPLICATION, KEY), Ntag424(KEY))
SHORT_S = 0.8


@pytest.fixture
def acr() -> Iterator[VirtualReader]:
    require("root", "pcscd")
    reader = virtual_reader(ACR122U)
    with pcscd_here(reader):
        yield reader


@contextmanager
def proving(prover: Prover = PROVER, *, card_s: float = LONG_S) -> Iterator[Watched]:
    found = Watched("*", card_s=card_s)
    found.reader = PcscReader(
        ReaderId("lane-1"), "*", SteadyClock(), card_timeout_s=card_s, prove=prover.ask
    )
    found.reader.start(found.events.append)
    try:
        yield found
    finally:
        found.reader.stop()


def secure(kind: str, key: bytes = b"", number: int = 0) -> SecureCard:
    by = UID + (b"" if kind == "ntag424" else APPLICATION)
    return SecureCard(kind, UID, key or diversified(SITE, by), number)


def held(port: int, card: SecureCard, **more: object) -> VirtualCard:
    shown = VirtualCard(port, UID, DESFIRE_ATR, applet=card)
    for name, value in more.items():
        setattr(shown, name, value)
    return shown


def gone(seen: Watched) -> None:
    """Wait until pcscd has seen that the field is empty."""
    until(lambda: all(slot.idle for slot in seen.reader._slots.values()), "the card is gone")


def test_cards_of_the_site_prove_themselves(acr: VirtualReader) -> None:
    with proving() as seen:
        for turn, kind in enumerate(KINDS, 1):
            with held(acr.port, secure(kind)):
                tap = seen.wait(CardRead, turn)
            assert str(tap.credential) == "uid:04A1B2C3D4E5F6"
            assert tap.proof.value == ("ntag424" if kind == "ntag424" else "desfire")
            assert tap.note.startswith(f"atr:{DESFIRE_ATR.hex().upper()}; MIFARE DESFire")
            gone(seen)
        assert (seen.count("proved"), seen.count("unproved"), seen.count("taps")) == (3, 0, 3)
        assert seen.of(FrameFaulted) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_of_the_number_without_the_key_has_failed(acr: VirtualReader, kind: str) -> None:
    with proving() as seen, held(acr.port, secure(kind, bytes(range(16)))) as card:
        tap = seen.wait(CardRead, 1)
        assert tap.proof is CardProof.FAILED
        assert "its key is another one" in tap.note
        assert (seen.count("proved"), seen.count("unproved")) == (0, 1)
        asked = len(card.commands)
        threading.Event().wait(2 * A_LOOK_S)
        assert len(card.commands) == asked, "a card that failed is not asked again"
        assert seen.reader.health().condition is Condition.OK


def test_a_number_and_nothing_else_is_marked_as_such(acr: VirtualReader) -> None:
    with proving() as seen:
        with VirtualCard(acr.port, UID, ATR) as memory:
            assert seen.wait(CardRead, 1).proof is CardProof.UID_ONLY
            assert memory.commands == [GET_UID], "what only stores is not asked to prove anything"
        gone(seen)
        with VirtualCard(acr.port, UID, DESFIRE_ATR) as phone:
            assert seen.wait(CardRead, 2).proof is CardProof.UID_ONLY
            assert phone.commands[0] == GET_UID
            assert phone.commands[-1] == NTAG_SELECT
        assert seen.count("proved") == seen.count("unproved") == 0


def test_a_card_that_shows_a_random_number_is_known_by_its_true_one(acr: VirtualReader) -> None:
    site = Prover(Desfire(APPLICATION, SiteKey(0, SITE, By.NONE)))
    with proving(site) as seen:
        for turn in (1, 2):
            with VirtualCard(acr.port, RANDOM, DESFIRE_ATR, applet=secure("ev2", SITE)):
                assert str(seen.wait(CardRead, turn).credential) == "uid:04A1B2C3D4E5F6"
            gone(seen)


@pytest.mark.parametrize("spared", [2, 3, 4])
def test_a_card_torn_away_in_the_middle_is_torn_and_not_forged(
    acr: VirtualReader, spared: int
) -> None:
    with proving() as seen:
        with held(acr.port, secure("ev2"), torn=True, spared=spared) as card:
            fault = seen.wait(FrameFaulted, 1)
            assert "left" in fault.reason
            assert len(card.commands) == spared + 1
        assert (seen.count("torn"), seen.count("unproved"), seen.count("taps")) == (1, 0, 0)
        gone(seen)
        with held(acr.port, secure("ev2")):
            assert seen.wait(CardRead, 1).proof is CardProof.DESFIRE


def test_a_card_that_falls_silent_in_the_middle_is_told_once_its_time_is_over(
    acr: VirtualReader,
) -> None:
    with proving(card_s=SHORT_S) as seen:
        with held(acr.port, secure("ntag424"), mute=True, spared=3):
            assert "did not answer" in seen.wait(FrameFaulted, 1).reason
            seen.wait_health(Condition.DEGRADED, "take the card away")
        seen.wait_health(Condition.OK)
        assert (seen.count("timeouts"), seen.count("taps")) == (1, 0)


def test_the_time_of_a_card_is_that_of_the_whole_talk(acr: VirtualReader) -> None:
    """Each answer is quick enough; together they are not, and a late proof opens nothing."""
    with proving(card_s=SHORT_S) as seen:
        with held(acr.port, secure("ev2"), slow_s=0.6 * SHORT_S):
            seen.wait(FrameFaulted, 1)
        seen.wait_health(Condition.OK)
        assert seen.of(CardRead) == []


def test_each_talk_has_its_own_random_numbers() -> None:
    drawn: list[bytes] = []

    def chance(count: int) -> bytes:
        drawn.append(bytes([len(drawn)]) * count)
        return drawn[-1]

    prover, card = Prover(Desfire(APPLICATION, KEY), chance=chance), secure("ev2")
    for _ in range(2):
        assert prover.ask(UID, DESFIRE_ATR, card) == Shown(UID, DESFIRE_ATR, CardProof.DESFIRE)
    assert drawn == [bytes(16), b"\x01" * 16]


def test_the_firmware_of_an_acr122u_is_told_in_its_health(acr: VirtualReader) -> None:
    with proving() as seen:
        with held(acr.port, secure("ev2"), firmware=b"\x6d\x00"):
            seen.wait(CardRead, 1)
        gone(seen)
        assert "firmware" not in seen.reader.health().detail
        with held(acr.port, secure("ev2")):
            seen.wait(CardRead, 2)
            seen.wait_health(Condition.OK, "(firmware ACR122U207)")
