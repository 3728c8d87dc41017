"""Browsers that watch the Gate page, a process of its own: what their script does, and no picture.

``python -m agent.bench.watchers PORT COOKIE NUMBER`` says ``ready`` when every one of them hears
the console, and at SIGUSR1 how many times they have fetched the page's fragment until then. Each
comes from an address of its own, as computers do. When one is not answered, all of it ends.

As in ``static/gate.js``: news make the fragment due 60 ms later, or 250 ms later when it was being
fetched just then; a beat with entries that were not heard of is news too.
"""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPResponse

from agent.errors import GateError

_HOST = "127.0.0.1"
_LIMIT_S = 60.0
_SOON_S, _BUSY_S = 0.06, 0.25
_NEWS = frozenset({b"lane", b"entry", b"card"})


class Watcher:
    """One page. It watches from `start` on until the process ends."""

    def __init__(self, port: int, cookie: str, number: int) -> None:
        self.heard = threading.Event()
        self.fetched = 0
        self._port = port
        self._cookie = cookie
        self._source = (f"127.0.0.{number + 2}", 0)
        self._news = threading.Event()
        self._sequence = 0

    def start(self) -> None:
        """Listen and fetch, each in a thread."""
        for what in (self._listen, self._fetch):
            name = f"watcher{what.__name__}"
            threading.Thread(target=_whole, args=(what,), name=name, daemon=True).start()

    def _listen(self) -> None:
        with closing(self._line()) as line:
            stream = self._asked(line, "/events", {})
            event = b""
            while told := stream.readline():
                name, _, value = told.rstrip().partition(b": ")
                if name == b"event":
                    event = value
                elif name == b"data":
                    self._hear(event, value)
        raise GateError("the console ended its stream of events")

    def _hear(self, event: bytes, value: bytes) -> None:
        self.heard.set()
        sequence = int(json.loads(value).get("sequence", 0))
        if event in _NEWS or sequence > self._sequence:
            self._news.set()
        self._sequence = max(sequence, self._sequence)

    def _fetch(self) -> None:
        busy = False
        while True:
            self._news.wait()
            time.sleep(_BUSY_S if busy else _SOON_S)
            self._news.clear()
            with closing(self._line()) as line:
                self._asked(line, "/gate/now", {"X-Fragment": "1"}).read()
            self.fetched += 1
            busy = self._news.is_set()

    def _line(self) -> HTTPConnection:
        return HTTPConnection(_HOST, self._port, _LIMIT_S, self._source)

    def _asked(self, line: HTTPConnection, path: str, headers: Mapping[str, str]) -> HTTPResponse:
        line.request("GET", path, headers={"Cookie": self._cookie, **headers})
        response = line.getresponse()
        if response.status != 200:
            raise GateError(f"{path} was answered with {response.status}")
        return response


def _whole(what: Callable[[], None]) -> None:
    """All of them watch, or none: the first that is lost ends the process."""
    try:
        what()
    except (OSError, HTTPException, GateError) as fault:
        sys.stderr.write(f"a watcher is lost: {fault!r}\n")
        os._exit(1)


def main(port: int, cookie: str, number: int) -> None:
    """Watch until the process is killed."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    watchers = [Watcher(port, cookie, n) for n in range(number)]
    for each in watchers:
        each.start()
    for each in watchers:
        each.heard.wait(_LIMIT_S)
    _say("ready")
    while True:
        signal.sigwait({signal.SIGUSR1})
        _say(str(sum(each.fetched for each in watchers)))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
