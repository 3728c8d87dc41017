"""The booth of the demo: a desk with a reader, a day behind it, and the guard's screen.

Rules kept here:
- the screen is the real one, a process of its own, and listens on this machine alone;
- what a guard needs to sign on is said, because nobody else has enrolled him.
"""

import secrets
import select
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ruamel.yaml import YAML

from agent.control.client import ControlClient
from agent.demo import yesterday
from agent.demo.child import Child
from agent.demo.yesterday import LEADER, OTHER
from agent.errors import GateError
from agent.settings import Settings
from agent.simulate import PATIENCE_S

DESK = yesterday.DESK
READER = "desk-rdm"


class Booth:
    """What the demo adds to its house. ``url`` is empty until `open`."""

    def __init__(self) -> None:
        self.url = ""
        self._console: Child | None = None

    @property
    def told(self) -> str:
        """Where the screen is, and who can sign on."""
        return (
            f"the guard's screen: {self.url}  sign on as {LEADER.name} ({LEADER.guard}), "
            f"PIN {LEADER.pin}, or {OTHER.name} ({OTHER.guard}), PIN {OTHER.pin}"
        )

    @property
    def brief(self) -> str:
        """The same in a line of the terminal."""
        return f"Screen: {self.url} ({LEADER.guard}, PIN {LEADER.pin})."

    def changes(self, config: Path, folder: Path) -> Mapping[str, Any]:
        """What the settings have to say beside those of the demo."""
        key = folder / "identity.key"
        key.write_text(secrets.token_hex(32), "ascii")
        readers: dict[str, Any] = YAML(typ="safe").load(config)["readers"]
        like = next(iter(readers.values()))
        return {
            "readers": {**readers, READER: {**like, "port": f"run:{READER}"}},
            "desks": {DESK: {"name": "岗亭", "readers": [READER]}},
            "zones": {"inside": {"bays": 60}},
            "identity_key": {"file": str(key)},
        }

    def roster(self, shipped: Path, folder: Path) -> Path:
        """The roster with what lies in the drawer of the booth."""
        made = folder / "roster.csv"
        made.write_text(shipped.read_text("utf-8") + yesterday.ROSTER_MORE, "utf-8")
        return made

    def live(self, settings: Settings, roster: Path) -> int:
        """Let the day pass that lies behind; gives its last entry."""
        return yesterday.live(settings, roster, time.time_ns() // 1_000)

    def open(self, config: Path, folder: Path, control: Callable[[], ControlClient]) -> None:
        """Start the screen and wait for it, and let a call for help come in; raises GateError."""
        command = [sys.executable, "-m", "agent", "console", "--port", "0", "-c", str(config)]
        self._console = Child("the guard's screen", command, folder / "console.log", piped=True)
        self.url = _address(self._console)
        with control() as client:
            asked = {"order_id": f"demo-{secrets.token_hex(4)}", "kind": "help.ask"}
            client.ask("order", **asked, args={}, form=yesterday.CALL, actor="centre")

    def close(self) -> None:
        """End the screen."""
        if self._console is not None:
            self._console.stop()


def _address(console: Child) -> str:
    """The address that the screen prints when it listens; raises GateError with its last words."""
    lines, ends = console.lines, time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        if select.select([lines], [], [], 0.2)[0]:
            found = lines.readline().decode().split()
            if not found:
                break
            if urlsplit(found[-1]).port:
                return found[-1]
    raise GateError(f"the guard's screen did not start: {console.last_words()}")
