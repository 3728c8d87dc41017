"""Sessions of browsers: the cookie holds an opaque id, everything else stays here.

Rules kept here:
- the daemon's token never leaves this process; the id says nothing and is made anew at sign-on and
  at sign-off;
- what is kept is bounded: so many sessions, so many drafts and remembered orders each;
- a session lives in memory: a console that was started anew asks for a sign-on again.
"""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

SESSIONS = 200
KEPT = 50
IDLE_S = 14 * 3600.0


@dataclass(frozen=True, slots=True)
class Guard:
    """Who is signed on: ``guard`` is the id by which acts are recorded."""

    guard: str
    name: str
    role: str
    shift: str
    since_us: int
    token: str = field(repr=False, default="")


@dataclass(slots=True)
class Session:
    """One browser.

    ``orders`` maps ids of orders that were sent to what they were about, ``times`` to when they
    were sent (monotonic seconds).
    """

    key: str = field(repr=False)
    csrf: str = field(repr=False)
    language: str = ""
    guard: Guard | None = None
    flashes: list[tuple[str, str]] = field(default_factory=list)
    drafts: "OrderedDict[str, Mapping[str, str]]" = field(default_factory=OrderedDict)
    orders: "OrderedDict[str, str]" = field(default_factory=OrderedDict)
    times: dict[str, float] = field(default_factory=dict)
    seen_s: float = 0.0
    known_s: float = 0.0

    def keep(self, path: str, fields: Mapping[str, str]) -> None:
        """Keep what was filled into the form at ``path``, until it is shown again."""
        self.drafts[path] = dict(fields)
        while len(self.drafts) > KEPT:
            self.drafts.popitem(last=False)

    def sent(self, order_id: str, about: str) -> None:
        """Remember what an order was about."""
        self.orders[order_id] = about
        self.times[order_id] = time.monotonic()
        while len(self.orders) > KEPT:
            oldest, _ = self.orders.popitem(last=False)
            self.times.pop(oldest, None)

    def say(self, text: str, tone: str = "good") -> None:
        """Say something on the next page; ``tone`` is good, bad or wait."""
        self.flashes.append((text, tone))
        del self.flashes[:-4]


class Sessions:
    """All sessions of this console; used from many threads."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: str) -> Session | None:
        """The session of this cookie, if it is still there."""
        now = time.monotonic()
        with self._lock:
            found = self._sessions.get(key)
            if found is None:
                return None
            if now - found.seen_s > IDLE_S:
                del self._sessions[key]
                return None
            found.seen_s = now
            self._sessions.move_to_end(key)
            return found

    def fresh(self) -> Session:
        """A session of nobody."""
        made = Session(secrets.token_urlsafe(32), secrets.token_urlsafe(32))
        made.seen_s = time.monotonic()
        with self._lock:
            self._sessions[made.key] = made
            while len(self._sessions) > SESSIONS:
                self._drop_one()
        return made

    def renew(self, session: Session) -> None:
        """Another id and another CSRF token for this session: it changes hands."""
        with self._lock:
            self._sessions.pop(session.key, None)
            session.key, session.csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
            self._sessions[session.key] = session

    def _drop_one(self) -> None:
        """Sessions of nobody go first, then the one that was seen longest ago."""
        idle = next((key for key, one in self._sessions.items() if one.guard is None), None)
        self._sessions.pop(idle or next(iter(self._sessions)))
