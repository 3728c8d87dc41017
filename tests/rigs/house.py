"""A whole gate for the scenarios: simulated hardware, the real daemon, and who looks at both.

Rules kept here:
- the daemon is a process of its own and is only met from outside: pins, lines, sockets, broker, and
  the ledger's file opened for reading;
- every wait is for a condition, with a limit; nothing is ended but by its pid;
- what the relays did is read from the simulated gate's trace, which outlives the daemon.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from ruamel.yaml import YAML

from agent import transfer
from agent.control.client import ControlClient
from agent.core.entries import StoredEntry
from agent.errors import GateError
from agent.simulate import SimulatedGate
from agent.store import roster_csv
from agent.store.reading import Reading
from agent.store.verify import Verdict, verify
from drivers.sim import SimClient
from drivers.sim.board import Record
from tests.patience import LIMIT_S, until
from tests.rigs.asking import UNDONE, PatientClient
from tests.rigs.broker import Mosquitto
from tests.rigs.cards import Card, digits, write_roster
from tests.rigs.contract import judge_stored

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "config" / "demo.yaml"
IN, OUT = "in-1", "out-1"
LANES = (IN, OUT)
GRANTED, DENIED = "gate.access.granted.v1", "gate.access.denied.v1"
REFERRED = "gate.access.referred.v1"
ENDED, ORDERED = "gate.passage.ended.v1", "gate.arm.ordered.v1"
STARTED, STOPPED = "gate.agent.started.v1", "gate.agent.stopped.v1"
PROFILE = os.environ.get("GATE_PROFILE", "ci")


def size(ci: int, nightly: int) -> int:
    """How often, by the profile of this run."""
    return nightly if PROFILE == "nightly" else ci


class Stroke(NamedTuple):
    """A relay that was on, from ``on_ns`` to ``off_ns`` (None: it still is)."""

    on_ns: int
    off_ns: int | None
    who: int


@dataclass(slots=True)
class Life:
    """A daemon: its process, and from when to when it lived (monotonic ns)."""

    pid: int
    born_ns: int
    died_ns: int | None = None

    def saw(self, uptime_ms: int) -> bool:
        """Whether it lived at this time."""
        end_ns = time.monotonic_ns() if self.died_ns is None else self.died_ns
        return self.born_ns // 1_000_000 <= uptime_ms <= end_ns // 1_000_000


def strokes(records: Iterable[Record], pin: int) -> list[Stroke]:
    """How often the relay behind an active-low pin was on, by the trace of the simulated gate."""
    found: list[Stroke] = []
    began: Record | None = None
    for one in records:
        if one.kind != "pin" or one.pin != pin:
            continue
        on = one.function == "output" and one.level == 0
        if on and began is None:
            began = one
        elif not on and began is not None:
            found.append(Stroke(began.ns, one.ns, began.who))
            began = None
    if began is not None:
        found.append(Stroke(began.ns, None, began.who))
    return found


def demo_lanes(**changes: Any) -> dict[str, Any]:
    """The lanes of config/demo.yaml, each with these keys changed (``open_for="1 s"``).

    The arms may take a minute: a machine that stands still for seconds is no fault of theirs.
    """
    lanes: dict[str, Any] = YAML(typ="safe").load(DEMO)["lanes"]
    for lane in lanes.values():
        lane["arm"]["travel"] = "1 min"
    return {name: {**lane, **changes} for name, lane in lanes.items()}


def busy_lanes() -> dict[str, Any]:
    """The lanes of the demo with short pulses and short waits, for many passages a second."""
    lanes = demo_lanes(open_for="1 s")
    for lane in lanes.values():
        arm = {
            role: {**what, "pulse": "50 ms"} if isinstance(what, dict) else what
            for role, what in lane["arm"].items()
        }
        lane["arm"] = arm
    return lanes


class House:
    """The gate of config/demo.yaml in ``folder``. ``cards`` rule from the first start on.

    Without ``broker`` it has no uplink. ``state`` is where the ledger lies, if not in ``folder``.
    ``travel_ms`` is how long an arm takes, ``falls_ms`` how long down if not as long. Ends as a
    context; then nothing of it is left.
    """

    def __init__(
        self,
        folder: Path,
        cards: Sequence[Card] = (),
        *,
        broker: Mosquitto | None = None,
        state: Path | None = None,
        travel_ms: int = 150,
        falls_ms: int | None = None,
        changes: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        uplink = None
        if broker is not None:
            uplink = {"host": broker.host, "port": broker.port, "tls": False}
        wanted: dict[str, Any] = {"uplink": uplink, "lanes": demo_lanes(open_for="5 min")}
        if state is not None:
            wanted["paths"] = {"state": str(state), "run": str(folder / "run")}
        wanted |= changes or {}
        self.folder = folder
        self.cards = cards
        # False: its ledger has a past that a test made up, in fewer words than a gate has for it.
        self.judged = True
        rises = timedelta(milliseconds=travel_ms)
        falls = None if falls_ms is None else timedelta(milliseconds=falls_ms)
        self.gate = SimulatedGate(DEMO, folder, wanted, rises, environment, falls=falls)
        self.ledger = self.gate.settings.paths.ledger
        self._environment = {**os.environ, **(environment or {})}
        self._sim_pid = self.gate.sim.process.pid
        self.lives: list[Life] = []
        self._recorded = 0
        self._since = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.gate.close()
        pids = [self._sim_pid, *(life.pid for life in self.lives)]
        left = [pid for pid in pids if alive(pid)]
        assert not left, f"processes are left over: {left}"
        if kind is None and self.judged and self.ledger.is_file():
            judge_stored(self.entries())

    # The daemon

    def start(self, limit_s: float = LIMIT_S) -> Self:
        """Start the daemon, wait until it answers, and bring in the roster the first time.

        Its serial lines are open then: what is held to a closed line is not read.
        """
        born_ns, self._since = time.monotonic_ns(), self.sim.mark()
        try:
            self.gate.start(limit_s)
        finally:
            if self.gate.daemon is not None:
                self.lives.append(Life(self.pid, born_ns))
        until(self._looked_for_readers, "every serial line was looked for")
        if self.cards:
            self.enrol(self.cards)
            self.cards = ()
        return self

    def _looked_for_readers(self) -> bool:
        parts = {one["part"]: one["condition"] for one in self.ask("status")["parts"]}
        readers = self.gate.settings.readers
        serial = [name for name, one in readers.items() if one.driver == "serial"]
        return all(parts[f"reader {name}"] != "unknown" for name in serial)

    def start_and_kill(self, when: Callable[[], object]) -> None:
        """Start the daemon and end it with kill -9 as soon as ``when``, or when it is ready."""
        assert self.gate.daemon is None
        ready = threading.Event()

        def strike() -> None:
            daemon = until(lambda: self.gate.daemon, "the daemon's process")
            until(lambda: when() or ready.is_set(), "the moment to kill the daemon")
            assert daemon is not None
            daemon.kill()

        killer = threading.Thread(target=strike, name="killer", daemon=True)
        killer.start()
        with contextlib.suppress(GateError):
            self.start()
        ready.set()
        killer.join(LIMIT_S)
        assert not killer.is_alive()
        self.kill()

    @property
    def pid(self) -> int:
        """Of the daemon."""
        assert self.gate.daemon is not None, "the daemon does not run"
        return self.gate.daemon.pid

    def kill(self) -> None:
        """The daemon ends as in a power cut: kill -9."""
        self.gate.stop(signal.SIGKILL)
        self._ended()

    def stop(self) -> int:
        """SIGTERM; gives the exit code."""
        code = self.gate.stop()
        self._ended()
        return code

    def wait_dead(self) -> int:
        """Wait until a daemon ends by itself; gives the exit code."""
        assert self.gate.daemon is not None
        code = self.gate.daemon.wait(LIMIT_S)
        self.gate.daemon = None
        self._ended()
        return code

    def _ended(self) -> None:
        """The simulated gate has heard all that the daemon did to its last moment."""
        life = self.lives[-1]
        life.died_ns = time.monotonic_ns()

        def heard() -> bool:
            lines = Counter(
                one.kind for one in self.sim.trace(since=self._since) if one.who == life.pid
            )
            return lines["client"] == lines["gone"]

        until(heard, "the simulated gate has heard the daemon's end")

    def log(self) -> str:
        """What the daemons of this house wrote, the end of it."""
        return (self.folder / "daemon.log").read_text("utf-8", "replace")[-4000:]

    def resident_kb(self) -> int:
        """Resident memory of the daemon (proc(5), VmRSS)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    # Orders and questions

    def control(self) -> ControlClient:
        """A connection to the control socket."""
        return PatientClient(self.gate.settings.paths.control, LIMIT_S)

    def ask(self, op: str, **args: object) -> Any:
        """One question over the control socket."""
        with self.control() as client:
            return client.ask(op, **args)

    def enrol(self, cards: Sequence[Card]) -> None:
        """Let these cards rule, by the way that ``roster import`` takes."""
        found = roster_csv.read(write_roster(self.folder / "roster.csv", cards), LANES)
        assert not found.faults, found.faults
        with self.control() as client:
            assert transfer.send(client.ask, found).cards == len(cards)

    def lane(self, name: str) -> Mapping[str, Any]:
        """A lane as ``status`` tells it."""
        lanes = self.ask("status")["lanes"]
        found: Mapping[str, Any] = next(one for one in lanes if one["lane"] == name)
        return found

    def part(self, name: str) -> Mapping[str, Any]:
        """The health of one part, as ``status`` tells it."""
        parts = self.ask("status")["parts"]
        found: Mapping[str, Any] = next(one for one in parts if one["part"] == name)
        return found

    def command(
        self, *args: str, limit_s: float = 10 * LIMIT_S, typed: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run ``gate-agent`` with this gate's configuration; the exit code is for the caller.

        ``typed`` is its standard input. Run again where the gate was too busy to do anything.
        """

        def run() -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [sys.executable, "-m", "agent", *args, "-c", str(self.gate.config)],
                capture_output=True,
                text=True,
                timeout=limit_s,
                env=self._environment,
                input=typed,
                check=False,
            )

        ends = time.monotonic() + LIMIT_S
        while UNDONE in (done := run()).stderr and time.monotonic() < ends:
            continue
        return done

    def relays_safe(self) -> None:
        """What the service does after a crash; afterwards no relay is on."""
        done = self.command("relays-safe")
        assert done.returncode == 0, done.stderr
        assert self.relays_on() == []

    # The hardware

    @property
    def sim(self) -> SimClient:
        """The simulated hardware."""
        return self.gate.sim.client

    def wait(self, **wanted: Any) -> int:
        """Wait until all of it holds of the simulated hardware; monotonic ns of that."""
        return self.sim.wait(int(LIMIT_S * 1000), **wanted)

    def relay(self, lane: str, role: str = "open") -> int:
        """The pin of a relay."""
        return self.gate.settings.lanes[lane].relays()[role].pin

    def input(self, lane: str, role: str = "loop") -> int:
        """The pin of an input."""
        return self.gate.settings.lanes[lane].inputs.wired()[role].pin

    def tap(self, lane: str, number: int) -> int:
        """Hold the tag with this number to the lane's serial reader; monotonic ns of that."""
        return self.sim.tap_em4100(f"{lane}-rdm", digits(number))

    def strokes(self, lane: str, role: str = "open") -> list[Stroke]:
        """What a relay did since the simulated hardware was started."""
        pin = self.relay(lane, role)
        return strokes(self.sim.trace([pin]), pin)

    def opened(self, lane: str, after_ns: int) -> Stroke:
        """Wait for a pulse of the open relay that began after a monotonic time."""

        def look() -> Stroke | None:
            return next((one for one in self.strokes(lane) if one.on_ns > after_ns), None)

        found = until(look, f"a pulse to open {lane}; the daemon says: {self.log()}")
        assert found is not None
        return found

    def tap_opens(self, lane: str, number: int) -> Stroke:
        """Tap, wait for its pulse and for the pulse's end, so that the next one is another."""
        stroke = self.opened(lane, self.tap(lane, number))
        self.wait(pin=self.relay(lane), level=1)
        return stroke

    def recorded(self) -> int:
        """How many records the trace has now."""
        while (then := int(self.sim.ask("trace", since=self._recorded)["next"])) > self._recorded:
            self._recorded = then
        return self._recorded

    def relays_on(self) -> list[int]:
        """The pins of relays that pull now."""
        pins = self.sim.pins()
        relays = [
            pin.pin for lane in self.gate.settings.lanes.values() for pin in lane.relays().values()
        ]
        return [pin for pin in relays if pins[pin]["output"] and pins[pin]["level"] == 0]

    # The journal

    def entries(self, *kinds: str, after: int = 0) -> list[StoredEntry]:
        """Entries beyond a sequence, of these types (none given: all)."""
        found: list[StoredEntry] = []
        with Reading.open(self.ledger) as reading:
            while batch := reading.after(after, 1000):
                after = batch[-1].sequence
                found += [one for one in batch if not kinds or one.type in kinds]
        return found

    def head(self) -> int:
        """The last sequence."""
        with Reading.open(self.ledger) as reading:
            return reading.head()[0]

    def published(self) -> int:
        """The durable cursor of what the broker has."""
        with Reading.open(self.ledger) as reading:
            return reading.counts()["published"]

    def wait_entry(self, kind: str, after: int = 0, **data: object) -> StoredEntry:
        """Wait for an entry of this type whose data holds all of ``data``."""
        looked = after

        def look() -> StoredEntry | None:
            nonlocal looked
            for one in self.entries(after=looked):
                looked = one.sequence
                told = json.loads(one.data)
                if one.type == kind and all(told.get(name) == data[name] for name in data):
                    return one
            return None

        found = until(look, f"an entry {kind} with {data}")
        assert found is not None
        return found

    @staticmethod
    def data(entry: StoredEntry) -> Mapping[str, Any]:
        """What an entry says."""
        told: Mapping[str, Any] = json.loads(entry.data)
        return told

    def verified(self) -> Verdict:
        """The journal verifies, from the first entry to the last."""
        verdict = verify(self.ledger)
        assert verdict.ok, verdict
        assert verdict.first <= 1
        return verdict


def alive(pid: int) -> bool:
    """Whether a process is there, and not only its remains."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
