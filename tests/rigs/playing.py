"""Play a scenario at a site, and give the whole trace.

A step is one word with its arguments; where a lane is not named it is the only one.

- ``tap: CARD`` or ``{card, reader}``: hold a card to a reader (the only one, if not named);
- ``drive: NAME`` or ``{car, kind, behind_ms, …}``, ``wave``, ``release``, ``person: MS``,
  ``hand: lift | hold | pull | off``, ``reach: {high, low}``, ``power: on | off``: what the
  simulated gate can (`drivers.sim.control`);
- ``press: INPUT`` (for a while), ``hold: INPUT``, ``cut``, ``chatter``, ``stick_clear``, ``mend``:
  an input by its name, ``in-1.loop``, ``in-1.button-stop``, ``gate.fire``;
- ``until: {arm: up, …}``: the simulated gate has come to it; ``view: {position: closed, …}``: the
  daemon's lane looks so; ``entry: passage.ended`` or ``{type, …}``: one more such entry;
- ``order: {kind, …, code, ends_in}``: an order, and the code that answers it; ``ends_in: 4 s``
  makes its ``until``;
- ``quiet: MS``: for so long no relay moves; ``stop``, ``start``, ``restart``: the daemon.
"""

import json
import threading
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from agent import transfer
from agent.core.entries import StoredEntry
from agent.core.ids import ReaderId
from agent.core.plan import Drive
from agent.store import roster_csv
from agent.store.reading import Reading
from drivers.sim.spec import Wire
from tests.patience import LIMIT_S, QUIET_S, until
from tests.rigs.cards import Card, digits, write_roster
from tests.rigs.scenario import Scenario, Trace, relay_edges, seen, span, told
from tests.rigs.sites import Site

PRESS_S = 0.25
HANDS = {"lift": 1, "hold": 0, "pull": -1, "off": None}
ON = {True: True, "on": True, False: False, "off": False}


class Player:
    """One scenario at one site."""

    def __init__(self, site: Site, scenario: Scenario, limit_s: float = LIMIT_S) -> None:
        self._site = site
        self._limit_s = limit_s
        self._sim = site.sim
        self._scenario = scenario
        self._lane = next(iter(site.settings.lanes))
        self._reader = next(iter(site.settings.readers))
        self._numbers = {label: number for number, label in enumerate(scenario.cards, 1)}
        self._waited = 0
        self._acts: Mapping[str, Callable[[Any], None]] = {
            "tap": self._tap,
            "drive": self._drive,
            "wave": lambda said: self._ask("wave", said, "car"),
            "release": lambda said: self._ask("release", said, "lane"),
            "person": lambda said: self._ask("person", said, "ms"),
            "hand": lambda said: self._ask("hand", {"way": HANDS[said]}, "way"),
            "reach": lambda said: self._ask("reach", said, "high"),
            "power": lambda said: self._ask("power", {"on": ON[said]}, "on"),
            "press": self._press,
            "hold": lambda said: self._sim.input(said, True),
            "stick_clear": lambda said: self._sim.input(said, False),
            "cut": self._sim.cut,
            "chatter": lambda said: self._sim.chatter(said, 15),
            "mend": self._sim.mend,
            "until": self._until,
            "view": self._view,
            "entry": self._entry,
            "order": self._order,
            "quiet": self._quiet,
            "start": self._start,
            "stop": lambda _said: site.stop(),
            "restart": self._restart,
        }

    def play(self) -> Trace:
        """From the first start to the last stop."""
        self.begin()
        for step in self._scenario.steps:
            self.do(step)
        return self.end()

    def begin(self) -> None:
        """The first start."""
        self._start()
        self._enrol()

    def do(self, step: Mapping[str, Any]) -> None:
        """One step."""
        for word, said in step.items():
            self._acts[word](said)

    def end(self) -> Trace:
        """Look at everything when nothing changes any more, and stop."""
        lanes: list[dict[str, Any]] = []
        before: object = None
        while lanes != before:
            threading.Event().wait(QUIET_S)
            lanes, before = self._lanes(), lanes
        views = {lane["lane"]: seen(lane) for lane in lanes}
        arms = self._sim.arms()
        self._site.stop()
        entries = self._entries()
        data = [json.loads(one.data) for one in entries]
        return Trace(
            relay_edges(self._site.trace(), self._outputs()),
            told(entries, data),
            views,
            {name: {key: arm[key] for key in ("hits", "passed")} for name, arm in arms.items()},
        )

    def _enrol(self) -> None:
        lanes = tuple(self._site.settings.lanes)
        cards = [
            Card(f"em4100:{digits(self._numbers[label])}", label, kind)
            for label, kind in self._scenario.cards.items()
        ]
        if not cards:
            return
        file = self._site.settings.paths.state / "roster.csv"
        found = roster_csv.read(write_roster(file, cards), lanes)
        assert not found.faults, found.faults
        with self._site.control() as client:
            assert transfer.send(client.ask, found).cards == len(cards)

    def _outputs(self) -> dict[str, dict[str, Wire]]:
        return {
            name: {
                role: Wire(pin.pin, pin.active.value == "low")
                for role, pin in lane.outputs().items()
            }
            for name, lane in self._site.settings.lanes.items()
        }

    def _entries(self) -> list[StoredEntry]:
        found: list[StoredEntry] = []
        with Reading.open(self._site.settings.paths.ledger) as reading:
            while batch := reading.after(found[-1].sequence if found else 0, 1000):
                found += batch
        return found

    def _lanes(self) -> list[dict[str, Any]]:
        with self._site.control() as client:
            lanes: list[dict[str, Any]] = client.ask("status")["lanes"]
        return lanes

    # What can happen.

    def _ask(self, op: str, said: Any, name: str) -> None:
        args = said if isinstance(said, dict) else {} if said is None else {name: said}
        self._sim.ask(op, **{"lane": self._lane, **args})

    def _drive(self, said: Any) -> None:
        """A car is long and slow enough for every loop to tell what it does."""
        args = said if isinstance(said, dict) else {"car": said}
        self._ask("drive", {"enter_ms": 200, "under_ms": 600, "leave_ms": 200, **args}, "car")

    def _tap(self, said: Any) -> None:
        args = said if isinstance(said, dict) else {"card": said}
        number = self._numbers[args["card"]]
        self._sim.tap_em4100(ReaderId(args.get("reader", self._reader)), digits(number))

    def _press(self, said: str) -> None:
        self._sim.input(said, True)
        threading.Event().wait(PRESS_S)  # as long as a finger is on it
        self._sim.mend(said)

    def _order(self, said: Mapping[str, Any]) -> None:
        wanted = dict(said)
        kind, code = wanted.pop("kind"), wanted.pop("code", 200)
        named = wanted.pop("id", uuid.uuid4().hex)
        args = {"lane": self._lane, "reason": "scenario", **wanted}
        with self._site.control() as client:
            if ends := args.pop("ends_in", ""):
                args["until"] = self._local(span(ends))
            answer = client.ask("order", order_id=named, kind=kind, args=args)
        assert answer["code"] == code, (said, answer)

    def _local(self, later: timedelta) -> str:
        zone = ZoneInfo(self._site.settings.timezone)
        return (datetime.now(zone) + later).replace(tzinfo=None).isoformat()

    def _start(self, _said: object = None) -> None:
        """Start, and wait for the readers: what is held to a closed line is not read."""
        self._site.start()

        def there() -> bool:
            with self._site.control() as client:
                parts = {one["part"]: one["condition"] for one in client.ask("status")["parts"]}
            return all(parts[f"reader {name}"] == "ok" for name in self._site.settings.readers)

        until(there, "every reader", self._limit_s)

    def _restart(self, _said: object) -> None:
        self._site.stop()
        self._start()

    # What is waited for.

    def _until(self, said: Mapping[str, Any]) -> None:
        wanted = said if "pin" in said else {"lane": self._lane, **said}
        self._sim.wait(int(self._limit_s * 1000), **wanted)

    def _view(self, said: Mapping[str, Any]) -> None:
        wanted = {"lane": self._lane, **said}
        last: list[dict[str, Any]] = []

        def so() -> bool:
            last[:] = [one for one in self._lanes() if one["lane"] == wanted["lane"]]
            return all(last[0][name] == value for name, value in wanted.items())

        until(so, f"the lane looks so: {wanted}; {last}", self._limit_s, 0.02)

    def _entry(self, said: Any) -> None:
        args = dict(said) if isinstance(said, dict) else {"type": said}
        kind = f"gate.{args.pop('type')}.v1"

        def there() -> bool:
            for one in self._entries():
                data = json.loads(one.data)
                known = one.sequence <= self._waited or one.type != kind
                if not known and all(data.get(name) == value for name, value in args.items()):
                    self._waited = one.sequence
                    return True
            return False

        until(there, f"an entry {said}", self._limit_s, 0.02)

    def _quiet(self, ms: int) -> None:
        """A wait that proves that nothing comes, once the pulses of before are over."""
        for lane in self._site.settings.lanes.values():
            for pin in lane.outputs().values():
                if pin.drive is Drive.PULSE:
                    off = int(pin.active.value == "low")
                    self._sim.wait(int(self._limit_s * 1000), pin=pin.pin, level=off)
        before = relay_edges(self._site.trace(), self._outputs())
        threading.Event().wait(ms / 1000)
        assert relay_edges(self._site.trace(), self._outputs()) == before, "something moved"
