"""Rules of QR passes.

Rules kept here:
- a reader of passes needs a key to judge them by;
- what no reader reads is not set.
"""

from agent.settings.page import Page
from agent.settings.tree import Node, Trouble

PROTOCOL = "qr-pass"


def check_passes(root: Node, page: Page) -> None:
    """Passes, and readers that read them."""
    readers, passes = root.get("readers"), root.get("qr_passes")
    scanners = [
        (key, protocol)
        for key, reader in (readers.items() if readers is not None else ())
        if (protocol := reader.get("protocol")) is not None and protocol.value == PROTOCOL
    ]
    keys = passes.get("keys") if passes is not None else None
    if keys is not None and keys.value == {}:
        problem = "no key is named here: every pass would be denied"
        page.blame(Trouble(keys.span, problem, "at least one key", path="qr_passes.keys"))
    if passes is None and scanners and "qr_passes" not in page.meant:
        key, protocol = scanners[0]
        problem = "passes are read here, and qr_passes: is missing: no signature would count"
        allowed = "qr_passes: {keys: {k1: {file: ...}}}"
        page.blame(Trouble(protocol.span, problem, allowed, path=f"readers.{key}.protocol"))
    if passes is not None and not scanners and isinstance(passes.value, dict):
        told = [path for path in page.meant if path.startswith("readers.")]
        if not told:
            problem = f"no reader has the protocol {PROTOCOL}: nobody would read a pass"
            allowed = f"protocol: {PROTOCOL} for a reader, or no qr_passes:"
            page.blame(Trouble(root.keys["qr_passes"], problem, allowed, path="qr_passes"))
