"""Rules of the long-range readers: what a protocol cannot do, and how antennas share a reader.

Rules kept here:
- a key that a protocol has no use for is a fault: nobody is to believe that it does something;
- antennas of one reader say which they are, all of them.
"""

import posixpath
from collections.abc import Iterator, Mapping

from agent.settings.page import Page
from agent.settings.tree import Node, Trouble

USELESS: Mapping[str, Mapping[str, str]] = {
    "m100": {
        "address": "readers of the family m100 have no address",
        "antenna": "readers of the family m100 have one antenna",
    },
    "uhfreader18": {
        "antenna": "a uhfreader18 has one antenna",
        "rssi_min": "a uhfreader18 does not tell how strong a tag is",
    },
}


def check_uhf(root: Node, page: Page) -> None:
    """Note every long-range reader that is asked for what it cannot do."""
    ports: dict[str, list[tuple[str, Node]]] = {}
    for key, reader in _readers(root):
        _useless(key, reader, page)
        _mask(key, reader, page)
        port = reader.get("port")
        if port is not None and isinstance(port.value, str):
            ports.setdefault(posixpath.normpath(port.value), []).append((key, reader))
    for users in ports.values():
        for key, reader in users if len(users) > 1 else ():
            _antenna(key, reader, page)


def _readers(root: Node) -> Iterator[tuple[str, Node]]:
    readers = root.get("readers")
    for key, reader in readers.items() if readers is not None else ():
        driver = reader.get("driver") if isinstance(reader.value, dict) else None
        if driver is not None and driver.value == "uhf":
            yield key, reader


def _useless(key: str, reader: Node, page: Page) -> None:
    protocol = reader.get("protocol")
    name = protocol.value if protocol is not None else None
    for word, why in USELESS.get(name, {}).items() if isinstance(name, str) else ():
        if reader.get(word) is not None:
            path = f"readers.{key}.{word}"
            page.blame(Trouble(reader.keys[word], why, f"no {word}: here", path=path))


def _mask(key: str, reader: Node, page: Page) -> None:
    epc, mask = reader.get("epc"), reader.get("epc_mask")
    if mask is None or not isinstance(mask.value, str):
        return
    value = epc.value if epc is not None else ""
    if isinstance(value, str) and len(value) != len(mask.value):
        problem = f"the mask has {len(mask.value)} digits and epc has {len(value)}"
        allowed = "as many digits as epc: has, F where the digit counts"
        path = f"readers.{key}.epc_mask"
        page.blame(Trouble(mask.span, problem, allowed, "F" * len(value), path))


def _antenna(key: str, reader: Node, page: Page) -> None:
    path = f"readers.{key}.antenna"
    if reader.get("antenna") is None and path not in page.meant:
        port = reader.get("port")
        problem = "antenna is missing here: this reader's line has several entries"
        span = port.span if port is not None else reader.span
        page.blame(Trouble(span, problem, "antenna: 1 to 8, another in each", path=path))
