"""The far end of the control socket, answered by the test: a real server at a real socket."""

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

from agent.console.site import Site
from agent.control.server import ControlServer, Peer
from agent.core.entries import Entry, EntryType
from agent.core.ids import AgentId, EstateId, LaneId, OutputId
from agent.core.model import ClockQuality, Direction, Moment
from agent.core.personal import Level
from agent.core.plan import ArmPlan, Drive, GatePlan, LanePlan, Relay
from agent.core.view import LaneView
from agent.ports import Head, KeptResult
from agent.store.database import Identity
from agent.store.ledger import Ledger
from agent.store.seal import Disclosure
from tests.patience import LIMIT_S

ZONE = ZoneInfo("Asia/Shanghai")
IN = LaneId("in-1")
NOW = Moment(1_700_000_000_000_000, 1, ClockQuality.SYNCED)


def open_ledger(path: Path) -> Ledger:
    """A new ledger of this gate."""
    identity = Identity("green", "north")
    return Ledger.open(path, identity, Disclosure(Level.MASKED, bytes(32)), "b", ballast_bytes=0)


def plan() -> GatePlan:
    """A gate of two lanes."""
    opens, closes, stops = (Relay(OutputId(f"{n}"), Drive.PULSE) for n in range(3))
    arm = ArmPlan(opens, closes, stops)
    lanes = {
        IN: LanePlan(IN, Direction.IN, arm, 10**10),
        LaneId("out-1"): LanePlan(LaneId("out-1"), Direction.OUT, arm, 10**10),
    }
    return GatePlan(EstateId("green"), AgentId("north"), lanes, {})


def site(folder: Path) -> Site:
    """A console's idea of it."""
    return Site(
        plan(),
        "北门",
        ZONE,
        folder / "ledger.db",
        folder / "control.sock",
        folder,
        "booth",
        {"in-1": "入口", "out-1": "出口"},
        {"booth": "岗亭"},
    )


class GateEnd:
    """Answers ``status``, ``order``, ``sign_on``, ``who``, ``sign_off``; notes every order.

    ``orders`` are all that came, ``parts`` what it tells of its health. While ``hung`` is
    set no question is answered. With ``ledger`` there is an empty one beside it, in which `keep`
    keeps the answer to an order.
    """

    def __init__(self, folder: Path, *, ledger: bool = False) -> None:
        self.ledger = open_ledger(folder / "ledger.db") if ledger else None
        self.path = folder / "control.sock"
        self.orders: list[Mapping[str, Any]] = []
        self.answer: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda _: {
            "status": "done",
            "code": 200,
            "detail": "stop ordered at lane in-1",
            "result": {},
        }
        self.hung = threading.Event()
        self.let_go = threading.Event()
        self.ended = False
        self.asked: list[str] = []
        self.sequence = 1
        self.parts: Sequence[Mapping[str, Any]] = [
            {"part": "ledger", "condition": "ok", "detail": "every entry is written"}
        ]
        self._server = self._make()

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.let_go.set()
        self._server.stop()
        if self.ledger is not None:
            self.ledger.close()

    def keep(self, order_id: str, detail: str) -> None:
        """An order was done after all, and its answer is kept."""
        assert self.ledger is not None
        self.ledger.append((), NOW, (KeptResult(order_id, "done", 200, detail),))

    def away(self) -> None:
        """The daemon ends."""
        self._server.stop()

    def back(self) -> None:
        """Another one begins."""
        self._server = self._make()
        self._server.start()

    def tell(self, position: str) -> None:
        """A lane has moved."""
        self._server.lanes([LaneView(IN, position, "normal", "clear", 0)])

    def commit(self, kind: EntryType, **data: object) -> None:
        """An entry was written."""
        self.sequence += 1
        entry = Entry(kind, "lane/in-1", NOW, data)
        self._server.committed(Head("s", "b", 1, self.sequence, bytes(32)), self.sequence, [entry])

    def _make(self) -> ControlServer:
        handlers = {
            "status": self._status,
            "order": self._order,
            "sign_on": self._sign_on,
            "sign_off": self._sign_off,
            "who": self._who,
        }
        return ControlServer(self.path, handlers)

    def _wait(self) -> None:
        if self.hung.is_set():
            self.let_go.wait(LIMIT_S)

    def _status(self, request: Mapping[str, Any], peer: Peer) -> object:
        del request, peer
        self._wait()
        view = {"lane": "in-1", "position": "closed", "mode": "normal", "loop": "clear"}
        head = {"stream": "s", "sequence": self.sequence, "hash": ""}
        return {"lanes": [{**view, "waiting": 0}], "parts": self.parts, "head": head}

    def _order(self, request: Mapping[str, Any], peer: Peer) -> object:
        del peer
        self.orders.append(request)
        self._wait()
        return self.answer(request)

    def _sign_on(self, request: Mapping[str, Any], peer: Peer) -> object:
        del peer
        self.asked.append("sign_on")
        if request.get("pin") != "135790":
            result = {"says": "guard or PIN is wrong", "with": {}, "field": "pin"}
            return {"status": "rejected", "code": 403, "detail": "…", "result": result}
        told = {"token": "secret-token", "guard": "g-1", "name": "张伟", "role": "guard"}
        return {"status": "done", "code": 200, **told, "shift": "s-1", "since_us": 1}

    def _sign_off(self, request: Mapping[str, Any], peer: Peer) -> object:
        del request, peer
        self.asked.append("sign_off")
        return {"status": "done", "code": 200, "detail": "", "result": {}}

    def _who(self, request: Mapping[str, Any], peer: Peer) -> object:
        del request, peer
        return {"status": "rejected", "code": 401} if self.ended else {"status": "done"}
