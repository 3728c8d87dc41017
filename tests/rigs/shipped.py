"""mosquitto as it is shipped: config/broker/mosquitto.conf itself, its access list and its PKI."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.patience import LIMIT_S, until
from tests.rigs.broker import Mosquitto
from tests.rigs.pki import Pair

SHIPPED = Path(__file__).parents[2] / "config" / "broker"


class Pki:
    """What `test-pki.sh` makes in ``directory``; the broker is on loopback unless told."""

    def __init__(self, directory: Path, *names: str) -> None:
        self.directory = directory
        self.ca = directory / "ca.pem"
        self._run("ca")
        self.server = self._pair(self._run("server", *(names or ("localhost", "127.0.0.1"))))

    def gate(self, estate: str, gate: str, *, first: str = "", last: str = "") -> Pair:
        """A gate's certificate; ``first`` and ``last`` as YYYYMMDDHHMMSSZ."""
        return self._pair(self._run("gate", estate, gate, first=first, last=last))

    def client(self, name: str) -> Pair:
        """A client's certificate."""
        return self._pair(self._run("client", name))

    def revoke(self, name: str) -> None:
        """Put the certificate of this common name on the list of those that are revoked."""
        self._run("revoke", name)

    def _run(self, *words: str, first: str = "", last: str = "") -> str:
        bounds = {"NOT_BEFORE": first, "NOT_AFTER": last}
        what, *rest = words
        done = subprocess.run(
            [SHIPPED / "test-pki.sh", str(self.directory), what, *rest],
            env={**os.environ, **{name: text for name, text in bounds.items() if text}},
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @staticmethod
    def _pair(told: str) -> Pair:
        cert, key = told.split()
        return Pair(Path(cert), Path(key))


def access_list(broker: str, members: Path, target: Path | None = None) -> str:
    """What `acl.py` makes of a list of members; fails when it finds a fault in it."""
    more = [str(target)] if target else []
    done = subprocess.run(
        [sys.executable, SHIPPED / "acl.py", broker, str(members), *more],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class ShippedMosquitto(Mosquitto):
    """Starts with the shipped file, other places and another port put in; ``members`` by line."""

    def __init__(self, directory: Path, members: Sequence[str], lines: Sequence[str] = ()) -> None:
        super().__init__(directory)
        self.pki = Pki(directory / "gate")
        config = (SHIPPED / "mosquitto.conf").read_text(encoding="utf-8")
        for there, here, times in (
            ("listener 8883\n", f"listener {self.port} {self.host}\n", 1),
            ("/etc/mosquitto/gate/", f"{directory}/gate/", 5),
            ("/var/lib/mosquitto/", f"{directory}/", 1),
        ):
            settings = [line for line in config.splitlines(keepends=True) if line[0] != "#"]
            assert sum(line.count(there) for line in settings) == times, there
            config = config.replace(there, here)
        if os.geteuid() == 0:
            config += "user root\n"
        (directory / "mosquitto.conf").write_text("\n".join([config, *lines, ""]))
        self.admit(members)

    def admit(self, members: Sequence[str]) -> None:
        """Make the access list of these members; who runs it already, has to `reload` it."""
        listed = self.directory / "members"
        listed.write_text("\n".join(members) + "\n")
        access_list("mosquitto", listed, self.directory / "gate" / "acl")

    def reload(self) -> None:
        """Have it read its files again, as ``systemctl reload`` does, and wait until it has."""
        before = self.log().count("Reloading config")
        os.kill(self.pid, signal.SIGHUP)
        until(lambda: self.log().count("Reloading config") > before, "that mosquitto reads anew")
