"""Orders that protect: at once, once, and again only when it failed."""

from pathlib import Path

import pytest

from agent.core.ids import LaneId, OrderId
from agent.core.model import ClockQuality, Moment
from agent.core.orders import Order
from agent.core.personal import Level
from agent.errors import DeviceError, GateError
from agent.ports import KeptResult
from agent.protection import KNOWN, Protection
from agent.store.database import Identity
from agent.store.ledger import Ledger
from agent.store.seal import Disclosure
from tests.rigs.one_thread import Trace, TracedOutputs

LANES = (LaneId("in"), LaneId("out"))
NOW = Moment(1_800_000_000_000_000, 1, ClockQuality.SYNCED)


class Stuck(TracedOutputs):
    """A stop relay that cannot be driven the first time."""

    def stop_arm(self, lane: LaneId) -> None:
        if "tried" not in self.trace:
            self.trace.append("tried")
            raise DeviceError("in.stop (GPIO22): cannot be turned on")
        super().stop_arm(lane)


class Jammed(TracedOutputs):
    """An open relay that cannot be driven the first time."""

    def raise_all(self) -> None:
        if "tried" not in self.trace:
            self.trace.append("tried")
            raise DeviceError("in.open (GPIO17): cannot be turned on")
        super().raise_all()


def order(kind: str, lane: str = "in", order_id: str = "o-1") -> Order:
    return Order(OrderId(order_id), "li", "cli", kind, {"lane": lane})


@pytest.mark.parametrize(
    ("kind", "act"),
    [
        ("stop", ["stop in"]),
        ("open", ["reopen in"]),
        ("priority", ["reopen in"]),
        ("hold_open", ["reopen in"]),
        ("fire", ["raise all"]),
        ("close", []),
        ("release_hold", []),
        ("dance", []),
    ],
)
def test_what_protects(kind: str, act: list[str]) -> None:
    trace: Trace = []
    Protection(TracedOutputs(trace), LANES, ()).act(order(kind))
    assert trace == act


def test_a_repeat_moves_nothing_and_another_order_does() -> None:
    trace: Trace = []
    protection = Protection(TracedOutputs(trace), LANES, ["kept"])
    for order_id in ("kept", "a", "a", "b"):
        protection.act(order("stop", order_id=order_id))
    assert trace == ["stop in", "stop in"]


def test_an_unknown_lane_is_left_to_the_step() -> None:
    trace: Trace = []
    protection = Protection(TracedOutputs(trace), LANES, ())
    protection.act(order("stop", lane="nowhere"))
    protection.act(Order(OrderId("o-2"), "li", "cli", "stop"))
    assert trace == []


def test_what_failed_may_be_repeated() -> None:
    trace: Trace = []
    protection = Protection(Stuck(trace), LANES, ())
    with pytest.raises(GateError, match="stop at lane in failed at the relays"):
        protection.act(order("stop"))
    protection.act(order("stop"))
    protection.act(order("stop"))
    assert trace == ["tried", "stop in"]


def test_a_fire_that_failed_is_told_and_may_be_called_again() -> None:
    trace: Trace = []
    protection = Protection(Jammed(trace), LANES, ())
    call = Order(OrderId("o-1"), "", "console", "fire")
    with pytest.raises(GateError, match="fire failed at the relays"):
        protection.act(call)
    protection.act(call)
    protection.act(call)
    assert trace == ["tried", "raise all"]


def test_the_ids_that_are_known_are_bounded_and_the_oldest_go_first() -> None:
    trace: Trace = []
    protection = Protection(TracedOutputs(trace), LANES, (str(n) for n in range(KNOWN)))
    protection.act(order("stop", order_id="new"))
    protection.act(order("stop", order_id="1"))
    assert trace == ["stop in"]
    protection.act(order("stop", order_id="0"))
    assert trace == ["stop in", "stop in"]


def test_orders_of_an_earlier_run_are_known(tmp_path: Path) -> None:
    identity, disclosure = Identity("estate", "gate"), Disclosure(Level.MASKED, b"k" * 32)
    with Ledger.open(tmp_path / "ledger.db", identity, disclosure, "boot-1") as ledger:
        assert ledger.answered() == ()
        kept = [KeptResult(name, "done", 200, "") for name in ("first", "second")]
        ledger.append((), NOW, kept)
    with Ledger.open(tmp_path / "ledger.db", identity, disclosure, "boot-2") as ledger:
        assert ledger.answered() == ("first", "second")
        trace: Trace = []
        protection = Protection(TracedOutputs(trace), LANES, ledger.answered())
    protection.act(order("stop", order_id="first"))
    assert trace == []
