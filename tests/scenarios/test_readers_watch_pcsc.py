"""``gate-agent readers watch`` at a reader over PC/SC: which card it is, and what it proves."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.parts import require
from tests.patience import LIMIT_S
from tests.rigs.house import ROOT
from tests.rigs.pcsc_rig import VirtualCard, pcscd_apart, virtual_reader
from tests.rigs.secure_cards import DESFIRE_ATR, SecureCard, diversified
from tests.settings.pages import GOOD

SITE = bytes.fromhex("6A3F0C5581D24E97B0C1D2E3F4051627")
UID = bytes.fromhex("04A1B2C3D4E5F6")


@pytest.mark.parametrize(("own", "proof"), [(True, "ntag424"), (False, "failed")])
def test_the_kind_of_a_card_and_its_proof_are_shown(tmp_path: Path, own: bool, proof: str) -> None:
    require("root", "pcscd")
    reader = virtual_reader("Virtual PCD")
    (tmp_path / "site.key").write_text(SITE.hex(), encoding="ascii")
    nfc = 'out-1-nfc: {driver: pcsc, name: "ACS*"}'
    asked = "authenticate: {ntag424: {key: {file: site.key}}}"
    text = GOOD.replace(nfc, f'out-1-nfc: {{driver: pcsc, name: "Virtual*", {asked}}}')
    assert text != GOOD
    config = tmp_path / "config.yaml"
    places = f"paths: {{run: {tmp_path / 'run'}, state: {tmp_path / 'state'}}}\n"
    config.write_text(text + places, encoding="utf-8")
    key = diversified(SITE, UID) if own else bytes(16)
    command = ("readers", "watch", "out-1-nfc", "--json", "--count", "1")
    card = VirtualCard(reader.port, UID, DESFIRE_ATR, applet=SecureCard("ntag424", UID, key))
    with pcscd_apart(reader) as pcscd, card:
        done = subprocess.run(
            [sys.executable, "-m", "agent", *command, "-c", str(config)],
            cwd=ROOT,
            env={**os.environ, **pcscd.environment},
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows[0]["credential"] == "uid:04A1B2C3D4E5F6"
    assert rows[-1]["proof"] == proof
    assert "NTAG 424 DNA" in rows[-1]["note"]
    assert SITE.hex() not in (done.stdout + done.stderr).lower()
