"""A roster sent by the centre, made from what docs/commands.md says and from nothing of the gate.

Rules kept here:
- bodies stay below 64 KiB, a few chunks are on their way at once, and after one that is turned away
  (429) it goes on with the row that the gate wants;
- a row is thirteen texts; rows go in the order of the low bits of their numbers; the digest is
  SHA-256 over every text with its length before it.
"""

import hashlib
import json
import struct
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

from tests.rigs.commander import Answer, Commander

WINDOW = 8
BODY = 60_000
TTL_MS = 600_000
_BUSY_S = 0.2
Row = list[str]


def row(number: int, label: str, status: str = "active") -> Row:
    """A resident's card with an EM4100 number."""
    return [f"em4100:{number:010X}", label, "resident", status, *[""] * 8, "both"]


def in_order(rows: Iterable[Row]) -> list[Row]:
    """As they travel."""

    def place(one: Row) -> tuple[int, str]:
        number = int(one[0].split(":")[1], 16)
        return (number & 0xFFFFFF) << 8 | number >> 24 & 0xFF, one[0]

    return sorted(rows, key=place)


def digest(rows: Iterable[Row]) -> str:
    """Of all rows in order, hexadecimal."""
    made = hashlib.sha256()
    for one in rows:
        for text in one:
            raw = text.encode()
            made.update(struct.pack(">I", len(raw)) + raw)
    return made.hexdigest()


class RosterSender:
    """Sends ``rows`` (in order) to a gate.

    ``sent`` are the bodies of chunks by id, ``next`` is how many rows have come.
    """

    def __init__(self, centre: Commander, rows: Sequence[Row]) -> None:
        self._centre = centre
        self.rows = rows
        self.generation = 0
        self.next = 0
        self.sent: dict[str, dict[str, Any]] = {}

    def begin(self) -> int:
        """Gives the generation."""
        told = self._centre.ask("roster.begin", ttl_ms=TTL_MS)
        assert told["status"] == "done", told
        self.generation, self.next = told["result"]["generation"], told["result"]["next"]
        return self.generation

    def send(self, until: int | None = None) -> None:
        """Send what has not come yet, up to this row; all of it has come when this returns."""
        last = len(self.rows) if until is None else until
        while self.next < last:
            waiting: deque[str] = deque()
            first, good = self.next, True
            while good and (first < last or waiting):
                while first < last and len(waiting) < WINDOW:
                    body = self._chunk(first, last)
                    first += len(body["args"]["rows"])
                    waiting.append(body["cmd_id"])
                    self.sent[body["cmd_id"]] = body
                    self._centre.send("roster.chunk", body)
                good = self._came(waiting.popleft())
            for left in waiting:
                # Turned away, and those behind it did not follow: all of them go once more.
                self._came(left)
            if not good:
                time.sleep(_BUSY_S)

    def commit(self, cmd_id: str) -> Answer:
        """Let it rule."""
        seen = len(self._centre.answers)
        self._centre.send("roster.commit", self.end(cmd_id))
        return self._centre.final(cmd_id, seen)

    def end(self, cmd_id: str) -> dict[str, Any]:
        """The body of the last command."""
        args = {
            "generation": self.generation,
            "count": len(self.rows),
            "digest": digest(self.rows),
        }
        return self._centre.body(cmd_id=cmd_id, args=args, ttl_ms=TTL_MS)

    def _chunk(self, first: int, last: int) -> dict[str, Any]:
        size, end = 0, first
        while end < last and size < BODY:
            size += len(json.dumps(self.rows[end]))
            end += 1
        args = {"generation": self.generation, "first": first, "rows": self.rows[first:end]}
        return self._centre.body(args=args, ttl_ms=TTL_MS)

    def _came(self, cmd_id: str) -> bool:
        """Wait for the end of a chunk: is it there?"""
        told = self._centre.final(cmd_id)
        if told["status"] == "done":
            self.next = max(self.next, told["result"]["next"])
            return True
        assert told["code"] in {409, 429}, told
        return False
