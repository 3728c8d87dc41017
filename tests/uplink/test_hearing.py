"""What the gate hears from the broker: at what pace, from whom, and what it says to nobody."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.core.commands import ACCEPTED, DONE, Answer, Command, Name, Reply
from agent.core.events import CommandRefused
from agent.core.model import ClockQuality, Moment
from agent.ports import Head
from agent.uplink.acks import Acks
from agent.uplink.discovery import Discovery, Options
from agent.uplink.hearing import BURST, SAY_EVERY_NS, WAITING, Hearing
from agent.uplink.line import Incoming
from agent.uplink.permits import Permit
from agent.uplink.service import Service
from agent.uplink.topics import Address
from tests.core.builders import LANE, gate_plan
from tests.rigs.one_thread import HandClock

ADDRESS = Address("garden", "north")
WALL_US = 1_795_000_000_000_000
HEAD = Head("s-1", "b-1", 1, 90, b"\x00" * 32)
READER = Permit(frozenset({Name.PING, Name.REPLAY}))
OPENER = Permit(frozenset({Name.OPEN}))


def moment(seconds: float = 0, quality: ClockQuality = ClockQuality.SYNCED) -> Moment:
    return Moment(WALL_US + int(seconds * 1e6), int((seconds + 100) * 1e9), quality)


class Ears:
    """A hearing whose gate does what it is told, when it is told to."""

    def __init__(self, version: str = "5", **options: Any) -> None:
        self.clock = HandClock(moment())
        self.begun: list[tuple[Command, Answer]] = []
        self.refused: list[CommandRefused] = []
        self.noted: list[tuple[Command, Reply]] = []
        self.saved: list[Mapping[str, tuple[str, int]]] = []
        self.known: dict[str, Reply] = {}
        self.rings = 0
        self.ids = 0
        address = ADDRESS
        service = Service(
            {"viewer": READER, "opener": OPENER},
            lambda command, answer: self.begun.append((command, answer)),
            lambda command, then: then(self.known.get(command.key)),
            lambda command, said: self.noted.append((command, said)),
            self.refused.append,
            ("centre",),
            {},
            self.saved.append,
            Discovery(gate_plan(), address, Options(open=True)),
        )
        service = Service(**{**{n: getattr(service, n) for n in service.__slots__}, **options})
        acks = Acks(service.consumers, service.acked)
        self.hearing = Hearing(
            address, service, self.clock, version, acks, lambda: HEAD, self._ring
        )

    def _ring(self) -> None:
        self.rings += 1

    def say(self, client: str, name: str, *, seconds: float | None = None, **changes: Any) -> str:
        """A command comes; gives its id."""
        if seconds is not None:
            self.clock.set(moment(seconds))
        self.ids += 1
        issued = datetime.fromtimestamp(self.clock.now().wall_us / 1e6, UTC).isoformat()
        body = {"cmd_id": f"c-{self.ids}", "issued_at": issued, "ttl_ms": 5000, **changes}
        topic = f"{ADDRESS.root}/cmd/{client}/{name}"
        self.hearing.heard(Incoming(topic, json.dumps(body).encode(), False))
        return str(body["cmd_id"])

    def said(self) -> list[dict[str, Any]]:
        """All answers that wait, with the topics that they go to."""
        found = []
        while (out := self.hearing.next()) is not None:
            found.append({"topic": out.topic, **json.loads(out.payload)})
        return found


def test_a_command_is_accepted_then_answered() -> None:
    ears = Ears()
    cmd_id = ears.say("viewer", "ping")
    (accepted,) = ears.said()
    assert (accepted["status"], accepted["topic"]) == (ACCEPTED, ADDRESS.reply("viewer"))
    ((command, answer),) = ears.begun
    assert (command.client, command.name, command.cmd_id) == ("viewer", Name.PING, cmd_id)
    rings = ears.rings
    answer(Reply(DONE, result={"x": 1}))
    assert ears.rings == rings + 1
    assert ears.said()[0]["result"] == {"x": 1}
    assert ears.said() == []


def test_nobody_is_heard_beyond_his_pace_and_others_are() -> None:
    ears = Ears()
    for _ in range(int(BURST) + 5):
        ears.say("viewer", "ping")
    codes = [each.get("code") for each in ears.said()]
    assert codes.count(429) == 5
    assert len(ears.begun) == int(BURST)
    ears.say("opener", "open")
    assert ears.said()[0]["status"] == ACCEPTED
    ears.say("viewer", "ping", seconds=1)
    assert ears.said()[0]["status"] == ACCEPTED, "his pace has come back"


def test_strangers_share_one_pace_and_one_line_in_the_journal() -> None:
    ears = Ears()
    for n in range(int(BURST) + 10):
        ears.say(f"stranger-{n}", "open")
    codes = [each["code"] for each in ears.said()]
    assert (codes.count(403), codes.count(429)) == (int(BURST), 10)
    (first,) = ears.refused
    assert (first.client, first.command, first.code, first.count) == ("stranger-0", "open", 403, 1)
    ears.say("stranger-99", "nonsense-403", seconds=SAY_EVERY_NS / 1e9 + 1)
    ears.say("Ünder", "open")
    assert [each.count for each in ears.refused] == [1, int(BURST)]
    assert ears.refused[1].client == "?", "what cannot stand in a topic stands in no entry"


def test_a_client_is_told_on_after_the_minute() -> None:
    ears = Ears()
    ears.say("viewer", "open")
    ears.say("viewer", "open", seconds=1)
    assert len(ears.refused) == 1
    ears.say("viewer", "open", seconds=SAY_EVERY_NS / 1e9 + 1)
    assert [each.count for each in ears.refused] == [1, 2]
    assert ears.begun == []


def test_answers_that_nobody_fetches_are_bounded() -> None:
    ears = Ears()
    for n in range(WAITING + 20):
        ears.say("viewer", "ping", seconds=n)
    assert len(ears.said()) == WAITING


def test_a_client_that_cannot_be_addressed_is_not_answered() -> None:
    ears = Ears()
    ears.say("Not_An_Id", "ping")
    assert ears.said() == []


def test_on_311_without_a_clock_no_arm_is_moved() -> None:
    ears = Ears("3.1.1")
    ears.clock.set(moment(0, ClockQuality.UNKNOWN))
    ears.say("opener", "open", correlation="q")
    ears.say("viewer", "ping", correlation="r")
    refused, accepted = ears.said()
    assert (refused["code"], refused["correlation"]) == (503, "q")
    assert (accepted["status"], accepted["correlation"]) == (ACCEPTED, "r")
    assert len(ears.begun) == 1


@pytest.mark.parametrize(("version", "answers"), [("5", 1), ("3.1.1", 0)])
def test_who_sent_what_cannot_be_read_is_told_where_that_can_be(version: str, answers: int) -> None:
    ears = Ears(version)
    ears.hearing.heard(Incoming(f"{ADDRESS.root}/cmd/viewer/ping", b"{", False))
    assert len(ears.said()) == answers


def test_what_cannot_be_read_is_answered_at_a_pace() -> None:
    ears = Ears()
    for _ in range(int(BURST) + 5):
        ears.hearing.heard(Incoming(f"{ADDRESS.root}/cmd/viewer/ping", b"{", False))
    assert len(ears.said()) == int(BURST)
    ears.say("viewer", "ping")
    assert ears.said()[0]["code"] == 429, "what can be read is always answered"


def test_a_replay_is_looked_up_first() -> None:
    ears = Ears()
    cmd_id = ears.say("viewer", "replay")
    assert ears.said() == []
    wanted = ears.hearing.asked()
    assert wanted is not None
    assert ears.hearing.asked() is None
    ears.hearing.say("viewer", cmd_id, Reply(ACCEPTED))
    ears.hearing.replayed("viewer", cmd_id, Reply(DONE, result={"events": 3}))
    assert [each["status"] for each in ears.said()] == [ACCEPTED, DONE]
    assert ears.noted == [(wanted, Reply(DONE, result={"events": 3}))]
    ears.known[f"viewer/{cmd_id}"] = Reply(DONE, result={"events": 3}, duplicate=True)
    ears.say("viewer", "replay", cmd_id=cmd_id)
    assert ears.hearing.asked() is None
    assert ears.said()[0]["duplicate"] is True
    late = ears.say("viewer", "replay", issued_at="2020-01-01T00:00:00Z")
    assert [(each["cmd_id"], each["status"]) for each in ears.said()] == [(late, "expired")]
    assert ears.hearing.asked() is None


def test_the_end_of_a_session_forgets_what_was_asked_in_it() -> None:
    ears = Ears()
    cmd_id = ears.say("viewer", "replay")
    assert ears.hearing.asked() is not None
    ears.hearing.forget_replays()
    ears.hearing.replayed("viewer", cmd_id, Reply(DONE))
    ears.hearing.say("viewer", cmd_id, Reply(ACCEPTED))
    assert (ears.said(), ears.noted) == ([], [])


def test_home_assistant_asks_at_most_once_and_at_a_pace() -> None:
    ears = Ears()
    topic = f"{ADDRESS.root}/ha/{LANE}/set"
    ears.hearing.heard(Incoming(topic, b"OPEN", False))
    ears.hearing.heard(Incoming(topic, b"OPEN", True))
    ears.hearing.heard(Incoming(topic, b"BOO", False))
    ((command, answer),) = ears.begun
    assert (command.name, command.args) == (Name.OPEN, {"lane": LANE})
    assert command.deadline_ns - ears.clock.now().mono_ns == 10_000_000_000
    answer(Reply(DONE))
    assert ears.said() == []
    for _ in range(int(BURST) + 5):
        ears.say("stranger", "open")
    for _ in range(int(BURST) + 5):
        ears.hearing.heard(Incoming(topic, b"OPEN", False))
    assert len(ears.begun) == int(BURST)
    assert len({each.cmd_id for each, _ in ears.begun}) == int(BURST)


def test_acks_move_what_is_confirmed_and_are_kept() -> None:
    ears = Ears()
    topic = f"{ADDRESS.root}/ack/centre"
    ears.hearing.heard(Incoming(topic, b'{"streamid": "s-1", "throughseq": 40}', True))
    assert ears.hearing.acks.confirmed("s-1") == 40
    ears.hearing.keep()
    ears.hearing.keep()
    assert ears.saved == [{"centre": ("s-1", 40)}]


def test_only_what_is_served_is_subscribed_to() -> None:
    topics = [each.topic for each in Ears().hearing.subscriptions]
    root = ADDRESS.root
    assert topics == [f"{root}/cmd/+/+", f"{root}/ack/centre", f"{root}/ha/+/set"]
    nothing = Ears(permits={}, consumers=(), discovery=None).hearing
    assert nothing.subscriptions == ()
    nothing.announcing.begin()
    assert nothing.announcing.next(0.0) is None
