"""Every kind of fault, with its exact place, what is allowed, and what was meant."""

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.settings.pages import GOOD, changed, faults_of, place_of_mark


class Case(NamedTuple):
    """A piece of the good file, what stands there instead, and the fault that this is."""

    name: str
    old: str
    new: str
    path: str
    problem: str
    allowed: str = ""
    suggestion: str = ""


OPEN = "open: {pin: 17, pulse: 500 ms}"
RDM = "in-1-rdm: {driver: serial, port: /dev/ttyUSB0, protocol: em4100-ascii}"
CLIENT = "tls: {ca: ca.pem}\n  "
ARM = "lanes.in-1.arm"
LINE = "{driver: serial, port: /dev/ttyUSB0, protocol: line, "

CASES = [
    # YAML
    Case("syntax-colon", "gate: north", "gate: nor⟦: th", "", "a colon cannot stand here"),
    Case("syntax-list", "[in-1-rdm]", "[in-1-rdm\n    x⟦: 15 s", "", "the list is not closed"),
    Case("syntax-quote", '"Desk 01"', '⟦"Desk 01', "", "a quote is opened here"),
    Case("syntax-start", "north", "⟦@north", "", "cannot begin with this character"),
    Case("syntax-indent", "gate: north", "gate: north\n zone⟦: 1", "", "a colon", "indentation"),
    Case("tab", "  in-1:\n", "⟦\tin-1:\n", "", "a tab stands in the indentation", "spaces only"),
    Case("twice", "gate: north", "gate: north\n⟦gate: s", "gate", "the first is in line 2"),
    Case("anchor", "north", "⟦*north", "gate", "no anchor &north"),
    Case("tag", "north", "⟦!env north", "gate", "tag !env has no meaning"),
    Case("merge", "gate: north", "gate: north\nx-a:\n  <<: ⟦3", "x-a", "only mappings"),
    Case("document", "gate: north", "gate: north\n⟦---", "", "a second document begins"),
    # Keys
    Case("unknown", "open_for: 15 s", "⟦opne_for: 15 s", "lanes.in-1.opne_for", "unknown key",
         "direction, readers", "open_for"),
    Case("unknown-deep", "pulse: 500 ms", "⟦puls: 500 ms", f"{ARM}.open.puls", "unknown key",
         "pin, drive", "pulse"),
    Case("unknown-strange", "gate: north", "gate: north\n⟦qqq: 1", "qqq", "unknown key", "estate"),
    Case("misspelt-required", "protocol: em", "⟦protcol: em", "readers.in-1-rdm.protcol",
         "unknown key", "port", "protocol"),
    Case("missing", "gate: north\n", "", "gate", "gate is missing here", "the gate"),
    Case("missing-deep", "  out-1:\n    direction: out\n", "  ⟦out-1:\n",
         "lanes.out-1.direction", "direction is missing here", "in, out or both"),
    Case("valueless", "gate: north", "⟦gate:", "gate", "gate has no value"),
    # Kinds of values
    Case("text", "travel: 6 s", "travel: ⟦[6]", f"{ARM}.travel", "not a duration", "1 h 30 min"),
    Case("mapping", OPEN, "open: ⟦17", f"{ARM}.open", "a mapping must stand here, not a number",
         "pin, drive", "{pin: 17}"),
    Case("list", "[in-1-rdm]", "⟦in-1-rdm", "lanes.in-1.readers", "a list must stand here",
         "", "[in-1-rdm]"),
    Case("whole", "pin: 17", "pin: ⟦GPIO17", f"{ARM}.open.pin", "not text", "0 to 27", "17"),
    Case("truth-is-no-pin", "pin: 17", "pin: ⟦true", f"{ARM}.open.pin", "not true", "0 to 27"),
    Case("range", "pin: 17", "pin: ⟦99", f"{ARM}.open.pin", "99 is outside", "0 to 27"),
    Case("id", "north", "⟦North Gate", "gate", "cannot be a name", "1 to 32", "north-gate"),
    Case("key-id", "  out-1:", "  ⟦Out 1:", "lanes.Out 1", "cannot be a name", "1 to 32", "out-1"),
    Case("enum", "direction: in", "direction: ⟦inn", "lanes.in-1.direction", "not one of",
         "in, out or both", "in"),
    Case("off-is-a-word", "on_exit: keep", "on_exit: ⟦false", "lanes.out-1.arm.open.on_exit",
         "false is not the word off", "off or keep", '"off"'),
    Case("truth", "gate: north", "gate: north\nclock: {assume_synced: ⟦yes}",
         "clock.assume_synced", "true or false", "", "true"),
    Case("date", "gate: north", "gate: north\ncalendar: {holidays: [2026-10-01, ⟦2026-02-30]}",
         "calendar.holidays.1", "no 2026-02-30"),
    Case("kind", "gate: north", "gate: north\nclock: {pass_untrusted: [⟦residents]}",
         "clock.pass_untrusted.0", "not one of", "resident", "resident"),
    Case("zone", "Asia/Shanghai", "⟦Asia/Shangai", "timezone", "no time zone", "", "Asia/Shanghai"),
    Case("zone-city", "Asia/Shanghai", "⟦shanghai", "timezone", "no time zone", "",
         "Asia/Shanghai"),
    Case("zone-folder", "Asia/Shanghai", "⟦Asia", "timezone", "no time zone"),
    Case("path", "port: /dev/ttyUSB0", "port: ⟦rnu:x", "readers.in-1-rdm.port",
         "rnu: is not a place", "run:NAME", "run:x"),
    Case("port", "port: /dev/ttyUSB0", "port: ⟦COM3", "readers.in-1-rdm.port",
         "'COM3' is not a serial port", "absolute, such as /dev/ttyUSB0"),
    Case("port-short", "port: /dev/ttyUSB0", "port: ⟦ttyUSB0", "readers.in-1-rdm.port",
         "is not a serial port", "absolute", "/dev/ttyUSB0"),
    Case("pattern", RDM, f"in-1-rdm: {LINE}pattern: ⟦'(a'}}", "readers.in-1-rdm.pattern",
         "no regular expression"),
    # Durations
    Case("bare", "15 s", "⟦15", "lanes.in-1.open_for", "15 of what?", "ms, s, min", "15 s"),
    Case("bare-text", "15 s", "⟦'15'", "lanes.in-1.open_for", "15 of what?", "ms, s, min", "15 s"),
    Case("bare-range", "pulse: 500 ms", "pulse: ⟦500", f"{ARM}.open.pulse", "500 of what?", "ms, s",
         "500 ms"),
    Case("bare-unfit", "pulse: 500 ms", "pulse: ⟦20000", f"{ARM}.open.pulse", "20000 of what?"),
    Case("unit", "15 s", "⟦15 parsec", "lanes.in-1.open_for", "parsec is not a unit", "ms, s, min"),
    Case("minutes-or-months", "15 s", "⟦2 m", "lanes.in-1.open_for", "minutes or months",
         "ms, s, min", "2 min"),
    Case("negative", "15 s", "⟦-5 s", "lanes.in-1.open_for", "cannot be negative"),
    Case("too-long", "15 s", "⟦15 h", "lanes.in-1.open_for", "15 h is outside", "1 s to 10 min"),
    # Readers
    Case("driver", "driver: serial", "driver: ⟦seral", "readers.in-1-rdm.driver", "is no driver",
         "serial, pcsc", "serial"),
    Case("driver-missing", "in-1-rdm: {driver: serial, ", "⟦in-1-rdm: {",
         "readers.in-1-rdm.driver", "driver is missing", "serial, pcsc"),
    Case("driver-key", "{driver: serial", "{⟦drvier: serial", "readers.in-1-rdm.driver",
         "unknown key 'drvier'", "", "driver"),
    Case("protocol", "em4100-ascii", "⟦em4100", "readers.in-1-rdm.protocol", "not one of",
         "wiegand-26", "em4100-ascii"),
    Case("other-driver", '"ACS*"}', '"ACS*", ⟦baud: 9600}', "readers.out-1-nfc.baud",
         "unknown key"),
    Case("line-only", "em4100-ascii}", "em4100-ascii, ⟦pattern: x}", "readers.in-1-rdm.pattern",
         "belongs to the protocol line"),
    Case("undefined", "[in-1-rdm]", "[in-1-rdm, ⟦in-1-rdn]", "lanes.in-1.readers.1",
         "there is no reader 'in-1-rdn'", "in-1-rdm", "in-1-rdm"),
    Case("undefined-only", "[in-1-rdm]", "[⟦in-1-rdn]", "lanes.in-1.readers.0",
         "there is no reader 'in-1-rdn'", "in-1-rdm", "in-1-rdm"),
    Case("nowhere", "desks:\n  booth: {readers: [desk-nfc]}\n", "", "readers.desk-nfc",
         "at no lane and no desk"),
    Case("two-lanes", "[out-1-nfc]", "[out-1-nfc, ⟦in-1-rdm]", "lanes.out-1.readers.1",
         "at lanes.in-1 already, line 7"),
    Case("lane-and-desk", "[desk-nfc]", "[desk-nfc, ⟦in-1-rdm]", "desks.booth.readers.1",
         "at lanes.in-1 already"),
    Case("no-reader", "[in-1-rdm]\n", "⟦[]\n", "lanes.in-1.readers", "the lane in-1 has no reader"),
    Case("no-side", "direction: in", "direction: both", "readers.in-1-rdm.side",
         "lanes.in-1 is a two-way lane", "in or out"),
    Case("wrong-side", "em4100-ascii}", "em4100-ascii, side: ⟦out}", "readers.in-1-rdm.side",
         "one way only: in"),
    Case("side-at-desk", '"Desk 01"}', '"Desk 01", side: ⟦in}', "readers.desk-nfc.side",
         "a reader at a desk faces no side"),
    Case("port-twice", '{driver: pcsc, name: "ACS*"}',
         "{driver: serial, port: ⟦/dev//ttyUSB0, protocol: line}", "readers.out-1-nfc.port",
         "is used twice; the first is readers.in-1-rdm.port in line 21"),
    Case("pcsc-twice", '"Desk 01"', '⟦"A*"', "readers.desk-nfc.name",
         "also means the reader of readers.out-1-nfc.name in line 22"),
    # Wiring
    Case("pin-twice", "close: {pin: 27}", "close: {pin: ⟦17}", f"{ARM}.close.pin",
         f"pin 17 is used twice; the first is {ARM}.open in line 10", "each pin once"),
    Case("pin-of-uart", GOOD[GOOD.index("pin: 17") : GOOD.index(", protocol: em")],
         GOOD[GOOD.index("pin: 17") : GOOD.index(", protocol: em")]
         .replace("pin: 17", "pin: ⟦15").replace("ttyUSB0", "ttyAMA0"), f"{ARM}.open.pin",
         "pin 15 is used twice; the first is readers.in-1-rdm.port in line 21 (the serial"),
    Case("pin-of-list", "loop: {pin: 23}", "safety: [{pin: 23}, {pin: ⟦27}]",
         "lanes.in-1.inputs.safety.1.pin", f"the first is {ARM}.close in line 11"),
    Case("keep", "on_exit: keep", "on_exit: ⟦off", "lanes.out-1.arm.open.on_exit",
         "a maintained open relay is kept", "keep"),
    Case("keep-missing", "open: {pin: 5, drive: maintained, on_exit: keep}",
         "⟦open: {pin: 5, drive: maintained}", "lanes.out-1.arm.open.on_exit", "is kept", "keep",
         "on_exit: keep"),
    Case("pulse-kept", "pulse: 500 ms}", "on_exit: ⟦keep}", f"{ARM}.open.on_exit",
         "a pulse relay goes off", '"off"'),
    Case("pulse-of-maintained", "on_exit: keep}", "on_exit: keep, ⟦pulse: 1 s}",
         "lanes.out-1.arm.open.pulse", "a maintained relay has no pulse"),
    Case("no-lane", GOOD[GOOD.index("lanes:") : GOOD.index("readers:\n  in-1-rdm")],
         "lanes: ⟦{}\n", "lanes", "the gate has no lane"),
    Case("socket-missing", "backend: mock", "⟦backend: socket", "gpio.socket", "socket is missing"),
    Case("socket-unused", "backend: mock", "backend: mock, ⟦socket: x", "gpio.socket", "no socket"),
    # Uplink
    Case("plain", "tls: {ca: ca.pem}", "tls: ⟦false", "uplink.tls", "without TLS", "127.0.0.1"),
    Case("plain-why", "tls: {ca: ca.pem}", "⟦plain_because: x", "uplink.plain_because",
         "tls: false"),
    Case("cert", "ca: ca.pem", "⟦cert: c.pem", "uplink.tls.key", "key is missing", "both"),
    Case("full", "tls: {ca: ca.pem}", "personal: ⟦full", "uplink.responsible",
         "responsible is missing"),
    Case("version", "tls: {ca: ca.pem}", "version: ⟦3", "uplink.version", "not one of", "3.1.1"),
    Case("two-places", "password: {file: /etc/gate/password}",
         "⟦password: {file: /x, credential: y}", "uplink.password", "one place, not two"),
    Case("no-place", "password: {file: /etc/gate/password}", "⟦password: {}", "uplink.password",
         "a secret needs one place"),
    Case("client-group", "tls: {ca: ca.pem}", CLIENT + "groups: {ops: {may: [open]}}\n  "
         "clients: {a: {group: ⟦opz}}", "uplink.clients.a.group", "no group 'opz'", "ops", "ops"),
    Case("client-key", "tls: {ca: ca.pem}", CLIENT + "groups: {ops: {may: [open], signed: [open]}}"
         "\n  clients: {a: {group: ⟦ops}}", "uplink.clients.a.keys", "no key to sign", "k1"),
    Case("client-secret", "tls: {ca: ca.pem}", CLIENT + "groups: {ops: {may: [open]}}\n  "
         "clients: {a: {group: ops, keys: {⟦k1: {}}}}", "uplink.clients.a.keys.k1", "one place"),
    Case("signed", "tls: {ca: ca.pem}", CLIENT + "groups: {ops: {may: [open], signed: [⟦stop]}}",
         "uplink.groups.ops.signed.0", "may not command it", "names of may"),
    Case("unsignable", "tls: {ca: ca.pem}", CLIENT + "version: 3.1.1\n  "
         "groups: {ops: {may: [open], signed: ⟦[open]}}",
         "uplink.groups.ops.signed", "no place for a signature", 'version: "5"'),
    Case("run-too-long", "gate: north", f"gate: north\npaths: {{run: ⟦/{'r' * 90}}}", "paths.run",
         "too long"),
]  # fmt: skip

UNMARKED = {
    "missing": (1, 1),
    "nowhere": (23, 3),
    "no-side": (21, 3),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_is_told_once_and_at_its_place(case: Case, tmp_path: Path) -> None:
    text = changed(case.old, case.new)
    faults = faults_of(tmp_path, text)
    assert len(faults) == 1, "\n".join(map(str, faults))
    fault = faults[0]
    expected = UNMARKED[case.name] if case.name in UNMARKED else place_of_mark(text)
    assert (fault.line, fault.column) == expected
    assert fault.path == case.path
    assert case.problem in fault.problem
    assert case.allowed.lower() in fault.allowed.lower()
    assert fault.suggestion == case.suggestion


TAKEN = [
    ("tls: {ca: ca.pem}", "tls: false\n  plain_because: inside our own cable"),
    ("host: mqtt.example.net\n  tls: {ca: ca.pem}", "host: 127.0.0.1\n  tls: false"),
    ("host: mqtt.example.net\n  tls: {ca: ca.pem}", "host: '::1'\n  tls: false"),
    ("host: mqtt.example.net\n  tls: {ca: ca.pem}", "host: localhost\n  tls: false"),
    ("tls: {ca: ca.pem}", "tls: {ca: ca.pem}\n  personal: full\n  responsible: Li Na"),
    ("tls: {ca: ca.pem}", "version: 3.1.1"),
    ("tls: {ca: ca.pem}", "version: 5"),
    ("gate: north", "gate: 7"),
    ("gate: north", "gate: north\ncalendar:\nclock:\npaths:"),
    ("on_exit: keep", "on_exit: 'keep'"),
    ("pulse: 500 ms}", "on_exit: off}"),
    ("open_for: 15 s", "open_for: !!str 15 s"),
]


@pytest.mark.parametrize(("old", "new"), TAKEN)
def test_what_is_taken(tmp_path: Path, old: str, new: str) -> None:
    assert faults_of(tmp_path, changed(old, new)) == []


@pytest.mark.parametrize("host", ["192.168.1.5", "10.0.0.1", "mqtt.local"])
def test_a_near_broker_is_not_this_machine(tmp_path: Path, host: str) -> None:
    text = changed("host: mqtt.example.net\n  tls: {ca: ca.pem}", f"host: {host}\n  tls: false")
    assert [fault.path for fault in faults_of(tmp_path, text)] == ["uplink.tls"]


def test_the_good_file_is_good(tmp_path: Path) -> None:
    assert faults_of(tmp_path, GOOD) == []
