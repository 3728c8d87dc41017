"""search: the newest movements of somebody of whom only a part of the name or plate is known.

Method. Of a ledger with a long past (`agent.bench.grown`) two characters of the name, three of the
plate and the whole unit are asked for, of people picked at random, and each time the newest entries
come back with everything that the journal says of them.

The floor is what SQLite does for a question that needs no index of ours: the newest entries of one
whole name, from a plain index over names in a table of the same movements, with the same columns of
the same entries and their personal fields. Floor and search are asked in turn, so that both see the
same machine.
"""

import random
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from agent.bench.figures import Figures, percentile
from agent.bench.grown import Person, grown
from agent.bench.place import Place
from agent.store.index import SearchIndex
from agent.store.reading import Reading
from agent.store.words import Wanted

HITS = 50
_FLOOR = (
    "SELECT entries.sequence, time_us, quality, type, subject, actor, cause, data FROM plain "
    "JOIN entries ON entries.sequence = plain.sequence WHERE plain.name = ? "
    "ORDER BY plain.sequence DESC LIMIT ?"
)
_FLOOR_PERSONAL = "SELECT field, value FROM personal WHERE id BETWEEN ? AND ?"


def run(place: Place, number: int = 1_000_000, asked: int = 60) -> Figures:
    """Grow, fill, and ask ``asked`` questions of each kind."""
    past = grown(place, number)
    chance = random.Random(6)  # noqa: S311 - the same people in every run
    with Reading.open(past.ledger) as reading, SearchIndex.open(past.index) as index:
        found = _ask(place, past.ledger, reading, index, chance.sample(past.everybody, asked))
    return {**found, "fill_s": past.fill_s, "size_mb": past.index.stat().st_size / 1e6}


def _ask(
    place: Place, path: Path, reading: Reading, index: SearchIndex, who: Sequence[Person]
) -> dict[str, float]:
    took: dict[str, list[float]] = {"floor": [], "name": [], "plate": [], "unit": []}
    with closing(_plain(place.folder / "plain.db", path)) as conn:
        for person in who:
            took["floor"].append(_timed(partial(_bare, conn, person.name)))
            asks = {
                "name": Wanted(person=person.name[:2]),
                "plate": Wanted(plate=person.plate[2:5]),
                "unit": Wanted(unit=person.unit),
            }
            for kind, wanted in asks.items():
                took[kind].append(_timed(partial(index.find, reading, wanted, HITS)))
    figures = {f"{kind}_p50_us": percentile(times, 0.5) for kind, times in took.items()}
    figures |= {f"{kind}_p90_us": percentile(times, 0.9) for kind, times in took.items()}
    worst = max(figures[f"{kind}_p50_us"] for kind in ("name", "plate", "unit"))
    return figures | {"ratio": worst / figures["floor_p50_us"]}


def _plain(beside: Path, ledger: Path) -> sqlite3.Connection:
    """The floor's own table: every movement's name, indexed, in a file of its own."""
    conn = sqlite3.connect(beside, isolation_level=None)
    conn.execute("CREATE TABLE plain (name TEXT, sequence INTEGER)")
    conn.execute("ATTACH ? AS ledger", (str(ledger),))
    conn.execute("BEGIN")
    conn.execute(
        "INSERT INTO plain SELECT value, sequence FROM ledger.personal WHERE field = 'holder'"
    )
    conn.execute("COMMIT")
    conn.execute("CREATE INDEX plain_names ON plain (name, sequence)")
    return conn


def _bare(conn: sqlite3.Connection, name: str) -> int:
    rows = conn.execute(_FLOOR, (name, HITS)).fetchall()
    for row in rows:
        conn.execute(_FLOOR_PERSONAL, (row[0] << 5, row[0] << 5 | 31)).fetchall()
    return len(rows)


def _timed(ask: Callable[[], object]) -> float:
    began = time.perf_counter_ns()
    ask()
    return (time.perf_counter_ns() - began) / 1000
