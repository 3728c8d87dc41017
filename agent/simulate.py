"""The simulated gate that fits a configuration: the same pins and the same reader lines.

Used by the demo, the bench and the scenarios: the daemon is the real one, in a process of its own,
with the same configuration as on a Pi; only its pins and lines end in another process
(`drivers.sim`), which outlives it and sees what its relays did.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ruamel.yaml import YAML

from agent.control.client import ControlClient
from agent.errors import GateError
from agent.replica import sim_spec
from agent.settings.here import load
from drivers.sim import SimProcess

PATIENCE_S = 60.0
"""A disk may hold everything up for a quarter of a minute: nobody waits for less than this."""

_STOP_S = 20.0


def ended(process: subprocess.Popen[bytes], name: str, patience_s: float) -> int:
    """Wait for a process that was told to end, kill it after ``patience_s``; gives its exit code.

    Raises GateError when even that does not end it within `PATIENCE_S`.
    """
    try:
        return process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
    try:
        return process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        raise GateError(
            f"{name} (process {process.pid}) was killed and is still there after {PATIENCE_S:g} s: "
            "its disk may hang; see `dmesg`"
        ) from None


class SimulatedGate:
    """A gate in a folder of its own: simulated hardware, and a daemon that can be killed.

    ``config`` is an example such as config/demo.yaml; ``changes`` replaces whole top-level keys of
    it (None drops one). The paths point into ``folder`` and the clock is believed, since nobody
    keeps it in a simulation, unless ``changes`` says otherwise.
    """

    def __init__(
        self,
        config: Path,
        folder: Path,
        changes: Mapping[str, Any] | None = None,
        travel: timedelta = timedelta(milliseconds=1500),
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] = (),
        falls: timedelta | None = None,
    ) -> None:
        self.folder = folder
        self.config = folder / "gate.yaml"
        self._command = command
        self._environment = {**os.environ, **(environment or {})}
        wanted = {
            "paths": {"state": str(folder / "state"), "run": str(folder / "run")},
            "clock": {"assume_synced": True},
            **(changes or {}),
        }
        (folder / "run").mkdir(parents=True, exist_ok=True)
        _rewrite(config, self.config, wanted)
        self.settings = load(self.config)
        self.sim = SimProcess(sim_spec(self.settings, travel, falls), folder)
        self.daemon: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self, limit_s: float = PATIENCE_S) -> None:
        """Start the daemon and wait until it answers; raises GateError with its last words."""
        log = self.folder / "daemon.log"
        with log.open("ab") as out:
            self.daemon = subprocess.Popen(
                [*self._command, sys.executable, "-m", "agent", "run", "-c", str(self.config)],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        ends = time.monotonic() + limit_s
        while not self._answers(limit_s):
            if self.daemon.poll() is not None or time.monotonic() > ends:
                words = log.read_text("utf-8", "replace")[-2000:]
                raise GateError(f"the daemon did not start: {words}")
            time.sleep(0.01)

    def control(self, limit_s: float = PATIENCE_S) -> ControlClient:
        """A connection to the daemon's control socket."""
        return ControlClient(self.settings.paths.control, limit_s)

    def stop(self, number: int = signal.SIGTERM, limit_s: float = PATIENCE_S) -> int:
        """Send the daemon a signal (SIGKILL: a crash), wait for its end, and give its code.

        Raises GateError when it does not end; it is still there then.
        """
        if self.daemon is None:
            return 0
        self.daemon.send_signal(number)
        try:
            code = self.daemon.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise GateError(
                f"the daemon (process {self.daemon.pid}) did not end within {limit_s:g} s after "
                f"signal {number}: see {self.folder / 'daemon.log'}"
            ) from None
        self.daemon = None
        return code

    def close(self) -> None:
        """End the daemon and the simulated hardware; safe to call twice."""
        daemon, self.daemon = self.daemon, None
        try:
            if daemon is not None and daemon.poll() is None:
                daemon.terminate()
                ended(daemon, "the daemon", _STOP_S)
        finally:
            self.sim.stop()

    def _answers(self, limit_s: float) -> bool:
        """The control socket answers, and the first step is done.

        A daemon whose disk holds up its first step answers that it is busy.
        """
        try:
            with self.control(limit_s) as client:
                return int(client.ask("status")["head"]["sequence"]) > 0
        except GateError:
            return False


def _rewrite(config: Path, target: Path, changes: Mapping[str, Any]) -> None:
    yaml = YAML()
    page = yaml.load(config)
    for key, value in changes.items():
        if value is None:
            page.pop(key, None)
        else:
            page[key] = value
    yaml.dump(page, target)
