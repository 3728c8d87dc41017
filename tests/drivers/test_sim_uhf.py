"""The simulated long-range reader and the gate's end of the talk, with a clock of their own."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import DeviceError
from drivers.sim.uhf import UhfSim
from drivers.sim.uhf_reader import FieldReader, FieldTag
from drivers.wire import m100, r2000, uhfreader18
from drivers.wire.uhf import Tag
from drivers.wire.uhf_families import FAMILIES, Choices, make_family
from drivers.wire.uhf_session import Session

EPC = bytes.fromhex("E28011700000020A00000001")
TAG = FieldTag(EPC, -52)
SECOND = 1_000_000_000


class Talk:
    """Both ends, and the time between them: `run` lets it pass, event by event."""

    def __init__(self, name: str, seed: int = 1, **choices: object) -> None:
        self.reader = FieldReader(name, seed=seed)
        self.session = Session(make_family(name, Choices(**choices)))  # type: ignore[arg-type]
        self.now_ns = 100 * SECOND
        self.tags: list[Tag] = []
        self._say(self.session.begin(self.now_ns))

    def run(self, seconds: float) -> None:
        ends_ns = self.now_ns + int(seconds * SECOND)
        while self.now_ns < ends_ns and not self.session.lost:
            theirs = int(self.reader.due_s(self.now_ns / SECOND) * SECOND)
            self.now_ns = max(self.now_ns + 1_000_000, min(theirs, self.session.due_ns))
            said = self.reader.due(self.now_ns / SECOND)
            if said:
                done = self.session.feed(said, self.now_ns)
                self.tags += done.tags
                self._say(done.send)
            if self.now_ns >= self.session.due_ns:
                done = self.session.wake(self.now_ns)
                self.tags += done.tags
                self._say(done.send)

    def _say(self, data: bytes) -> None:
        if data:
            self.reader.heard(data, self.now_ns / SECOND)


@pytest.mark.parametrize("name", FAMILIES)
def test_tags_come_at_the_rate_that_was_wanted(name: str) -> None:
    talk = Talk(name, power=26)
    talk.reader.mood.tags = [TAG]
    talk.reader.mood.rate = 500
    talk.run(1)
    before = len(talk.tags)
    talk.run(10)
    assert 4_700 < len(talk.tags) - before < 5_100
    assert {tag.epc for tag in talk.tags} == {EPC.hex().upper()}
    assert talk.reader.power == 26
    assert talk.session.problems == {}
    assert talk.session.restarts == 0


@given(
    name=st.sampled_from(list(FAMILIES)),
    seed=st.integers(0, 10_000),
    noise=st.floats(0, 0.3),
    loss=st.floats(0, 0.15),
    delay_s=st.floats(0, 0.1),
)
def test_a_bad_line_is_slow_but_never_the_end(
    name: str, seed: int, noise: float, loss: float, delay_s: float
) -> None:
    talk = Talk(name, seed)
    talk.reader.mood.tags = [TAG]
    mood = talk.reader.mood
    mood.noise, mood.loss, mood.delay_s = noise, loss, delay_s
    talk.run(30)
    right = [tag for tag in talk.tags if tag.epc == EPC.hex().upper()]
    # Four answers in a row may be torn, and then the driver opens the line anew.
    assert len(right) >= 20 or talk.session.lost
    assert len(talk.tags) - len(right) <= len(talk.tags) * 0.02 + 2


def test_only_the_wanted_antennas_are_read() -> None:
    for name in ("r2000", "uhfreader288"):
        talk = Talk(name, antennas=[1, 4])
        talk.reader.mood.tags = [FieldTag(EPC, -52, number) for number in (1, 2, 4)]
        talk.run(2)
        assert {tag.antenna for tag in talk.tags} == {1, 4}, name


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("m100", m100.SET_POWER),
        ("r2000", r2000.SET_POWER),
        ("uhfreader18", uhfreader18.SET_POWER),
        ("uhfreader288", uhfreader18.SET_POWER),
    ],
)
def test_what_it_refuses(name: str, command: int) -> None:
    talk = Talk(name, power=30)
    talk.reader.mood.refuse = [command]
    talk.reader.mood.tags = [TAG]
    talk.run(2)
    assert list(talk.session.problems) == ["power of 30 dBm"]
    assert talk.reader.power == 20
    assert talk.tags


def test_more_tags_than_a_frame_holds() -> None:
    many = [FieldTag(EPC[:-1] + bytes((n,)), -60) for n in range(30)]
    for name in FAMILIES:
        talk = Talk(name)
        talk.reader.mood.tags = many
        talk.run(2)
        assert {tag.epc for tag in talk.tags} == {one.epc.hex().upper() for one in many}


def test_mute_and_active() -> None:
    for name in FAMILIES:
        mute = Talk(name)
        mute.reader.mood.mute = True
        mute.run(10)
        assert "nothing answers" in mute.session.lost
    active = Talk("uhfreader18")
    active.reader.mood.active = True
    active.run(10)
    # It had answered the first question, and answers no other.
    assert active.session.present
    assert "active mode" in active.session.problems["inventory"]


def test_an_order_that_cannot_be_done_is_told_and_the_reader_goes_on(tmp_path: Path) -> None:
    with UhfSim(tmp_path / "uhf", "r2000") as sim:
        for wrong in ({"colour": "red"}, {"tags": [{"epc": "E2"}]}, {"tags": "no list"}):
            with pytest.raises(DeviceError, match="cannot do that"):
                sim.change(**wrong)
        assert sim.show(("E280", -50))["power"] == 20


def test_a_command_that_broke_off_does_not_swallow_the_next_one() -> None:
    reader = FieldReader(uhfreader18.PROTOCOL, 1)
    whole = uhfreader18.frame(1, uhfreader18.INFO)
    reader.heard(b"\x55\x00\x21", 1.0)
    reader.heard(whole, 9.0)
    assert reader.due(9.0)
    reader.heard(whole[:2], 10.0)
    reader.heard(whole[2:], 10.1)
    assert reader.due(10.1)
