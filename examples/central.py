#!/usr/bin/env python3
"""A central server for gate/v1, small and whole: every event of every gate, exactly once.

    central.py run --broker mqtts://mqtt.example.org --ca ca.pem --cert centre.pem --key centre.key
    central.py inside

Needs paho-mqtt, and psycopg where --db is a postgresql:// address. The rules it keeps:
- of a stream only the next number is taken, in one transaction with all that follows from it; then
  the broker is told that we have it (PUBACK): so we may be killed at any moment;
- a lower number is a repeat; a higher one, or the `headseq` of `status` and `tele`, shows a hole,
  since brokers lose what they have acknowledged. What is missing the gate itself tells again
  (command `replay`); what it has no more is written down as lost, never forgotten;
- `ack/{us}` tells each gate, retained, up to where we have everything, so that it may tidy up.
"""

import argparse
import json
import logging
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

PORTS = {"mqtt": 1883, "mqtts": 8883}
PATIENCE_S, WEEK_S = 15, 7 * 86_400
# What a message that is not as the contract says can raise; a fault of the database ends us.
FAULTS = (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)
log = logging.getLogger("central")
properties: Callable[[int], Any] = Properties

# A stream is {source}/{streamid}: all to `through` is here or lost, all to `head` is somewhere.
TABLES = """CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, type TEXT, cause TEXT,
    event TEXT);
CREATE TABLE IF NOT EXISTS cursors (stream TEXT PRIMARY KEY, through BIGINT, head BIGINT);
CREATE TABLE IF NOT EXISTS lost (stream TEXT, first BIGINT, last BIGINT);
CREATE TABLE IF NOT EXISTS moves (estate TEXT, who TEXT, stream TEXT, id TEXT, time TEXT, zone TEXT,
    PRIMARY KEY (estate, who, stream))"""
KNOWN = "SELECT event FROM events WHERE id = ?"
EXPECT = """INSERT INTO cursors VALUES (?, 0, ?) ON CONFLICT (stream) DO UPDATE SET head =
    CASE WHEN excluded.head > cursors.head THEN excluded.head ELSE cursors.head END
    RETURNING through, head"""
# In one stream the numbers say which move was the last, between streams only the time does.
MOVE = """INSERT INTO moves VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (estate, who, stream) DO UPDATE
    SET id = excluded.id, time = excluded.time, zone = excluded.zone"""
INSIDE = """SELECT estate, who, zone, e.event, g.event FROM moves m JOIN events e ON e.id = m.id
    LEFT JOIN events g ON g.id = e.cause WHERE zone <> '' AND NOT EXISTS (SELECT 1 FROM moves n
    WHERE n.estate = m.estate AND n.who = m.who AND n.time > m.time) ORDER BY estate, who"""


def moves(kind: str, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Who is in which zone after an event; "" is nowhere in here. Unknown events move nobody."""
    card, visit = f"card {data.get('card', '')}", f"visit {data.get('visit', '')}"
    if kind == "gate.passage.ended.v1" and data.get("card") and "to" in data:
        if data.get("outcome") in {"passed", "unobserved"}:
            yield card, "" if data["to"] == "outside" else str(data["to"])
    elif kind == "gate.pass.issued.v1":  # a card of the drawer begins anew with each visitor
        yield card, ""
    elif kind == "gate.visit.opened.v1" and not data.get("card"):
        yield visit, str(data.get("zone") or "inside")
    elif kind == "gate.visit.ended.v1":  # at any gate, whichever opened it
        yield visit, ""
        if data.get("card") and not data.get("lane"):  # with a lane, a passage follows
            yield card, ""


class Store:
    """The database: the path of an SQLite file, or postgresql://user@host/name."""

    def __init__(self, address: str) -> None:
        self._postgres = address.startswith(("postgresql:", "postgres:"))
        driver = import_module("psycopg") if self._postgres else sqlite3
        self.db, self.faults = driver.connect(address), (*FAULTS, driver.DataError)
        if not self._postgres:
            self.run("PRAGMA journal_mode = WAL")  # who asks `inside` stops nobody
        for statement in TABLES.split(";"):
            self.run(statement)
        self.db.commit()

    def run(self, statement: str, *values: object) -> Any:
        """One statement of the open transaction; gives its cursor."""
        return self.db.execute(statement.replace("?", "%s" if self._postgres else "?"), values)

    def take(self, gate: str, event: Mapping[str, Any]) -> None:
        """Write an event down if it is the next one; raises when it is none, or another gate's."""
        stream, number = f"/{gate}/{event['streamid']}", int(event["sequence"])
        name = f"{stream}/{number:020}"
        if event["id"] != name:
            raise ValueError(f"{event['id']} is none of {gate}")
        told = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        through, _ = self.expect(stream, number)
        if number == through + 1:
            row = (name, str(event["type"]), str(event.get("causationid", "")), told)
            self.run("INSERT INTO events VALUES (?, ?, ?, ?)", *row)
            self.run("UPDATE cursors SET through = ? WHERE stream = ?", number, stream)
            for who, zone in moves(event["type"], event["data"]):
                self.run(MOVE, gate.split("/")[2], who, stream, name, str(event["time"]), zone)
        elif self.run(KNOWN, name).fetchone() not in {None, (told,)}:
            raise ValueError(f"{name} came again and says something else: the first stays")

    def expect(self, stream: str, head: int) -> Any:
        """This stream has events up to ``head``; gives up to where we have them, and its head."""
        return self.run(EXPECT, stream, head).fetchall()[0]

    def give_up(self, stream: str, before: int) -> None:
        """The gate has nothing before this number any more: write down what that loses us."""
        through, head = self.expect(stream, 0)
        last = min(before - 1, head)
        if through < last:
            log.error("%s: %d to %d are lost for good", stream, through + 1, last)
            self.run("INSERT INTO lost VALUES (?, ?, ?)", stream, through + 1, last)
            self.run("UPDATE cursors SET through = ? WHERE stream = ?", last, stream)

    def inside(self) -> Iterator[dict[str, Any]]:
        """Who is inside, of all gates: as of `through`, for each of them."""
        for estate, who, zone, told, grant in self.run(INSIDE).fetchall():
            event = json.loads(told)  # what it came from knows whose card that is
            event["data"] = (json.loads(grant)["data"] if grant else {}) | event["data"]
            yield {"estate": estate, "who": who, "zone": zone, **event}


class Central:
    """Listens to all gates of all estates, and asks them for what is missing."""

    def __init__(self, store: Store, options: argparse.Namespace) -> None:
        self._store, self._us, self._broker = store, options.client, urlsplit(options.broker)
        self._present: dict[str, str] = {}  # by gate: the stream of its journal now
        self._due: dict[str, float] = {}  # by stream: before that it is not asked for again
        self._acked: dict[str, int] = {}  # by stream: what its gate was told
        name = f"central-{self._us}"
        self._client = Client(CallbackAPIVersion.VERSION2, name, protocol=MQTTv5, manual_ack=True)
        if self._broker.scheme == "mqtts":
            self._client.tls_set(options.ca, options.cert, options.key)
        self._client.username_pw_set(self._broker.username, self._broker.password)
        self._client.on_connect, self._client.on_message = self._greeted, self._heard
        self._client.on_connect_fail = lambda *_: log.warning("the broker cannot be reached")

    def run(self) -> None:
        """Work for ever; comes back to the broker after any loss of it."""
        how = properties(PacketTypes.CONNECT)
        how.SessionExpiryInterval, how.ReceiveMaximum = WEEK_S, 500
        host, port = self._broker.hostname or "", self._broker.port or PORTS[self._broker.scheme]
        self._client.connect_async(host, port, 30, clean_start=False, properties=how)
        self._client.loop_forever(retry_first_connection=True)

    def _greeted(self, client: Client, _data: object, _flags: object, code: Any, _: object) -> None:
        log.info("the broker says: %s", code)
        self._due, self._acked = {}, {}  # it may have forgotten what we asked and told
        for kind in ("evt", "status", "tele", f"replay/{self._us}", f"reply/{self._us}"):
            client.subscribe(f"gate/v1/+/+/{kind}", 1)

    def _heard(self, client: Client, _data: object, message: MQTTMessage) -> None:
        *path, kind = message.topic.split("/")[:5]
        try:
            self._take("/".join(path), kind, json.loads(message.payload))
        except self._store.faults as fault:
            self._store.db.rollback()
            log.warning("%s is not as it should be: %r", message.topic, fault)
        self._store.db.commit()
        client.ack(message.mid, message.qos)
        self._follow("/".join(path))

    def _take(self, gate: str, kind: str, told: Mapping[str, Any]) -> None:
        """One message of a gate, into the open transaction."""
        if kind == "evt":
            self._store.take(gate, told)
        elif kind == "replay":
            for event in told["events"]:
                self._store.take(gate, event)
        elif kind in {"status", "tele"}:
            stream = f"/{gate}/{told['streamid']}"
            self._store.expect(stream, int(told["headseq"]))
            if told.get("status") != "lost":  # a will comes late: it may be of a former journal
                self._present[gate] = stream
        elif kind == "reply" and told["status"] != "accepted":
            stream, result = f"/{gate}/{told['cmd_id'].partition('.')[0]}", told.get("result", {})
            self._due.pop(stream, None)  # what comes next is asked for at once
            if told.get("code") == 409 or "firstseq" in result:  # another journal, or a shorter one
                self._store.give_up(stream, result.get("firstseq", sys.maxsize))
            elif told["status"] != "done":
                log.warning("%s: our replay was %s: %s", gate, told["status"], result)
                self._due[stream] = time.monotonic() + PATIENCE_S

    def _follow(self, gate: str) -> None:
        """Ask a gate for what is missing, one request at a time; say up to where nothing is."""
        find, now = "SELECT * FROM cursors WHERE stream LIKE ?", time.monotonic()
        for stream, through, head in self._store.run(find, f"/{gate}/%").fetchall():
            name = stream.rpartition("/")[2]
            if through < head and self._due.get(stream, now) <= now:
                self._due[stream] = now + PATIENCE_S
                log.info("%s: asking for what comes after %d", stream, through)
                self._ask(gate, name, through + 1)
            if self._present.get(gate) == stream and self._acked.get(stream) != through:
                ack = json.dumps({"streamid": name, "throughseq": through})
                self._client.publish(f"{gate}/ack/{self._us}", ack, 1, retain=True)
                self._acked[stream] = through
        self._store.db.commit()

    def _ask(self, gate: str, name: str, first: int) -> None:
        told = {"cmd_id": f"{name}.{uuid4().hex}", "issued_at": datetime.now(UTC).isoformat()}
        args = {"streamid": name, "from": first, "to": None, "limit": 500}
        body = json.dumps(told | {"ttl_ms": PATIENCE_S * 1000, "args": args})
        how = properties(PacketTypes.PUBLISH)
        how.ResponseTopic, how.MessageExpiryInterval = f"{gate}/reply/{self._us}", PATIENCE_S
        self._client.publish(f"{gate}/cmd/{self._us}/replay", body, 1, properties=how)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    say = parser.add_argument
    say("doing", choices=("run", "inside"), help="listen for ever, or say who is inside, as JSON")
    say("--db", default="central.db", help="SQLite file, or postgresql://...")
    say("--broker", default="mqtt://127.0.0.1", help="mqtt[s]://[user:pass@]host[:port]")
    say("--client", default="centre", help="our name in cmd/, reply/, ack/")
    for name in ("--ca", "--cert", "--key"):
        say(name, help="PEM file, for mqtts")
    options = parser.parse_args()
    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(message)s")
    store = Store(options.db)
    if options.doing == "run":
        Central(store, options).run()
    for row in store.inside():
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
