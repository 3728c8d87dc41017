"""Rules of the form of card numbers: what cannot be meant together.

Rules kept here:
- text has no bytes that could be turned round or left out, and a signed pass has no other form;
- no number gets the scheme of a pass or of a key, which it is not;
- a look-up does not compare more bits than a reader delivers: the rest would be taken as zero, and
  cards that happen to have zeros there would be found for others.
"""

from agent.settings.page import Page
from agent.settings.tree import Node, Trouble

_FORM = {"byte_order": "as_read", "keep": "all", "as_scheme": ""}
_RESERVED = ("key", "pass")
_KEPT = {"first3": 24, "last3": 24}
_SENT = {"wiegand-26": 24, "wiegand-26-left-justified": 24}


def check_forms(root: Node, page: Page) -> None:
    """Note every reader whose form cannot be meant."""
    readers = root.get("readers")
    for key, reader in readers.items() if readers is not None else ():
        if isinstance(reader.value, dict):
            _text(key, reader, page)
            _bits(key, reader, page)


def _text(key: str, reader: Node, page: Page) -> None:
    protocol = _word(reader, "protocol")
    text = protocol == "line" and _word(reader, "encoding") in ("", "text")
    for name, plain in _FORM.items():
        word, path = _word(reader, name), f"readers.{key}.{name}"
        problem = ""
        if word in ("", plain):
            continue
        if protocol == "qr-pass":
            problem, allowed = f"{name} is for card numbers, not for passes", f"no {name}: here"
        elif text and plain:
            problem = f"{name} is for numbers, and this line is text"
            allowed = f"no {name}: here, or encoding: hex or decimal"
        elif not plain and word in _RESERVED:
            problem, allowed = f"{word} is no scheme of card numbers", "such as uid or em4100"
        if problem:
            page.blame(Trouble(reader.keys[name], problem, allowed, path=path))


def _bits(key: str, reader: Node, page: Page) -> None:
    keep, protocol = _word(reader, "keep"), _word(reader, "protocol")
    matching = reader.get("matching")
    if matching is None or matching.value != "low32":
        return
    why = ""
    if keep in _KEPT:
        why = f"keep: {keep} leaves {_KEPT[keep]} bits"
    elif protocol in _SENT:
        why = f"{protocol} delivers {_SENT[protocol]} bits"
    if why:
        path = f"readers.{key}.matching"
        problem = f"{why}, and low32 compares 32"
        page.blame(Trouble(matching.span, problem, "low24 or exact", "low24", path=path))


def _word(reader: Node, name: str) -> str:
    node = reader.get(name)
    return node.value if node is not None and isinstance(node.value, str) else ""
