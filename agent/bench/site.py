"""The gate that is measured: its settings, its cards, and how it is started and stopped.

The settings are written as JSON, which is YAML too.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any

from agent.app import open_ledger
from agent.bench.place import Place
from agent.core.entries import Entry, EntryType
from agent.core.model import Card, CardKind, CardStatus, Credential, Moment
from agent.errors import GateError
from agent.settings import Settings
from agent.simulate import SimulatedGate
from agent.store.ledger import Ledger
from agent.store.rows import digest_of
from drivers.clock import SystemClock

PULSE_MS = 50
"""The shortest pulse that the settings allow."""

_READERS_S = 20.0
_SERVICE = {"MALLOC_ARENA_MAX": "2"}
"""What systemd/gate-agent.service lets the daemon know of its memory."""

Page = Mapping[str, Any]


def digits(number: int) -> str:
    """The number of a tag, as an EM4100 reader sends it."""
    return f"{number:010X}"


def cards(number: int, first: int = 1) -> Iterator[Card]:
    """Residents' cards in ascending order, each with holder, unit and plate."""
    for n in range(first, first + number):
        yield Card(
            Credential("em4100", digits(n)),
            f"V-{n}",
            CardKind.VEHICLE,
            CardStatus.ACTIVE,
            "欧阳娜娜",
            f"{n % 40 + 1}-{n % 18 + 1}02",
            plate=f"粤B{n:05d}",
        )


def page(lanes: int, *, sensors: bool, open_for: str = "1 s", port: int = 0) -> Page:
    """The settings of a gate with that many lanes; ``sensors``: loops and limit switches.

    With ``port`` it tells the broker there. Raises GateError when there are not pins enough.
    """
    pins = count()
    made = {}
    for number in range(1, lanes + 1):
        arm: dict[str, Any] = {"travel": "500 ms"}
        for role in ("open", "close"):
            arm[role] = {"pin": next(pins), "pulse": f"{PULSE_MS} ms", "active": "low"}
        roles = ("loop", "opened", "closed") if sensors else ()
        made[f"in-{number}"] = {
            "direction": "in",
            "readers": [reader(number)],
            "open_for": open_for,
            "arm": arm,
            "inputs": {role: {"pin": next(pins), "debounce": "10 ms"} for role in roles},
        }
    if next(pins) > 28:
        raise GateError(f"a gate of {lanes} lanes needs more pins than a Raspberry Pi has")
    serial = {"driver": "serial", "protocol": "em4100-ascii", "quiet": "0 s"}
    found: dict[str, Any] = {
        "estate": "bench",
        "gate": "bench",
        "timezone": "Asia/Shanghai",
        "lanes": made,
        "readers": {
            reader(number): {**serial, "port": f"run:{reader(number)}"}
            for number in range(1, lanes + 1)
        },
        "gpio": {"backend": "socket", "socket": "run:pins"},
    }
    if port:
        found["uplink"] = {"host": "127.0.0.1", "port": port, "tls": False}
    return found


def reader(lane: int) -> str:
    """The name of the reader of the lane with this number."""
    return f"reader-{lane}"


@contextmanager
def a_gate(
    place: Place,
    settings: Page,
    fill: Callable[[Ledger], None] = lambda _: None,
    travel_ms: int = 100,
    falls_ms: int | None = None,
) -> Iterator[SimulatedGate]:
    """A simulated gate; ``fill`` puts into its ledger what is to be there before the first start.

    Its arms take ``travel_ms``, and ``falls_ms`` to come down if that is not the same.
    The daemon is not started. Everything is ended when the context is left.
    """
    config = place.folder / "site.yaml"
    config.write_text(json.dumps(settings), "utf-8")
    changes = {"paths": {"state": str(place.folder / "state"), "run": str(place.sockets)}}
    travel = timedelta(milliseconds=travel_ms)
    falls = None if falls_ms is None else timedelta(milliseconds=falls_ms)
    with SimulatedGate(config, place.folder, changes, travel, _SERVICE, falls=falls) as gate:
        with open_ledger(gate.settings) as ledger:
            fill(ledger)
        yield gate


def with_cards(number: int) -> Callable[[Ledger], None]:
    """Puts that many cards into a ledger."""

    def fill(ledger: Ledger) -> None:
        stage(ledger, list(cards(number)))

    return fill


def stage(
    ledger: Ledger, whole: Sequence[Card], between: Callable[[], None] = lambda: None
) -> None:
    """Let these cards rule; ``between`` is called after every slice, as the loop takes taps."""
    generation = ledger.roster_begin()
    done = 0
    while done < len(whole):
        done += ledger.roster_stage(generation, whole[done : done + 500])
        ledger.housekeeping()
        between()
    total, digest = digest_of(whole)
    at = now()
    data = {"generation": generation, "count": total, "digest": digest.hex()}
    entry = Entry(EntryType.ROSTER_SWITCHED, "roster", at, data)
    ledger.roster_switch(generation, total, digest, entry, at)


def now() -> Moment:
    """This moment, from a clock that is believed."""
    return SystemClock(assume_synced=True).now()


def start(gate: SimulatedGate) -> None:
    """Start the daemon and wait until it has every reader: what a line brought before is lost."""
    gate.start()

    def there() -> bool:
        with gate.control() as client:
            parts = client.ask("status")["parts"]
        return all(it["condition"] == "ok" for it in parts if it["part"].startswith("reader "))

    wait(there, "the daemon does not find its readers", _READERS_S)


def pid(gate: SimulatedGate) -> int:
    """The daemon's process; raises GateError when it does not run (any more)."""
    daemon = gate.daemon
    if daemon is None or daemon.poll() is not None:
        log = gate.folder / "daemon.log"
        words = log.read_text("utf-8", "replace")[-1000:] if log.exists() else ""
        raise GateError(f"the daemon does not run: {words}")
    return daemon.pid


def uplink(gate: SimulatedGate) -> Mapping[str, Any]:
    """Health of the daemon's uplink, its counters among it."""
    with gate.control() as client:
        parts = client.ask("status")["parts"]
    found: Mapping[str, Any] = next(part for part in parts if part["part"] == "uplink")
    return found


def wait(holds: Callable[[], bool], what: str, limit_s: float, step_s: float = 0.05) -> None:
    """Look until it holds; raises GateError after ``limit_s`` seconds."""
    ends = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() > ends:
            raise GateError(f"waited {limit_s:g} s in vain: {what}")
        time.sleep(step_s)


def relay(settings: Settings, lane: str) -> tuple[int, int]:
    """Pin of the lane's open relay, and the level that means on."""
    relay = settings.lanes[lane].relays()["open"]
    return relay.pin, int(relay.active == "high")
