"""Makes the tables of docs/wiring.md, one for each example of config/ that is named there.

Run from the top of the tree as ``python docs/wiring_tables.py``; with ``--check`` it only says
whether the file is current (tests/settings/test_wiring_docs.py asks the same).
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from agent.core.plan import Drive
from agent.settings.models import Settings
from agent.settings.passage import Lane
from agent.settings.pins import ContactPin, InputPin, OutputPin
from agent.settings.reading import read
from agent.settings.units import write_duration
from agent.settings.words import Level, Pull

TARGET = Path(__file__).with_name("wiring.md")
CONFIG = Path(__file__).parent.parent / "config"
PART = re.compile(r"<!-- table: ([a-z-]+) -->\n.*?<!-- end -->", re.DOTALL)
HEADER = {
    2: 3, 3: 5, 4: 7, 14: 8, 15: 10, 17: 11, 18: 12, 27: 13, 22: 15, 23: 16, 24: 18, 10: 19,
    9: 21, 25: 22, 11: 23, 8: 24, 7: 26, 0: 27, 1: 28, 5: 29, 6: 31, 12: 32, 13: 33, 19: 35,
    16: 36, 26: 37, 20: 38, 21: 40,
}  # fmt: skip
"""Pin of the 40-pin header by GPIO number (BCM)."""
MEANS = {
    "approach": "a vehicle stands before the arm",
    "loop": "a vehicle stands under the arm",
    "exit": "a vehicle stands behind the arm",
    "safety": "something is in the way",
    "opened": "the arm is up",
    "closed": "the arm is down",
    "fire": "the fire alarm is on",
    "lockdown": "it is pressed",
    "mains": "the mains power is there",
    "button": "it is pressed",
}
DRIVES = {
    "open": "operator: OPEN",
    "close": "operator: CLOSE",
    "stop": "operator: STOP",
    "red": "red lamp",
    "green": "green lamp",
    "horn": "horn",
    "test": "test input of the sensor",
}


def page(text: str) -> str:
    """The file with every table made anew."""
    return PART.sub(lambda found: part(found[1]), text)


def part(example: str) -> str:
    """One table between its marks."""
    rows = "\n".join(table(read(CONFIG / f"{example}.yaml")))
    return f"<!-- table: {example} -->\n{rows}\n<!-- end -->"


def table(settings: Settings) -> Iterator[str]:
    """Every wire of a gate."""
    yield "| Id | GPIO | Header | Wire |"
    yield "|---|---|---|---|"
    for name, lane in settings.lanes.items():
        for role, output in lane.outputs().items():
            yield row(f"{name}.{role}", output.pin, drives(role, output, lane))
        for role, pin in lane.wired().items():
            yield from contacts(f"{name}.{role}", role, pin, lane)
        display = lane.signals.display
        if display is not None:
            yield f"| `{name}` text | | | {display.port}, {display.baud} baud 8N1 |"
    for role, pin in settings.emergency.wired().items():
        yield from contacts(f"gate.{role}", role, pin, None)


def row(name: str, pin: int, says: str) -> str:
    """One wire."""
    return f"| `{name}` | {pin} | {HEADER[pin]} | {says} |"


def drives(role: str, output: OutputPin, lane: Lane) -> str:
    """What an output drives, and how."""
    what = DRIVES[role.partition("-")[0]]
    if lane.door is not None and role == "open":
        what = "strike of the door"
    level = f"on when {output.active}"
    if output.drive is Drive.MAINTAINED:
        held = ", held while the arm is to be up" if role == "open" else ""
        held = ", held while the arm goes down" if role == "close" else held
        return f"relay → {what}{held}; {level}"
    return f"relay → {what}, for {write_duration(output.pulse)}; {level}"


def contacts(name: str, role: str, pin: InputPin | ContactPin, lane: Lane | None) -> Iterator[str]:
    """What an input is wired to; the second contact of a pair has a row of its own."""
    means = MEANS[role.partition("-")[0]]
    if lane is not None and lane.door is not None and role == "closed":
        means = "the door is shut"
    yield row(name, pin.pin, wire(pin.active, pin.pull, means))
    if pin.pair is not None:
        other = Level.HIGH if pin.active is Level.LOW else Level.LOW
        yield row(f"{name} (pair)", pin.pair.pin, wire(other, pin.pull, means))


def wire(active: Level, pull: Pull, means: str) -> str:
    """How a contact lies between the pin and the supply."""
    if pull is Pull.NONE:
        return f"a level that is {active} while {means}"
    far = "GND" if pull is Pull.UP else "3V3"
    closed = (active is Level.LOW) is (pull is Pull.UP)
    kind = "closed" if closed else "open (normally closed)"
    return f"contact to {far}, {kind} while {means}"


def main() -> int:
    """Write the file, or say whether it is current."""
    text = TARGET.read_text("utf-8")
    made = page(text)
    if "--check" in sys.argv[1:]:
        if made == text:
            return 0
        print("docs/wiring.md is not current: run python docs/wiring_tables.py")
        return 1
    TARGET.write_text(made, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
