"""A file of settings that names every kind of key, and good keys for all of them."""

import secrets
from pathlib import Path

from tests.rigs.passes import Signer
from tests.rigs.pki import Authority

PAGE = """\
estate: green-garden
gate: north
timezone: Asia/Shanghai
lanes:
  in-1:
    direction: in
    readers: [nfc, bus, qr]
    arm: {open: {pin: 17}}
readers:
  nfc:
    driver: pcsc
    authenticate:
      desfire: {application: 'F52100', key: {file: keys/desfire}}
      ntag424: {key: {file: keys/ntag424}}
  bus: {driver: osdp, port: /dev/ttyUSB0, address: 1, key: {file: keys/osdp}}
  qr: {driver: serial, port: /dev/ttyUSB1, protocol: qr-pass}
gpio: {backend: mock}
qr_passes: {keys: {k1: {file: keys/pass}}}
uplink:
  host: mqtt.example.net
  tls: {ca: keys/ca, cert: keys/cert, key: keys/cert-key}
  username: north
  password: {file: keys/password}
  clients: {centre: {group: all, keys: {k1: {file: keys/centre}}}}
  groups: {all: {may: [open], signed: [open]}}
intercom:
  dial: sip:{number}@192.168.1.10
  lanes: {in-1: [{call: booth, number: sip:booth@192.168.1.20}]}
  account: {password: {file: keys/sip}}
  keys: {secret_pin: {file: keys/pin}}
duress: {pin: {file: keys/duress}}
console: {tls: {cert: keys/screen-cert, key: keys/screen-key}}
card_reference_key: {file: keys/reference}
identity_key: {file: keys/identity}
paths: {state: state, run: run}
"""

PATHS = {
    "desfire": "readers.nfc.authenticate.desfire.key",
    "ntag424": "readers.nfc.authenticate.ntag424.key",
    "osdp": "readers.bus.key",
    "pass": "qr_passes.keys.k1",
    "ca": "uplink.tls.ca",
    "cert": "uplink.tls.cert",
    "cert-key": "uplink.tls.key",
    "password": "uplink.password",
    "centre": "uplink.clients.centre.keys.k1",
    "sip": "intercom.account.password",
    "pin": "intercom.keys.secret_pin",
    "duress": "duress.pin",
    "screen-cert": "console.tls.cert",
    "screen-key": "console.tls.key",
    "reference": "card_reference_key",
    "identity": "identity_key",
}
"""The setting that names each file, in the order of the page."""

WARNED = frozenset({"osdp", "pass", "ca", "cert", "cert-key", "sip", "screen-cert", "screen-key"})
"""The gate starts without these."""


def a_page(folder: Path) -> Path:
    """The page in this folder, and a good key wherever it names one."""
    keys = folder / "keys"
    keys.mkdir()
    for name in ("desfire", "ntag424", "osdp", "centre", "reference", "identity"):
        (keys / name).write_text(f"{secrets.token_hex(16)}\n", "ascii")
    (keys / "password").write_text("correct-horse\n", "ascii")
    (keys / "sip").write_text("battery-staple\n", "ascii")
    (keys / "pin").write_text("4711\n", "ascii")
    (keys / "duress").write_text("471108\n", "ascii")
    Signer(keys, "k1").place.rename(keys / "pass")
    authority = Authority(folder / "authority")
    authority.ca.rename(keys / "ca")
    for owner, cert, key in (("n", "cert", "cert-key"), ("s", "screen-cert", "screen-key")):
        pair = authority.issue(owner)
        pair.cert.rename(keys / cert)
        pair.key.rename(keys / key)
    for made in keys.iterdir():
        made.chmod(0o600)
    file = folder / "gate.yaml"
    file.write_text(PAGE, "utf-8")
    return file


def place(name: str) -> tuple[int, int]:
    """Line and column at which the page names this file, from 1."""
    for number, line in enumerate(PAGE.splitlines(), 1):
        for end in ("}", ","):
            if f"keys/{name}{end}" in line:
                return number, line.index(f"keys/{name}{end}") + 1
    raise LookupError(name)
