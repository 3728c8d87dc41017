"""Rules of the wiring: pins, relays, and what drives them.

Rules kept here:
- a pin has one use; the serial line of the header is a use of its pins;
- a pulse relay goes off when the agent ends, a maintained open relay is kept, because letting go
  would drop the arm on somebody.
"""

from collections.abc import Iterator

from agent.settings.page import Page
from agent.settings.rules_sensors import numbered
from agent.settings.tree import Node, Trouble

UART = {14: "TXD", 15: "RXD"}
SERIAL = ("serial", "osdp", "uhf", "pn532")
"""The drivers whose readers hang on a serial port."""
WIRES, LAMPS = ("d0", "d1"), ("green", "buzzer")
"""What a reader on pins has: its data wires, and what is switched at it."""
UART_PORTS = ("/dev/ttyAMA0", "/dev/serial0", "/dev/ttyS0")


def check_pins(root: Node, page: Page) -> None:
    """No pin twice; sensors of one lane may share the output that tests them."""
    first: dict[int, tuple[str, int]] = {}
    for path, port in _uarts(root):
        for number in UART:
            first.setdefault(number, (path, port.span.line + 1))
    for path, tail, pin in _pins(root):
        if isinstance(pin.value, bool) or not isinstance(pin.value, int):
            continue
        where, line = first.setdefault(pin.value, (path, pin.span.line + 1))
        if where != path and not _same_test(where, path):
            use = f" (the serial line's {UART[pin.value]})" if where.endswith(".port") else ""
            problem = f"pin {pin.value} is used twice; the first is {where} in line {line}{use}"
            page.blame(Trouble(pin.span, problem, "each pin once", path=f"{path}{tail}"))


def _same_test(one: str, other: str) -> bool:
    """Whether both are tests of safety inputs of one lane."""
    tests = one.endswith(".test") and other.endswith(".test")
    return tests and one.split(".")[:2] == other.split(".")[:2]


def _uarts(root: Node) -> Iterator[tuple[str, Node]]:
    """Who uses the serial line of the header."""
    for path, port in serial_ports(root):
        if port.value in UART_PORTS:
            yield path, port


def serial_ports(root: Node) -> Iterator[tuple[str, Node]]:
    """Every port of a reader, a display or the printer, with its path."""
    readers = root.get("readers")
    for key, reader in readers.items() if readers is not None else ():
        port, driver = reader.get("port"), reader.get("driver")
        if port is not None and driver is not None and driver.value in SERIAL:
            yield f"readers.{key}.port", port
    printer = root.get("printer", "port")
    if printer is not None:
        yield "printer.port", printer
    lanes = root.get("lanes")
    for key, lane in lanes.items() if lanes is not None else ():
        port = lane.get("signals", "display", "port")
        if port is not None:
            yield f"lanes.{key}.signals.display.port", port


def _pins(root: Node) -> Iterator[tuple[str, str, Node]]:
    """Every pin that is named: who uses it, what follows in its path, the number."""
    for path, user in _users(root):
        pin = user.get("pin")
        if pin is not None:
            yield path, ".pin", pin
    readers = root.get("readers")
    for key, reader in readers.items() if readers is not None else ():
        for wire in WIRES:
            pin = reader.get(wire)
            if pin is not None:
                yield f"readers.{key}.{wire}", "", pin


def _users(root: Node) -> Iterator[tuple[str, Node]]:
    """Everything that has a pin, with its path."""
    lanes = root.get("lanes")
    for key, lane in lanes.items() if lanes is not None else ():
        for part in ("arm", "door", "inputs", "buttons", "signals"):
            wired = lane.get(part)
            for role, node in wired.items() if wired is not None else ():
                for path, one in numbered(f"lanes.{key}.{part}.{role}", node):
                    yield from _pins_of(path, one)
    common = root.get("emergency")
    for role, node in common.items() if common is not None else ():
        yield from _pins_of(f"emergency.{role}", node)
    readers = root.get("readers")
    for key, reader in readers.items() if readers is not None else ():
        for role in LAMPS:
            lamp = reader.get(role)
            if lamp is not None:
                yield f"readers.{key}.{role}", lamp


def _pins_of(path: str, node: Node) -> Iterator[tuple[str, Node]]:
    """The pin itself, the second contact of its pair, and what tests it."""
    yield path, node
    for part in ("pair", "test"):
        more = node.get(part)
        if more is not None:
            yield f"{path}.{part}", more


def check_outputs(root: Node, page: Page, *, whole: bool) -> None:
    """What a relay does at the end fits how it is driven."""
    lanes = root.get("lanes")
    for key, lane in lanes.items() if lanes is not None else ():
        arm = lane.get("arm")
        for role, relay in arm.items() if arm is not None else ():
            if arm is not None and isinstance(relay.value, dict):
                _output(arm, role, f"lanes.{key}.arm.{role}", page, whole=whole)


def _output(arm: Node, role: str, path: str, page: Page, *, whole: bool) -> None:
    drive, on_exit = arm.get(role, "drive"), arm.get(role, "on_exit")
    pulse = arm.get(role, "pulse")
    told = on_exit.value if on_exit is not None else None
    maintained = drive is not None and drive.value == "maintained"
    pulsed = drive is None or drive.value == "pulse"
    where = f"{path}.on_exit"
    if maintained and role == "open":
        why = "letting go would drop the arm when the agent ends"
        if told == "off" and on_exit is not None:
            problem = f"a maintained open relay is kept: {why}"
            page.blame(Trouble(on_exit.span, problem, "keep", path=where))
        elif on_exit is None and whole and where not in page.meant:
            problem = f"on_exit is missing here, a maintained open relay is kept: {why}"
            page.blame(Trouble(arm.keys[role], problem, "keep", "on_exit: keep", where))
    elif pulsed and told == "keep" and on_exit is not None and f"{path}.drive" not in page.meant:
        problem = "a pulse relay goes off when the agent ends"
        page.blame(Trouble(on_exit.span, problem, '"off"', path=where))
    if maintained and pulse is not None:
        problem = "a maintained relay has no pulse"
        span = arm.value[role].keys["pulse"] if isinstance(arm.value, dict) else pulse.span
        page.blame(Trouble(span, problem, "drive: pulse, or no pulse:", path=f"{path}.pulse"))


def check_gpio(root: Node, page: Page) -> None:
    """The backend socket has a socket, the others have none."""
    gpio = root.get("gpio")
    if gpio is None or not isinstance(gpio.value, dict):
        return
    backend, socket = gpio.get("backend"), gpio.get("socket")
    chosen = backend.value if backend is not None else "auto"
    if "gpio.socket" in page.meant or "gpio.backend" in page.meant:
        return
    if chosen == "socket" and socket is None and backend is not None:
        problem = "socket is missing here: the backend socket needs it"
        allowed = "the pin socket of the simulated gate, such as run:pins"
        page.blame(Trouble(gpio.keys["backend"], problem, allowed, path="gpio.socket"))
    elif socket is not None and chosen in ("lgpio", "mock"):
        problem = f"the backend {chosen} has no socket"
        allowed = "backend: socket, or no socket:"
        page.blame(Trouble(gpio.keys["socket"], problem, allowed, path="gpio.socket"))
