"""What is plugged in, in a tree of files made as the kernel and udev make theirs, and on a pty."""

import os
from pathlib import Path

import pytest

from agent.core.ids import ReaderId
from agent.errors import DeviceError
from agent.ports import Condition
from drivers.clock import SystemClock
from drivers.listening import LONGEST, Line
from drivers.plugged import names_of, ports, users_of
from drivers.serial_reader import SerialReader
from drivers.wire.em4100 import Em4100
from tests.patience import LIMIT_S, QUIET_S, until


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def link(place: Path, target: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(os.path.relpath(target, place.parent))


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A Pi with one adapter, the UART of its header, a UART that is not wired, and a console."""
    usb = tmp_path / "sys/devices/usb1/1-1.2"
    for name, text in {
        "idVendor": "1a86\n",
        "idProduct": "7523\n",
        "manufacturer": "QinHeng\n",
        "product": "USB Serial\n",
    }.items():
        write(usb / name, text)
    for tty, device in (
        ("ttyUSB0", "sys/devices/usb1/1-1.2/1-1.2:1.0/ttyUSB0"),
        ("ttyAMA0", "sys/devices/platform/fe201000.serial"),
        ("ttyS0", "sys/devices/platform/serial8250/0"),
        ("ttyS1", "sys/devices/platform/serial8250/1"),
    ):
        (tmp_path / device).mkdir(parents=True)
        (tmp_path / "sys/class/tty" / tty).mkdir(parents=True)
        link(tmp_path / "sys/class/tty" / tty / "device", tmp_path / device)
        write(tmp_path / "dev" / tty, "")
    write(tmp_path / "sys/class/tty/ttyS0/type", "0\n")
    write(tmp_path / "sys/class/tty/ttyS1/type", "4\n")
    (tmp_path / "sys/class/tty/tty1").mkdir()
    write(tmp_path / "dev/tty1", "")
    write(tmp_path / "sys/class/tty/console/active", "tty1 ttyS1\n")
    link(tmp_path / "dev/gate/usb-1_2", tmp_path / "dev/ttyUSB0")
    link(tmp_path / "dev/serial/by-id/usb-1a86_USB_Serial-if00-port0", tmp_path / "dev/ttyUSB0")
    link(tmp_path / "dev/serial/by-path/platform-usb-0:1.2:1.0-port0", tmp_path / "dev/ttyUSB0")
    link(tmp_path / "dev/serial0", tmp_path / "dev/ttyAMA0")
    write(tmp_path / "proc/815/comm", "gate-agent\n")
    (tmp_path / "proc/815/fd").mkdir()
    (tmp_path / "proc/815/fd/7").symlink_to("/dev/ttyUSB0")
    (tmp_path / "proc/815/fd/8").symlink_to("/dev/null")
    write(tmp_path / "proc/self/comm", "us\n")
    return tmp_path


def test_ports_have_the_names_that_stay(machine: Path) -> None:
    usb, header, wired = ports(machine)
    assert usb.device == "/dev/ttyUSB0"
    assert usb.names == (
        "/dev/gate/usb-1_2",
        "/dev/serial/by-path/platform-usb-0:1.2:1.0-port0",
        "/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0",
    )
    assert (usb.vendor, usb.product, usb.says) == ("1a86", "7523", "QinHeng USB Serial")
    assert usb.best == "/dev/gate/usb-1_2"
    assert usb.users == (("gate-agent", 815),)
    assert not usb.console
    assert (header.device, header.names, header.best) == (
        *("/dev/ttyAMA0", ("/dev/serial0",), "/dev/serial0"),
    )
    assert header.users == ()
    assert (wired.device, wired.best, wired.console) == ("/dev/ttyS1", "/dev/ttyS1", True)


def test_a_machine_without_anything(tmp_path: Path) -> None:
    assert ports(tmp_path) == []


def test_this_machine_can_be_looked_at() -> None:
    assert all(Path(port.device).exists() for port in ports())


def test_who_has_a_port_open(tmp_path: Path) -> None:
    far, near = os.openpty()
    try:
        device = Path(os.ttyname(near))
        assert os.getpid() in [pid for _, pid in users_of(device)]
        (tmp_path / "reader").symlink_to(device)
        assert os.getpid() in [pid for _, pid in users_of(tmp_path / "reader")]
        assert list(names_of(device)) == []
    finally:
        os.close(near)
        os.close(far)


def test_a_burst_ends_with_silence_or_when_it_is_long() -> None:
    far, near = os.openpty()
    try:
        with Line(os.ttyname(near), 9_600) as line:
            assert line.burst(QUIET_S) == b""
            os.write(far, b"12345")
            assert line.burst(LIMIT_S) == b"12345"
            os.write(far, b"x" * (LONGEST + 9))
            assert line.burst(LIMIT_S).startswith(b"x" * LONGEST)
            line.send(b"?")
            assert os.read(far, 10) == b"?"
            line.turn(115_200)
    finally:
        os.close(near)
        os.close(far)


def test_a_line_that_goes_away_is_an_error() -> None:
    far, near = os.openpty()
    with Line(os.ttyname(near), 9_600) as line:
        os.close(near)
        os.close(far)
        with pytest.raises(DeviceError, match="/dev/pts"):
            line.burst(LIMIT_S)


def test_a_port_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="is not there"):
        Line(str(tmp_path / "none"), 9_600)


def test_the_port_of_a_reader_is_refused() -> None:
    far, near = os.openpty()
    port = os.ttyname(near)
    reader = SerialReader(ReaderId("r"), port, 9_600, Em4100(), SystemClock())
    reader.start(lambda _event: None)
    try:
        until(lambda: reader.health().condition is Condition.OK, "the reader has its port")
        with pytest.raises(DeviceError, match=f"{port} is busy"):
            Line(port, 9_600)
    finally:
        reader.stop()
        os.close(near)
        os.close(far)
