"""safety: from the edge of a safety input to the relays that stop the arm and lift it.

Method. The daemon stands before a simulated gate and is told to close; as soon as its close relay
pulls, the loop under the arm becomes occupied. It counts how long the simulated gate's process
waits, from the edge that it makes itself, until the close relay is let go and until the open relay
pulls; all times are taken there, from the monotonic clock. Nothing is written before that, and
nothing is waited for: the entries follow.

The floor is a process (`agent.bench.echo`) on the pin socket of a simulated gate of the same kind,
which answers each edge with the same two levels and knows nothing. Edges of both alternate, so that
each has rested for as long as the other, and what drifts hits both.
"""

from collections.abc import Mapping, Sequence

from agent.bench import site
from agent.bench.child import a_child
from agent.bench.figures import Figures, percentile
from agent.bench.place import Place
from agent.control.client import ControlClient
from agent.errors import GateError
from agent.simulate import SimulatedGate
from drivers.sim import SimClient, SimProcess
from drivers.sim.board import Record

WARM = 10
_LANE = "in-1"
_LIMIT_MS = 20_000
_FLOOR_IN, _FLOOR_CLOSE, _FLOOR_OPEN = _FLOOR = 5, 27, 17


def run(place: Place, edges: int = 300) -> Figures:
    """Measure ``edges`` edges of each side after a warm-up; raises GateError if one is lost."""
    page = site.page(1, sensors=True)
    lane = page["lanes"][_LANE]
    lane["arm"] = {**lane["arm"], "travel": "1 min"}
    lane["arm"]["close"]["pulse"] = "2 s"  # so that it still pulls when the edge comes
    with (
        site.a_gate(place.sub("gate"), page, falls_ms=60_000) as gate,
        SimProcess(_floor_spec(place), place.folder) as bare,
        a_child("agent.bench.echo", str(bare.pin_socket), *map(str, _FLOOR)),
    ):
        site.start(gate)
        with gate.control() as control:
            took = _measure(_Gate(gate, control), _Echo(bare.client), edges)
        site.pid(gate)
    found = {
        f"{name}_p{share}_us": percentile(values, share / 100)
        for name, values in took.items()
        for share in (50, 99)
    }
    return {
        **found,
        "ratio_p50": found["lift_p50_us"] / found["floor_p50_us"],
        "ratio_p99": found["lift_p99_us"] / found["floor_p99_us"],
    }


def _measure(ours: "_Gate", floor: "_Echo", edges: int) -> Mapping[str, Sequence[float]]:
    """Microseconds of each; the first edges of both warm up and do not count."""
    took: dict[str, list[float]] = {"stop": [], "lift": [], "floor": []}
    for number in range(-WARM, edges):
        (stop, lift), echo = ours.edge(), floor.edge()
        if number >= 0:
            for name, value in (("stop", stop), ("lift", lift), ("floor", echo)):
                took[name].append(value)
    return took


class _Gate:
    """The daemon's side: closes, and has somebody walk in."""

    def __init__(self, gate: SimulatedGate, control: ControlClient) -> None:
        lane = gate.settings.lanes[_LANE]
        relays = lane.relays()
        self._open, self._close = relays["open"].pin, relays["close"].pin
        self._loop = lane.inputs.wired()["loop"].pin
        self._control = control
        self._sim = gate.sim.client
        self._asked = 0
        self._seen = 0
        self._asked_for("open")
        self._stands()
        self._sim.wait(pin=self._open, level=1, limit_ms=_LIMIT_MS)

    def edge(self) -> tuple[float, float]:
        """Microseconds from the edge to the end of closing, and to the beginning of the lift."""
        sim = self._sim
        self._closes()
        self._seen = _recorded(sim, self._seen)
        sim.input(self._loop, True)
        sim.wait(pin=self._open, level=0, limit_ms=_LIMIT_MS)
        found = sim.trace([self._loop, self._close, self._open], self._seen)
        at = _first(found, self._loop, 0)
        stop = _first(found, self._close, 1, at.ns)
        lift = _first(found, self._open, 0, at.ns)
        sim.wait(pin=self._open, level=1, limit_ms=_LIMIT_MS)
        sim.wait(lane=_LANE, arm="up", limit_ms=_LIMIT_MS)
        sim.input(self._loop, None)
        self._stands()
        return (stop.ns - at.ns) / 1000, (lift.ns - at.ns) / 1000

    def _closes(self) -> None:
        """Tell it to close, whatever it makes of an arm that is lifted again and again."""
        if self._ask("close")["status"] != "done":
            self._asked_for("fault.clear")
            self._asked_for("close")
        self._sim.wait(pin=self._close, level=0, limit_ms=_LIMIT_MS)

    def _asked_for(self, kind: str) -> None:
        answer = self._ask(kind)
        if answer["status"] != "done":
            raise GateError(f"the gate does not do {kind}: {answer['detail']}")

    def _ask(self, kind: str) -> Mapping[str, str]:
        self._asked += 1
        args = {"lane": _LANE, "reason": "bench"}
        order_id = f"bench-{self._asked}"
        answer: Mapping[str, str] = self._control.ask(
            "order", order_id=order_id, kind=kind, args=args
        )
        return answer

    def _stands(self) -> None:
        """Wait until the daemon knows that the arm is up and that nobody is under it."""

        def there() -> bool:
            lane = self._control.ask("status")["lanes"][0]
            return bool(lane["position"] == "open" and lane["loop"] == "clear")

        site.wait(there, "the arm is not seen to be open", _LIMIT_MS / 1000, 0.005)


class _Echo:
    """The floor's side."""

    def __init__(self, sim: SimClient) -> None:
        self._sim = sim
        self._seen = 0

    def edge(self) -> float:
        """Microseconds from the edge to the level that answers it last."""
        sim = self._sim
        self._seen = _recorded(sim, self._seen)
        sim.input(_FLOOR_IN, True)
        sim.wait(pin=_FLOOR_OPEN, level=1, limit_ms=_LIMIT_MS)
        found = sim.trace(_FLOOR, self._seen)
        took = _first(found, _FLOOR_OPEN, 1).ns - _first(found, _FLOOR_IN, 1).ns
        sim.input(_FLOOR_IN, None)
        sim.wait(pin=_FLOOR_OPEN, level=0, limit_ms=_LIMIT_MS)
        return took / 1000


def _recorded(sim: SimClient, since: int) -> int:
    """How many records the trace has now."""
    while (then := int(sim.ask("trace", since=since)["next"])) > since:
        since = then
    return since


def _first(records: Sequence[Record], pin: int, level: int, after_ns: int = 0) -> Record:
    for one in records:
        if one.pin == pin and one.level == level and one.ns >= after_ns:
            return one
    raise GateError(f"GPIO{pin} did not change as it should: the gate did not protect")


def _floor_spec(place: Place) -> dict[str, object]:
    return {
        "pin_socket": str(place.sockets / "echo-pins"),
        "control_socket": str(place.sockets / "echo-control"),
        "lanes": [
            {
                "lane": _LANE,
                "open": {"pin": _FLOOR_OPEN},
                "close": {"pin": _FLOOR_CLOSE},
                "loop": {"pin": _FLOOR_IN},
                "open_ms": 100,
                "close_ms": 60_000,
            }
        ],
    }
