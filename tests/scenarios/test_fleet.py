"""A fleet: real uplinks over real ledgers at one broker, which is restarted; nothing is lost."""

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from agent.bench.gates import ESTATE, Gates, Member, some_gates
from agent.core.entries import StoredEntry
from agent.store.reading import Reading
from agent.uplink.envelope import envelope
from tests.parts import require
from tests.patience import LIMIT_S, Watch, until
from tests.rigs import house
from tests.rigs.broker import Mosquitto
from tests.rigs.listener import Heard, Listener

GATES = house.size(20, 200)
WINDOW = 20
ATTEMPTS = 5
INSTANT_S = 0.25
LIMIT = LIMIT_S + GATES
STALL_S = 1.0


def _entries(member: Member) -> list[StoredEntry]:
    with Reading.open(member.path) as reading:
        return reading.after(0, 1_000_000)


def _by_gate(heard: Iterable[Heard]) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for one in heard:
        if one.topic.endswith("/evt"):
            found.setdefault(one.topic.split("/")[3], []).append(one.payload)
    return found


def _sequence(payload: bytes) -> int:
    return int(json.loads(payload)["sequence"])


def _heard_all(listener: Listener, gates: Gates) -> bool:
    """The last event of every gate has come."""
    last = {name: payloads[-1] for name, payloads in _by_gate(list(listener.heard)).items()}
    heads = {each.name: each.uplink.health().counters for each in gates.members}
    return all(
        name in last and counters is not None and _sequence(last[name]) == counters["published"]
        for name, counters in heads.items()
    )


def _drained(gates: Gates) -> None:
    until(lambda: not any(each.counter("backlog") for each in gates.members), "no backlog", LIMIT)


def _connected(gates: Gates) -> None:
    until(lambda: all(each.connected for each in gates.members), "every gate is there", LIMIT)


def _nothing_is_lost(listener: Listener, gates: Gates) -> int:
    """Every event came, the first times in order, with its bytes; gives how many came again."""
    again = 0
    told = _by_gate(listener.heard)
    assert set(told) == {each.name for each in gates.members}
    for member in gates.members:
        source = f"/gate/v1/{ESTATE}/{member.name}"
        expected = {one.sequence: envelope(one, source) for one in _entries(member)}
        firsts: dict[int, bytes] = {}
        for payload in told[member.name]:
            number = _sequence(payload)
            assert firsts.setdefault(number, payload) == payload, f"{member.name}: {number}"
        assert list(firsts) == sorted(expected), f"{member.name}: not all, or not in order"
        assert firsts == expected
        again += len(told[member.name]) - len(firsts)
    return again


def test_a_fleet_loses_nothing_when_its_broker_is_restarted(tmp_path: Path) -> None:
    require("mosquitto")
    place = tmp_path / "broker"
    lines = ("persistence true", f"persistence_location {place}/")
    names = [f"gate-{number:03}" for number in range(GATES)]
    with (
        # The listener waits with select(2), which knows no descriptor above 1,023: when it comes
        # back, it finds one of these free.
        _held(GATES + 64) as low,
        Mosquitto(place, lines=lines) as broker,
        # The broker keeps this subscription over its restart, so that nothing passes it by.
        Listener(broker, f"gate/v1/{ESTATE}/+/evt", session="centre") as listener,
        some_gates(tmp_path, names, broker.port, WINDOW) as gates,
    ):
        gates.write(5)
        gates.start()
        _connected(gates)
        gates.write(5)
        _drained(gates)

        # Some is on its way when the broker goes, some is written while it is away.
        gates.write(25)
        broker.stop()
        gates.write(10)
        # So often in vain that the next attempt of each is seconds away.
        until(
            lambda: all(each.uplink._backoff.failures >= ATTEMPTS for each in gates.members),
            "every gate knocks in vain",
            LIMIT,
        )
        backlogs = [each.counter("backlog") for each in gates.members]
        assert min(backlogs) >= 4 * 10, "each gate keeps what it could not tell"
        sessions = {each.name: each.counter("session") for each in gates.members}
        low.close()
        back = _come_back(broker, gates, sessions)
        gates.write(1)
        _drained(gates)
        until(lambda: _heard_all(listener, gates), "the last event of every gate", LIMIT, 0.2)
        again = _nothing_is_lost(listener, gates)
    print(f"{GATES} gates, back after {min(back):.2f} to {max(back):.2f} s, {again} again")  # noqa: T201


@contextmanager
def _held(number: int) -> Iterator[ExitStack]:
    """So many descriptors, the lowest that are free, until the stack is closed."""
    with ExitStack() as held:
        for _ in range(number):
            held.enter_context(Path(os.devnull).open())
        yield held


def _come_back(broker: Mosquitto, gates: Gates, sessions: dict[str, int]) -> list[float]:
    """Start the broker; when each gate had a session again, in seconds.

    They do not come at once, as they would if they all counted alike.
    """
    back: dict[str, float] = {}
    with Watch() as watch:
        broker.start()

        def look() -> bool:
            for each in gates.members:
                if each.counter("session") > sessions[each.name]:
                    back.setdefault(each.name, watch.ran_s)
            return len(back) == len(gates.members)

        until(look, "every gate comes back", LIMIT, 0.02)
        stood_s = watch.stood_s
    _connected(gates)
    instants = Counter(int(moment / INSTANT_S) for moment in back.values())
    if stood_s < STALL_S:  # a machine that stood still lets all that was due happen at once
        assert max(instants.values()) <= GATES / 2, instants
    return list(back.values())
