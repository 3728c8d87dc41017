"""Cards that prove themselves, or do not, at a PN532 on a pty; the cards are those of vpcd."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.core.events import CardRead, FrameFaulted, ReaderFound, ReaderLost
from agent.core.ids import ReaderId
from agent.core.model import CardProof
from drivers.pcsc_card import Prove, Shown
from drivers.pcsc_proof import Prover
from drivers.pn532 import Pn532Reader
from drivers.secure.cards import Desfire, Ntag424, SiteKey
from tests.drivers.test_pn532 import Opposite
from tests.drivers.test_serial_reader import Inbox, SystemClock, counters
from tests.patience import LIMIT_S, until
from tests.rigs.secure_cards import APPLICATION, diversified

SITE = bytes.fromhex("6A3F0C5581D24E97B0C1D2E3F4051627")
UID, OTHER = "04A1B2C3D4E5F6", "04112233445566"
PROVER = Prover(Desfire(APPLICATION, SiteKey(0, SITE)), Ntag424(SiteKey(0, SITE)))
KINDS = {"ev1": "desfire", "ev2": "desfire", "ntag424": "ntag424"}


@pytest.fixture
def module(tmp_path: Path) -> Iterator[Opposite]:
    module = Opposite(tmp_path / "reader")
    yield module
    module.close()


@contextmanager
def proving(
    module: Opposite, *, prove: Prove = PROVER.ask, talk_s: float = LIMIT_S
) -> Iterator[tuple[Pn532Reader, Inbox]]:
    """A reader that asks for proof; only tests of its limit let it give up within a second."""
    inbox = Inbox()
    reader = Pn532Reader(
        ReaderId("in-1"), str(module.link), SystemClock(), prove=prove, talk_s=talk_s
    )
    reader.start(inbox.put)
    try:
        found(inbox)
        yield reader, inbox
    finally:
        reader.stop()


def found(inbox: Inbox) -> None:
    while not isinstance(inbox.next(), ReaderFound):
        pass


def card(inbox: Inbox) -> CardRead:
    """The next card; in a bad moment of the machine a talk may be torn, and is tried again."""
    while not isinstance(event := inbox.next(), CardRead):
        pass
    return event


def asked(module: Opposite) -> bool:
    """Whether any card was sent a command."""
    return 0x40 in bytes.fromhex(module("told"))


def made(kind: str, uid: str = UID, key: bytes = b"", shown: str = "") -> str:
    """The order that puts such a card there."""
    by = bytes.fromhex(uid) + (b"" if kind == "ntag424" else APPLICATION)
    return f"secure {kind} {uid} {(key or diversified(SITE, by)).hex()} {shown}".rstrip()


def gone(module: Opposite, reader: Pn532Reader) -> None:
    before = counters(reader)["left"]
    module("gone")
    until(lambda: counters(reader)["left"] > before, "the card has left")


def test_cards_of_the_site_prove_themselves(module: Opposite) -> None:
    with proving(module) as (reader, inbox):
        for turn, (kind, proof) in enumerate(KINDS.items(), 1):
            module(made(kind))
            seen = card(inbox)
            assert (str(seen.credential), seen.proof, seen.note) == (f"uid:{UID}", proof, "")
            assert int(module("proved")) > 0
            gone(module, reader)
            assert counters(reader)["proved"] == turn
        assert counters(reader)["unproved"] == 0


def test_a_card_that_lies_there_proves_itself_once(module: Opposite) -> None:
    with proving(module) as (reader, inbox):
        module(made("ev2"))
        assert card(inbox).proof is CardProof.DESFIRE
        looks, proved = counters(reader)["looks"], module("proved")
        until(lambda: counters(reader)["looks"] > looks + 8, "eight looks more")
        assert module("proved") == proved
        assert not [event for event in inbox.rest() if isinstance(event, CardRead)]


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (made("ev2", key=bytes(16)), "its key is another one"),
        (made("ev1", key=bytes(16)), "its key is another one"),
        (made("ntag424", key=bytes(16)), "its key is another one"),
        (made("ev2", uid=OTHER, shown=UID), "its key is another one"),
        (made("ev2", uid=OTHER, key=diversified(SITE, bytes.fromhex(UID) + APPLICATION),
              shown=UID), "the card showed another number than its own"),
    ],
)  # fmt: skip
def test_a_copy_of_the_number_fails(module: Opposite, order: str, why: str) -> None:
    with proving(module) as (reader, inbox):
        module(order)
        seen = card(inbox)
        assert (str(seen.credential), seen.proof) == (f"uid:{UID}", CardProof.FAILED)
        assert why in seen.note
        assert counters(reader)["unproved"] == 1


def test_plain_cards_are_numbers_and_no_more(module: Opposite) -> None:
    with proving(module) as (reader, inbox):
        module(f"card {UID} 08")
        seen = card(inbox)
        assert (str(seen.credential), seen.proof) == (f"uid:{UID}", CardProof.UID_ONLY)
        gone(module, reader)
        assert not asked(module)


def test_an_answer_in_pieces_and_a_line_with_noise(module: Opposite) -> None:
    with proving(module) as (_, inbox):
        module("split 7")
        module("damage 2")
        module(made("ev2"))
        assert card(inbox).proof is CardProof.DESFIRE


@pytest.mark.parametrize("step", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", ["ev2", "ntag424"])
def test_a_card_torn_away_in_mid_proof_is_no_forgery(
    module: Opposite, kind: str, step: int
) -> None:
    with proving(module) as (reader, inbox):
        module(f"tear {step}")
        module(made(kind))
        until(lambda: counters(reader)["left"] > 0, "the card has left")
        assert counters(reader)["torn"] > 0
        while not isinstance(torn := inbox.next(), FrameFaulted):
            pass
        assert torn.reason == "the card left before it had proved itself"
        module(made(kind))
        assert card(inbox).proof == KINDS[kind], "held to it again it proves itself"
        assert counters(reader)["unproved"] == 0


def test_a_card_at_the_edge_of_the_field_is_asked_anew(module: Opposite) -> None:
    with proving(module) as (reader, inbox):
        module("mute 1")
        module(made("ev2"))
        assert card(inbox).proof is CardProof.DESFIRE
        assert counters(reader)["torn"] > 0


def test_a_proof_that_takes_too_long_is_none(module: Opposite) -> None:
    def slowly(uid: bytes, atr: bytes, transmit: Callable[[bytes], bytes]) -> Shown:
        def late(command: bytes) -> bytes:
            answer = transmit(command)
            time.sleep(0.3)
            return answer

        return PROVER.ask(uid, atr, late)

    with proving(module, prove=slowly, talk_s=0.2) as (reader, inbox):
        module(made("ev2"))
        until(lambda: counters(reader)["torn"] >= 3, "it is tried some times")
        assert module("proved") == "0"
        gone(module, reader)
        assert not [event for event in inbox.rest() if isinstance(event, CardRead)]


def test_a_line_that_goes_in_mid_proof(module: Opposite) -> None:
    begun, go = threading.Event(), threading.Event()

    def held_up(uid: bytes, atr: bytes, transmit: Callable[[bytes], bytes]) -> Shown:
        begun.set()
        assert go.wait(LIMIT_S)
        return PROVER.ask(uid, atr, transmit)

    with proving(module, prove=held_up) as (_, inbox):
        module(made("ev2"))
        assert begun.wait(LIMIT_S)
        module("unplug")
        go.set()
        while not isinstance(event := inbox.next(), ReaderLost):
            assert not isinstance(event, CardRead)
        module("plug")
        assert card(inbox).proof is CardProof.DESFIRE, "it lies there still, and is asked anew"


def test_it_stops_in_mid_proof_and_says_no_more(module: Opposite) -> None:
    begun = threading.Event()
    stopping: list[Callable[[], bool]] = []

    def held_up(uid: bytes, atr: bytes, transmit: Callable[[bytes], bytes]) -> Shown:
        begun.set()
        until(stopping[0], "it is told to stop")
        return PROVER.ask(uid, atr, transmit)

    with proving(module, prove=held_up) as (reader, inbox):
        stopping.append(lambda: reader._worker.stopping)
        module(made("ev2"))
        assert begun.wait(LIMIT_S)
        inbox.rest()
        reader.stop()
        assert inbox.rest() == []
        assert counters(reader)["torn"] == 0
