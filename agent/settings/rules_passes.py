"""Rules of QR passes.

Rules kept here:
- a reader of passes needs a key to judge them by;
- what no reader reads is not set; a protocol that is misspelt may be the one that does.
"""

from agent.settings.page import Page
from agent.settings.tree import Node, Trouble
from agent.settings.words import WireProtocol

PROTOCOL = WireProtocol.SIGNED_LINE.value
_KNOWN = frozenset(each.value for each in WireProtocol)


def check_passes(root: Node, page: Page) -> None:
    """Passes, and readers that read them."""
    readers, passes = root.get("readers"), root.get("qr_passes")
    told = [
        (key, protocol)
        for key, reader in (readers.items() if readers is not None else ())
        if (protocol := reader.get("protocol")) is not None
    ]
    scanners = [(key, protocol) for key, protocol in told if protocol.value == PROTOCOL]
    if passes is None:
        for key, protocol in scanners[:1] if "qr_passes" not in page.meant else ():
            problem = "passes are read here, and qr_passes: is missing: no signature would count"
            allowed = "qr_passes: {keys: {k1: {file: ...}}}"
            page.blame(Trouble(protocol.span, problem, allowed, path=f"readers.{key}.protocol"))
        return
    keys = passes.get("keys")
    if keys is not None and keys.value == {}:
        problem = "no key is named here: every pass would be denied"
        page.blame(Trouble(keys.span, problem, "at least one key", path="qr_passes.keys"))
    if not scanners and all(protocol.text in _KNOWN for _key, protocol in told):
        problem = f"no reader has the protocol {PROTOCOL}: nobody would read a pass"
        allowed = f"protocol: {PROTOCOL} for a reader, or no qr_passes:"
        page.blame(Trouble(root.keys["qr_passes"], problem, allowed, path="qr_passes"))
