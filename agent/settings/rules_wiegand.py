"""Rules of Wiegand formats: which protocol has one, and which cannot do without.

Rules kept here:
- 37 bits are sold as two formats that look alike and read the same card as other numbers: a gate
  is told which, so that the numbers printed on cards can be compared with what is read;
- a format for a protocol that is one itself is a fault: nobody is to believe that it counts.
"""

from collections.abc import Mapping

from agent.settings.faults import listed
from agent.settings.page import Page
from agent.settings.tree import Node, Trouble
from drivers.wire.wiegand_format import NAMED

_DRIVERS = ("serial", "wiegand")
_CUSTOM = "wiegand-custom"
NEEDS: Mapping[str, tuple[str, str]] = {
    "wiegand-37": (
        (
            "37 bits are sold as H10302 (one number of 35 bits) and as H10304 (16 of facility, 19 "
            "of card), which cannot be told apart by their bits"
        ),
        f"format: {listed(NAMED)}, as on the box of the cards",
    ),
    _CUSTOM: (
        "what the bits are is not known",
        "format: a layout such as PFFFFFFFFCCCCCCCCCCCCCCCCP and a line for each parity",
    ),
}


def check_formats(root: Node, page: Page, *, whole: bool) -> None:
    """Note every reader whose format does not go with its protocol."""
    readers = root.get("readers")
    for key, reader in readers.items() if readers is not None else ():
        driver, protocol = reader.get("driver"), reader.get("protocol")
        known = driver is not None and driver.value in _DRIVERS and protocol is not None
        if not known or protocol is None or not isinstance(protocol.value, str):
            continue
        path, written = f"readers.{key}.format", reader.get("format")
        if protocol.value not in NEEDS:
            if "format" in reader.keys and protocol.value.startswith(("wiegand", "em4100", "line")):
                problem = f"{protocol.value[:40]} has no format: to choose"
                allowed = f"no format: here, or protocol: {listed(NEEDS)}"
                page.blame(Trouble(reader.keys["format"], problem, allowed, path=path))
        elif written is None:
            if whole and path not in page.meant:
                why, allowed = NEEDS[protocol.value]
                problem = f"format is missing here: {why}"
                page.blame(Trouble(protocol.span, problem, allowed, path=path))
        elif isinstance(written.value, str):
            named = written.value.strip().lower() in NAMED
            if named is (protocol.value == _CUSTOM):
                _other(protocol.value, written, path, page)


def _other(protocol: str, written: Node, path: str, page: Page) -> None:
    if protocol == _CUSTOM:
        problem = f"{written.text.strip()} is a format of 37 bits"
        trouble = Trouble(written.span, problem, "a layout, or protocol: wiegand-37", path=path)
    else:
        allowed = f"{listed(NAMED)}; or protocol: {_CUSTOM}"
        trouble = Trouble(written.span, f"this is no format of {protocol}", allowed, path=path)
    page.blame(trouble)
