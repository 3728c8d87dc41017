"""The example of a central server (examples/central.py) as a process, and its database."""

import importlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.patience import LIMIT_S, until
from tests.rigs.broker import Mosquitto
from tests.rigs.pki import Pair

PROGRAM = Path(__file__).parents[2] / "examples" / "central.py"
CLIENT = "centre"


def served(**more: Any) -> dict[str, Any]:
    """What a gate's ``uplink`` says of it: it may ask for a replay, and has to have all."""
    return {
        "clients": {CLIENT: {"group": "centre"}},
        "groups": {"centre": {"may": ["replay"]}},
        "consumers": [CLIENT],
        **more,
    }


class Centre:
    """Keeps its database over `kill` and `start`. Nothing of it is left when the context ends.

    ``address`` is that of a PostgreSQL, without it a file is taken; with ``pair`` it comes by TLS.
    """

    def __init__(
        self,
        folder: Path,
        broker: Mosquitto,
        pair: Pair | None = None,
        ca: str = "",
        *,
        address: str = "",
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.db = address or str(folder / "central.db")
        self._postgres = bool(address)
        scheme = "mqtt" if pair is None else "mqtts"
        self._run = ["run", "--broker", f"{scheme}://localhost:{broker.port}", "--client", CLIENT]
        if pair is not None:
            self._run += ["--ca", ca, "--cert", str(pair.cert), "--key", str(pair.key)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it comes to the broker by itself, which has to run."""
        before = self.log().count("the broker says")
        with (self.folder / "central.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(PROGRAM), "--db", self.db, *self._run],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(lambda: self.log().count("the broker says") > before, "the centre has connected")

    def kill(self) -> None:
        """End it with -9."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(LIMIT_S)

    def log(self) -> str:
        """What it wrote."""
        path = self.folder / "central.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database."""
        if self._postgres:
            opened = importlib.import_module("psycopg").connect(self.db)
        else:
            opened = sqlite3.connect(f"file:{self.db}?mode=rw", LIMIT_S, uri=True)
        with closing(opened) as reader:
            found: list[tuple[Any, ...]] = reader.execute(query).fetchall()
            return found

    def through(self) -> Mapping[str, int]:
        """By gate: up to where it has everything."""
        found = self.rows("SELECT stream, through FROM cursors")
        return {stream.split("/")[4]: through for stream, through in found}

    def events(self) -> dict[str, dict[int, bytes]]:
        """All that it has: the bytes by gate and sequence."""
        found: dict[str, dict[int, bytes]] = {}
        for name, event in self.rows("SELECT id, event FROM events"):
            _, *_, gate, _, number = name.split("/")
            found.setdefault(gate, {})[int(number)] = event.encode()
        return found

    def inside(self) -> dict[str, Mapping[str, Any]]:
        """What ``central.py inside`` says, by card or visit."""
        command = [sys.executable, str(PROGRAM), "--db", self.db, "inside"]
        done = subprocess.run(command, capture_output=True, check=True, timeout=LIMIT_S)
        told = [json.loads(line) for line in done.stdout.splitlines()]
        return {one["who"]: one for one in told}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
