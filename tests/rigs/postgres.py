"""A private PostgreSQL on a socket of its own, where the server and psycopg are installed.

It runs as an unprivileged user, in a folder of its own; what is installed as a service is left
alone. Debian keeps initdb and postgres where nobody's PATH looks.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.patience import LIMIT_S, until

_USER = "postgres"
_DEBIAN = Path("/usr/lib/postgresql")


def _program(name: str) -> str | None:
    """Where a program of the server is: Debian's newest, else what PATH has."""
    found = [path for path in _DEBIAN.glob(f"*/bin/{name}") if path.parts[4].isdecimal()]
    if found:
        return str(max(found, key=lambda path: int(path.parts[4])))
    return shutil.which(name)


def installed() -> bool:
    """Whether there is all that is needed."""
    programs = all(_program(name) for name in ("initdb", "postgres"))
    return programs and importlib.util.find_spec("psycopg") is not None


def _user() -> str | None:
    """PostgreSQL refuses to be root, and root becomes the user that Debian made for it."""
    return _USER if os.geteuid() == 0 else None


class Postgres:
    """One with an empty database; ``address`` is how it is reached. Nothing of it is left."""

    def __init__(self, folder: Path) -> None:
        self.address = f"postgresql://central@/postgres?host={folder}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        assert self._process is None
        command = [str(_program("postgres")), "-D", str(self._folder / "data")]
        command += ["-k", str(self._folder), "-c", "listen_addresses="]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, user=_user(), cwd="/"
            )
        until(self._answers, f"PostgreSQL answers; {self.log()}", step_s=0.05)

    def _answers(self) -> bool:
        assert self._process is not None
        ended = self._process.poll()
        assert ended is None, f"PostgreSQL ended with {ended}: {self.log()}"
        psycopg = importlib.import_module("psycopg")
        try:
            psycopg.connect(self.address).close()
        except psycopg.OperationalError:
            return False
        return True

    def log(self) -> str:
        """What it wrote, the end of it."""
        return (self._folder / "log").read_text("utf-8", "replace")[-3000:]

    def make(self) -> None:
        """Make its files."""
        command = [str(_program("initdb")), "-D", str(self._folder / "data"), "-U", "central"]
        command += ["-A", "trust", "-N", "-E", "UTF8", "--locale=C"]
        done = subprocess.run(
            command, capture_output=True, user=_user(), cwd="/", timeout=LIMIT_S, check=False
        )
        assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")

    def stop(self) -> None:
        """End it at once, as it ends when the machine is told to stop in a hurry."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGQUIT)
            try:
                process.wait(LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(LIMIT_S)


@contextmanager
def a_postgres() -> Iterator[Postgres]:
    """Run one."""
    # Not below pytest's folders: those are closed to the user that the server runs as.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    server = Postgres(folder)
    try:
        user = _user()
        if user is not None:
            shutil.chown(folder, user)
        server.make()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)
