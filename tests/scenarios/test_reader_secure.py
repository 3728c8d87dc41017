"""Cards that prove themselves at a whole gate: the daemon, pcscd, and cards as processes."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.parts import require
from tests.patience import LIMIT_S, until
from tests.rigs.cards import Card
from tests.rigs.house import DENIED, GRANTED, IN, ROOT, House
from tests.rigs.pcsc_rig import VirtualCard, pcscd_apart, virtual_reader
from tests.rigs.secure_cards import APPLICATION, diversified

SITE = bytes.fromhex("6A3F0C5581D24E97B0C1D2E3F4051627")
UID = bytes.fromhex("04A1B2C3D4E5F6")
PLAIN = bytes.fromhex("B0864D25")


@contextmanager
def card_process(port: int, uid: bytes, key: bytes) -> Iterator[None]:
    """A DESFire EV2 card of its own process, held to the reader."""
    command = [sys.executable, "-m", "tests.rigs.secure_cards", str(port), "ev2", uid.hex()]
    with subprocess.Popen([*command, key.hex()], cwd=ROOT, stdin=subprocess.PIPE) as card:
        try:
            yield
        finally:
            assert card.stdin is not None
            card.stdin.close()
            card.wait(LIMIT_S)


def test_a_copied_number_opens_nothing(tmp_path: Path) -> None:
    require("root", "pcscd")
    # A slot for each card: nobody has to wait until pcscd has seen that one was taken away.
    first, second = virtual_reader("Virtual First"), virtual_reader("Virtual Second")
    key = tmp_path / "site.key"
    key.write_text(SITE.hex() + "\n", encoding="ascii")
    asked = {"application": APPLICATION.hex().upper(), "key": {"file": str(key)}}
    changes = {
        "readers": {
            "in-1-rdm": {
                "driver": "pcsc",
                "name": "Virtual*",
                "quiet": "0 s",
                "authenticate": {"desfire": asked, "uid_only": "allowed"},
            },
            "out-1-rdm": {"driver": "serial", "port": "run:out-1-rdm", "protocol": "em4100-ascii"},
        },
        "cards": {"require_proof": ["resident"]},
    }
    cards = [
        Card(f"uid:{UID.hex().upper()}", "R-1"),
        Card(f"uid:{PLAIN.hex().upper()}", "V-1", kind="vehicle"),
    ]
    with (
        pcscd_apart(first, second) as pcscd,
        House(tmp_path / "gate", cards, changes=changes, environment=pcscd.environment) as rig,
    ):
        rig.start()
        until(lambda: rig.part("reader in-1-rdm")["condition"] == "ok", "the reader")
        told = rig.command("explain", "R-1", "--lane", IN, "--proof", "uid_only")
        assert "proof uid_only" in told.stdout
        assert "→ proof_required" in told.stdout
        assert rig.ask("explain", card="R-1", lane=IN)["decision"] == "granted"

        own = diversified(SITE, UID + APPLICATION)
        with ExitStack() as field:
            field.enter_context(VirtualCard(first.port, UID))
            rig.wait_entry(DENIED, card="R-1", reason="proof_required", proof="uid_only")
            field.enter_context(card_process(first.port + 1, UID, bytes(16)))
            rig.wait_entry(DENIED, card="R-1", reason="proof_failed", proof="failed")
            field.enter_context(VirtualCard(second.port, PLAIN))
            rig.wait_entry(GRANTED, card="V-1", proof="uid_only")
            field.enter_context(card_process(second.port + 1, UID, own))
            rig.wait_entry(GRANTED, card="R-1", proof="desfire")
        assert len(rig.entries(GRANTED)) == len(rig.entries(DENIED)) == 2
        text = rig.log() + "".join(str(one) for one in rig.entries(GRANTED, DENIED))
        assert SITE.hex() not in text.lower()
        assert rig.stop() == 0
        rig.verified()
