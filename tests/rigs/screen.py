"""A whole house with a guard's screen: simulated gate, real daemon, console, one desk with readers.

Rules kept here:
- the console is a process of its own and is met by its address alone, as a browser does;
- every card that a test needs is drawn from a stock, so that tests that share a house never share
  a card;
- the console is ended by its pid; it can be killed and hung while everything else goes on.
"""

import http.client
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from drivers.sim.board import Record
from tests.patience import LIMIT_S, until
from tests.rigs.cards import Card, digits
from tests.rigs.house import House, demo_lanes
from tests.rigs.ports import free_port

DESK, DESK_READER, CONTACTLESS = "booth", "desk-rdm", "desk-nfc"
GUARD, LEADER = "g-zhang", "g-li"
NAMES = {GUARD: "张伟", LEADER: "李娜"}
ROLES = {GUARD: "guard", LEADER: "shift_leader"}
PINS = {GUARD: "481516", LEADER: "234223"}
GUARD_TAGS = {GUARD: 901, LEADER: 902}
PATROL_TAG = 903
STOCK = 1_000
"""The first number of a tag that tests may draw."""


def guard_cards() -> list[Card]:
    """The cards of those who work here."""
    cards = [
        Card(f"em4100:{digits(tag)}", f"G-{tag}", "guard", holder=NAMES[guard])
        for guard, tag in GUARD_TAGS.items()
    ]
    return [*cards, Card(f"em4100:{digits(PATROL_TAG)}", "P-1", "patrol", holder="巡逻")]


class Roster:
    """Numbered cards of every kind: ``V-0001`` is the tag ``STOCK + 1``."""

    KINDS: Mapping[str, tuple[str, str]] = {
        "visitor": ("V", "stock"),
        "visitor_vehicle": ("W", "stock"),
        "contractor": ("C", "stock"),
        "resident": ("R", "active"),
        "staff": ("S", "active"),
        "vehicle": ("K", "active"),
    }

    def __init__(self, each: int) -> None:
        self.cards = guard_cards()
        self.tags: dict[str, int] = {}
        self._next: dict[str, count[int]] = {}
        numbers = count(STOCK + 1)
        for kind, (letter, status) in self.KINDS.items():
            for n in range(1, each + 1):
                label, tag = f"{letter}-{n:04}", next(numbers)
                self.tags[label] = tag
                person = status == "active"
                self.cards.append(
                    Card(
                        f"em4100:{digits(tag)}",
                        label,
                        kind,
                        status,
                        holder=f"王{letter}{n}" if person else "",
                        unit=f"8-12{n:02}" if kind in ("resident", "vehicle") else "",
                        department="工程部" if kind == "staff" else "",
                        plate=f"粤B·{n:05}" if kind == "vehicle" else "",
                    )
                )
            self._next[kind] = count(1)

    def draw(self, kind: str) -> str:
        """The label of a card of this kind that no test has drawn yet."""
        return f"{self.KINDS[kind][0]}-{next(self._next[kind]):04}"


class Console:
    """``gate-agent console`` of one configuration, at one port."""

    def __init__(self, config: Path, port: int, log: Path, environment: Mapping[str, str]) -> None:
        self.host, self.port = "127.0.0.1", port
        self.address = f"http://{self.host}:{port}"
        self._command = [sys.executable, "-m", "agent", "console", "-c", str(config)]
        self._log = log
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, plain: bool = False) -> Self:
        """Start it and wait for its first page; ``plain``: without what measures coverage."""
        assert self._process is None, "the console runs already"
        without = {"COVERAGE_PROCESS_CONFIG"} if plain else set()
        environment = {k: v for k, v in self._environment.items() if k not in without}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(self._serves, f"the console's first page: {self._log}")
        return self

    @property
    def pid(self) -> int:
        """Of its process."""
        assert self._process is not None, "the console does not run"
        return self._process.pid

    @property
    def running(self) -> bool:
        """Was it started, and not ended by us?"""
        return self._process is not None

    def kill(self) -> None:
        """As in a power cut: kill -9."""
        self.stop(signal.SIGKILL)

    def hang(self) -> None:
        """It stands still, as if it were stuck."""
        os.kill(self.pid, signal.SIGSTOP)

    def wake(self) -> None:
        """It goes on."""
        os.kill(self.pid, signal.SIGCONT)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it; safe to call twice. Gives the exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(signal.SIGCONT)
        process.send_signal(how)
        try:
            return process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(LIMIT_S)
            raise

    def words(self) -> str:
        """The end of its log."""
        return self._log.read_text("utf-8", "replace")[-4000:]

    def resident_kb(self) -> int:
        """Resident memory (proc(5), VmRSS)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def _serves(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.words()
        line = http.client.HTTPConnection(self.host, self.port, timeout=LIMIT_S)
        try:
            line.request("GET", "/")
            return line.getresponse().status < 500
        except ConnectionError:
            return False
        finally:
            line.close()


class ScreenHouse(House):
    """The demo's gate with a booth: a desk with a serial reader, fire, lockdown and mains inputs.

    ``contactless`` is the name of a PC/SC reader that lies on the desk too. Guards are enrolled at
    the first start.
    """

    def __init__(
        self,
        folder: Path,
        *,
        each: int = 60,
        contactless: str = "",
        changes: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.roster = Roster(each)
        self.port = free_port()
        folder.mkdir(parents=True, exist_ok=True)
        key = folder / "identity-key"
        key.write_text("a key that only the tests know, of some length\n", encoding="ascii")
        readers: dict[str, Any] = {
            f"{lane}-rdm": {
                "driver": "serial",
                "port": f"run:{lane}-rdm",
                "protocol": "em4100-ascii",
                "quiet": "0 s",
            }
            for lane in ("in-1", "out-1")
        }
        readers[DESK_READER] = {**readers["in-1-rdm"], "port": f"run:{DESK_READER}"}
        desk = [DESK_READER]
        if contactless:
            readers[CONTACTLESS] = {"driver": "pcsc", "name": f"{contactless}*", "lamp": False}
            desk.append(CONTACTLESS)
        wanted: dict[str, Any] = {
            "names": {"estate": "碧桂花园", "gate": "北门"},
            "lanes": demo_lanes(open_for="60 s"),
            "readers": readers,
            "desks": {DESK: {"readers": desk, "name": "岗亭"}},
            "emergency": {
                "fire": {"pin": 26},
                "lockdown": {"pin": 19},
                "mains": {"pin": 20},
            },
            "deposits": {"cash": 100, "pockets": 99},
            "visits": {
                "bays": ["会所 1", "会所 2", "会所 3"],
                "tell": {"route": "直走第二个路口右转", "unloading": "只在货梯口卸货"},
            },
            "console": {
                "listen": f"127.0.0.1:{self.port}",
                "state": str(folder / "console"),
            },
            "identity_key": {"file": str(key)},
        }
        super().__init__(
            folder,
            self.roster.cards,
            travel_ms=150,
            changes=wanted | dict(changes or {}),
            environment=environment,
        )
        self.console = Console(
            self.gate.config, self.port, folder / "console.log", self._environment
        )
        self._enrolled = False

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.console.stop()
        finally:
            super().__exit__(kind, fault, trace)

    def open(self) -> Self:
        """Daemon, guards, console: everything stands as at the beginning of a day."""
        self.start()
        return self.open_screen()

    def open_screen(self) -> Self:
        """Likewise, where the daemon runs already."""
        if not self._enrolled:
            self._enrolled = True
            for guard, name in NAMES.items():
                self.enrol_guard(guard, name)
        self.console.start()
        return self

    def enrol_guard(self, guard: str, name: str) -> None:
        """As the installer does it."""
        form = {
            "guard": guard,
            "name": name,
            "card": f"G-{GUARD_TAGS[guard]}",
            "role": ROLES[guard],
            "pin": PINS[guard],
        }
        self.act("guard.enrol", form)

    def act(
        self, kind: str, form: Mapping[str, object], code: int = 200, token: str = ""
    ) -> Mapping[str, Any]:
        """An order by the command line's way, or of the guard who has this token; its answer."""
        named = {"token": token, "desk": DESK} if token else {}
        with self.control() as client:
            answer: Mapping[str, Any] = client.ask(
                "order", order_id=os.urandom(8).hex(), kind=kind, args={}, form=form, **named
            )
        assert answer["code"] == code, answer
        return answer

    def tap_desk(self, label: str) -> int:
        """Hold a card of the roster to the desk's serial reader."""
        return self.sim.tap_em4100(DESK_READER, digits(self.tag(label)))

    def tap_lane(self, lane: str, label: str) -> int:
        """Hold a card of the roster to a lane's reader."""
        return self.tap(lane, self.tag(label))

    def tag(self, label: str) -> int:
        """The number of a card of the roster."""
        guards = {f"G-{tag}": tag for tag in GUARD_TAGS.values()} | {"P-1": PATROL_TAG}
        return guards.get(label) or self.roster.tags[label]

    def drive(self, lane: str, car: str) -> None:
        """A car goes through the lane as soon as it is open."""
        self.sim.ask(
            "drive", lane=lane, car=car, approach_ms=50, enter_ms=200, under_ms=300, leave_ms=200
        )

    def through(self, lane: str, car: str) -> None:
        """A car goes through the lane, and the arm is down again."""
        self.drive(lane, car)
        self.wait(lane=lane, cars=0)
        self.wait(lane=lane, arm="down")

    def rows(self, table: str, **wanted: object) -> list[dict[str, Any]]:
        """Rows of a projection, read from the file of the ledger."""
        found = read_rows(self.ledger, table)
        return [row for row in found if all(row.get(k) == v for k, v in wanted.items())]

    def row(self, table: str, **wanted: object) -> dict[str, Any]:
        """The one row of a projection; waits for it."""
        found: list[dict[str, Any]] = []

        def one() -> bool:
            found[:] = self.rows(table, **wanted)
            return len(found) == 1

        until(one, f"one row of {table} with {wanted}")
        return found[0]

    def relays(self, since: int) -> Sequence[Record]:
        """What the relays did since a record of the trace."""
        pins = {
            pin.pin for lane in self.gate.settings.lanes.values() for pin in lane.relays().values()
        }
        return [one for one in self.sim.trace(sorted(pins))[since:] if one.kind == "pin"]


def read_rows(ledger: Path, table: str) -> list[dict[str, Any]]:
    """All rows of a table, by a handle of its own that cannot write."""
    assert table.isidentifier()
    line = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=LIMIT_S)
    try:
        line.row_factory = sqlite3.Row
        return [dict(row) for row in line.execute(f"SELECT * FROM {table}")]  # noqa: S608 - a name
    finally:
        line.close()
