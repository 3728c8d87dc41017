#!/usr/bin/env python3
"""A central server for gate/v1, small and whole: every event of every gate, exactly once.

    central.py run --broker mqtts://mqtt.example.org --ca ca.pem --cert centre.pem --key centre.key
    central.py inside

Needs paho-mqtt, and psycopg where --db is a postgresql:// address. The rules it keeps:
- an event is known by (source, streamid, sequence); it is written in the transaction that moves the
  cursor of its stream, and only after the commit the broker is told that we have it (PUBACK);
- a broker can lose what it has acknowledged: a number that is missing is asked for from the gate
  itself (command `replay`); what the gate has no more is written down as lost, never forgotten;
- `ack/{us}` tells each gate, retained, up to where we have everything, so that it may tidy up;
- a `lost` of an older session comes late and is no news; a new streamid is a new line of numbers;
- it may be killed at any moment: nothing half done is written, and the broker sends it again.
"""

import argparse
import hmac
import json
import logging
import sqlite3
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from random import SystemRandom
from typing import Any
from urllib.parse import urlsplit

from paho.mqtt.client import MQTT_ERR_SUCCESS, Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

BATCH, WEEK_S = 500, 7 * 86_400
LOOK_S, QUIET_S, PATIENCE_S = 0.5, 3.0, 30.0
TOLD = ("kind", "lane", "visitor", "holder", "company", "unit", "plate")
log = logging.getLogger("central")
_properties: Callable[[int], Any] = Properties

TABLES = """CREATE TABLE IF NOT EXISTS events (source TEXT, streamid TEXT, sequence BIGINT,
    type TEXT, payload {bytes}, PRIMARY KEY (source, streamid, sequence));
CREATE TABLE IF NOT EXISTS cursors (source TEXT, streamid TEXT, through BIGINT, head BIGINT,
    PRIMARY KEY (source, streamid));
CREATE TABLE IF NOT EXISTS lost (source TEXT, streamid TEXT, first BIGINT, last BIGINT);
CREATE TABLE IF NOT EXISTS gates (source TEXT PRIMARY KEY, streamid TEXT, session BIGINT,
    status TEXT);
CREATE TABLE IF NOT EXISTS whereabouts (estate TEXT, who TEXT, zone TEXT, time TEXT, source TEXT,
    streamid TEXT, sequence BIGINT, PRIMARY KEY (estate, who))"""
# Over all that follows it without a hole.
ADVANCE = """UPDATE cursors SET through = (SELECT e.sequence FROM events e
        WHERE e.source = ? AND e.streamid = ? AND e.sequence > through AND NOT EXISTS (
            SELECT 1 FROM events n WHERE n.source = e.source AND n.streamid = e.streamid
            AND n.sequence = e.sequence + 1) ORDER BY e.sequence LIMIT 1)
    WHERE source = ? AND streamid = ? AND EXISTS (SELECT 1 FROM events e
        WHERE e.source = cursors.source AND e.streamid = cursors.streamid
        AND e.sequence = through + 1)"""
# A hole is filled late. In one stream the numbers say what was last, between gates the time does.
MOVE = """INSERT INTO whereabouts VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (estate, who) DO UPDATE
    SET zone = excluded.zone, time = excluded.time, source = excluded.source,
        streamid = excluded.streamid, sequence = excluded.sequence
    WHERE CASE WHEN whereabouts.source = excluded.source
                AND whereabouts.streamid = excluded.streamid
        THEN whereabouts.sequence < excluded.sequence ELSE whereabouts.time < excluded.time END"""
STATUS = """INSERT INTO gates VALUES (?, ?, ?, ?) ON CONFLICT (source) DO UPDATE
    SET streamid = excluded.streamid, session = excluded.session, status = excluded.status"""


def moves(kind: str, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Who is in which zone after an event; "" is nowhere in here. Unknown events move nobody."""
    card, visit = f"card {data.get('card', '')}", f"visit {data.get('visit', '')}"
    if kind == "gate.passage.ended.v1" and data.get("card") and "to" in data:
        if data.get("outcome") in {"passed", "unobserved"}:
            yield card, "" if data["to"] == "outside" else data["to"]
    elif kind == "gate.pass.issued.v1":  # a card of the drawer begins anew with each visitor
        yield card, ""
    elif kind == "gate.visit.opened.v1" and not data.get("card"):
        yield visit, data.get("zone") or "inside"
    elif kind == "gate.visit.ended.v1":  # at any gate, whichever opened it
        yield visit, ""
        if data.get("card") and not data.get("lane"):  # with a lane, a passage follows
            yield card, ""


class Store:
    """The database: the path of an SQLite file, or postgresql://user@host/name."""

    def __init__(self, address: str) -> None:
        self._db: Any
        self._postgres = address.startswith(("postgresql:", "postgres:"))
        if self._postgres:
            self._db = import_module("psycopg").connect(address)
        else:
            self._db = sqlite3.connect(address)
            self._db.execute("PRAGMA journal_mode = WAL")
        for table in TABLES.format(bytes="BYTEA" if self._postgres else "BLOB").split(";"):
            self.run(table)
        self.commit()

    def run(self, statement: str, *values: object) -> Any:
        """One statement of the open transaction; gives its cursor."""
        return self._db.execute(statement.replace("?", "%s" if self._postgres else "?"), values)

    def commit(self) -> None:
        """All that was run is on the disk when this returns."""
        self._db.commit()

    def take(self, source: str, payload: bytes) -> None:
        """Write an event down unless we have it; raises when it is none, or another gate's."""
        event = json.loads(payload)
        key = (event["source"], event["streamid"], int(event["sequence"]))
        if key[0] != source:
            raise ValueError(f"{source} speaks for {key[0]}")
        insert = "INSERT INTO events VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
        if self.run(insert, *key, event["type"], payload).rowcount:
            for who, zone in moves(event["type"], event["data"]):
                self.run(MOVE, source.split("/")[3], who, zone, event["time"], *key)
            self.expect(*key)
        elif self.event(*key) != payload:
            raise ValueError(f"event {key} came again with other bytes: the first ones stay")

    def event(self, source: str, stream: str, number: int) -> bytes:
        """The bytes of an event as they came; empty when we do not have it."""
        find = "SELECT payload FROM events WHERE source = ? AND streamid = ? AND sequence = ?"
        row = self.run(find, source, stream, number).fetchone()
        return bytes(row[0]) if row else b""

    def expect(self, source: str, stream: str, head: int) -> None:
        """This stream has events up to ``head``."""
        self.run("INSERT INTO cursors VALUES (?, ?, 0, 0) ON CONFLICT DO NOTHING", source, stream)
        further = "UPDATE cursors SET head = ? WHERE source = ? AND streamid = ? AND head < ?"
        self.run(further, head, source, stream, head)
        self.run(ADVANCE, source, stream, source, stream)

    def holes(self) -> list[tuple[str, str, int, int, bool]]:
        """The first hole of every stream: from, to, and whether we have something behind it."""
        behind = """SELECT source, streamid, through, head, (SELECT min(sequence) FROM events e
            WHERE e.source = c.source AND e.streamid = c.streamid AND sequence > through)
            FROM cursors c WHERE through < head"""
        return [
            (source, stream, through + 1, next_one - 1 if next_one else head, bool(next_one))
            for source, stream, through, head, next_one in self.run(behind).fetchall()
        ]

    def give_up(self, source: str, stream: str, last: int) -> None:
        """The gate has nothing up to ``last`` any more: the first hole stays one, written down."""
        for hole in self.holes():
            if hole[:2] == (source, stream) and hole[2] <= last:
                gone = (source, stream, hole[2], min(hole[3], last))
                log.error("%s %s: %d to %d are lost for good", *gone)
                self.run("INSERT INTO lost VALUES (?, ?, ?, ?)", *gone)
                skip = "UPDATE cursors SET through = ? WHERE source = ? AND streamid = ?"
                self.run(skip, gone[3], source, stream)
                self.run(ADVANCE, source, stream, source, stream)

    def inside(self) -> dict[str, Any]:
        """Who is inside, of all gates, and for each gate up to where that is the whole truth."""
        found = []
        people = "SELECT estate, who, zone, time, source, streamid, sequence FROM whereabouts"
        for estate, who, zone, since, *key in self.run(f"{people} WHERE zone <> '' ORDER BY 1, 2"):
            event = json.loads(self.event(*key))
            cause = str(event.get("causationid", "")).rsplit("/", 2)  # the grant knows who it was
            told = dict(event["data"])
            if len(cause) == 3 and cause[2].isdecimal():
                grant = self.event(cause[0], cause[1], int(cause[2]))
                told = (json.loads(grant)["data"] if grant else {}) | told
            row = {"estate": estate, "who": who, "zone": zone, "since": since}
            row |= {"gate": key[0].split("/")[4], "clock": event["timequality"]}
            row["seen"] = told.get("outcome") != "unobserved"
            found.append(row | {name: told[name] for name in TOLD if told.get(name)})
        rows = self.run("SELECT source, status, through, head FROM gates NATURAL JOIN cursors")
        gates = [dict(zip(("gate", "status", "through", "head"), row, strict=True)) for row in rows]
        return {"inside": found, "gates": gates}


def exact_events(chunk: str) -> Iterator[bytes]:
    """The events of a replay chunk, byte for byte as they stand in it."""
    decode, at = json.JSONDecoder().raw_decode, chunk.index("[") + 1
    while chunk[at] != "]":
        _, end = decode(chunk, at)
        yield chunk[at:end].encode()
        at = end + (chunk[end] == ",")


class Central:
    """Listens to all gates of all estates, and asks them for what is missing."""

    def __init__(self, store: Store, options: argparse.Namespace) -> None:
        self._store, self._name, self._keyid = store, options.client, options.keyid
        self._key = options.signing_key.read_bytes() if options.keyid else b""
        self._batch: list[MQTTMessage] = []
        # By gate: when its last event came; what it was asked, of which stream, and how long that
        # may take; which cursor it was told.
        self._heard: dict[str, float] = {}
        self._asked: dict[str, tuple[str, str, float]] = {}
        self._acked: dict[str, list[Any]] = {}
        self._looked = 0.0
        self._broker = urlsplit(options.broker)
        name = f"central-{self._name}"
        client = Client(CallbackAPIVersion.VERSION2, name, protocol=MQTTv5, manual_ack=True)
        if self._broker.scheme == "mqtts":
            client.tls_set(options.ca, options.cert, options.key)
        if self._broker.username:
            client.username_pw_set(self._broker.username, self._broker.password)
        client.on_connect, client.on_publish = self._greeted, self._published
        client.on_message = lambda _client, _data, message: self._batch.append(message)
        self._client = client

    def run(self) -> None:
        """Work for ever; come back to the broker after any loss of it, with jitter."""
        host, failures = self._broker.hostname or "", 0
        port = self._broker.port or (8883 if self._broker.scheme == "mqtts" else 1883)
        terms = _properties(PacketTypes.CONNECT)
        terms.SessionExpiryInterval, terms.ReceiveMaximum = WEEK_S, BATCH
        while True:
            try:
                self._client.connect(host, port, 30, clean_start=False, properties=terms)
                while self._turn():
                    failures = 0
                log.warning("the connection to the broker was lost")
            except OSError as fault:
                log.warning("the broker cannot be reached: %s", fault)
            failures = min(failures + 1, 7)
            time.sleep(0.2 * 2**failures * SystemRandom().uniform(0.5, 1))

    def _turn(self) -> bool:
        """Read what comes; when nothing more does, or the batch is full, write it down."""
        count = len(self._batch)
        up = self._client.loop(0 if count else LOOK_S) == MQTT_ERR_SUCCESS
        if count and (not up or len(self._batch) in {count, BATCH}):
            batch, self._batch = self._batch, []
            for message in batch:
                try:
                    self._take(message.topic, bytes(message.payload))
                except (ValueError, LookupError, TypeError, AttributeError) as fault:
                    log.warning("%s is not as it should be: %r", message.topic, fault)
            self._store.commit()
            for message in batch:
                self._client.ack(message.mid, message.qos)
        now = time.monotonic()
        if up and self._client.is_connected() and now > self._looked + LOOK_S:
            self._looked = now
            self._ask(now)
            self._acknowledge()
        return up

    def _greeted(self, client: Client, _data: object, _flags: object, code: Any, _: object) -> None:
        log.info("the broker says: %s", code)
        self._asked, self._acked = {}, {}  # it may have forgotten both
        kinds = ("evt", "status", f"replay/{self._name}", f"reply/{self._name}")
        client.subscribe([(f"gate/v1/+/+/{kind}", 1) for kind in kinds])

    def _published(self, _c: Client, _data: object, _mid: int, code: Any, _: object) -> None:
        if code.is_failure:
            log.error("the broker refused a message of ours (%s): look at its ACL", code)

    def _take(self, topic: str, payload: bytes) -> None:
        """One message of a gate, into the open transaction."""
        *root, kind = topic.split("/")[:5]
        source = "/" + "/".join(root)
        if kind == "evt":
            self._heard[source] = time.monotonic()
            self._store.take(source, payload)
        elif kind == "status":
            self._status(source, json.loads(payload))
        elif kind == "replay":
            for event in exact_events(payload.decode()):
                self._store.take(source, event)
            if json.loads(payload)["last"]:
                self._asked.pop(source, None)
        elif kind == "reply":
            self._reply(source, json.loads(payload))

    def _status(self, source: str, told: Mapping[str, Any]) -> None:
        """How a gate is, and how many events it has."""
        find = "SELECT streamid, session FROM gates WHERE source = ?"
        stream, session = self._store.run(find, source).fetchone() or (told["streamid"], 0)
        late = told["streamid"] != stream or told["session"] < session
        if told["status"] != "lost" or not late:
            line = (source, told["streamid"])
            self._store.run(STATUS, *line, told["session"], told["status"])
            self._store.expect(*line, told["headseq"])
        if told["session"] != session:
            self._asked.pop(source, None)  # what was asked before ended with that session

    def _reply(self, source: str, told: Mapping[str, Any]) -> None:
        """What became of a replay that we asked for; the events come under `replay`."""
        cmd_id, stream, _ = self._asked.get(source, ("", "", 0.0))
        if told["cmd_id"] == cmd_id and told["status"] not in {"accepted", "done"}:
            log.warning("%s: the replay was %s (%s)", source, told["status"], told["code"])
            if told["code"] in {409, 410}:  # no such stream any more; no longer from there on
                first = told["result"]["firstseq"] if told["code"] == 410 else sys.maxsize
                self._store.give_up(source, stream, first - 1)
                del self._asked[source]

    def _ask(self, now: float) -> None:
        """Ask every gate that is there for the first hole of a stream; one request at a time.

        What only `status` promises may be on its way still: then it has to be quiet first.
        """
        there = self._store.run("SELECT source FROM gates WHERE status = 'online'").fetchall()
        for source, stream, first, last, proved in self._store.holes():
            quiet = now - self._heard.setdefault(source, now) > QUIET_S
            waits = source in self._asked and now < self._asked[source][2]
            if (source,) in there and not waits and (proved or quiet):
                cmd_id = str(uuid.uuid4())
                args = {"streamid": stream, "from": first, "to": last, "limit": BATCH}
                self._command(source, "replay", cmd_id, args)
                self._asked[source] = (cmd_id, stream, now + PATIENCE_S)
                log.info("%s %s: asked for %d to %d", source, stream, first, last)

    def _command(self, source: str, name: str, cmd_id: str, args: Mapping[str, object]) -> None:
        """Send a command, signed if we have a key; the answer comes under `reply`."""
        told: dict[str, object] = {"cmd_id": cmd_id, "actor": "", "reason": "", "args": args}
        told |= {"issued_at": datetime.now(UTC).isoformat(), "ttl_ms": int(PATIENCE_S * 1000)}
        topic, body = f"{source[1:]}/cmd/{self._name}/{name}", json.dumps(told).encode()
        how = _properties(PacketTypes.PUBLISH)
        how.ResponseTopic, how.CorrelationData = f"{source[1:]}/reply/{self._name}", cmd_id.encode()
        how.ContentType, how.MessageExpiryInterval = "application/json", int(PATIENCE_S)
        if self._keyid:
            signed = f"{topic}\n{self._keyid}\n".encode() + body
            signature = hmac.digest(self._key, signed, "sha256").hex()
            how.UserProperty = [("keyid", self._keyid), ("signature", signature)]
        self._client.publish(topic, body, 1, retain=False, properties=how)

    def _acknowledge(self) -> None:
        """Tell every gate up to where we have its present stream without a hole."""
        mine = "SELECT source, streamid, through FROM gates NATURAL JOIN cursors"
        for source, *cursor in self._store.run(mine).fetchall():
            if cursor[1] and self._acked.get(source) != cursor:
                self._acked[source] = cursor
                body = json.dumps(dict(zip(("streamid", "throughseq"), cursor, strict=True)))
                self._client.publish(f"{source[1:]}/ack/{self._name}", body, 1, retain=True)


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--db", default="central.db", help="SQLite file, or postgresql://...")
    doing = parser.add_subparsers(dest="doing", required=True)
    doing.add_parser("inside", help="who is inside at all gates, as JSON")
    run = doing.add_parser("run", help="listen, write down, ask for what is missing")
    run.add_argument(
        "--broker", default="mqtt://127.0.0.1", help="mqtt[s]://[user:pass@]host[:port]"
    )
    run.add_argument("--client", default="centre", help="our name in cmd/, reply/, ack/")
    for name in ("--ca", "--cert", "--key"):
        run.add_argument(name, help="PEM file, for mqtts")
    run.add_argument("--keyid", default="", help="sign commands, with this key id ...")
    run.add_argument("--signing-key", type=Path, help="... and the key in this file")
    options = parser.parse_args(arguments)
    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(message)s")
    store = Store(options.db)
    if options.doing == "inside":
        sys.stdout.write(json.dumps(store.inside(), ensure_ascii=False, indent=1) + "\n")
    else:
        Central(store, options).run()


if __name__ == "__main__":
    main()
