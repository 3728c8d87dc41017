"""What a wait at the control socket can be for.

All of it has to hold: ``lane`` with ``arm`` (``up``, ``down``, ``rising``, ``falling``,
``between``), ``loop``, ``approach``, ``exit`` (bool), ``cars`` (count), ``waits`` (a car of this
name waits before the arm), ``passed`` (at least), ``hits`` (at least), ``above`` and ``below``
(height of the arm, 0 to 1), ``red``, ``green``, ``horn`` (bool); or ``pin`` with ``level`` and
``function``; or ``records`` (trace at least that long).
"""

from collections.abc import Callable, Mapping
from typing import Any

from drivers.sim.board import PINS, BoardPin
from drivers.sim.door import Passage
from drivers.sim.gate import Gate
from drivers.sim.road import Phase


def arm_word(lane: Passage) -> str:
    """Where the arm is, in one word."""
    if lane.moving:
        return "rising" if lane.moving > 0 else "falling"
    return "up" if lane.opened else "down" if lane.closed else "between"


def check(wanted: Mapping[str, Any]) -> None:
    """Raises ValueError for what nobody can wait for."""
    unknown = set(wanted) - {*_OF_LANE, *_LAMPS, "lane", "pin", "level", "function", "records"}
    if unknown:
        raise ValueError(f"a wait knows nothing of {', '.join(sorted(unknown))}")
    if "pin" in wanted and not 0 <= wanted["pin"] < PINS:
        raise ValueError(f"there is no GPIO{wanted['pin']}")


def holds(gate: Gate, wanted: Mapping[str, Any]) -> bool:
    """Whether all of it is so. Under the board's lock."""
    if "records" in wanted and gate.board.recorded < wanted["records"]:
        return False
    if "pin" in wanted and not _pin(gate.board.pins[wanted["pin"]], wanted):
        return False
    if "lane" not in wanted:
        return True
    lane = gate.lanes[wanted["lane"]]
    lamps = gate.lamps(wanted["lane"])
    return all(so(lane, wanted[name]) for name, so in _OF_LANE.items() if name in wanted) and all(
        lamps.get(name, False) is wanted[name] for name in _LAMPS if name in wanted
    )


def _pin(pin: BoardPin, wanted: Mapping[str, Any]) -> bool:
    function = "output" if pin.output else "input"
    if pin.level != wanted.get("level", pin.level):
        return False
    return bool(function == wanted.get("function", function))


_LAMPS = ("red", "green", "horn")
_OF_LANE: Mapping[str, Callable[[Passage, Any], bool]] = {
    "arm": lambda lane, word: arm_word(lane) == word,
    "loop": lambda lane, on: lane.loop is on,
    "approach": lambda lane, on: lane.sensors().get("approach", False) is on,
    "exit": lambda lane, on: lane.sensors().get("exit", False) is on,
    "cars": lambda lane, count: len(lane.cars) == count,
    "waits": lambda lane, name: any(
        car.name == name and car.phase is Phase.WAITING for car in lane.cars
    ),
    "passed": lambda lane, count: lane.passed >= count,
    "hits": lambda lane, count: lane.hits >= count,
    "above": lambda lane, height: lane.height >= height,
    "below": lambda lane, height: lane.height <= height,
}
