"""tap: from the last byte of a card on its line to the relay, the durable commit included.

Method. The daemon and the floor (`agent.bench.floor`) stand each before a simulated gate of the
same kind, on the same disk. The simulated reader sends the bytes of a frame at 9600 bit/s, as an
RDM6300 does; a tap begins just before its last byte, and ends when the level of the relay is
received at the other end of the pin socket. Both times are taken in the simulated gate's process,
from the monotonic clock. Blocks of taps alternate between the two, so that what drifts hits both.

In a block the taps come to the lanes in turn, each with another card, so slowly that a pulse has
ended before its lane is tapped again. Passages end in the pause after a block: what is measured is
a gate that has time, as a gate has.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.bench import site
from agent.bench.child import a_child
from agent.bench.figures import Figures, percentile
from agent.bench.place import Place
from agent.errors import GateError
from agent.simulate import SimulatedGate
from drivers.sim import SimClient, SimProcess

LANES = 12
BLOCK = 100
BAUD = 9600
EVERY_S = 0.03
_REST_S = 20.0
_FLOOR_PIN = 17
_FLOOR_READER = "floor"


@dataclass(slots=True)
class Side:
    """One of the two that are compared: how the n-th tap is given, and which pin answers it.

    ``seen`` counts the records of the trace that were looked at.
    """

    name: str
    sim: SimClient
    tap: Callable[[int], int]
    pin: Callable[[int], int]
    on: int
    rest: Callable[[], None]
    seen: int = 0


def run(place: Place, taps: int = 1000) -> Figures:
    """Measure ``taps`` taps of each side after a warm-up; raises GateError if one is lost."""
    settings = site.page(LANES, sensors=False)
    with (
        site.a_gate(place.sub("gate"), settings, site.with_cards(LANES * BLOCK)) as gate,
        SimProcess(_floor_spec(place), place.folder) as bare,
    ):
        site.start(gate)
        arguments = (str(place.sockets / "line"), str(bare.pin_socket), str(_FLOOR_PIN))
        with a_child("agent.bench.floor", *arguments, str(place.folder / "floor.log")):
            mine, floor = ours(gate), _floor(bare.client)
            found: dict[str, list[float]] = {mine.name: [], floor.name: []}
            for side in (mine, floor):
                block(side, 0, min(BLOCK, taps))
            for first in range(0, taps, BLOCK):
                for side in (mine, floor):
                    found[side.name] += block(side, first, min(BLOCK, taps - first))
            site.pid(gate)
    p50, p99 = (percentile(found[mine.name], share) for share in (0.5, 0.99))
    floor_p50, floor_p99 = (percentile(found[floor.name], share) for share in (0.5, 0.99))
    return {
        "p50_us": p50,
        "p99_us": p99,
        "floor_p50_us": floor_p50,
        "floor_p99_us": floor_p99,
        "ratio_p50": p50 / floor_p50,
        "ratio_p99": p99 / floor_p99,
    }


def block(side: Side, first: int, count: int, every_s: float = EVERY_S) -> Sequence[float]:
    """Give the taps, wait for rest, and match them with the relay; times in microseconds.

    A tap has to move its relay before its lane is tapped again; raises GateError when one does not.
    """
    lost_ns = LANES * every_s * 1e9
    began: list[int] = []
    due = time.monotonic()
    for number in range(first, first + count):
        due += every_s
        time.sleep(max(0.0, due - time.monotonic()))
        began.append(side.tap(number))
    side.rest()
    records = side.sim.trace(None, side.seen)
    side.seen += len(records)
    edges = [record for record in records if record.kind == "pin"]
    found = []
    for index, ns in enumerate(began):
        pin = side.pin(first + index)
        after = (e.ns for e in edges if e.pin == pin and e.level == side.on and e.ns > ns)
        came = next(after, None)
        if came is None or came - ns > lost_ns:
            raise GateError(
                f"{side.name}: tap {index + 1} of {count} moved no relay within "
                f"{lost_ns / 1e6:g} ms: the machine has no time to be measured, or cards are lost"
            )
        found.append((came - ns) / 1000)
    return found


def ours(gate: SimulatedGate) -> Side:
    """The daemon of a gate with `LANES` lanes, which knows `LANES` times `BLOCK` cards."""
    sim = gate.sim.client
    relays = [site.relay(gate.settings, f"in-{lane}") for lane in range(1, LANES + 1)]

    def tap(number: int) -> int:
        card = site.digits(number % (LANES * BLOCK) + 1)
        return sim.tap_em4100(site.reader(number % LANES + 1), card, BAUD)

    def rest() -> None:
        with gate.control() as client:
            site.wait(
                lambda: not any(lane["waiting"] for lane in client.ask("status")["lanes"]),
                "passages of the last block do not end",
                _REST_S,
            )
        time.sleep(2 * site.PULSE_MS / 1000)

    return Side("the daemon", sim, tap, lambda n: relays[n % LANES][0], relays[0][1], rest)


def _floor(sim: SimClient) -> Side:
    return Side(
        "the floor",
        sim,
        lambda number: sim.tap_em4100(_FLOOR_READER, site.digits(number + 1), BAUD),
        lambda _: _FLOOR_PIN,
        1,
        lambda: time.sleep(2 * site.PULSE_MS / 1000),
    )


def _floor_spec(place: Place) -> dict[str, object]:
    return {
        "pin_socket": str(place.sockets / "floor-pins"),
        "control_socket": str(place.sockets / "floor-control"),
        "readers": [{"reader": _FLOOR_READER, "link": str(place.sockets / "line")}],
    }
