"""Rules of cards that prove themselves.

Rule kept here: nobody is shut out by a proof that no reader asks for.
"""

from collections.abc import Iterator

from agent.settings.page import Page
from agent.settings.tree import Node, Trouble

KINDS = ("desfire", "ntag424")


def authenticating(root: Node) -> Iterator[tuple[str, Node, Node]]:
    """Every reader that asks for proof: its key, itself, and what it asks."""
    readers = root.get("readers")
    for key, reader in readers.items() if readers is not None else ():
        asked = reader.get("authenticate")
        if asked is not None and isinstance(asked.value, dict):
            yield key, reader, asked


def check_proofs(root: Node, page: Page) -> None:
    """A reader that asks for proof knows of a kind of card; a kind that has to prove can."""
    some = False
    for key, reader, asked in authenticating(root):
        path = f"readers.{key}.authenticate"
        known = [kind for kind in KINDS if _there(asked.get(kind))]
        some = some or bool(known) or any(each.startswith(path) for each in page.meant)
        if not known and not any(each.startswith(path) for each in page.meant):
            problem = "this reader asks for proof and knows no kind of card that could give one"
            allowed = "desfire: {application: ..., key: ...} or ntag424: {key: ...}, or both"
            page.blame(Trouble(reader.keys["authenticate"], problem, allowed, path=path))
        types = reader.get("cards")
        if types is not None and types.value == "b":
            problem = (
                "cards that prove themselves are of type A, and only type B is looked for here"
            )
            allowed = "cards: a or both, or no authenticate:"
            page.blame(Trouble(types.span, problem, allowed, path=f"readers.{key}.cards"))
    cards = root.get("cards")
    kinds = root.get("cards", "require_proof")
    if cards is None or kinds is None or not kinds.value or some:
        return
    problem = "no reader asks for proof: cards of these kinds would be denied everywhere"
    allowed = "authenticate: at a reader (driver: pcsc or pn532), or no require_proof:"
    page.blame(Trouble(cards.keys["require_proof"], problem, allowed, path="cards.require_proof"))


def _there(node: Node | None) -> bool:
    return node is not None and node.value is not None


def secret_paths(root: Node) -> Iterator[tuple[str, ...]]:
    """Where the keys of cards stand."""
    for key, _reader, _asked in authenticating(root):
        for kind in KINDS:
            yield ("readers", key, "authenticate", kind, "key")
