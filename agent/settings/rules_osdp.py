"""Rules of OSDP readers: a key where there is a secure channel, and only there.

Rule kept here: plain text is never what happens when something is left out.
"""

from collections.abc import Iterator

from agent.settings.page import Page
from agent.settings.tree import Node, Trouble


def check_osdp(root: Node, page: Page) -> None:
    """Keys, and the one way of saying what a card is."""
    for name, reader in _readers(root):
        path = f"readers.{name}"
        secure, key = reader.get("secure"), reader.get("key")
        off = secure is not None and secure.value == "off"
        if off and key is not None and secure is not None:
            problem = "secure: off is plain text, and has no key"
            allowed = "secure: required, or no key:"
            page.blame(Trouble(reader.keys["key"], problem, allowed, path=f"{path}.key"))
        elif not off and key is None and not {f"{path}.key", f"{path}.secure"} & page.meant:
            problem = "key is missing here: the secure channel of an OSDP reader needs it"
            allowed = (
                "key: {file: PATH} or {credential: NAME}, made by gate-agent osdp key; or secure: "
                "off, with which whoever reaches the wires can imitate cards"
            )
            page.blame(Trouble(reader.keys["driver"], problem, allowed, path=f"{path}.key"))
        if "layout" in reader.keys and "format" in reader.keys:
            problem = "layout and format both say what the bits of a card are"
            page.blame(
                Trouble(reader.keys["format"], problem, "one of them", path=f"{path}.format")
            )


def osdp_secrets(root: Node) -> Iterator[tuple[str, ...]]:
    """Where the file tells of keys."""
    for name, reader in _readers(root):
        if reader.get("key") is not None:
            yield ("readers", name, "key")


def _readers(root: Node) -> Iterator[tuple[str, Node]]:
    readers = root.get("readers")
    for name, reader in readers.items() if readers is not None else ():
        driver = reader.get("driver")
        if driver is not None and driver.value == "osdp":
            yield name, reader
