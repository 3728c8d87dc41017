"""A guest under QEMU that runs on this machine's own files, read-only, with a real /dev/gpiochip.

Rules kept here:
- the guest sees the host's root through 9p below an overlay in memory: whatever it writes is gone
  with it, but for the folder ``out``;
- there is no KVM here, so every time limit is a generous one;
- only the QEMU that was started is stopped, by its pid.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.guest import kernel

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 900
LINES = 54

_SETUP = f"""
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
ip link set lo up 2>/dev/null || ifconfig lo 127.0.0.1
cat /proc/cpuinfo > /tmp/cpuinfo
printf 'Revision\\t: c03114\\n' >> /tmp/cpuinfo
mount --bind /tmp/cpuinfo /proc/cpuinfo
chip=/sys/kernel/config/gpio-sim/header
mkdir $chip $chip/bank0
echo {LINES} > $chip/bank0/num_lines
echo pinctrl-bcm2711 > $chip/bank0/label
echo 1 > $chip/live
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a guest left: its exit code (None when it never came so far) and what it printed."""

    code: int | None
    said: str


def run(
    commands: str, folder: Path, modules: Path, *, persist: bool, limit_s: int = LIMIT_S
) -> Ran:
    """Run shell commands in a guest and wait for its end; ``folder`` is /out to it.

    The chip of the header is there when they begin, labelled as on a Pi 4, and the board says that
    it is one (gpiozero asks for its revision).
    """
    out = folder / "out"
    out.mkdir(parents=True, exist_ok=True)
    script = out / "run.sh"
    script.write_text(
        f"{_SETUP}\n( cd {ROOT} && {commands} ) > /out/said 2>&1\necho $? > /out/code\n"
        "sync\npoweroff -f\n",
        encoding="utf-8",
    )
    disk = kernel.build_disk(modules, folder, persist=persist, init="/bin/bash /out/run.sh")
    boot(disk, out, folder / "console.log", limit_s)
    code = out / "code"
    said = (out / "said").read_text("utf-8", "replace") if (out / "said").exists() else ""
    console = (folder / "console.log").read_text("utf-8", "replace")[-2000:]
    return Ran(int(code.read_text()) if code.exists() else None, said or console)


def boot(disk: Path, out: Path, console: Path, limit_s: int) -> None:
    """Boot the guest and wait until it has switched itself off, or end it at the limit."""
    with console.open("wb") as log:
        machine = subprocess.Popen(
            [
                *("qemu-system-x86_64", "-machine", "q35,accel=tcg", "-cpu", "max"),
                *("-m", "2048", "-smp", "2", "-nodefaults", "-no-reboot"),
                *("-display", "none", "-serial", "stdio"),
                *("-kernel", f"/boot/vmlinuz-{kernel.release()}", "-initrd", str(disk)),
                *("-append", "console=ttyS0 quiet panic=-1 mitigations=off random.trust_cpu=on"),
                "-virtfs",
                "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap",
                *("-virtfs", f"local,path={out},mount_tag=out,security_model=none"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            machine.wait(limit_s)
        except subprocess.TimeoutExpired:
            machine.kill()
            machine.wait(60)


def pytest_in_guest(
    names: str, folder: Path, modules: Path, *, persist: bool = True, limit_s: int = LIMIT_S
) -> Ran:
    """Run the checks of ``tests/guest/inside`` whose file names begin so, with this interpreter."""
    python = sys.executable
    return run(
        f"{python} -m pytest -q -rA -p no:cacheprovider -o python_files='check_*.py' "
        f"-o addopts= tests/guest/inside/{names} --basetemp=/tmp/guest-tests",
        folder,
        modules,
        persist=persist,
        limit_s=limit_s,
    )
