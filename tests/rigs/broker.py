"""A private mosquitto: a real broker on loopback, with a port and a directory of its own."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.patience import LIMIT_S, until
from tests.rigs.pki import Authority
from tests.rigs.ports import answers, free_port


class Mosquitto:
    """Starts with `start` or as a context; keeps its port when it is killed and started again.

    ``persistence`` keeps messages over a kill (saved on every change); ``tls`` asks for client
    certificates, whose common name becomes the user name; ``acl`` is the text of an ACL file;
    ``users`` maps user names to passwords; ``lines`` go into the configuration as they are.
    """

    def __init__(
        self,
        directory: Path,
        *,
        persistence: bool = False,
        tls: bool = False,
        acl: str = "",
        users: Mapping[str, str] | None = None,
        lines: Sequence[str] = (),
    ) -> None:
        self.directory = directory
        self.host = "127.0.0.1"
        self.port = free_port()
        self.authority = Authority(directory / "pki") if tls else None
        self._process: subprocess.Popen[bytes] | None = None
        directory.mkdir(parents=True, exist_ok=True)
        config = ["per_listener_settings false", "log_type error", "log_type warning"]
        config += ["log_type notice"]
        # By default it drops what a slow subscriber has not fetched beyond 1,000 messages.
        config += ["max_queued_messages 0"]
        if os.geteuid() == 0:
            config.append("user root")
        config += [f"listener {self.port} {self.host}"]
        if self.authority is not None:
            pair = self.authority.issue("localhost", server=True)
            config += [
                f"cafile {self.authority.ca}",
                f"certfile {pair.cert}",
                f"keyfile {pair.key}",
                "require_certificate true",
                "use_identity_as_username true",
            ]
        if persistence:
            config += [
                "persistence true",
                f"persistence_location {directory}/",
                "autosave_on_changes true",
                "autosave_interval 1",
            ]
        if acl:
            (directory / "acl").write_text(acl)
            config.append(f"acl_file {directory}/acl")
        if users:
            passwords = directory / "passwords"
            passwords.touch()
            for name, password in users.items():
                command = ["mosquitto_passwd", "-b", str(passwords), name, password]
                subprocess.run(command, check=True, capture_output=True)
            config.append(f"password_file {passwords}")
        config.append(f"allow_anonymous {'false' if users or tls else 'true'}")
        config += list(lines)
        (directory / "mosquitto.conf").write_text("\n".join(config) + "\n")

    @property
    def pid(self) -> int:
        """The process id of the running broker."""
        assert self._process is not None, "the broker is not running"
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it listens."""
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        with (self.directory / "mosquitto.log").open("ab") as output:
            self._process = subprocess.Popen(
                [program, "-c", str(self.directory / "mosquitto.conf")],
                stdout=output,
                stderr=output,
            )
        until(self._listens, f"mosquitto listens; its log is {self.directory / 'mosquitto.log'}")

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"mosquitto ended at once:\n{self.log()}"
        return answers(self.port)

    def log(self) -> str:
        """What it wrote."""
        path = self.directory / "mosquitto.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def kill(self) -> None:
        """End it without a word, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order; nothing happens when it does not run."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(LIMIT_S)

    def restart(self) -> None:
        """Kill it and start it again on the same port."""
        self.kill()
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
