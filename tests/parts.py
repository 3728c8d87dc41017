"""Which real parts this machine has. A missing part skips a test by name; in CI it fails it."""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.rigs import postgres

VPCD = Path("/usr/lib/pcsc/drivers/serial")


def _vpcd() -> bool:
    return any(VPCD.glob("libifdvpcd*"))


def _faketime() -> bool:
    return any(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


def _fuse() -> bool:
    return (
        shutil.which("fusermount3") is not None
        and Path("/dev/fuse").exists()
        and importlib.util.find_spec("mfusepy") is not None
    )


@cache
def _nft() -> bool:
    """Packets can be dropped in a network namespace of our own; many containers forbid that."""
    if not all(shutil.which(name) for name in ("ip", "nft", "unshare")):
        return False
    command = ["unshare", "--net", "nft", "list", "ruleset"]
    return subprocess.run(command, check=False, capture_output=True, timeout=30).returncode == 0


PARTS: Mapping[str, Callable[[], bool]] = {
    "root": lambda: os.geteuid() == 0,
    "pcscd": lambda: (
        shutil.which("pcscd") is not None
        and _vpcd()
        and importlib.util.find_spec("smartcard") is not None
    ),
    "mosquitto": lambda: shutil.which("mosquitto") is not None,
    "openssl": lambda: shutil.which("openssl") is not None,
    "nft": _nft,
    "fuse": _fuse,
    "faketime": _faketime,
    "baresip": lambda: shutil.which("baresip") is not None,
    "sipp": lambda: shutil.which("sipp") is not None,
    "chromium": lambda: shutil.which("chromium") is not None,
    "postgresql": postgres.installed,
    "aplay": lambda: shutil.which("aplay") is not None,
    "socat": lambda: shutil.which("socat") is not None,
}


def require(*names: str) -> None:
    """Skip the test, with the part's name as the reason, or fail it where CI promises all parts."""
    missing = [name for name in names if not PARTS[name]()]
    if not missing:
        return
    reason = f"needs {', '.join(missing)}"
    if os.environ.get("CI"):
        pytest.fail(f"{reason}: CI runs with every real part, nothing is skipped")
    pytest.skip(reason)
