"""The talk with a long-range reader, without a line: bytes in, bytes out, and a clock by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.wire import m100, r2000, uhfreader18
from drivers.wire.uhf import Family, Tag
from drivers.wire.uhf_families import FAMILIES, Choices, make_family
from drivers.wire.uhf_session import ANSWER_NS, PAUSE_NS, SILENT, TRIES, Outcome, Session

MS = 1_000_000
EPC = bytes.fromhex("E28011700000020A12345678")
FIRMWARE = r2000.frame(1, r2000.FIRMWARE, b"\x08\x02")
OVER = r2000.frame(1, r2000.ROUND, bytes.fromhex("00001100000005"))
DONE = bytes((r2000.DONE,))
INFO = uhfreader18.frame(0, uhfreader18.INFO, bytes.fromhex("00022409033180190A"))


class Talk:
    """A session, and everything that it sent and saw."""

    def __init__(self, family: Family) -> None:
        self.session = Session(family)
        self.now_ns = 5_000 * MS
        self.tags: list[Tag] = []
        self.sent = [self.session.begin(self.now_ns)]

    def hear(self, data: bytes, ms: int = 10) -> bytes:
        self.now_ns += ms * MS
        return self._done(self.session.feed(data, self.now_ns))

    def due(self) -> bytes:
        """Wait for what is due next."""
        self.now_ns = max(self.now_ns, self.session.due_ns)
        return self._done(self.session.wake(self.now_ns))

    def _done(self, done: Outcome) -> bytes:
        self.tags += done.tags
        if done.send:
            self.sent.append(done.send)
        return done.send


def a_talk(name: str = "r2000", **choices: object) -> Talk:
    return Talk(make_family(name, Choices(**choices)))  # type: ignore[arg-type]


def test_an_r2000_is_asked_set_and_kept_going() -> None:
    talk = a_talk(power=26, antennas=[2])
    assert talk.sent[0] == r2000.frame(255, r2000.FIRMWARE)
    assert talk.hear(FIRMWARE) == r2000.frame(255, r2000.GET_POWER)
    assert talk.session.present
    assert talk.hear(r2000.frame(1, r2000.GET_POWER, b"\x14")) == r2000.frame(
        255, r2000.SET_POWER, b"\x1a"
    )
    assert talk.hear(r2000.frame(1, r2000.SET_POWER, DONE)) == r2000.frame(255, r2000.GET_ANTENNA)
    assert talk.hear(r2000.frame(1, r2000.GET_ANTENNA, b"\x00")) == r2000.frame(
        255, r2000.SET_ANTENNA, b"\x01"
    )
    round_ = r2000.frame(255, r2000.ROUND, b"\xff")
    assert talk.hear(r2000.frame(1, r2000.SET_ANTENNA, DONE)) == round_
    tag = r2000.tag_frame(1, EPC, 2, -61)
    assert talk.hear(tag + tag) == b""
    assert talk.hear(OVER) == round_
    assert talk.tags == [Tag(EPC.hex().upper(), 2, -61)] * 2
    assert talk.session.problems == {}
    assert talk.session.facts["firmware"] == "8.2"


def test_what_is_set_already_is_not_set_again() -> None:
    talk = a_talk(power=26, antennas=[1])
    talk.hear(FIRMWARE)
    assert talk.hear(r2000.frame(1, r2000.GET_POWER, b"\x1a")) == r2000.frame(
        255, r2000.GET_ANTENNA
    )
    assert talk.hear(r2000.frame(1, r2000.GET_ANTENNA, b"\x00")) == r2000.frame(
        255, r2000.ROUND, b"\xff"
    )


def test_an_m100_goes_on_by_itself_and_is_stopped_at_the_end() -> None:
    talk = a_talk("m100", power=20)
    assert talk.sent[0] == m100.frame(0, m100.STOP)
    talk.hear(m100.frame(1, m100.STOP, b"\x00"))
    talk.hear(m100.frame(1, m100.INFO, b"\x01V2.3.1"))
    assert talk.hear(m100.frame(1, m100.GET_POWER, b"\x07\xd0")) == m100.frame(
        0, m100.ROUNDS, b"\x22\xff\xff"
    )
    for _ in range(100):
        assert talk.hear(m100.frame(1, 0xFF, b"\x15"), ms=30) == b""
    talk.hear(m100.tag_frame(EPC, -48))
    assert talk.tags == [Tag(EPC.hex().upper(), 0, -48)]
    assert talk.session.problems == {}
    assert talk.session.end() == m100.frame(0, m100.STOP)


def test_an_inventory_that_fell_silent_is_begun_again() -> None:
    talk = a_talk("m100")
    talk.hear(m100.frame(1, m100.STOP, b"\x00"))
    rounds = talk.hear(m100.frame(1, m100.INFO, b"\x01V2.3.1"))
    assert talk.due() == m100.frame(0, m100.STOP)
    assert talk.session.restarts == 1
    assert talk.hear(m100.frame(1, m100.STOP, b"\x00")) == rounds
    assert talk.session.lost == ""


def test_a_reader_that_scans_long_is_waited_for() -> None:
    talk = a_talk("uhfreader18")
    talk.hear(INFO)
    due_ns = talk.session.due_ns
    assert due_ns - talk.now_ns == 1_500 * MS
    assert talk.hear(uhfreader18.frame(0, 1, b"\xfb"), ms=900) == uhfreader18.frame(255, 1)


def test_frames_that_more_follow_ask_for_nothing() -> None:
    talk = a_talk("uhfreader288", antennas=[1, 2], power=25)
    talk.hear(INFO)
    more = uhfreader18.tags_frame_288(0, uhfreader18.MORE, 1, [(EPC, -50)])
    last = uhfreader18.tags_frame_288(0, uhfreader18.ENDED, 1, [(EPC, -51)])
    assert talk.hear(more) == b""
    assert talk.hear(last)[:-2].endswith(bytes((0x81, 3)))
    assert [tag.dbm for tag in talk.tags] == [-50, -51]


@pytest.mark.parametrize("name", FAMILIES)
def test_a_reader_that_never_answers_is_lost(name: str) -> None:
    talk = a_talk(name)
    began_ns = talk.now_ns
    for _ in range(TRIES):
        assert talk.session.lost == ""
        talk.due()
    assert name in talk.session.lost
    assert "power" in talk.session.lost
    assert talk.sent == [talk.sent[0]] * TRIES
    assert talk.now_ns - began_ns == TRIES * ANSWER_NS


def test_a_reader_that_falls_silent_is_lost_and_said_so() -> None:
    talk = a_talk()
    talk.hear(FIRMWARE)
    while not talk.session.lost:
        talk.due()
    assert "fell silent" in talk.session.lost


def test_another_protocol_is_told_from_a_dead_reader() -> None:
    talk = a_talk()
    for _ in range(40):
        talk.hear(m100.tag_frame(EPC, -48), ms=1)
    while not talk.session.lost:
        talk.due()
    assert "not r2000" in talk.session.lost
    assert len(talk.session.unknown) <= 300
    assert talk.session.unknown


def test_an_active_reader_and_one_with_another_address() -> None:
    active = a_talk("uhfreader18")
    active.hear(uhfreader18.HEARTBEAT)
    stranger = a_talk(address=7)
    stranger.hear(FIRMWARE)
    for talk, words in ((active, "active mode"), (stranger, "address")):
        while not talk.session.lost:
            talk.due()
        assert words in talk.session.lost


def test_what_we_said_ourselves_is_no_answer() -> None:
    talk = a_talk(address=1)
    assert talk.hear(talk.sent[0]) == b""
    assert not talk.session.present
    assert talk.hear(FIRMWARE) != b""
    ours = a_talk("m100")
    assert ours.hear(ours.sent[0]) == b""
    assert not ours.session.present


def test_a_refused_power_is_told_and_the_inventory_goes_on() -> None:
    talk = a_talk("m100", power=33)
    talk.hear(m100.frame(1, m100.STOP, b"\x00"))
    talk.hear(m100.frame(1, m100.INFO, b"\x01V2.3.1"))
    talk.hear(m100.frame(1, m100.GET_POWER, b"\x07\xd0"))
    assert talk.hear(m100.frame(1, 0xFF, b"\x15")) == b""
    assert talk.hear(m100.frame(1, 0xFF, b"\x0e")) == m100.frame(0, m100.ROUNDS, b"\x22\xff\xff")
    assert talk.session.problems == {"power of 33 dBm": "the parameters are wrong"}


def test_a_question_that_is_not_answered_is_passed_over() -> None:
    talk = a_talk(power=26)
    talk.hear(FIRMWARE)
    for _ in range(2 * TRIES):
        talk.due()
    assert talk.sent[-1] == r2000.frame(255, r2000.ROUND, b"\xff")
    assert talk.session.problems == {
        "power": "it does not answer that",
        "power of 26 dBm": "it does not answer that",
    }
    assert talk.session.lost == ""


def test_a_refused_round_is_asked_for_again_after_a_pause() -> None:
    talk = a_talk()
    talk.hear(FIRMWARE)
    assert talk.hear(r2000.frame(1, r2000.ROUND, b"\x22")) == b""
    assert talk.session.problems == {"inventory": "the antenna is not connected"}
    at_ns = talk.now_ns
    assert talk.due() == r2000.frame(255, r2000.ROUND, b"\xff")
    assert talk.now_ns == at_ns + PAUSE_NS
    talk.hear(OVER)
    assert talk.session.problems == {}


def test_half_a_frame_is_given_up_after_a_silence() -> None:
    talk = a_talk("uhfreader18", address=0)
    talk.hear(INFO)
    tag = uhfreader18.tags_frame(0, 1, [EPC])
    talk.hear(b"\x60\x00\x01" + tag)
    assert talk.tags == []
    assert talk.due() == uhfreader18.frame(0, 1)
    assert talk.tags == [Tag(EPC.hex().upper())]


def test_an_answer_that_comes_twice_does_no_harm() -> None:
    talk = a_talk(power=26)
    first = talk.hear(FIRMWARE)
    assert talk.hear(FIRMWARE) == b""
    assert talk.sent[-1] == first


PIECES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            *(FIRMWARE, OVER, INFO, uhfreader18.HEARTBEAT),
            r2000.tag_frame(1, EPC, 1, -60),
            m100.tag_frame(EPC, -50),
            m100.frame(1, m100.STOP, b"\x00"),
            m100.frame(1, 0xFF, b"\x17"),
            uhfreader18.tags_frame_288(0, 1, 1, [(EPC, -50)]),
        ]
    ),
)


@given(
    name=st.sampled_from(list(FAMILIES)),
    steps=st.lists(st.tuples(PIECES, st.integers(0, 3_000)), max_size=40),
)
def test_nothing_raises_nothing_grows_and_time_always_comes(
    name: str, steps: list[tuple[bytes, int]]
) -> None:
    talk = a_talk(name, power=20)
    for data, ms in steps:
        talk.hear(data, ms)
        if talk.now_ns >= talk.session.due_ns:
            talk.due()
        assert len(talk.session.unknown) <= 300
        assert len(talk.session.problems) <= 5
    for _ in range(60):
        before_ns = talk.now_ns
        talk.due()
        if talk.session.lost:
            break
        assert talk.session.due_ns > talk.now_ns or talk.now_ns > before_ns
    assert talk.session.lost


def test_a_round_that_ends_by_itself_needs_no_farewell() -> None:
    assert {a_talk(name).session.end() for name in FAMILIES if name != "m100"} == {b""}


@pytest.mark.parametrize(("name", "told"), [("r2000", True), ("m100", False)])
def test_rounds_without_a_word(name: str, told: bool) -> None:
    """An m100 may say nothing while its field is empty; the others end each round."""
    talk = a_talk(name)
    first = FIRMWARE if name == "r2000" else m100.frame(1, m100.STOP, b"\x00")
    talk.hear(first)
    if name == "m100":
        talk.hear(m100.frame(1, m100.INFO, b"\x01V2.3.1"))
    for _ in range(SILENT):
        assert talk.session.problems == {}
        talk.due()
        talk.hear(first)
    assert talk.session.problems == ({"inventory": "it does not answer that"} if told else {})
    assert talk.session.lost == ""
    talk.hear(OVER)
    assert talk.session.problems == {}
