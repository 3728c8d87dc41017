"""A command as it came from the broker, read: the form of its body, and how long it counts.

Rules kept here:
- what cannot be read is a `Refusal` with a code and a sentence that says what is wrong and what is
  allowed; nothing is guessed;
- no command counts for longer than its kind may: 10 s where an arm moves, an hour otherwise;
- while no clock is trusted, ``issued_at`` makes nothing count: what the broker says is left of its
  life does, and the moment of receipt; but what was over when a clock was last trusted is over;
- a command from the future is none: it could be used again when its time comes;
- unknown fields of the body are ignored: a newer centre may send them.

The body is JSON: ``{cmd_id, issued_at, ttl_ms, actor?, reason?, args?}``, on MQTT 3.1.1 also
``{reply_to?, correlation?}``; ``issued_at`` is RFC 3339 with a zone, ``ttl_ms`` milliseconds.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agent.core.commands import ACTUATION, Command, Name
from agent.core.model import Moment

SIZE = 64 * 1024
ACTUATION_MS = 10_000
CONFIGURATION_MS = 3_600_000
AHEAD_S = 300
_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_LINE = re.compile(r"[^\x00-\x1f\x7f]{0,200}")
_ACTOR_SIZE = 80
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_MICROSECOND = timedelta(microseconds=1)


class Refusal(Exception):  # noqa: N818 - it is an answer to somebody, not a broken program
    """The command is not done. ``code`` is that of the reply."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class Body:
    """The fields of a body. ``issued_us`` is wall time (µs since 1970 UTC)."""

    cmd_id: str
    issued_us: int
    ttl_ms: int
    actor: str
    reason: str
    args: Mapping[str, object]
    reply_to: str


def read(payload: bytes) -> Mapping[str, Any]:
    """The JSON object of a body; raises `Refusal` 400."""
    if len(payload) > SIZE:
        raise Refusal(400, f"the body has {len(payload)} bytes: {SIZE} are allowed")
    try:
        found = json.loads(payload, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as fault:
        raise Refusal(400, f"the body cannot be read as JSON: {fault}"[:200]) from None
    if not isinstance(found, dict):
        raise Refusal(400, "the body is not a JSON object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


def cmd_id(found: Mapping[str, Any]) -> str:
    """The id of a command if it has one that can be answered to, else an empty text."""
    given = found.get("cmd_id")
    return given if isinstance(given, str) and _ID.fullmatch(given) else ""


def correlation(found: Mapping[str, Any]) -> str:
    """What a client on MQTT 3.1.1 wants to find again in the answer."""
    given = found.get("correlation")
    return given if isinstance(given, str) and len(given) <= 200 else ""


def body(found: Mapping[str, Any]) -> Body:
    """The fields of a body; raises `Refusal` 400, and 422 for ``args`` that are no object."""
    if not cmd_id(found):
        raise Refusal(400, "cmd_id has to be there: 1 to 64 of A-Z a-z 0-9 . _ : -")
    ttl = found.get("ttl_ms")
    if isinstance(ttl, bool) or not isinstance(ttl, int) or not 0 < ttl <= CONFIGURATION_MS:
        raise Refusal(400, f"ttl_ms has to be there: a whole number from 1 to {CONFIGURATION_MS}")
    args = found.get("args", {})
    if not isinstance(args, dict):
        raise Refusal(422, "args is not a JSON object")
    return Body(
        found["cmd_id"],
        _issued_us(found.get("issued_at")),
        ttl,
        _line(found, "actor", _ACTOR_SIZE),
        _line(found, "reason", 200),
        args,
        _line(found, "reply_to", 200),
    )


def _issued_us(text: object) -> int:
    says = "issued_at has to be there: RFC 3339 with its zone, such as 2026-11-22T07:30:00Z"
    if not isinstance(text, str):
        raise Refusal(400, says)
    try:
        moment = datetime.fromisoformat(text)
        return (moment - _EPOCH) // _MICROSECOND
    except (ValueError, TypeError, OverflowError):
        raise Refusal(400, says) from None


def _line(found: Mapping[str, Any], name: str, size: int) -> str:
    value = found.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > size or not _LINE.fullmatch(value):
        raise Refusal(400, f"{name} is not a text of one line with at most {size} characters")
    return value.strip()


def deadline_ns(
    told: Body, name: Name, now: Moment, expiry_s: int | None, trusted_us: int = 0
) -> int:
    """Until when (monotonic) it may be begun; ``now`` at the latest when that is over already.

    ``expiry_s`` is what the broker says is left of its life, ``trusted_us`` the last wall time that
    was trusted. That it is over is answered by the gate: what it did in time, and is asked again,
    it did. Raises `Refusal` 400 for one from the future, and 503 for one that moves an arm while
    nothing says when it was given.
    """
    ends_us = told.issued_us + told.ttl_ms * 1_000
    longest_ms = ACTUATION_MS if name in ACTUATION else CONFIGURATION_MS
    left_us = min(told.ttl_ms, longest_ms) * 1_000
    if expiry_s is not None:
        left_us = min(left_us, expiry_s * 1_000_000)
    if now.quality.trusted:
        left_us = min(left_us, ends_us - now.wall_us)
        ahead_s = (told.issued_us - now.wall_us) // 1_000_000
        if ahead_s > AHEAD_S:
            raise Refusal(400, f"issued_at is {ahead_s} s ahead of this gate: mind both clocks")
    elif ends_us < trusted_us:
        left_us = 0
    elif expiry_s is None and name in ACTUATION:
        raise Refusal(
            503, "this gate has no trusted clock: give a Message Expiry with what moves an arm"
        )
    return now.mono_ns + max(0, left_us) * 1_000


def command(told: Body, client: str, name: Name, payload: bytes, deadline: int) -> Command:
    """What goes on into the gate."""
    digest = hashlib.sha256(name.encode() + b"\n" + payload).hexdigest()
    return Command(client, name, told.cmd_id, told.actor, told.reason, told.args, digest, deadline)
