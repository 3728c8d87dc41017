"""The conversation with a PN532, against the module's side of it; no time passes but ours."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.wire.frame import Fault
from drivers.wire.pn532 import ACK, FROM_MODULE, NACK, encode
from drivers.wire.pn532_session import (
    ANSWER_NS,
    MS,
    REST_NS,
    TALKS,
    TRIES,
    Act,
    Answered,
    Arrived,
    Found,
    Left,
    Lost,
    Send,
    Session,
)
from tests.rigs.pn532_module import ATS, Module

CARD, OTHER = bytes.fromhex("B0864D25"), bytes.fromhex("04112233445566")
SECOND = 1_000 * MS


class Talk:
    """A session and a module with a line between them, in a time of their own."""

    def __init__(self, session: Session | None = None, module: Module | None = None) -> None:
        self.session = session or Session()
        self.module = module or Module()
        self.now = 5_000_000_000
        self.acts: list[Act] = []
        self.cut = False
        self.shred: Callable[[bytes], list[bytes]] = lambda raw: [raw]
        self._do(self.session.begin(self.now))

    def _do(self, acts: list[Act]) -> None:
        """What the session says goes to the module, and its answers come back, until silence."""
        while acts:
            act = acts.pop(0)
            self.acts.append(act)
            if isinstance(act, Send) and not self.cut:
                for piece in self.module.heard(act.raw):
                    for part in self.shred(piece):
                        self.now += MS
                        acts += self.session.heard(part, self.now)

    def run(self, ns: int) -> None:
        """Let time pass."""
        ends = self.now + ns
        while self.session.due_ns <= ends:
            self.now = max(self.now, self.session.due_ns)
            self._do(self.session.tick(self.now))
        self.now = max(self.now, ends)

    def take(self) -> list[str]:
        """What was told since the last call, without what was sent; faults by their reason."""
        told = []
        for act in self.acts:
            if isinstance(act, Arrived):
                told.append(act.card.uid.hex())
            elif isinstance(act, Fault):
                told.append(str(act.reason))
            elif isinstance(act, Answered):
                told.append(f"<{act.data.hex()}>")
            elif not isinstance(act, Send):
                told.append(type(act).__name__)
        self.acts.clear()
        return told

    def ask(self, command: bytes) -> str:
        """What the card that is held answers."""
        self.take()
        self._do(self.session.exchange(command, self.now))
        while not (answers := [one for one in self.take() if one.startswith("<")]):
            self.run(self.session.due_ns - self.now)
        (answer,) = answers
        return answer

    def let_go(self, *, again: bool = False) -> None:
        """No more is asked of the card."""
        self._do(self.session.release(self.now, again=again))


def backwards(command: bytes) -> bytes:
    """A card that gives back what it is sent, the last byte first."""
    return command[::-1]


def talking(sak: int = 0x20) -> Talk:
    """A card that talks lies there, and is held."""
    talk = Talk(Session(talks=True))
    talk.module.put(OTHER, sak, ATS if sak & 0x20 else b"")
    talk.module.applet = backwards
    while not [act for act in talk.acts if isinstance(act, Arrived)]:
        talk.run(100 * MS)
    return talk


class Hung(Module):
    """A chip that acknowledges, and says no more."""

    def heard(self, data: bytes) -> list[bytes]:
        del data
        return [ACK]


def test_a_card_that_comes_and_goes() -> None:
    talk = Talk()
    talk.run(SECOND)
    assert talk.acts[-1] != Lost("")
    assert Found("PN532 firmware 1.6") in talk.acts
    assert talk.take() == ["Found"]
    talk.module.put(CARD)
    talk.run(3 * SECOND)
    assert talk.take() == [CARD.hex()]
    talk.module.put(OTHER, 0x20, bytes.fromhex("7577810280"))
    talk.run(SECOND)
    assert talk.take() == [OTHER.hex()]
    talk.module.put(b"")
    talk.run(SECOND)
    assert talk.take() == ["Left"]
    talk.module.put(OTHER)
    talk.run(SECOND)
    assert talk.take() == [OTHER.hex()]
    assert talk.session.looks > 20


def test_the_module_is_waked_and_set_up_before_it_is_asked() -> None:
    talk = Talk()
    talk.run(SECOND)
    assert talk.module.told[:3] == [0x14, 0x02, 0x32]
    assert set(talk.module.told[3:]) == {0x4A}
    first = talk.acts[0]
    assert isinstance(first, Send)
    assert first.raw.startswith(b"\x55\x55" + bytes(14) + b"\x00\x00\xff")


def test_a_telephone_with_a_number_of_its_own_each_time_is_one_card() -> None:
    talk = Talk()
    for number in range(20):
        talk.module.put(b"\x08" + bytes((number, 1, 2)))
        talk.run(200 * MS)
    assert len([act for act in talk.acts if isinstance(act, Arrived)]) == 1


def test_cards_of_both_kinds() -> None:
    talk = Talk(Session(("a", "b")))
    talk.module.put(CARD)
    talk.run(SECOND)
    talk.module.put(b"\x01\x02\x03\x04", type_b=True)
    talk.run(SECOND)
    talk.module.put(b"")
    talk.run(SECOND)
    assert talk.take() == ["Found", CARD.hex(), "01020304", "Left", "Left"]
    only_a = Talk()
    only_a.module.put(b"\x01\x02\x03\x04", type_b=True)
    only_a.run(SECOND)
    assert only_a.take() == ["Found"]


@pytest.mark.parametrize("trouble", ["lose", "damage", "hang"])
@pytest.mark.parametrize("count", [1, 2])
def test_a_little_trouble_is_overcome(trouble: str, count: int) -> None:
    talk = Talk()
    talk.run(SECOND)
    setattr(talk.module, trouble, count)
    talk.module.put(CARD)
    talk.run(4 * SECOND)
    told = [one for one in talk.take() if one != "bad_checksum"]
    assert told == ["Found", CARD.hex()]


def test_a_damaged_answer_is_asked_for_again() -> None:
    talk = Talk()
    talk.run(SECOND)
    talk.take()
    talk.module.damage, talk.module.noise = 1, 3
    talk.run(100 * MS)
    assert Send(NACK) in talk.acts
    assert {"bad_checksum"} <= set(talk.take())
    talk.module.noise = 0
    talk.module.damage = 4
    talk.run(5 * SECOND)
    assert not [act for act in talk.acts if isinstance(act, Lost)]


def test_a_module_that_fell_asleep_is_waked_and_its_card_is_no_new_one() -> None:
    talk = Talk()
    talk.module.put(CARD)
    talk.run(SECOND)
    talk.take()
    wakes = talk.session.wakes
    talk.module.sleep()
    talk.run(3 * SECOND)
    assert talk.take() == []
    assert talk.session.wakes > wakes
    assert talk.module.ready
    talk.module.put(OTHER)
    talk.run(SECOND)
    assert talk.take() == [OTHER.hex()]


def test_a_module_that_is_gone_is_lost_once_and_waked_until_it_comes() -> None:
    talk = Talk()
    talk.module.put(CARD)
    talk.run(SECOND)
    talk.take()
    talk.cut = True
    talk.run(10 * SECOND)
    (lost,) = [act for act in talk.acts if isinstance(act, Lost)]
    assert lost.detail == f"SAMConfiguration was not acknowledged {TRIES} times"
    sent = [act for act in talk.acts if isinstance(act, Send)]
    assert len(sent) < 10 * (TRIES + 1)
    talk.take()
    talk.cut = False
    talk.module.sleep()
    talk.run(3 * SECOND)
    assert talk.take() == ["Found"]
    talk.run(SECOND)
    assert talk.take() == []


def test_a_line_that_is_opened_again_is_told_again() -> None:
    talk = Talk()
    talk.run(SECOND)
    talk.take()
    talk.acts = talk.session.begin(talk.now)
    talk.cut = True
    talk.run(3 * SECOND)
    assert talk.take() == ["Lost"]


def test_a_module_that_acknowledges_and_says_no_more() -> None:
    talk = Talk()
    talk.run(SECOND)
    talk.take()
    talk.module = Hung()
    talk.run(2 * TRIES * (ANSWER_NS + SECOND))
    (lost,) = [act for act in talk.acts if isinstance(act, Lost)]
    assert lost.detail == f"SAMConfiguration was not answered {TRIES} times"


def test_another_chip_that_refuses_or_answers_nonsense() -> None:
    talk = Talk()
    talk.module.ready = True
    talk.run(SECOND)
    session = Session()
    now = 0
    session.begin(now)
    session.heard(ACK + encode(0x15, b"", FROM_MODULE), now)
    asked = [session.heard(ACK + encode(0x03, b"\x01", FROM_MODULE), now) for _ in range(TRIES)]
    assert [type(act) for acts in asked for act in acts] == [Send, Send, Lost]
    # Nothing is under way now: whatever comes is left alone, and so is time, for a while.
    assert session.heard(ACK + encode(0x03, b"\x32\x01\x06\x07", FROM_MODULE), now) == []
    assert session.tick(now) == []
    assert session.due_ns == REST_NS
    refused = Session()
    refused.begin(now)
    error = bytes.fromhex("0000FF01FF7F8100")
    told = [act for _ in range(TRIES) for act in refused.heard(error, now)]
    assert told[-1] == Lost(f"SAMConfiguration was refused {TRIES} times")


def test_an_answer_that_is_none_and_one_of_another_command() -> None:
    talk = Talk()
    talk.run(SECOND)
    session, now = talk.session, talk.now
    talk.cut = True
    talk.run(session.due_ns - now)
    assert session.heard(encode(0x03, b"", FROM_MODULE), talk.now) == []
    assert session.heard(encode(0x4B, b"\x00"), talk.now) == []
    (fault,) = session.heard(ACK + ACK + encode(0x4B, b"\x01\x01", FROM_MODULE), talk.now)
    assert isinstance(fault, Fault)
    assert fault.reason == "no_match"


def test_an_answer_behind_a_damaged_length_counts_when_it_is_due() -> None:
    talk = Talk()
    talk.run(SECOND)
    talk.take()
    talk.cut = True
    talk.run(talk.session.due_ns - talk.now)
    session = talk.session
    answer = encode(0x4B, bytes.fromhex("01 01 0004 08 04") + CARD, FROM_MODULE)
    assert session.heard(ACK + bytes.fromhex("00FF FC 04") + answer, talk.now) == []
    acts = session.tick(session.due_ns)
    assert [act.card.uid for act in acts if isinstance(act, Arrived)] == [CARD]
    assert len([act for act in acts if isinstance(act, Send)]) == 1


def held(talk: Talk) -> list[bool]:
    """Of every card that came since the last look: whether it is held."""
    found = [act.held for act in talk.acts if isinstance(act, Arrived)]
    talk.acts.clear()
    return found


def test_a_card_that_talks_is_held_until_it_is_let_go() -> None:
    talk = talking()
    assert held(talk) == [True]
    looks = talk.session.looks
    assert talk.ask(b"\x01\x02\x03") == "<030201>"
    assert talk.ask(b"") == "<>"
    talk.module.split = 2
    assert talk.ask(b"12345") == "<3534333231>"
    assert talk.session.looks == looks, "the field stays on"
    talk.let_go()
    talk.run(SECOND)
    assert talk.session.looks > looks
    assert talk.take() == [], "it lies there, and is not asked again"
    talk.module.put(b"")
    talk.run(SECOND)
    assert talk.take() == ["Left"]


def test_other_cards_are_not_held() -> None:
    assert held(talking(0x08)) == [False]
    plain = Talk()
    plain.module.put(OTHER, 0x20, ATS)
    plain.run(SECOND)
    assert held(plain) == [False]
    of_b = Talk(Session(("b",), talks=True))
    of_b.module.put(CARD, type_b=True)
    of_b.run(SECOND)
    assert held(of_b) == [False]


def test_nothing_is_asked_of_a_card_that_is_not_held() -> None:
    talk = Talk(Session(talks=True))
    assert talk.session.exchange(b"\x00", talk.now) == [Answered(b"")]
    assert talk.session.release(talk.now) == []
    talk.run(SECOND)
    assert talk.session.exchange(b"\x00", talk.now) == [Answered(b"")]
    held_ = talking().session
    assert held_.exchange(b"\x00", 0) != [Answered(b"")]
    assert held_.exchange(b"\x00", 0) == [Answered(b"")], "one command at a time"
    assert held_.release(0) == []


def test_a_card_that_nobody_talks_with_is_let_go() -> None:
    talk = talking()
    looks = talk.session.looks
    talk.run(ANSWER_NS + SECOND)
    assert talk.session.looks > looks
    assert talk.take() == ["Found", OTHER.hex()]


def test_a_card_that_leaves_in_mid_talk_comes_anew() -> None:
    talk = talking()
    talk.module.tear = 2
    assert talk.ask(b"12") == "<3231>"
    assert talk.ask(b"12") == "<>"
    talk.let_go(again=True)
    talk.run(SECOND)
    assert talk.take() == ["Left"]
    talk.module.put(OTHER, 0x20, ATS)
    talk.run(SECOND)
    assert talk.take() == [OTHER.hex()]


def test_a_card_at_the_edge_of_the_field_is_asked_anew_a_few_times() -> None:
    talk = talking()
    for _ in range(TALKS - 1):
        assert held(talk) == [True]
        talk.let_go(again=True)
        talk.run(300 * MS)
    assert held(talk) == [True]
    talk.let_go(again=True)
    talk.run(SECOND)
    assert held(talk) == []
    talk.module.put(CARD, 0x20, ATS)
    talk.run(300 * MS)
    assert held(talk) == [True]
    talk.let_go(again=True)
    talk.run(300 * MS)
    assert held(talk) == [True], "another card has its own tries"


@pytest.mark.parametrize("trouble", ["hang", "mute"])
def test_a_command_to_a_card_is_sent_once(trouble: str) -> None:
    talk = talking()
    asked = talk.module.told.count(0x40)
    began = talk.now
    setattr(talk.module, trouble, 1)
    assert talk.ask(b"12") == "<>"
    assert ANSWER_NS <= talk.now - began < ANSWER_NS + SECOND
    assert talk.module.told.count(0x40) - asked == (trouble == "mute")
    talk.let_go(again=True)
    talk.run(SECOND)
    assert held(talk) == [True]
    assert talk.ask(b"12") == "<3231>"


def test_an_answer_that_came_damaged_is_said_again_and_not_asked_again() -> None:
    talk = talking()
    talk.module.damage = 1
    assert talk.ask(b"12") == "<3231>"
    assert talk.module.told.count(0x40) == 1
    talk.module.lose = 1
    assert talk.ask(b"34") == "<3433>"
    assert talk.module.told.count(0x40) == 2


def test_a_module_that_falls_asleep_in_mid_talk_is_waked() -> None:
    talk = talking()
    talk.module.sleep()
    assert talk.ask(b"12") == "<>"
    talk.let_go(again=True)
    talk.run(3 * SECOND)
    assert talk.module.ready
    assert held(talk) == [True], "the same card, whose talk was torn"


def test_a_line_that_is_opened_anew_in_mid_talk() -> None:
    talk = talking()
    assert held(talk) == [True]
    talk.session.begin(talk.now)
    assert talk.session.exchange(b"12", talk.now) == [Answered(b"")]
    talk.run(3 * SECOND)
    assert held(talk) == [True], "it was let go first, and is asked anew"


@settings(max_examples=25)
@given(
    st.lists(
        st.sampled_from(["card", "other", "gone", "sleep", "lose", "damage", "hang", "noise"]),
        max_size=12,
    ),
    st.integers(0, 2**32),
)
def test_whatever_happens_it_ends_with_the_card_that_is_there(orders: list[str], seed: int) -> None:
    talk = Talk(Session(("a", "b")))
    chance = random.Random(seed)  # noqa: S311 - reproducible on purpose
    talk.shred = lambda raw: [raw[:3], raw[3:]] if chance.random() < 0.5 else [raw]
    for order in orders:
        if order in ("card", "other", "gone"):
            talk.module.put({"card": CARD, "other": OTHER, "gone": b""}[order])
        elif order == "sleep":
            talk.module.sleep()
        else:
            setattr(talk.module, order, chance.randrange(8))
        talk.run(chance.randrange(400) * MS)
    talk.module.lose = talk.module.damage = talk.module.hang = talk.module.noise = 0
    talk.module.put(b"")
    talk.run(20 * SECOND)
    arrived = [act for act in talk.acts if isinstance(act, Arrived)]
    left = [act for act in talk.acts if isinstance(act, Left)]
    assert len(left) <= len(arrived)
    assert {act.card.uid for act in arrived} <= {CARD, OTHER}
    talk.take()
    talk.module.put(CARD)
    talk.run(3 * SECOND)
    assert talk.take() == [CARD.hex()]


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_no_bytes_make_it_raise(chunks: list[bytes]) -> None:
    session, now = Session(), 0
    session.begin(now)
    for chunk in chunks:
        now += 50 * MS
        session.heard(chunk, now)
        session.tick(now)
