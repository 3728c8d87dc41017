"""``gate-agent console`` as a unit starts it: by the settings, over TLS, under its names only."""

import http.client
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.cli.console import make_site
from agent.errors import GateError
from agent.settings.reading import read
from tests.patience import LIMIT_S, until
from tests.rigs.pki import Authority
from tests.settings.pages import GOOD

ROOT = Path(__file__).parents[2]


def config(folder: Path, more: str = "") -> Path:
    file = folder / "gate.yaml"
    paths = f"paths: {{state: {folder / 'state'}, run: {folder / 'run'}}}\n"
    file.write_text(GOOD + paths + f"names: {{gate: 北门}}\n{more}", "utf-8")
    return file


@contextmanager
def serving(file: Path, log: Path, *words: str) -> Iterator[str]:
    """The console of this file, and the address that it prints; ended by its pid."""
    command = [sys.executable, "-m", "agent", "console", *words, "-c", str(file)]
    with log.open("wb") as out:
        console = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )

    def address() -> str:
        assert console.poll() is None, log.read_text()
        words = [word for word in log.read_text().split() if word.startswith("http")]
        return words[0] if words else ""

    try:
        yield until(address, "its address")
    finally:
        os.kill(console.pid, signal.SIGTERM)
        assert console.wait(LIMIT_S) == 0


def asked(address: str, context: ssl.SSLContext | None, **headers: str) -> int:
    """The status of the first page."""
    place = address.partition("//")[2].rstrip("/")
    link: Any = http.client.HTTPConnection(place, timeout=LIMIT_S)
    if context is not None:
        link = http.client.HTTPSConnection(place, timeout=LIMIT_S, context=context)
    link.request("GET", "/static/gate.css", headers=headers)
    status = int(link.getresponse().status)
    link.close()
    return status


def test_it_listens_as_the_settings_say_and_under_its_names_only(tmp_path: Path) -> None:
    file = config(tmp_path, "console: {state: state:screen}\n")
    with serving(file, tmp_path / "log", "--port", "0") as address:
        assert address.startswith("http://127.0.0.1:")
        assert asked(address, None) == 200
        assert asked(address, None, Host="elsewhere.example.net") == 421
    assert (tmp_path / "state" / "screen").is_dir()


def test_with_a_certificate_it_is_served_over_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "pki")
    pair = authority.issue("127.0.0.1", server=True)
    tls = f"tls: {{cert: {pair.cert}, key: {pair.key}}}"
    file = config(tmp_path, f"console: {{{tls}, state: screen, hosts: [gate.example.net]}}\n")
    trusting = ssl.create_default_context(cafile=str(authority.ca))
    with serving(file, tmp_path / "log", "--port", "0") as address:
        assert address.startswith("https://127.0.0.1:")
        assert asked(address, trusting) == 200
        with pytest.raises((http.client.BadStatusLine, ConnectionError)):
            asked(address, None)


def test_what_it_stands_for(tmp_path: Path) -> None:
    site = make_site(read(config(tmp_path, "console: {state: screen}\n")))
    assert (site.name, site.desk, site.secure) == ("北门", "booth", False)
    assert site.state == tmp_path / "screen"
    with pytest.raises(GateError, match="no desk 'attic' here; the desks are booth"):
        make_site(read(config(tmp_path, "console: {state: screen}\n")), "attic")


def test_a_state_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "screen").write_text("a file")
    with pytest.raises(GateError, match=r"see console\.state"):
        make_site(read(config(tmp_path, "console: {state: screen}\n")))
