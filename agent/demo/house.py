"""Everything that a demo consists of: started in order, stopped in reverse, in one folder.

Rules kept here:
- the daemon is the real one and can be killed; what it is plugged into outlives it;
- without mosquitto the gate runs without an uplink, and says so;
- children are started in the thread that made the house, which is the one that lives on.
"""

import itertools
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import agent
from agent import transfer
from agent.core.model import Card
from agent.demo.booth import Booth
from agent.demo.broker import HOST, PrivateBroker, find
from agent.demo.centre import Centre
from agent.demo.leash import leashed
from agent.demo.line import Line
from agent.errors import GateError
from agent.settings import Settings
from agent.simulate import SimulatedGate
from agent.store import roster_csv
from agent.store.rows import card_of
from drivers.sim import SimClient

TRAVEL = timedelta(milliseconds=700)
_LONGEST_PATH = 80


def shipped(name: str) -> Path:
    """A file of the folder config/, beside the package; raises GateError when it is not there."""
    path = Path(agent.__file__).resolve().parent.parent / "config" / name
    if not path.is_file():
        raise GateError(
            f"{path} is not there: the demo plays with the files of the source tree; unpack the "
            "source and run `make demo` in it"
        )
    return path


class House:
    """One demo. `start` it, and `stop` it whatever happens; ``keep`` leaves the folder behind.

    ``booth``: with the guard's screen, and a day of data behind it.
    """

    def __init__(self, *, keep: bool = False, booth: bool = False) -> None:
        self._config, self._roster = shipped("demo.yaml"), shipped("demo-roster.csv")
        self.keep = keep
        self.booth = Booth() if booth else None
        self.folder = Path(tempfile.mkdtemp(prefix="gate-demo-"))
        # What cannot be ended does not keep the rest from being ended.
        self._stops = ExitStack()
        self._stops.callback(self._clear)
        self._gate: SimulatedGate | None = None
        self._orders = itertools.count(1)
        self.cards: list[Card] = []
        self.centre: Centre | None = None
        self.line: Line | None = None
        self.outages: list[tuple[int, int]] = []
        self.unplugged: set[str] = set()
        self.before = 0
        """The last entry of the day behind the demo; 0 where there is none."""
        self._cut_ns = 0
        self._broker_port = 0

    @property
    def gate(self) -> SimulatedGate:
        """The simulated gate; raises GateError before `start`."""
        if self._gate is None:
            raise GateError("the demo was not started")
        return self._gate

    @property
    def settings(self) -> Settings:
        """What the daemon was told."""
        return self.gate.settings

    @property
    def sim(self) -> SimClient:
        """The hardware's own controls."""
        return self.gate.sim.client

    @property
    def running(self) -> bool:
        """Whether the daemon is there."""
        daemon = self.gate.daemon
        return daemon is not None and daemon.poll() is None

    def start(self, tell: Callable[[str], None] = lambda _: None) -> None:
        """Bring everything up and fill the roster; ``tell`` hears of it. Raises GateError."""
        if len(str(self.folder)) > _LONGEST_PATH:
            raise GateError(
                f"{self.folder} is too long for the names of sockets: set TMPDIR to a shorter path"
            )
        program = find()
        changes: dict[str, object] = {"uplink": None}
        if program is None:
            tell("no mosquitto on this machine: the gate runs without a centre")
        else:
            changes["uplink"] = {"host": HOST, "port": self._start_broker(program), "tls": False}
            tell("mosquitto runs on loopback, for this demo alone")
        if self.booth is not None:
            changes |= self.booth.changes(self._config, self.folder)
        self._gate = gate = SimulatedGate(
            self._config, self.folder, changes, TRAVEL, command=leashed(())
        )
        self._stops.callback(gate.close)
        tell("the simulated gate stands: arms, loops, cars, reader lines")
        if self.line is not None:
            self._start_centre(gate.settings)
            tell("the centre listens: gate-agent watch")
        if self.booth is not None:
            self._roster = self.booth.roster(self._roster, self.folder)
            self.before = self.booth.live(gate.settings, self._roster)
            tell(f"a day lies behind this gate: {self.before} entries")
        gate.start()
        count = self._fill_roster()
        tell(f"the daemon runs, {count} cards are in its roster")
        if self.booth is not None:
            self._stops.callback(self.booth.close)
            self.booth.open(gate.config, self.folder, gate.control)
            tell(self.booth.told)

    def stop(self) -> None:
        """End everything in reverse; safe to call twice. Raises GateError for what will not end."""
        self._stops.close()

    def tap(self, reader: str, digits: str) -> None:
        """Hold a tag to a reader; raises DeviceError when it is unplugged."""
        self.sim.tap_em4100(reader, digits)

    def unplug(self, reader: str) -> None:
        """Take a reader's cable out, or put it back in."""
        if reader in self.unplugged:
            self.sim.replug(reader)
            self.unplugged.discard(reader)
        else:
            self.sim.unplug(reader)
            self.unplugged.add(reader)

    def cut(self) -> None:
        """Cut the line to the broker."""
        if self.line is not None and self.line.whole:
            self.line.cut()
            self._cut_ns = time.monotonic_ns()

    def restore(self) -> None:
        """Mend the line."""
        if self.line is not None and not self.line.whole:
            self.outages.append((self._cut_ns, time.monotonic_ns()))
            self.line.restore()

    def kill(self) -> None:
        """End the daemon as a power cut would."""
        if self.running:
            self.gate.stop(signal.SIGKILL)

    def revive(self) -> None:
        """Start the daemon again and wait until it answers."""
        if not self.running:
            self.gate.start()

    def end(self) -> int:
        """End the daemon in order; gives its exit code."""
        return self.gate.stop(signal.SIGTERM)

    def order(self, kind: str, lane: str, reason: str) -> str:
        """Order the arm by hand, over the control socket; gives the answer in words."""
        number = f"demo-{time.time_ns()}-{next(self._orders)}"
        args = {"lane": lane, "reason": reason}
        with self.gate.control() as client:
            told = client.ask("order", order_id=number, kind=kind, args=args, actor="demo")
        return str(told["detail"])

    def _start_broker(self, program: str) -> int:
        broker = PrivateBroker(program, self.folder)
        self._stops.callback(broker.stop)
        broker.start()
        self._broker_port = broker.port
        self.line = Line(broker.port)
        self._stops.callback(self.line.cut)
        self.line.restore()
        return self.line.port

    def _start_centre(self, settings: Settings) -> None:
        self.centre = Centre(self._broker_port, settings.estate, settings.gate, self.folder)
        self._stops.callback(self.centre.stop)
        self.centre.wait_linked()

    def _fill_roster(self) -> int:
        found = roster_csv.read(self._roster, self.settings.lanes)
        if found.faults:
            raise GateError(f"{self._roster}: {found.faults[0]}")
        self.cards = sorted(map(card_of, found.rows()), key=lambda card: card.label)
        if self.before:
            return len(self.cards)  # the day before has brought them in
        with self.gate.control() as client:
            return transfer.send(client.ask, found).cards

    def _clear(self) -> None:
        if not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)
