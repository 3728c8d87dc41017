"""The console's line to the daemon: questions with a limit, and the live feed.

Rules kept here:
- every question is a connection of its own and ends after `LIMIT_S`, whatever the daemon does;
- once a second the daemon is asked how it is; an answer that does not come makes the picture stale,
  and the line is taken up again by itself, with a jittered back-off;
- what is known is kept and shown with its age: the last picture is never passed off as new.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from agent.control.client import ControlClient
from agent.errors import GateError

LIMIT_S = 2.0
BEAT_S = 0.8
_BEAT_LIMIT_S = 1.6
_FIRST_S, _LAST_S = 0.2, 2.0
_log = logging.getLogger("gate.console.link")


@dataclass(frozen=True, slots=True)
class Picture:
    """The gate as it was last heard. ``lanes`` by id; ``parts`` its health; ``sequence`` its head.

    ``fresh``: the daemon answered within the last seconds; ``heard_s`` is when it last did
    (monotonic seconds, 0.0: never), ``why`` says what is wrong when it is not fresh.
    """

    fresh: bool = False
    heard_s: float = 0.0
    heard_us: int = 0
    why: str = ""
    lanes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    parts: Sequence[Mapping[str, Any]] = ()
    sequence: int = 0
    status: Mapping[str, Any] = field(default_factory=dict)


Tell = Callable[[Mapping[str, Any]], None]
"""Hears the news: ``{"link": Picture}``, ``{"lane": view}``, ``{"entry": entry}``."""


class Link:
    """Made in any thread; `start` and `stop` it once. ``tell`` is called in its own threads."""

    def __init__(self, control: Path, tell: Tell) -> None:
        self._control = control
        self._tell = tell
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._picture = Picture()
        self._feed: ControlClient | None = None
        self._threads: list[threading.Thread] = []

    @property
    def picture(self) -> Picture:
        """What is known now."""
        return self._picture

    def start(self) -> None:
        """Take up the line."""
        self._spawn("console-link", self._run)

    def stop(self) -> None:
        """Let go of it; safe to call twice."""
        self._ended.set()
        self._hang_up()
        for thread in self._threads:
            thread.join(_BEAT_LIMIT_S + 1.0)

    def ask(self, op: str, **args: object) -> Any:
        """Ask the daemon; raises GateError: NotRunningError when it is not there.

        At most `LIMIT_S` seconds for each wait.
        """
        with ControlClient(self._control, LIMIT_S) as client:
            return client.ask(op, **args)

    def _run(self) -> None:
        pause_s = _FIRST_S
        while not self._ended.is_set():
            try:
                with ControlClient(self._control, _BEAT_LIMIT_S) as client:
                    self._take_up()
                    self._heard(client.ask("status"))
                    pause_s = _FIRST_S
                    self._beat(client)
            except GateError as fault:
                self._lost(str(fault))
            self._hang_up()
            # Chance keeps several consoles from knocking together; nothing secret hangs on it.
            self._ended.wait(pause_s * random.uniform(0.5, 1.0))  # noqa: S311
            pause_s = min(_LAST_S, pause_s * 2)

    def _beat(self, client: ControlClient) -> None:
        while not self._ended.wait(BEAT_S):
            with self._lock:
                if self._feed is None:
                    raise GateError("the live feed of the daemon ended")
            self._heard(client.ask("status"))

    def _take_up(self) -> None:
        feed = ControlClient(self._control, _BEAT_LIMIT_S)
        with self._lock:
            self._feed = feed
        self._spawn("console-feed", self._listen, feed)

    def _listen(self, feed: ControlClient) -> None:
        try:
            for news in feed.feed():
                if "lane" in news:
                    self._lane(news["lane"])
                elif "entry" in news:
                    self._tell({"entry": news["entry"]})
        except (GateError, OSError, ValueError) as fault:
            # Closed by our own thread, or by the daemon: either way the line is taken up again.
            _log.info("the live feed ended: %s", fault)
        finally:
            with self._lock:
                if self._feed is feed:
                    self._feed = None

    def _lane(self, view: Mapping[str, Any]) -> None:
        with self._lock:
            lanes = {**self._picture.lanes, str(view["lane"]): view}
            self._picture = replace(self._picture, lanes=lanes)
        self._tell({"lane": view})

    def _heard(self, status: Mapping[str, Any]) -> None:
        lanes = {str(view["lane"]): view for view in status["lanes"]}
        with self._lock:
            before = self._picture
            self._picture = Picture(
                fresh=True,
                heard_s=time.monotonic(),
                heard_us=time.time_ns() // 1000,
                lanes=lanes,
                parts=status["parts"],
                sequence=int(status["head"]["sequence"]),
                status=status,
            )
        if not before.fresh:
            _log.info("the daemon answers")
            self._tell({"link": self._picture})
            return
        if _conditions(before.parts) != _conditions(status["parts"]):
            self._tell({"link": self._picture})
        if before.lanes != lanes:
            # The feed tells it too; what came in between the two is not missed this way.
            for name, view in lanes.items():
                if before.lanes.get(name) != view:
                    self._tell({"lane": view})

    def _lost(self, why: str) -> None:
        with self._lock:
            before = self._picture
            self._picture = replace(before, fresh=False, why=why)
        if before.fresh or not before.why:
            _log.warning("the daemon does not answer: %s", why)
            self._tell({"link": self._picture})

    def _hang_up(self) -> None:
        with self._lock:
            feed, self._feed = self._feed, None
        if feed is not None:
            feed.close()

    def _spawn(self, name: str, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, name=name, daemon=True)
        self._threads = [one for one in self._threads if one.is_alive()]
        self._threads.append(thread)
        thread.start()


def _conditions(parts: Sequence[Mapping[str, Any]]) -> list[tuple[object, object]]:
    return [(part.get("part"), part.get("condition")) for part in parts]
