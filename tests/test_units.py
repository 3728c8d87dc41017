"""The units of the guard's screen: without fault, closed in, and with just enough to read."""

import grp
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.cli.intercom import DIRECTORY
from agent.settings.booth import Console
from agent.settings.intercom import Record
from agent.signing_requests import CONSOLE_USER
from tests.parts import require
from tests.patience import LIMIT_S
from tests.rigs.house import House
from tests.test_packaging import analyze

SYSTEMD = Path(__file__).resolve().parent.parent / "systemd"
CONSOLE = SYSTEMD / "gate-console.service"
KIOSK = SYSTEMD / "gate-kiosk.service"
INTERCOM = SYSTEMD / "gate-intercom.service"
HEARD = 15
"""Likewise of the intercom: the network of the house and the sound card."""
TIDIED = 22
"""Likewise of what tidies: it is root, and reads what is not its own."""
EXPOSURE = 11
"""What the sandbox reaches, times ten: the network of this machine and two sockets."""


@pytest.fixture
def console(tmp_path: Path) -> Path:
    """The unit with a program that exists here in the place of ours."""
    copy = tmp_path / CONSOLE.name
    text = CONSOLE.read_text("utf-8")
    copy.write_text(text.replace("/opt/gate-agent/bin/gate-agent", "/bin/true"), "utf-8")
    return copy


@pytest.fixture
def kiosk(tmp_path: Path) -> Path:
    """The unit with a browser that exists everywhere."""
    copy = tmp_path / KIOSK.name
    copy.write_text(KIOSK.read_text("utf-8").replace("/usr/bin/chromium", "/bin/true"), "utf-8")
    return copy


def test_the_console_unit_has_no_fault_and_is_closed_in(console: Path) -> None:
    done = analyze("verify", "--man=no", str(console))
    assert (done.returncode, done.stderr) == (0, "")
    done = analyze("security", "--offline=true", f"--threshold={EXPOSURE}", str(console))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_intercom_unit_has_no_fault_and_is_closed_in(tmp_path: Path) -> None:
    copy = tmp_path / INTERCOM.name
    text = INTERCOM.read_text("utf-8").replace("/opt/gate-agent/bin/gate-agent", "/bin/true")
    copy.write_text(text.replace("/usr/bin/baresip", "/bin/true"), "utf-8")
    done = analyze("verify", "--man=no", str(copy))
    assert (done.returncode, done.stderr) == (0, "")
    done = analyze("security", "--offline=true", f"--threshold={HEARD}", str(copy))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_units_that_tidy_recorded_calls_have_no_fault(tmp_path: Path) -> None:
    for name in ("gate-intercom-tidy.service", "gate-intercom-tidy.timer"):
        text = (SYSTEMD / name).read_text("utf-8")
        text = text.replace("/opt/gate-agent/bin/gate-agent", "/bin/true")
        (tmp_path / name).write_text(text, "utf-8")
    service, timer = (tmp_path / f"gate-intercom-tidy.{kind}" for kind in ("service", "timer"))
    done = analyze("verify", "--man=no", str(service), str(timer))
    assert (done.returncode, done.stderr) == (0, "")
    done = analyze("security", "--offline=true", f"--threshold={TIDIED}", str(service))
    assert done.returncode == 0, done.stdout + done.stderr
    directory = str(Record().directory)
    assert f"ReadWritePaths=-{directory}\n" in service.read_text("utf-8")
    assert f"StateDirectory={Path(directory).name}\n" in INTERCOM.read_text("utf-8")


def test_the_intercom_reads_what_it_is_given() -> None:
    unit = INTERCOM.read_text("utf-8")
    (runtime,) = re.findall(r"^RuntimeDirectory=(\S+)$", unit, re.MULTILINE)
    assert f"/run/{runtime}" == DIRECTORY
    assert f"--out %t/{runtime}\n" in unit
    assert f"baresip -f %t/{runtime}\n" in unit
    (user,) = re.findall(r"^User=(\S+)$", unit, re.MULTILINE)
    assert f"\nu {user} - " in (SYSTEMD / "gate-agent.sysusers").read_text("utf-8")


def test_the_kiosk_unit_has_no_fault(kiosk: Path, tmp_path: Path) -> None:
    analyze("--version")  # skips by name where there is no systemd
    done = subprocess.run(
        ["systemd-analyze", "--no-pager", "--user", "verify", "--man=no", str(kiosk)],
        check=False,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_kiosk_shows_the_console_as_it_listens() -> None:
    text = KIOSK.read_text("utf-8")
    told = dict(re.findall(r"(GATE_[A-Z]+)=(\S+)", text))
    url = f"{told['GATE_SCHEME']}://{told['GATE_HOST']}:{told['GATE_PORT']}/"
    assert url == Console().url


def test_the_console_is_the_user_whom_the_daemon_knows() -> None:
    users = (SYSTEMD / "gate-agent.sysusers").read_text("utf-8")
    unit = CONSOLE.read_text("utf-8")
    assert f"\nUser={CONSOLE_USER}\n" in unit
    assert "\nSupplementaryGroups=gate-agent\n" in unit
    assert f"\nu {CONSOLE_USER} - " in users
    assert f"\nm {CONSOLE_USER} gate-agent\n" in users
    assert f"\nStateDirectory={Console().state.name}\n" in unit
    assert "ExecStart=/opt/gate-agent/bin/gate-agent console --config" in unit


READS = """
import os, sys
from pathlib import Path
from agent.control.client import ControlClient
from agent.errors import GateError
from agent.store.reading import Reading
group = int(sys.argv[1])
os.setgroups([group]); os.setgid(65534); os.setuid(65534)
try:
    with Reading.open(Path(sys.argv[2])) as reading:
        print(reading.head()[0] > 0, len(reading.tail(1)))
    with ControlClient(Path(sys.argv[3]), 60) as client:
        print(client.ask("status")["running"])
except GateError as fault:
    sys.exit(str(fault))
try:
    open(sys.argv[2], "r+b")
except PermissionError:
    print("not to be written")
"""
STRANGERS = 65_534


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that others may walk through; those of pytest are shut again and again."""
    made = Path(tempfile.mkdtemp(prefix="gu-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def test_a_member_of_the_group_reads_the_ledger_and_asks_but_writes_nothing(place: Path) -> None:
    """What gate-console may do, under the modes that gate-agent.service gives its files."""
    require("root")
    group = next(each.gr_gid for each in grp.getgrall() if each.gr_name == "games")
    with House(place / "house").start() as house:
        paths = house.gate.settings.paths
        house.folder.chmod(0o755)
        for folder in (paths.state, paths.run):
            os.chown(folder, 0, group)
            folder.chmod(0o750)
        for file in paths.state.iterdir():
            os.chown(file, 0, group)
            file.chmod(0o640)
        os.chown(paths.control, 0, group)
        member, stranger = (
            subprocess.run(
                [sys.executable, "-c", READS, str(gid), str(house.ledger), str(paths.control)],
                check=False,
                capture_output=True,
                text=True,
                timeout=LIMIT_S,
            )
            for gid in (group, STRANGERS)
        )
    assert member.stdout.splitlines() == ["True 1", "True", "not to be written"], member.stderr
    assert (stranger.returncode, stranger.stdout) == (1, "")
    assert "is it in the group gate-agent?" in stranger.stderr
