"""What a request for a replay asks for: read, and held against what the journal has.

Rules kept here:
- what is malformed is 422, another stream 409, what retention has removed 410;
- an answer never reaches beyond the journal as it was when it was asked for, so it has an end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from agent.ports import Head

LIMIT = 500
TYPES = 64
_HIGHEST = 2**63 - 1
_FIELDS = frozenset({"streamid", "from", "to", "limit", "types"})


class WantedError(Exception):
    """A request that is rejected: ``code`` and ``result`` of the reply, the text is its detail."""

    def __init__(self, code: int, detail: str, result: Mapping[str, object] | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.result = result or {}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Entries ``first`` to ``last``, ``limit`` events at most, of these types (None: of all).

    ``last`` below ``first`` asks for nothing.
    """

    first: int
    last: int
    limit: int
    types: frozenset[str] | None


def wanted(args: Mapping[str, object], head: Head) -> Wanted:
    """Read ``{streamid, from, to|null, limit, types?}``; raises WantedError."""
    for name in args:
        if name not in _FIELDS:
            _malformed(name, "is not known here")
    stream = args.get("streamid")
    if not isinstance(stream, str) or not stream:
        _malformed("streamid", "has to be the id of a stream, as `status` tells it")
    first = _number(args, "from", 1, _HIGHEST)
    last = head.sequence
    if args.get("to") is not None:
        last = _number(args, "to", first, _HIGHEST)
    limit = LIMIT if args.get("limit") is None else _number(args, "limit", 1, LIMIT)
    types = _types(args.get("types"))
    if stream != head.stream:
        raise WantedError(
            409,
            f"this journal's stream is {head.stream}, not the one that was asked for",
            {"streamid": head.stream},
        )
    if first < head.first:
        raise WantedError(
            410,
            f"entries below {head.first} were removed by retention: ask from `firstseq` on",
            {"firstseq": head.first},
        )
    return Wanted(first, min(last, head.sequence), limit, types)


def _number(args: Mapping[str, object], name: str, least: int, most: int) -> int:
    value = args.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        _malformed(name, f"has to be a whole number from {least} to {most}")
    return value


def _types(value: object) -> frozenset[str] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not 1 <= len(value) <= TYPES:
        _malformed("types", f"has to be a list of 1 to {TYPES} types; left out it means all")
    if not all(isinstance(each, str) and 1 <= len(each) <= 256 for each in value):
        _malformed("types", "holds what is no type: write them as gate.access.granted.v1")
    return frozenset(value)


def _malformed(name: str, what: str) -> NoReturn:
    raise WantedError(422, f"args.{name[:64]} {what}", {"field": f"args.{name[:64]}"})
