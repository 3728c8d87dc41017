"""The same gate twice: as processes, and in this process on pins in memory.

Rules kept here:
- both have the same simulated gate around them, met over the same control socket, and the same
  settings; both daemons are composed by `agent.app`;
- apart: the daemon is a process of its own and ends by signals. Together: gpiozero's mock pins,
  with the same Loop, PinBank and Interlock in threads of the test;
- everything lies in a folder of its own, in memory where the machine has such a file system, so
  that no disk makes a scenario wait.
"""

import shutil
import tempfile
import threading
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from ruamel.yaml import YAML

from agent.app import Daemon
from agent.control.client import ControlClient, NotRunningError
from agent.replica import sim_spec
from agent.settings import Settings
from agent.settings.here import load
from agent.simulate import SimulatedGate
from drivers.sim import SimClient
from drivers.sim.board import Board, Record
from drivers.sim.control import Control
from drivers.sim.gate import Gate
from drivers.sim.lines import Lines
from drivers.sim.spec import read_spec
from tests.patience import LIMIT_S, until
from tests.rigs.asking import PatientClient
from tests.rigs.hands import Hand, MemoryHand

SHM = Path("/dev/shm")  # noqa: S108 - a file system in memory; the folder gets a name of its own


class Site(Protocol):
    """A gate that can be played."""

    settings: Settings
    sim: SimClient

    def start(self) -> None:
        """Start the daemon and wait until it answers."""

    def stop(self) -> None:
        """End the daemon in order."""

    def control(self) -> ControlClient:
        """A connection to the daemon."""

    def trace(self) -> list[Record]:
        """What the pins did since the site was made."""


class Folder:
    """A folder with a short name that is gone afterwards."""

    def __init__(self) -> None:
        place = SHM if SHM.is_dir() else None
        self.path = Path(tempfile.mkdtemp(prefix="gate-", dir=place))

    def __enter__(self) -> Path:
        return self.path

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


class Apart:
    """The simulated gate and the daemon, each a process of its own."""

    def __init__(
        self,
        page: Mapping[str, Any],
        folder: Path,
        travel: timedelta,
        falls: timedelta | None = None,
    ) -> None:
        written = write(page, folder / "page.yaml", {"backend": "socket", "socket": "run:pins"})
        self.gate = SimulatedGate(written, folder, travel=travel, falls=falls)
        self.settings = self.gate.settings
        self.sim = self.gate.sim.client

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.gate.close()

    def start(self) -> None:
        """Start the daemon and wait until it answers."""
        self.gate.start()

    def stop(self) -> None:
        """End the daemon in order."""
        code = self.gate.stop()
        assert code == 0, (self.gate.folder / "daemon.log").read_text("utf-8", "replace")[-4000:]

    def control(self) -> ControlClient:
        """A connection to the daemon."""
        return PatientClient(self.settings.paths.control, LIMIT_S)

    def trace(self) -> list[Record]:
        """What the pins did, as the simulated gate's process saw it."""
        return [one for one in self.sim.trace() if one.kind == "pin"]


class Together:
    """Simulated gate and daemon in threads of this process, on gpiozero's pins in memory."""

    def __init__(self, page: Mapping[str, Any], folder: Path, travel: timedelta) -> None:
        (folder / "run").mkdir(parents=True)
        changes = {
            "paths": {"state": str(folder / "state"), "run": str(folder / "run")},
            "clock": {"assume_synced": True},
        }
        gpio = {"backend": "socket", "socket": "run:pins"}
        self.settings = load(write({**page, **changes}, folder / "gate.yaml", gpio))
        spec = read_spec(sim_spec(self.settings, travel))
        board = Board()
        self._gate = Gate(spec, board)
        self._hand: Hand = MemoryHand(board)
        self._lines = Lines({**spec.readers, **spec.displays})
        self._control = Control(self._gate, self._lines, spec.control_socket)
        self._parts = (self._hand, self._gate, self._lines, self._control)
        for part in self._parts:
            part.start()
        self.sim = SimClient(spec.control_socket)
        self._daemon: Daemon | None = None
        self._thread: threading.Thread | None = None
        self._fault: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._daemon is not None:
            self.stop()
        self.sim.close()
        for part in reversed(self._parts):
            part.stop()

    def start(self) -> None:
        """Start the daemon and wait until it answers."""
        self._daemon = Daemon(self.settings, self._hand.factory)
        self._thread = threading.Thread(
            target=self._run, args=(self._daemon,), name="daemon", daemon=True
        )
        self._thread.start()
        until(self._answers, "the daemon in this process")

    def stop(self) -> None:
        """End the daemon in order."""
        assert self._daemon is not None
        assert self._thread is not None
        self._daemon.stop("SIGTERM")
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive(), "the daemon does not end"
        self._daemon = self._thread = None
        if self._fault is not None:
            raise self._fault

    def control(self) -> ControlClient:
        """A connection to the daemon."""
        return PatientClient(self.settings.paths.control, LIMIT_S)

    def trace(self) -> list[Record]:
        """What the pins did, as gpiozero's pins remember it."""
        return self._hand.trace()

    def _run(self, daemon: Daemon) -> None:
        try:
            daemon.run()
        except Exception as error:  # noqa: BLE001 - told to whoever stops it
            self._fault = error

    def _answers(self) -> bool:
        if self._fault is not None:
            raise self._fault
        try:
            with self.control() as client:
                return int(client.ask("status")["head"]["sequence"]) > 0
        except NotRunningError:
            return False


def write(page: Mapping[str, Any], file: Path, gpio: Mapping[str, str]) -> Path:
    """The settings as a file, with these pins."""
    yaml = YAML()
    file.parent.mkdir(parents=True, exist_ok=True)
    yaml.dump({**page, "gpio": dict(gpio)}, file)
    return file
