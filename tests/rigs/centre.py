"""The example of a central server (examples/central.py) as a process, and its database."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.patience import LIMIT_S, until
from tests.rigs.broker import Mosquitto
from tests.rigs.pki import Pair

PROGRAM = Path(__file__).parents[2] / "examples" / "central.py"
KEYID = "k1"
CLIENT = "centre"


def served(key: Path, **more: Any) -> dict[str, Any]:
    """What a gate's ``uplink`` says of it: it may ask for a replay, signed, and has to have all."""
    return {
        "clients": {CLIENT: {"group": "centre", "keys": {KEYID: {"file": str(key)}}}},
        "groups": {"centre": {"may": ["replay"], "signed": ["replay"]}},
        "consumers": [CLIENT],
        **more,
    }


class Centre:
    """Keeps its database over `kill` and `start`. Nothing of it is left when the context ends.

    ``key`` is the file of the key that it signs with; with ``pair`` it comes over TLS.
    """

    def __init__(
        self, folder: Path, broker: Mosquitto, key: Path, pair: Pair | None = None, ca: str = ""
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.db = folder / "central.db"
        scheme = "mqtt" if pair is None else "mqtts"
        self._run = ["run", "--broker", f"{scheme}://localhost:{broker.port}", "--client", CLIENT]
        self._run += ["--keyid", KEYID, "--signing-key", str(key)]
        if pair is not None:
            self._run += ["--ca", ca, "--cert", str(pair.cert), "--key", str(pair.key)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it comes to the broker by itself."""
        with (self.folder / "central.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(PROGRAM), "--db", str(self.db), *self._run],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(lambda: self.db.exists() and self.rows("SELECT 1"), f"its database; {self.log()}")

    def kill(self) -> None:
        """End it with -9."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(LIMIT_S)

    def log(self) -> str:
        """What it wrote, the end of it."""
        return (self.folder / "central.log").read_text("utf-8", "replace")[-3000:]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database; nothing where it has no tables yet."""
        with sqlite3.connect(f"file:{self.db}?mode=ro", uri=True, timeout=LIMIT_S) as reader:
            try:
                return reader.execute(query).fetchall()
            except sqlite3.OperationalError:
                return []
            finally:
                reader.rollback()

    def through(self) -> Mapping[str, int]:
        """By gate: up to where it has everything."""
        found = self.rows("SELECT source, through FROM cursors")
        return {source.split("/")[4]: through for source, through in found}

    def events(self) -> dict[str, dict[int, bytes]]:
        """All that it has: the bytes by gate and sequence."""
        found: dict[str, dict[int, bytes]] = {}
        for source, number, payload in self.rows("SELECT source, sequence, payload FROM events"):
            found.setdefault(source.split("/")[4], {})[number] = payload
        return found

    def inside(self) -> dict[str, Any]:
        """What ``central.py inside`` says."""
        command = [sys.executable, str(PROGRAM), "--db", str(self.db), "inside"]
        done = subprocess.run(command, capture_output=True, check=True, timeout=LIMIT_S)
        told: dict[str, Any] = json.loads(done.stdout)
        return told

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
