"""A private PostgreSQL on a socket of its own, where the server and psycopg are installed."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.patience import LIMIT_S

_USER = "postgres"


def installed() -> bool:
    """Whether there is all that is needed."""
    programs = all(shutil.which(name) for name in ("initdb", "pg_ctl"))
    return programs and importlib.util.find_spec("psycopg") is not None


def _as_user(*command: str) -> None:
    """Run it; PostgreSQL refuses to be root, and root becomes the user that Debian made for it."""
    user = _USER if os.geteuid() == 0 else None
    with tempfile.TemporaryFile() as log:
        done = subprocess.run(
            command, stdout=log, stderr=log, user=user, cwd="/", timeout=LIMIT_S, check=False
        )
        log.seek(0)
        assert done.returncode == 0, log.read().decode(errors="replace")


@contextmanager
def a_postgres() -> Iterator[str]:
    """Run one with an empty database; gives its address."""
    # Not below pytest's folders: those are closed to the user that the server runs as.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, _USER)
        data = str(folder / "data")
        _as_user("initdb", "-D", data, "-U", "central", "-A", "trust", "-N", "-E", "UTF8")
        options = f"-k {folder} -c listen_addresses=''"
        _as_user("pg_ctl", "-D", data, "-w", "-o", options, "-l", f"{folder}/log", "start")
        try:
            yield f"postgresql://central@/postgres?host={folder}"
        finally:
            _as_user("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
