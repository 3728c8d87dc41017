"""PINs and tokens: how they are kept, compared, and how often somebody may guess.

Rules kept here:
- a PIN is kept as scrypt (RFC 7914) with a salt of its own; it stands in no log, no entry, no
  result and no message;
- of a token only its SHA-256 is kept: who reads the file cannot act with it;
- a PIN is compared in constant time, and as slowly for a guard who does not exist;
- five wrong PINs within five minutes shut a guard out until the oldest of them is that old; names
  that nobody has are counted together.
"""

import base64
import hashlib
import hmac
import secrets
import threading
from collections import deque
from itertools import pairwise

from agent.core.form import Fault
from agent.errors import GateError

SHORTEST, LONGEST = 6, 12
"""Digits of a PIN."""
TRIES = 5
WITHIN_NS = 300 * 1_000_000_000
_COST, _BLOCK, _LANES = 2**14, 8, 1
_SALT = 16
_SIZE = 32
_TOKEN = 32
_WAIT_S = 10.0

PLAIN = "this PIN is too easy to guess: no row of equal or counted digits"
DIGITS = "a PIN has %(low)s to %(high)s digits"


class Pins:
    """Hashes and compares PINs, one at a time: each takes 16 MB and tens of milliseconds."""

    def __init__(self) -> None:
        self._one = threading.Lock()

    def hashed(self, pin: str) -> str:
        """``scrypt$N$r$p$salt$hash``, both in base64. Raises GateError when it is too busy."""
        salt = secrets.token_bytes(_SALT)
        told = [str(number) for number in (_COST, _BLOCK, _LANES)]
        made = self._scrypt(pin, salt, _COST, _BLOCK, _LANES)
        return "$".join(("scrypt", *told, _text(salt), _text(made)))

    def match(self, kept: str, pin: str) -> bool:
        """Is this the PIN that was kept so? ``kept`` may be empty: then nothing matches, as slowly.

        Raises GateError when it is too busy.
        """
        if not kept:
            self._scrypt(pin, bytes(_SALT), _COST, _BLOCK, _LANES)
            return False
        name, *rest = kept.split("$")
        if name != "scrypt" or len(rest) != 5:
            raise GateError(
                "a PIN is kept in a form that this software does not know: set a new one"
            )
        cost, block, lanes = (int(number) for number in rest[:3])
        salt, wanted = (base64.b64decode(text) for text in rest[3:])
        return hmac.compare_digest(self._scrypt(pin, salt, cost, block, lanes), wanted)

    def _scrypt(self, pin: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
        if not self._one.acquire(timeout=_WAIT_S):
            raise GateError("too many sign on at once: try again")
        try:
            return hashlib.scrypt(pin.encode(), salt=salt, n=cost, r=block, p=lanes, dklen=_SIZE)
        finally:
            self._one.release()


def checked(pin: object, field: str = "pin") -> str:
    """The PIN, if it may be one; raises `Fault` that does not repeat it."""
    text = pin.strip() if isinstance(pin, str) else ""
    if not (text.isascii() and text.isdecimal() and SHORTEST <= len(text) <= LONGEST):
        raise Fault(DIGITS, field=field, low=SHORTEST, high=LONGEST)
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(text)}
    if len(steps) == 1 and steps <= {0, 1, 9}:
        raise Fault(PLAIN, field=field)
    return text


def minted() -> tuple[str, str]:
    """A new token, and its hash."""
    token = secrets.token_urlsafe(_TOKEN)
    return token, token_hash(token)


def token_hash(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


class Tries:
    """Counts what went wrong, by guard; from any thread. Times are monotonic, in ns.

    ``guard`` must be one that is known, or empty for all others, so that the counts are bounded.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wrong: dict[str, deque[int]] = {}

    def begin(self, guard: str, now_ns: int) -> int:
        """0 when somebody may try as this guard now; else for how many seconds he may not.

        A try counts as a wrong one from its beginning, so that many at once are no more tries.
        """
        with self._lock:
            wrong = self._wrong.setdefault(guard, deque())
            while wrong and now_ns - wrong[0] >= WITHIN_NS:
                wrong.popleft()
            if len(wrong) >= TRIES:
                return max(1, -(-(wrong[0] + WITHIN_NS - now_ns) // 1_000_000_000))
            wrong.append(now_ns)
            return 0

    def wrong(self, guard: str) -> int:
        """How many tries went wrong lately."""
        with self._lock:
            return len(self._wrong.get(guard, ()))

    def worked(self, guard: str) -> None:
        """The PIN was right: what went wrong before is forgotten."""
        with self._lock:
            self._wrong.pop(guard, None)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
