"""The booth that is measured: the console as a process of its own, and a browser without a window.

Rules kept here:
- the console is the one that is shipped, met by its address alone; it is ended by its pid;
- the browser keeps cookies and fills in what a form carries; it runs no script.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from agent.bench.child import says
from agent.errors import GateError
from agent.simulate import PATIENCE_S, SimulatedGate

HOST = "127.0.0.1"
GUARD, PIN = "g-bench", "604917"
_ADDRESS = re.compile(rb"http://[^/]+:(\d+)/")
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Console:
    """A console that runs: its process, and the port at which it serves."""

    pid: int
    port: int


@contextmanager
def a_console(gate: SimulatedGate) -> Iterator[Console]:
    """``gate-agent console`` of this gate, at a free port; raises GateError if it serves not."""
    log = gate.folder / "console.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "agent", "console", "-c", str(gate.config), "--port", "0"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=out,
        )
    try:
        found = _ADDRESS.search(says(process, PATIENCE_S))
        if found is None:
            words = log.read_text("utf-8", "replace")[-1000:]
            raise GateError(f"the console does not serve: {words}")
        yield Console(process.pid, int(found[1]))
    finally:
        process.kill()
        process.communicate()


def enrol(gate: SimulatedGate) -> None:
    """Let the guard `GUARD` sign on, as the installer does it; the daemon runs."""
    form = {"guard": GUARD, "name": "张伟", "card": "", "role": "guard", "pin": PIN}
    order(gate, "guard.enrol", form)


def order(gate: SimulatedGate, kind: str, form: Mapping[str, object]) -> None:
    """An order of the books; raises GateError when it is refused."""
    with gate.control() as client:
        told = client.ask("order", order_id=os.urandom(8).hex(), kind=kind, args={}, form=form)
    if told["status"] != "done":
        raise GateError(f"{kind}: {told['detail']}")


@dataclass(slots=True)
class Browser:
    """Asks for pages; raises GateError when one does not come, or is not the one that was meant."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def cookie(self) -> str:
        """The line that every request carries."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def sign_on(self) -> None:
        """Sign on by name and PIN."""
        self.post("/sign-on", {"guard": GUARD, "pin": PIN}, self.csrf("/sign-on"))

    def csrf(self, path: str) -> str:
        """What the forms of this page carry."""
        found = _CSRF.search(self.get(path))
        if found is None:
            raise GateError(f"{path} has no form that could be sent")
        return found[1]

    def get(self, path: str) -> str:
        """The page."""
        return self._ask("GET", path, "", 200)[1]

    def post(self, path: str, form: Mapping[str, str], csrf: str) -> str:
        """Send a form; gives the path that it leads to."""
        response, _ = self._ask("POST", path, urlencode({**form, "csrf": csrf}), 303)
        return response.getheader("Location", "")

    def _ask(self, method: str, path: str, body: str, wanted: int) -> tuple[HTTPResponse, str]:
        headers = {"Cookie": self.cookie}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        line = HTTPConnection(HOST, self.port, timeout=PATIENCE_S)
        try:
            line.request(method, path, body or None, headers)
            response = line.getresponse()
            text = response.read().decode()
        except (OSError, HTTPException) as fault:
            raise GateError(f"the console did not answer {method} {path}: {fault!r}") from fault
        finally:
            line.close()
        for told in response.headers.get_all("Set-Cookie", []):
            self.cookies |= {name: one.value for name, one in SimpleCookie(told).items()}
        if response.status != wanted:
            raise GateError(f"{method} {path} was answered with {response.status}, not {wanted}")
        return response, text
