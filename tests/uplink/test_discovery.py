"""Home Assistant: what it is told, what it shows of it, what it may ask for."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import __version__
from agent.core.commands import Command
from agent.core.ids import AgentId, EstateId, InputId, LaneId, OutputId
from agent.core.model import Direction
from agent.core.plan import ArmKind, ArmPlan, Drive, GatePlan, LanePlan, Relay
from agent.core.view import EMERGENCIES, MODES, LaneView
from agent.ports import Head
from agent.uplink import payloads
from agent.uplink.broker import Broker
from agent.uplink.client import Connection
from agent.uplink.discovery import CLIENT, Discovery, Options
from agent.uplink.line import Incoming, Subscription
from agent.uplink.payloads import Presence
from agent.uplink.topics import Address
from tests.parts import require
from tests.patience import QUIET_S, until
from tests.rigs.broker import Mosquitto
from tests.rigs.home_assistant import UNAVAILABLE, UNKNOWN, HomeAssistant, rendered
from tests.rigs.listener import Listener
from tests.rigs.speaker import Speaker

ADDRESS = Address("green", "north")
IN, OUT, DOOR = LaneId("in-1"), LaneId("out-1"), LaneId("door")
SET = "gate/v1/green/north/ha/in-1/set"
NODE = "gate_green_north"
HEAD = Head("stream", "boot", 1, 7, bytes(32))


def _relay(name: str) -> Relay:
    return Relay(OutputId(name), Drive.PULSE)


WHOLE = ArmPlan(_relay("o"), _relay("c"), _relay("s"), loop=InputId("in-1.loop"))
ITSELF = ArmPlan(_relay("o"), closes_itself=True)
STRIKE = ArmPlan(_relay("o"), kind=ArmKind.DOOR, loop=InputId("door.loop"))
PLAN = GatePlan(
    EstateId("green"),
    AgentId("north"),
    {
        IN: LanePlan(IN, Direction.IN, WHOLE, 1),
        OUT: LanePlan(OUT, Direction.OUT, ITSELF, 1),
        DOOR: LanePlan(DOOR, Direction.BOTH, STRIKE, 1),
    },
    {},
)
BOTH = Options(open=True, close=True, gate="North gate", lanes={"in-1": "Main entrance"})


def told(options: Options, plan: GatePlan = PLAN) -> dict[str, dict[str, Any]]:
    """What is told, by topic without prefix and node; what is taken away is left out."""
    messages = Discovery(plan, ADDRESS, options).messages()
    short = {re.sub(f"^{options.prefix}/|{NODE}/|/config$", "", k): v for k, v in messages.items()}
    return {topic: json.loads(payload) for topic, payload in short.items() if payload}


def state(position: str = "closed", **more: Any) -> str:
    given: dict[str, Any] = {"mode": "normal", "loop": "clear", "waiting": 0, **more}
    return payloads.state(LaneView(IN, position, **given), "stream", 7).decode()


def asked(options: Options, topic: str, payload: bytes, *, retained: bool = False) -> Any:
    discovery = Discovery(PLAN, ADDRESS, options)
    return discovery.asked(topic, payload, retained=retained, cmd_id="id-1", deadline_ns=9)


# --- what is told ---------------------------------------------------------------------------------


def test_every_lane_is_a_cover_with_its_sensors() -> None:
    found = told(Options())
    lanes = {"in-1", "out-1", "door"}
    assert set(found) == {
        *(f"cover/{lane}_cover" for lane in lanes),
        *(f"sensor/{lane}_mode" for lane in lanes),
        *(f"binary_sensor/{lane}_faults" for lane in lanes),
        "binary_sensor/in-1_loop",
        "binary_sensor/door_loop",
        "sensor/emergency",
    }
    assert found["cover/in-1_cover"]["device_class"] == "gate"
    assert found["cover/door_cover"]["device_class"] == "door"
    assert found["cover/in-1_cover"]["state_topic"] == "gate/v1/green/north/state/in-1"
    assert all(one["availability_topic"] == ADDRESS.status for one in found.values())


def test_unique_ids_are_unique_and_stay_when_names_and_rights_change() -> None:
    before, after = told(Options()), told(replace(BOTH, prefix="other/ha"))
    unique = [one["unique_id"] for one in before.values()]
    assert len(set(unique)) == len(unique)
    assert {k: v["unique_id"] for k, v in after.items()} == {
        k: v["unique_id"] for k, v in before.items()
    }
    assert set(after) == set(before)


IDS = st.from_regex("[a-z0-9-]{1,32}", fullmatch=True)


@given(st.lists(st.tuples(IDS, IDS), min_size=2, max_size=2, unique=True), IDS)
def test_two_gates_never_share_an_id(gates: list[tuple[str, str]], lane: str) -> None:
    ids: list[set[str]] = []
    for estate, agent in gates:
        plan = replace(PLAN, lanes={LaneId(lane): LanePlan(LaneId(lane), Direction.IN, WHOLE, 1)})
        messages = Discovery(plan, Address(estate, agent), Options()).messages()
        assert all(re.fullmatch(r"[a-z_]+/\w+/[\w-]+/[\w-]+/config", topic) for topic in messages)
        ids.append({*messages, *(json.loads(one)["unique_id"] for one in messages.values())})
    assert not ids[0] & ids[1]


def test_the_device_is_the_gate_with_its_software() -> None:
    for one in told(BOTH).values():
        device = one["device"]
        assert device["identifiers"] == [NODE]
        assert (device["name"], device["sw_version"]) == ("North gate", __version__)
        assert one["origin"] == {"name": "gate-agent", "sw_version": __version__}
    plain = told(Options())["cover/in-1_cover"]
    assert (plain["device"]["name"], plain["name"]) == ("green/north", "in-1")
    assert told(BOTH)["sensor/in-1_mode"]["name"] == "Main entrance mode"


def test_its_own_prefix_is_used() -> None:
    topics = Discovery(PLAN, ADDRESS, Options(prefix="a/b")).messages()
    assert topics
    assert all(topic.startswith("a/b/") for topic in topics)


def test_what_is_not_shown_any_more_is_taken_away() -> None:
    shown = Discovery(PLAN, ADDRESS, Options()).messages()
    hidden = Discovery(PLAN, ADDRESS, Options(shown=False, open=True)).messages()
    assert set(hidden) == set(shown)
    assert set(hidden.values()) == {b""}
    assert Discovery(PLAN, ADDRESS, Options(shown=False, open=True)).subscriptions() == ()


def test_a_loop_that_is_not_wired_any_more_is_taken_away() -> None:
    messages = Discovery(PLAN, ADDRESS, Options()).messages()
    assert messages[f"homeassistant/binary_sensor/{NODE}/out-1_loop/config"] == b""
    assert messages[f"homeassistant/binary_sensor/{NODE}/in-1_loop/config"] != b""


def test_a_gate_without_lanes_tells_nothing() -> None:
    assert Discovery(replace(PLAN, lanes={}), ADDRESS, BOTH).messages() == {}


# --- what is made of it ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("position", "shown"),
    [
        ("open", "open"),
        ("closed", "closed"),
        ("opening", "opening"),
        ("closing", "closing"),
        ("stopped", "None"),
        ("unknown", "None"),
    ],
)
def test_a_position_is_shown_as_it_is_and_half_way_is_unknown(position: str, shown: str) -> None:
    cover = told(Options())["cover/in-1_cover"]
    assert rendered(cover["value_template"], state(position)) == shown
    attributes = json.loads(rendered(cover["json_attributes_template"], state(position)))
    assert attributes == {"arm": position, "proof": "none", "alarm": "none", "waiting": 0}


@pytest.mark.parametrize(
    ("loop", "shown"), [("occupied", "ON"), ("clear", "OFF"), ("unknown", "None"), ("none", "None")]
)
def test_a_loop_that_cannot_be_believed_is_unknown(loop: str, shown: str) -> None:
    template = told(Options())["binary_sensor/in-1_loop"]["value_template"]
    assert rendered(template, state(loop=loop)) == shown


def test_faults_are_a_problem_and_are_listed() -> None:
    sensor = told(Options())["binary_sensor/in-1_faults"]
    faults = ('input in-1.loop: says "both" & <nothing>', "臂杆")
    assert rendered(sensor["value_template"], state()) == "OFF"
    assert rendered(sensor["value_template"], state(faults=faults)) == "ON"
    listed = json.loads(rendered(sensor["json_attributes_template"], state(faults=faults)))
    assert listed == {"faults": list(faults)}


@pytest.mark.parametrize("word", MODES)
def test_the_mode_is_one_of_its_options(word: str) -> None:
    sensor = told(Options())["sensor/out-1_mode"]
    assert rendered(sensor["value_template"], state(mode=word)) in sensor["options"]


@pytest.mark.parametrize("word", EMERGENCIES)
def test_the_emergency_is_one_of_its_options(word: str) -> None:
    sensor = told(Options())["sensor/emergency"]
    assert rendered(sensor["value_template"], state(emergency=word)) in sensor["options"]


@pytest.mark.parametrize("presence", Presence)
def test_only_online_is_available(presence: Presence) -> None:
    one = told(Options())["cover/in-1_cover"]
    said = rendered(one["availability_template"], payloads.status(presence, 3, HEAD).decode())
    online = presence is Presence.ONLINE
    assert said == one["payload_available" if online else "payload_not_available"]


# --- what may be asked for ------------------------------------------------------------------------


def test_nothing_may_be_asked_for_unless_it_is_enabled() -> None:
    discovery = Discovery(PLAN, ADDRESS, Options())
    assert discovery.subscriptions() == ()
    for content in told(Options()).values():
        assert not {"command_topic", "payload_open", "payload_close", "payload_stop"} & set(content)
    assert [asked(Options(), SET, word) for word in (b"OPEN", b"CLOSE", b"STOP")] == [None] * 3


CASES = [
    (Options(open=True), {"in-1": "OPEN STOP", "out-1": "OPEN", "door": "OPEN"}),
    (Options(close=True), {"in-1": "CLOSE STOP", "out-1": "", "door": ""}),
    (BOTH, {"in-1": "OPEN CLOSE STOP", "out-1": "OPEN", "door": "OPEN"}),
]


@pytest.mark.parametrize(("options", "lanes"), CASES)
def test_a_button_is_there_when_it_is_enabled_and_wired(
    options: Options, lanes: Mapping[str, str]
) -> None:
    found = told(options)
    assert Discovery(PLAN, ADDRESS, options).subscriptions() == ("gate/v1/green/north/ha/+/set",)
    for lane, words in lanes.items():
        cover, topic = found[f"cover/{lane}_cover"], SET.replace("in-1", lane)
        wanted = set(words.split())
        if wanted:
            assert (cover["command_topic"], cover["retain"], cover["qos"]) == (topic, False, 0)
        else:
            assert "command_topic" not in cover
        for word in ("OPEN", "CLOSE", "STOP"):
            told_payload = cover.get(f"payload_{word.lower()}")
            assert told_payload == (word if word in wanted else None)
            command = asked(options, topic, word.encode())
            assert (command is not None) == (word in wanted)
            if command is not None:
                assert (command.name, command.args) == (word.lower(), {"lane": lane})


def test_what_is_asked_for_is_a_command_of_its_own() -> None:
    digest = sha256(b"open\nOPEN").hexdigest()
    command = asked(BOTH, SET, b"OPEN")
    args = {"lane": "in-1"}
    assert command == Command(CLIENT, "open", "id-1", "", "Home Assistant", args, digest, 9)


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        (SET, b"open"),
        (SET, b""),
        (SET, b"OPEN\n"),
        (SET, "ＯＰＥＮ".encode()),
        (SET, b"\xff\xfe"),
        (SET, b"TOGGLE"),
        (f"{SET}/set", b"OPEN"),
        (f"{SET}tle", b"OPEN"),
        (SET.removesuffix("/set"), b"OPEN"),
        (SET.replace("in-1", "in-2"), b"OPEN"),
        (SET.replace("in-1", ""), b"OPEN"),
        (SET.replace("north", "south"), b"OPEN"),
        (SET.replace("gate/v1/green/north/ha/", ""), b"OPEN"),
    ],
)
def test_everything_else_is_nothing(topic: str, payload: bytes) -> None:
    assert asked(BOTH, topic, payload) is None


def test_a_retained_request_is_none() -> None:
    assert asked(BOTH, SET, b"OPEN", retained=True) is None
    assert asked(BOTH, SET, b"OPEN", retained=False) is not None


@given(st.text(max_size=80), st.binary(max_size=20))
def test_no_topic_and_no_payload_breaks_it(topic: str, payload: bytes) -> None:
    assert asked(BOTH, topic, payload) is None
    assert asked(BOTH, SET, b"\x00" + payload) is None


# --- with a broker --------------------------------------------------------------------------------


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    require("mosquitto")
    with Mosquitto(tmp_path / "broker") as running:
        yield running


def _tell(speaker: Speaker, options: Options, plan: GatePlan = PLAN) -> None:
    for topic, payload in Discovery(plan, ADDRESS, options).messages().items():
        speaker.say(topic, payload, retain=True)


def _speak(speaker: Speaker, lane: LaneId, view: str) -> None:
    speaker.say(ADDRESS.state(lane), view.encode(), retain=True)


def test_it_is_found_and_shown(broker: Mosquitto) -> None:
    with HomeAssistant(broker) as home, Speaker(broker) as speaker:
        _tell(speaker, BOTH)
        home.wait(lambda it: len(it.entities) == 12, "all entities are found")
        assert set(home.states().values()) == {UNAVAILABLE}
        speaker.say(ADDRESS.status, payloads.status(Presence.ONLINE, 3, HEAD), retain=True)
        view = state("opening", loop="occupied", mode="lockdown", emergency="lockdown")
        _speak(speaker, IN, view)
        _speak(speaker, OUT, state("stopped", faults=("relay",)))
        cover = f"{NODE}_in-1_cover"
        home.wait(lambda it: it.entities[f"{NODE}_out-1_faults"].state == "on", "the last is shown")
        shown = home.states()
        assert shown[cover] == "opening"
        assert shown[f"{NODE}_in-1_loop"] == "on"
        assert shown[f"{NODE}_in-1_mode"] == shown[f"{NODE}_emergency"] == "lockdown"
        assert shown[f"{NODE}_out-1_cover"] == UNKNOWN
        assert shown[f"{NODE}_door_cover"] == UNKNOWN, "nothing was said of it"
        assert home.entities[cover].name == "North gate Main entrance"
        assert home.entities[cover].buttons == {"open", "close", "stop"}
        for word in (Presence.LOST, Presence.OFFLINE):
            speaker.say(ADDRESS.status, payloads.status(Presence.ONLINE, 3, HEAD), retain=True)
            home.wait(lambda it: it.entities[cover].state == "opening", "it is there")
            speaker.say(ADDRESS.status, payloads.status(word, 3, HEAD), retain=True)
            home.wait(lambda it: set(it.states().values()) == {UNAVAILABLE}, f"it is {word}")


def test_one_that_comes_later_finds_the_same(broker: Mosquitto) -> None:
    with Speaker(broker) as speaker:
        _tell(speaker, BOTH)
        speaker.say(ADDRESS.status, payloads.status(Presence.ONLINE, 3, HEAD), retain=True)
        _speak(speaker, IN, state("open"))
    with HomeAssistant(broker) as home:
        home.wait(lambda it: it.states().get(f"{NODE}_in-1_cover") == "open", "it is shown")


def test_when_it_is_turned_off_nothing_is_left_at_the_broker(broker: Mosquitto) -> None:
    with HomeAssistant(broker) as home, Speaker(broker) as speaker:
        _tell(speaker, BOTH)
        home.wait(lambda it: len(it.entities) == 12, "all entities are found")
        _tell(speaker, replace(BOTH, shown=False))
        home.wait(lambda it: not it.entities, "all entities are gone")
        speaker.say("homeassistant/end", b"", retain=False)
    with Listener(broker, "homeassistant/#") as late:
        assert not until_quiet(late), "the broker still keeps something"


def test_a_lane_that_is_removed_stays_until_its_topics_are_emptied(broker: Mosquitto) -> None:
    """As the documents say: the topics are known by the lanes, and this lane is not known."""
    fewer = replace(PLAN, lanes={IN: PLAN.lanes[IN]})
    with HomeAssistant(broker) as home, Speaker(broker) as speaker:
        _tell(speaker, BOTH)
        home.wait(lambda it: len(it.entities) == 12, "all entities are found")
        _tell(speaker, replace(BOTH, shown=False), fewer)

        def left(it: HomeAssistant) -> bool:
            return {name.split("_")[3] for name in it.states()} == {"out-1", "door"}

        home.wait(left, "those of the lane are gone, and no others")


class Gate:
    """Hears what Home Assistant asks for, over the gate's own connection."""

    def __init__(self, broker: Mosquitto, *, stored: bool) -> None:
        self.heard: list[Incoming] = []
        self._stands = False
        self._link = Connection(Broker(broker.host, broker.port), self)
        self._link.open(None)
        wanted = Discovery(PLAN, ADDRESS, BOTH).subscriptions()
        self._link.subscribe([Subscription(topic, qos=0, stored=stored) for topic in wanted])
        self.turn(lambda: self._stands, "the subscription stands")

    def acknowledged(self, mid: int, code: int, name: str) -> None:
        raise AssertionError(f"nothing was published: {mid} {code} {name}")

    def answered(self, refused: str) -> None:
        assert not refused
        self._stands = True

    def received(self, message: Incoming) -> None:
        self.heard.append(message)

    def turn(self, look: Callable[[], bool], what: str) -> None:
        """Let the connection work until it is so."""

        def turned() -> bool:
            self._link.turn(0.05)
            return look()

        until(turned, what)

    def words(self) -> list[str | None]:
        """What was asked for, in order; None where it counts for nothing."""
        found = [asked(BOTH, one.topic, one.payload, retained=one.retained) for one in self.heard]
        return [None if one is None else one.name for one in found]

    def close(self) -> None:
        self._link.close(politely=True)


def test_what_is_pressed_comes_once_and_retained_ones_do_nothing(broker: Mosquitto) -> None:
    cover = f"{NODE}_in-1_cover"
    with HomeAssistant(broker) as home, Speaker(broker) as speaker:
        _tell(speaker, BOTH)
        home.wait(lambda it: len(it.entities) == 12, "all entities are found")
        with closing(Gate(broker, stored=False)) as gate:
            home.press(cover, "open")
            home.press(cover, "close", retain=True)
            home.press(cover, "stop")
            gate.turn(lambda: len(gate.heard) == 3, "all that was pressed")
            assert gate.words() == ["open", None, "stop"]
        with closing(Gate(broker, stored=True)) as gate:
            gate.turn(lambda: len(gate.heard) == 1, "what the broker has kept")
            assert gate.words() == [None]
        with closing(Gate(broker, stored=False)) as gate:
            home.press(cover, "open")
            gate.turn(lambda: bool(gate.heard), "what was pressed")
            assert gate.words() == ["open"], "what the broker has kept is not even asked for"


def until_quiet(listener: Listener) -> list[str]:
    """What a new subscription is given; its own last word comes after all that was retained."""
    with Speaker(listener._broker) as speaker:
        speaker.say("homeassistant/mark", b"mark", retain=False)
    until(lambda: listener.on("/mark"), "the mark", step_s=QUIET_S / 10)
    return [one.topic for one in listener.heard if not one.topic.endswith("/mark")]
