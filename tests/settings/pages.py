"""Files of settings for these tests. ``⟦`` marks the place at which a fault is expected."""

from pathlib import Path

from agent.settings.faults import Fault
from agent.settings.reading import check

MARK = "⟦"
CONFIG = Path(__file__).resolve().parents[2] / "config"

GOOD = """\
estate: green-garden
gate: north
timezone: Asia/Shanghai
lanes:
  in-1:
    direction: in
    readers: [in-1-rdm]
    open_for: 15 s
    arm:
      open: {pin: 17, pulse: 500 ms}
      close: {pin: 27}
      travel: 6 s
    inputs:
      loop: {pin: 23}
  out-1:
    direction: out
    readers: [out-1-nfc]
    arm:
      open: {pin: 5, drive: maintained, on_exit: keep}
readers:
  in-1-rdm: {driver: serial, port: /dev/ttyUSB0, protocol: em4100-ascii}
  out-1-nfc: {driver: pcsc, name: "ACS*"}
  desk-nfc: {driver: pcsc, name: "Desk 01"}
desks:
  booth: {readers: [desk-nfc]}
gpio: {backend: mock}
uplink:
  host: mqtt.example.net
  tls: {ca: ca.pem}
  password: {file: /etc/gate/password}
"""


def changed(old: str, new: str) -> str:
    """The good file with one piece replaced."""
    assert GOOD.count(old) == 1, f"{old!r} is there {GOOD.count(old)} times"
    return GOOD.replace(old, new)


def place_of_mark(text: str) -> tuple[int, int]:
    """Line and column of the mark, from 1."""
    before = text[: text.index(MARK)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def faults_of(folder: Path, text: str) -> list[Fault]:
    """Check a text as a file."""
    file = folder / "config.yaml"
    file.write_text(text.replace(MARK, ""), encoding="utf-8")
    return check(file)
