"""What an order protects, done at once: in the thread that asks, before disk and inbox.

Rules kept here:
- a stop stops, whatever wants an arm open lifts one that is going down, and fire raises every arm;
  all else about an order (may it be? what follows?) is decided by the step that comes after;
- an order acts once: a repeat of its id moves nothing, also after a restart;
- an order whose act failed may be repeated: the arm needs it.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping

from agent.core.emergency import FIRE
from agent.core.ids import LaneId
from agent.core.orders import Order
from agent.errors import DeviceError, GateError
from agent.ports import Outputs

KNOWN = 10_000
_OPENS = ("open", "priority", "hold_open")


class Protection:
    """Acts on ``outputs``. ``known`` are the ids of orders that were answered before."""

    def __init__(self, outputs: Outputs, lanes: Iterable[LaneId], known: Iterable[str]) -> None:
        self._lanes = frozenset(lanes)
        self._known: OrderedDict[str, None] = OrderedDict.fromkeys(known)
        self._lock = threading.Lock()
        acts: dict[str, Callable[[LaneId], None]] = dict.fromkeys(_OPENS, outputs.reopen)
        self._raise_all = outputs.raise_all
        self._acts: Mapping[str, Callable[[LaneId], None]] = {**acts, "stop": outputs.stop_arm}

    def act(self, order: Order) -> None:
        """Protect, from any thread; raises GateError when a relay cannot be driven."""
        lane = LaneId(order.args.get("lane", ""))
        act = self._acts.get(order.kind)
        fire = order.kind == FIRE
        if not fire and (act is None or lane not in self._lanes):
            return
        if not self._first(order.key):
            return
        try:
            if act is not None:
                act(lane)
            else:
                self._raise_all()
        except DeviceError as fault:
            with self._lock:
                self._known.pop(order.key, None)
            where = "" if fire else f" at lane {lane}"
            raise GateError(f"{order.kind}{where} failed at the relays: {fault}") from fault

    def _first(self, order_id: str) -> bool:
        """Whether this id is new; it is known from now on."""
        with self._lock:
            if order_id in self._known:
                return False
            self._known[order_id] = None
            while len(self._known) > KNOWN:
                self._known.popitem(last=False)
            return True
