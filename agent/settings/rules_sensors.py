"""Rules of sensors: what is tested, supervised by a second contact, or watched for too long.

Rules kept here:
- a second contact says the opposite of the first, so that no single wire can lie;
- only what must be clear before closing is tested, since the test comes before a closing.
"""

from collections.abc import Iterator

from agent.settings.page import Page
from agent.settings.tree import Node, Trouble

SWITCHES = ("opened", "closed")
_OTHER = {"low": "high", "high": "low"}


def sensors(root: Node) -> Iterator[tuple[str, str, Node]]:
    """Every input, button and contact with a mapping: its path, its role, its node."""
    lanes = root.get("lanes")
    for key, lane in lanes.items() if lanes is not None else ():
        for part in ("inputs", "buttons"):
            wired = lane.get(part)
            for role, node in wired.items() if wired is not None else ():
                for path, one in numbered(f"lanes.{key}.{part}.{role}", node):
                    yield path, f"button {role}" if part == "buttons" else role, one
    common = root.get("emergency")
    for role, node in common.items() if common is not None else ():
        yield f"emergency.{role}", role, node


def numbered(path: str, node: Node) -> Iterator[tuple[str, Node]]:
    """The node, or each item of it if it is a list."""
    if not isinstance(node.value, list):
        yield path, node
        return
    for number, item in enumerate(node.value):
        yield f"{path}.{number}", item


def check_sensors(root: Node, page: Page) -> None:
    """Note every break on the page."""
    levels: dict[object, tuple[object, int]] = {}
    for path, role, node in sensors(root):
        _pair(path, node, page)
        longest = node.get("longest")
        if longest is not None and role in SWITCHES:
            problem = "the arm rests at this switch: it may stay there for days"
            span = node.keys["longest"]
            page.blame(Trouble(span, problem, "no longest: here", path=f"{path}.longest"))
        test = node.get("test")
        if test is None or not isinstance(test.value, dict) or role.startswith("button"):
            continue
        if role != "safety":
            problem = "only safety inputs are tested, before each closing"
            allowed = "test: at an entry of inputs.safety"
            page.blame(Trouble(node.keys["test"], problem, allowed, path=f"{path}.test"))
            continue
        _shared(path, test, levels, page)


def _pair(path: str, node: Node, page: Page) -> None:
    first, second = node.get("active"), node.get("pair", "active")
    level = first.value if first is not None else "low"
    if second is not None and second.value == level and level in _OTHER:
        problem = f"both contacts would be active {level}: a cut cable would look like a clear one"
        other = _OTHER[str(level)]
        allowed = f"{other}: one contact closes while the other opens"
        page.blame(Trouble(second.span, problem, allowed, other, f"{path}.pair.active"))


def _shared(path: str, test: Node, levels: dict[object, tuple[object, int]], page: Page) -> None:
    """Sensors that share a test output are tested by the same level."""
    pin, active = test.get("pin"), test.get("active")
    if pin is None:
        return
    level = active.value if active is not None else "low"
    first, line = levels.setdefault(pin.value, (level, test.span.line + 1))
    if first != level:
        problem = f"the test on pin {pin.text} is active {first} in line {line}, and {level} here"
        span = active.span if active is not None else test.span
        page.blame(Trouble(span, problem, f"{first}", path=f"{path}.test.active"))
