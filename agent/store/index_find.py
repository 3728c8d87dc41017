"""How the search index finds: from pieces to bundles, from bundles to the newest entries.

Rules kept here:
- at most as many bundles are looked into as hits are wanted: the newest hits lie in the bundles
  whose newest hit is newest;
- values are bound, never written into a statement.
"""

import heapq
import sqlite3
from collections.abc import Sequence

from agent.store.words import Piece, Pieces

_PAIR = "SELECT bundle FROM pieces WHERE kind = ? AND piece = ?"
_BEGINS = "SELECT bundle FROM pieces WHERE kind = ? AND piece >= ? AND piece < ?"
_NEWEST = (
    "SELECT bundle, (SELECT max(sequence) FROM hits WHERE hits.bundle = found.bundle "
    "AND sequence >= ? AND sequence < ?) AS newest FROM found WHERE newest IS NOT NULL "
    "ORDER BY newest DESC LIMIT ?"
)
_HITS = (
    "SELECT sequence FROM hits WHERE bundle = ? AND sequence >= ? AND sequence < ? "
    "ORDER BY sequence DESC LIMIT ?"
)
_HIGHEST = "\U0010ffff"


def newest_first(
    conn: sqlite3.Connection, conditions: Sequence[Pieces], low: int, high: int, limit: int
) -> list[int]:
    """The newest ``limit`` sequences from ``low`` on and below ``high`` that may meet all of it."""
    values: list[object] = []
    every = [_any_of(pieces, values) for pieces in conditions]
    sql = " ".join(["WITH found (bundle) AS (", " INTERSECT ".join(every), ")", _NEWEST])
    bundles = conn.execute(sql, (*values, low, high, limit)).fetchall()
    found: list[int] = []
    for bundle, newest in bundles:
        if len(found) == limit and newest < found[0]:
            break
        for (sequence,) in conn.execute(_HITS, (bundle, low, high, limit)):
            if len(found) < limit:
                heapq.heappush(found, sequence)
            elif sequence > found[0]:
                heapq.heapreplace(found, sequence)
            else:
                break
    return sorted(found, reverse=True)


def _any_of(pieces: Pieces, values: list[object]) -> str:
    either = [_from(" INTERSECT ".join(_each(each, values))) for each in pieces]
    return _from(" UNION ".join(either))


def _from(query: str) -> str:
    words = ["SELECT bundle FROM (", query, ")"]
    return " ".join(words)


def _each(pieces: Sequence[Piece], values: list[object]) -> list[str]:
    found = []
    for kind, piece in pieces:
        if len(pieces) == 1 and len(piece) == 1:
            values += [kind, piece, piece + _HIGHEST]
            found.append(_BEGINS)
        else:
            values += [kind, piece]
            found.append(_PAIR)
    return found
