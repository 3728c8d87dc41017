"""How faults are told: all at once, with the line and a caret, and never a secret."""

from pathlib import Path

import pytest

from agent.errors import SettingsError
from agent.settings.faults import FaultySettingsError
from agent.settings.reading import read
from agent.settings.secret import Secret
from tests.settings.pages import MARK, changed, faults_of, place_of_mark

SECRET = "hunter2-correct-horse"  # noqa: S105 -- the word that must never be seen again

ALL_AT_ONCE = """\
estate: ⟦Green Garden
gate: north
⟦gate: south
timezone: ⟦Asia/Shangai
lanes:
  in-1:
    direction: ⟦inn
    ⟦raeders: [in-1-rdm]
    open_for: ⟦15
    arm:
      open: {pin: 17, drive: maintained, on_exit: ⟦off}
      close: {pin: ⟦17}
      stop: ⟦22
    inputs:
      loop: {pin: ⟦99, ⟦polarity: low}
  ⟦out-1:
    readers: [⟦in-1-rmd]
    arm: {open: {pin: 5}}
readers:
  in-1-rdm: {driver: serial, port: /dev/ttyUSB0, protocol: em4100-ascii}
  in-1-usb: {driver: serial, port: ⟦/dev/ttyUSB0, protocol: ⟦em4100}
uplink:
  host: mqtt.example.net
  tls: ⟦false
"""


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    expected = []
    rest = ALL_AT_ONCE
    while MARK in rest:
        expected.append(place_of_mark(rest))
        rest = rest.replace(MARK, "", 1)
    assert [(fault.line, fault.column) for fault in faults_of(tmp_path, ALL_AT_ONCE)] == expected


def test_the_error_carries_and_tells_all_faults(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(changed("pin: 17", "pin: 99").replace("6 s", "6"), encoding="utf-8")
    with pytest.raises(FaultySettingsError) as caught:
        read(file)
    assert isinstance(caught.value, SettingsError)
    assert [fault.line for fault in caught.value.faults] == [10, 12]
    assert str(caught.value).endswith("2 faults")
    assert f"{file}:10:19: lanes.in-1.arm.open.pin: 99 is outside" in str(caught.value)


def test_what_stands_before_a_syntax_fault_is_still_checked(tmp_path: Path) -> None:
    text = changed("estate: green-garden", "estate: Green").replace(
        "close: {pin: 27}", "close: {pin:"
    )
    faults = faults_of(tmp_path, text)
    assert [fault.path for fault in faults] == ["estate", ""]


def test_the_caret_stands_below_the_value_even_after_chinese(tmp_path: Path) -> None:
    text = changed("readers: [in-1-rdm]", "readers: [入口, in-1-rdm, x-y]")
    first, second = faults_of(tmp_path, text)
    assert str(first).splitlines()[1:3] == [
        "     7 |     readers: [入口, in-1-rdm, x-y]",
        "       |               ^^^^",
    ]
    assert str(second).splitlines()[2] == "       |                               ^^^"


def test_a_long_line_is_cut_around_the_fault(tmp_path: Path) -> None:
    spaces = " " * 5_000
    fault = faults_of(tmp_path, changed("pulse: 500 ms}", f"pulse: 500 ms,{spaces}active: lo}}"))[0]
    line, caret = str(fault).splitlines()[1:3]
    assert line[caret.index("^") :].startswith("lo}")
    assert len(line) < 130


def test_nothing_can_move_the_terminal(tmp_path: Path) -> None:
    told = str(faults_of(tmp_path, changed("gate: north", 'gate: "\\e[2J\\u202e"'))[0])
    assert all(letter.isprintable() or letter == "\n" for letter in told)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("password: {file: /etc/gate/password}", f"password: {SECRET}"),
        ("password: {file: /etc/gate/password}", f"password: [{SECRET}]"),
        ("password: {file: /etc/gate/password}", f"password: {{text: {SECRET}}}"),
        ("password: {file: /etc/gate/password}", f"password: {{credential: '{SECRET} !'}}"),
        ("password: {file: /etc/gate/password}", f"password:\n    {SECRET}"),
        ("password: {file: /etc/gate/password}", f"passwort: {SECRET}"),
        ("password: {file: /etc/gate/password}", f"pasword: {SECRET}"),
        ("password: {file: /etc/gate/password}", f"password: '{SECRET}"),
        ("password: {file: /etc/gate/password}", f"password: a: {SECRET}"),
        ("password: {file: /etc/gate/password}", f"password: |\n    {SECRET}\n    {SECRET}"),
        ("gate: north", f"gate: north\ncard_reference_key: {SECRET}"),
        ("gate: north", f"gate: north\ncard_reference_key: !x {SECRET}"),
        ("gate: north", f"gate: north\nwifi: {{psk: {SECRET}, ssid: x}}"),
        ("host: mqtt.example.net", f"host: mqtts://gate:{SECRET}@mqtt.example.net"),
        ("ca: ca.pem", f"key: |\n      -----BEGIN PRIVATE KEY-----\n      {SECRET}"),
    ],
)
def test_a_secret_is_never_told(tmp_path: Path, old: str, new: str) -> None:
    if old == "ca: ca.pem":
        old, new = "tls: {ca: ca.pem}", f"tls:\n    {new}"
    faults = faults_of(tmp_path, changed(old, new))
    assert faults
    for fault in faults:
        assert SECRET not in str(fault)
        assert SECRET not in repr(fault)
        assert SECRET not in str(fault.as_json())


def test_a_secret_is_read_where_it_lies_and_not_kept(tmp_path: Path) -> None:
    place = tmp_path / "password"
    place.write_text(f"{SECRET}\n", encoding="utf-8")
    secret = Secret(file=place)
    assert secret.read() == SECRET.encode()
    assert SECRET not in repr(secret)


@pytest.mark.parametrize(("content", "told"), [(None, "cannot be read"), (b"\n", "is empty")])
def test_a_secret_that_is_not_there(tmp_path: Path, content: bytes | None, told: str) -> None:
    place = tmp_path / "password"
    if content is not None:
        place.write_bytes(content)
    with pytest.raises(SettingsError, match=told):
        Secret(file=place).read()
