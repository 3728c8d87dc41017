"""What the centre missed is told again, what it has is remembered. Every part is the real one."""

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.app import open_ledger
from agent.console.pages.counted import COUNTERS
from agent.core.entries import Entry, EntryType
from agent.core.model import ClockQuality, Moment
from agent.store.reading import Reading
from tests.parts import require
from tests.patience import until
from tests.rigs import house
from tests.rigs.broker import Mosquitto
from tests.rigs.house import DENIED, IN, House
from tests.rigs.listener import Listener
from tests.rigs.speaker import Speaker
from tests.rigs.told import events

ROOT = "gate/v1/green-garden/demo"
ENTRIES = 2_500
CHUNKED = 550
PACKET = 16_000
ATTEMPTS = 5

_ids = itertools.count(1)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    require("mosquitto")
    with Mosquitto(tmp_path / "broker") as made:
        yield made


def changes(broker: Mosquitto, *consumers: str, version: str = "5") -> dict[str, Any]:
    uplink = {
        "host": broker.host,
        "port": broker.port,
        "version": version,
        "tls": False,
        "clients": {"centre": {"group": "readers"}},
        "groups": {"readers": {"may": ["replay"]}},
        "consumers": list(consumers),
    }
    return {"uplink": uplink, "lanes": house.demo_lanes(open_for="1 s")}


def weeks(rig: House, count: int) -> None:
    """The daemon is down: what it would have written in weeks, through the real ledger."""
    command = [sys.executable, "-m", "tests.rigs.bulk", str(rig.gate.config), str(count)]
    subprocess.run(command, check=True, cwd=house.ROOT, timeout=600)


def years(rig: House) -> None:
    """The daemon is down: four taps that are too old to be kept, and one of these days."""
    with open_ledger(rig.gate.settings) as ledger:
        for days in (1000, 980, 960, 940, 3):
            wall_us = int((datetime.now(UTC) - timedelta(days=days)).timestamp() * 1e6)
            at = Moment(wall_us, 1_000_000_000, ClockQuality.SYNCED)
            data = {"lane": IN, "reader": f"{IN}-rdm", "direction": "in"}
            data["reason"] = "unknown_credential"
            ledger.append([Entry(EntryType.ACCESS_DENIED, f"lane/{IN}", at, data)], at)


def told(rig: House, listener: Listener) -> dict[int, bytes]:
    """Everything that was published, once all of it is."""

    def all_of_it() -> bool:
        heard = listener.on("/evt")
        return bool(heard) and int(json.loads(heard[-1].payload)["sequence"]) >= rig.head()

    until(all_of_it, "every event")
    return events(listener.on("/evt"))


def stream(rig: House) -> str:
    with Reading.open(rig.ledger) as reading:
        (row,) = reading.rows("SELECT stream FROM streams")
    return str(row["stream"])


def ask(speaker: Speaker, **args: object) -> str:
    """Ask for a replay; gives its ``cmd_id``."""
    cmd_id = f"replay-{next(_ids)}"
    body = {
        "cmd_id": cmd_id,
        "issued_at": datetime.now(UTC).isoformat(),
        "ttl_ms": 3_600_000,
        "actor": "night job",
        "args": args,
    }
    speaker.say(f"{ROOT}/cmd/centre/replay", json.dumps(body).encode())
    return cmd_id


def replies(listener: Listener, cmd_id: str) -> list[Mapping[str, Any]]:
    found = (json.loads(one.payload) for one in listener.on("/reply/centre"))
    return [reply for reply in found if reply["cmd_id"] == cmd_id]


def ended(listener: Listener, cmd_id: str) -> Mapping[str, Any]:
    """The reply with which it ended."""

    def end() -> Mapping[str, Any] | None:
        found = [reply for reply in replies(listener, cmd_id) if reply["status"] != "accepted"]
        return found[-1] if found else None

    reply = until(end, f"the end of {cmd_id}")
    assert reply is not None
    return reply


def inside(payload: bytes) -> list[bytes]:
    """The events of a chunk, as they stand in it."""
    text, at, found = payload.decode(), len('{"events":['), []
    while text[at] != "]":
        end = json.JSONDecoder().raw_decode(text, at)[1]
        found.append(text[at:end].encode())
        at = end + (text[end] == ",")
    return found


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_what_was_missed_comes_again_byte_for_byte(tmp_path: Path, version: str) -> None:
    require("mosquitto")
    # Only on MQTT 5 a client is told what the broker takes.
    small = [f"max_packet_size {PACKET}"] if version == "5" else []
    with (
        Mosquitto(tmp_path / "broker", lines=small) as broker,
        Listener(broker) as listener,
        Speaker(broker) as speaker,
        House(tmp_path / "gate", changes=changes(broker, version=version)) as rig,
    ):
        weeks(rig, 2 * CHUNKED)
        rig.start()
        published = told(rig, listener)
        head, ours = max(published), stream(rig)
        found: list[bytes] = []
        after: int | None = 1
        while after is not None:
            before = len(listener.on("/replay/centre"))
            cmd_id = ask(speaker, streamid=ours, **{"from": after, "to": head})
            result = ended(listener, cmd_id)["result"]
            chunks = listener.on("/replay/centre")[before:]
            assert not any(one.retained for one in chunks)
            assert [json.loads(one.payload)["last"] for one in chunks].count(True) == 1
            assert json.loads(chunks[-1].payload)["nextfrom"] == result["nextfrom"]
            again = [event for one in chunks for event in inside(one.payload)]
            assert len(again) == result["events"] <= 500
            found += again
            assert [one["status"] for one in replies(listener, cmd_id)] == ["accepted", "done"]
            after = result["nextfrom"]
        sizes = [len(one.payload) for one in listener.on("/replay/centre")]
        assert max(sizes) < PACKET if small else max(sizes) > PACKET
        assert found == [published[sequence] for sequence in range(1, head + 1)]
        # Only what is asked for.
        cmd_id = ask(
            speaker, streamid=ours, **{"from": 1, "to": head, "types": ["gate.agent.started.v1"]}
        )
        assert ended(listener, cmd_id)["status"] == "done"
        started = listener.on("/replay/centre")[-1].payload
        assert inside(started) == [
            published[one.sequence] for one in rig.entries("gate.agent.started.v1")
        ]
        # Beyond the end there is nothing, and that is said; what cannot be asked is refused.
        cmd_id = ask(speaker, streamid=ours, **{"from": 10**9, "to": None})
        assert ended(listener, cmd_id)["status"] == "done"
        empty = json.loads(listener.on("/replay/centre")[-1].payload)
        assert empty == {"events": [], "last": True, "nextfrom": None}
        chunks_before = len(listener.on("/replay/centre"))
        for args, code in (
            ({"streamid": "another", "from": 1}, 409),
            ({"streamid": ours, "from": 1, "limit": 501}, 422),
            ({"streamid": ours, "from": 0}, 422),
            ({"streamid": ours}, 422),
        ):
            reply = ended(listener, ask(speaker, **args))
            assert (reply["status"], reply["code"]) == ("rejected", code)
        assert len(listener.on("/replay/centre")) == chunks_before
        for part in rig.ask("status")["parts"]:
            assert set(part["counters"]) <= set(COUNTERS), part
        assert rig.part("uplink")["counters"]["commands"] > 4


def test_what_is_live_overtakes_a_replay(tmp_path: Path, broker: Mosquitto) -> None:
    """Until a tap fell amid a replay: a machine that stands still may keep it from that."""
    with (
        Listener(broker) as listener,
        Speaker(broker) as speaker,
        House(tmp_path / "gate", changes=changes(broker)) as rig,
    ):
        weeks(rig, ENTRIES)
        rig.start()
        told(rig, listener)
        ours = stream(rig)
        for attempt in range(ATTEMPTS):
            listener.heard.clear()
            for number in range(4):
                last = ask(speaker, streamid=ours, **{"from": 1 + 500 * number, "to": None})
            listener.wait(lambda it: bool(it.on("/replay/centre")))
            after = rig.head()
            rig.tap(IN, 0xBAD0000 + attempt)
            rig.wait_entry(DENIED, after=after)
            ended(listener, last)
            topics = [one.topic.removeprefix(ROOT) for one in list(listener.heard)]
            if "/evt" in topics and "/replay/centre" in topics[topics.index("/evt") :]:
                return
        pytest.fail("an event that was live waited for the end of a replay")


def ack(speaker: Speaker, consumer: str, stream_id: str, through: object) -> None:
    """As a consumer keeps its cursor: retained."""
    payload = json.dumps({"streamid": stream_id, "throughseq": through}).encode()
    speaker.say(f"{ROOT}/ack/{consumer}", payload, retain=True)


def confirmed(rig: House) -> int:
    """-1 while the line has not begun."""
    return int(rig.part("uplink")["counters"].get("confirmed", -1))


def test_what_the_centre_has_is_remembered(tmp_path: Path, broker: Mosquitto) -> None:
    with House(tmp_path / "gate", changes=changes(broker, "centre", "mirror")) as rig:
        with Listener(broker) as listener, Speaker(broker) as speaker:
            weeks(rig, 50)
            rig.start()
            head, ours = max(told(rig, listener)), stream(rig)
            assert confirmed(rig) == 0
            ack(speaker, "centre", ours, 40)
            ack(speaker, "mirror", ours, 30)
            until(lambda: confirmed(rig) == 30, "the slower one")
            ack(speaker, "mirror", ours, 45)
            until(lambda: confirmed(rig) == 40, "the other is the slower one now")
            # What is wrong moves nothing, and is said until it is right.
            for wrong, why in (
                ({"streamid": ours, "throughseq": head + 10_000}, "the journal ends"),
                ({"streamid": "another", "throughseq": 45}, "another stream"),
                ({"streamid": ours, "throughseq": "45"}, "no ack"),
            ):
                speaker.say(f"{ROOT}/ack/centre", json.dumps(wrong).encode())
                part = complaint(rig, why)
                assert part["condition"] == "degraded"
                assert part["counters"]["confirmed"] == 40
            ack(speaker, "stranger", ours, 1)
            ack(speaker, "centre", ours, 41)
            until(lambda: confirmed(rig) == 41, "what is right again")
            assert rig.part("uplink")["condition"] == "ok"
            until(lambda: listener.on("/tele"), "the figures")
            figures = json.loads(listener.on("/tele")[0].payload)
            assert figures["streamid"] == ours
            assert figures["disk_free_bytes"] > 0
            assert not listener.on("/tele")[0].retained
        rig.stop()
        # A broker that keeps nothing over its end forgets the cursors; the gate does not.
        broker.restart()
        with Listener(broker) as listener, Speaker(broker) as speaker:
            rig.start()
            until(lambda: listener.on("/tele"), "the figures of the new session")
            figures = json.loads(listener.on("/tele")[0].payload)
            assert figures["confirmed"] == 41
            assert confirmed(rig) == 41
            # And an old cursor that comes late takes nothing back.
            ack(speaker, "mirror", ours, 12)
            ack(speaker, "centre", ours, 44)
            until(lambda: confirmed(rig) == 44, "the next one")


def complaint(rig: House, why: str) -> Mapping[str, Any]:
    """The line's health, once it says this."""
    until(lambda: why in rig.part("uplink")["detail"], f"the complaint: {why}")
    return rig.part("uplink")


def test_retention_keeps_what_is_not_confirmed_and_replay_says_what_is_gone(
    tmp_path: Path, broker: Mosquitto
) -> None:
    wanted = changes(broker, "centre", "mirror")
    with (
        Listener(broker) as listener,
        Speaker(broker) as speaker,
        House(tmp_path / "gate", changes=wanted) as rig,
    ):
        years(rig)
        rig.start()
        told(rig, listener)
        ours = stream(rig)
        ack(speaker, "centre", ours, 4)
        until(lambda: rig.part("uplink")["counters"]["published"] >= 4, "what was published")
        assert confirmed(rig) == 0
        rig.stop()
        done = rig.command("journal", "cut", "--yes").stdout
        assert "nothing beyond entry 0 may go: mirror has confirmed no more" in done
        assert "nothing before" in done
        rig.start()
        ack(speaker, "mirror", ours, 2)
        until(lambda: confirmed(rig) == 2, "the slower one")
        rig.stop()
        done = rig.command("journal", "cut", "--yes").stdout
        assert "2 entries up to 2" in done
        assert "nothing beyond entry 2 may go: mirror has confirmed no more" in done
        listener.heard.clear()
        rig.start()
        # Who says that he is online has subscribed to commands before.
        listener.wait(lambda it: any(b'"online"' in one.payload for one in it.on("/status")))
        reply = ended(listener, ask(speaker, streamid=ours, **{"from": 1}))
        assert (reply["status"], reply["code"]) == ("rejected", 410)
        assert reply["result"]["firstseq"] == 3
        assert ended(listener, ask(speaker, streamid=ours, **{"from": 3}))["status"] == "done"
