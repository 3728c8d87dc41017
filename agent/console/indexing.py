"""The search index of this console, kept up beside the gate by a thread of its own.

Rules kept here:
- it reads the ledger and writes a file of the console's own: never on a tap's path;
- slices are short and have pauses between them, so that the pages come first;
- what cannot be read or written is told once and tried again later.
"""

import logging
import threading
from pathlib import Path

from agent.console.site import Site
from agent.errors import StoreError
from agent.store.index import SearchIndex
from agent.store.reading import Reading

SLICE = 500
PAUSE_S, IDLE_S, AGAIN_S = 0.05, 1.0, 10.0
_JOIN_S = 10.0
_log = logging.getLogger("gate.console.index")


def index_path(site: Site) -> Path:
    """Where the index lies."""
    return site.state / "search.db"


class Indexing:
    """Made in any thread; `start` and `stop` it once."""

    def __init__(self, site: Site) -> None:
        self._ledger = site.ledger
        self._path = index_path(site)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="console-index", daemon=True)
        self._told = ""

    def start(self) -> None:
        """Begin to fill."""
        self._thread.start()

    def stop(self) -> None:
        """End it, after the slice that it is at."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(_JOIN_S)

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._fill()
            except StoreError as fault:
                self._tell(str(fault))
                self._ended.wait(AGAIN_S)

    def _fill(self) -> None:
        """Fill until the end is asked for; raises StoreError."""
        with Reading.open(self._ledger) as reading, SearchIndex.open(self._path) as index:
            self._told = ""
            while not self._ended.is_set():
                more = index.fill(reading, SLICE)
                self._ended.wait(PAUSE_S if more else IDLE_S)

    def _tell(self, why: str) -> None:
        if why != self._told:
            _log.warning("the search index is not kept up: %s", why)
        self._told = why
