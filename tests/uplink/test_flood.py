"""Somebody commands without end and in vain: he is answered, and the events go on."""

import threading
from dataclasses import replace
from pathlib import Path

from agent.core.commands import Name
from agent.uplink.broker import Broker
from agent.uplink.link import Uplink
from agent.uplink.permits import Permit
from agent.uplink.service import Service
from tests.parts import require
from tests.patience import LIMIT_S, until
from tests.rigs.broker import Mosquitto
from tests.rigs.speaker import Speaker
from tests.uplink.book import BOOT, Book, SystemClock
from tests.uplink.gate import ADDRESS

require("mosquitto")

EVENTS = 20
"""Five windows full: each waits for its receipt behind what the flood has sent before it."""


def test_answers_to_a_flood_leave_room_for_events(tmp_path: Path) -> None:
    book = Book(tmp_path / "book.db")
    with Mosquitto(tmp_path / "broker") as broker, Speaker(broker) as speaker:
        uplink = Uplink(
            replace(Broker(broker.host, broker.port, client_id="north"), window=4),
            ADDRESS,
            journal=book.reader,
            published=0,
            next_session=book.next_session,
            save_published=lambda published: book.keep("published", published),
            info=dict,
            boot=BOOT,
            clock=SystemClock(),
            service=Service({"viewer": Permit(frozenset({Name.PING}))}),
        )
        ended = threading.Event()

        def flood() -> None:
            while not ended.is_set():
                speaker.throw(f"{ADDRESS.root}/cmd/viewer/ping", b"{}", 200)

        thrower = threading.Thread(target=flood, name="flood", daemon=True)
        uplink.start()
        try:
            uplink.committed(book.append(1))
            until(lambda: counter(uplink, "published") == 1, "the first event")
            thrower.start()
            until(lambda: counter(uplink, "commands_refused") > 1_000, "the flood")
            uplink.committed(book.append(EVENTS))
            until(lambda: counter(uplink, "published") == EVENTS + 1, "the events amid the flood")
            assert thrower.is_alive()
        finally:
            ended.set()
            thrower.join(LIMIT_S)
            uplink.stop()


def counter(uplink: Uplink, name: str) -> int:
    return (uplink.health().counters or {}).get(name, 0)
