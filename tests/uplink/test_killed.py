"""The uplink's process killed with -9: the will, and the backlog after the restart."""

import subprocess
import sys
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Literal

import pytest

from tests.parts import require
from tests.patience import LIMIT_S, until
from tests.rigs.broker import Mosquitto
from tests.rigs.listener import Listener
from tests.uplink.book import Book
from tests.uplink.gate import sequences, statuses, whole


def victim(directory: Path, broker: Mosquitto, version: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.uplink.victim", str(directory), str(broker.port)]
    return subprocess.Popen([*command, version])


def end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        process.wait(LIMIT_S)


def reached(session: int, count: int, listener: Listener) -> bool:
    """Has this session begun, and are so many events here, of whatever session?"""
    begun = any(status["session"] >= session for status in statuses(listener))
    return begun and len(listener.on("/evt")) > count


@pytest.mark.parametrize(("version", "delay_s"), [("5", 10), ("3.1.1", 0)])
def test_the_will_says_lost(tmp_path: Path, version: Literal["5", "3.1.1"], delay_s: float) -> None:
    require("mosquitto")
    book = Book(tmp_path / "book.db")
    head = book.append(4)
    with Mosquitto(tmp_path / "broker") as broker, Listener(broker) as listener:
        process = victim(tmp_path, broker, version)
        try:
            listener.wait(lambda it: len(it.on("/evt")) == 4)
            killed = monotonic()
            process.kill()
            process.wait(LIMIT_S)
            listener.wait(lambda it: len(it.on("/status")) == 2)
            assert monotonic() - killed > delay_s - 1
        finally:
            end(process)
        online, lost = statuses(listener)
        assert lost == {**online, "status": "lost"}
        assert lost["headhash"] == head.hash.hex()
        with Listener(broker, "+/+/+/+/status") as late:
            late.wait(lambda it: bool(it.heard))
            assert statuses(late)[0]["status"] == "lost"


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_killed_in_mid_backlog_and_started_again(tmp_path: Path, version: str) -> None:
    require("mosquitto")
    book = Book(tmp_path / "book.db")
    book.append(4_000)
    with Mosquitto(tmp_path / "broker") as broker, Listener(broker) as listener:
        for session, target in enumerate((400, 1_200, 2_000), 1):
            process = victim(tmp_path, broker, version)
            try:
                listener.wait(partial(reached, session, target))
            finally:
                process.kill()
                process.wait(LIMIT_S)
        process = victim(tmp_path, broker, version)
        try:
            listener.wait(lambda it: reached(4, 0, it) and 4_000 in sequences(it.on("/evt")[-1:]))
            until(lambda: book.kept("published") == 4_000, "the last acknowledgement is kept")
        finally:
            end(process)
        whole(listener, book)
        assert len(listener.on("/evt")) >= 4_000
        assert book.kept("published") == 4_000
        sessions = [it["session"] for it in statuses(listener)]
        assert sessions[-1] == book.kept("session") == 4
