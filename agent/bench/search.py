"""search: the newest movements of somebody of whom only a part of the name or plate is known.

Method. The journal is grown by the real ledger: one granted entry a movement, of people whose names
are drawn from common surnames and given names, each with a unit and a plate. The index is filled
from it in slices as the console does it. Then, for people picked at random, two characters of the
name, three of the plate and the whole unit are asked for, and each time the newest entries come
back with everything that the journal says of them.

The floor is what SQLite does for a question that needs no index of ours: the newest entries of one
whole name, from a plain index over names in a table of the same movements, with the same columns of
the same entries and their personal fields. Floor and search are asked in turn, so that both see the
same machine.
"""

import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agent.app import open_ledger
from agent.bench import site
from agent.bench.figures import Figures, percentile
from agent.bench.place import Place
from agent.core.entries import Entry, EntryType
from agent.core.model import Moment
from agent.store.index import SearchIndex
from agent.store.ledger import Ledger
from agent.store.reading import Reading
from agent.store.words import Wanted

HITS = 50
_PEOPLE = 8000
_AT_ONCE = 4000
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余"
_GIVEN = (
    "伟芳娜秀敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华玉萍红建国梅鑫宇浩然子轩雨欣怡佳琪"
    "俊熙梓涵思远嘉诚晓东文博海燕春生志远立新小龙家豪雪松云飞天佑"
)
_PROVINCES = "粤京沪苏浙"
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_FLOOR = (
    "SELECT entries.sequence, time_us, quality, type, subject, actor, cause, data FROM plain "
    "JOIN entries ON entries.sequence = plain.sequence WHERE plain.name = ? "
    "ORDER BY plain.sequence DESC LIMIT ?"
)
_FLOOR_PERSONAL = "SELECT field, value FROM personal WHERE id BETWEEN ? AND ?"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who comes and goes."""

    label: str
    credential: str
    name: str
    unit: str
    plate: str


def people(chance: random.Random, number: int = _PEOPLE) -> list[Person]:
    """That many people, some of them of the same name."""
    made = []
    for n in range(number):
        given = "".join(chance.sample(_GIVEN, chance.choice((1, 2, 2, 2))))
        plate = chance.choice(_PROVINCES) + chance.choice(_LETTERS)
        plate += "".join(chance.choice(_LETTERS + "0123456789" * 3) for _ in range(5))
        unit = f"{chance.randrange(1, 41)}-{chance.randrange(1, 31)}{chance.randrange(1, 5):02}"
        made.append(
            Person(f"V-{n}", f"em4100:{n:010X}", chance.choice(_SURNAMES) + given, unit, plate)
        )
    return made


def movements(
    everybody: Sequence[Person], number: int, chance: random.Random, at: Moment
) -> Iterator[Entry]:
    """That many movements of people picked at random."""
    for n in range(number):
        who = chance.choice(everybody)
        data = {"lane": "in-1", "card": who.label, "kind": "vehicle", "passage": f"bench-{n}-1"}
        personal = {
            "credential": who.credential,
            "holder": who.name,
            "unit": who.unit,
            "plate": who.plate,
        }
        yield Entry(EntryType.ACCESS_GRANTED, "lane/in-1", at, data, personal)


def grow(ledger: Ledger, everybody: Sequence[Person], number: int, chance: random.Random) -> None:
    """Append that many movements, and the ends of their passages."""
    left = number
    while left > 0:
        now = site.now()
        batch = list(movements(everybody, min(_AT_ONCE, left), chance, now))
        ended = [
            Entry(
                EntryType.PASSAGE_ENDED, "l", now, {"lane": "in-1", "passage": it.data["passage"]}
            )
            for it in batch
        ]
        ledger.append([*batch, *ended], now)
        ledger.housekeeping()
        left -= len(batch)


def run(place: Place, number: int = 1_000_000, asked: int = 60) -> Figures:
    """Grow, fill, and ask ``asked`` questions of each kind."""
    chance = random.Random(5)  # noqa: S311 - the same people in every run
    everybody = people(chance)
    with site.a_gate(place.sub("gate"), site.page(1, sensors=False)) as gate:
        with open_ledger(gate.settings) as ledger:
            grow(ledger, everybody, number, chance)
        path, beside = gate.settings.paths.ledger, place.folder / "search.db"
        with Reading.open(path) as reading, SearchIndex.open(beside) as index:
            began = time.monotonic()
            while index.fill(reading):
                pass
            fill_s = time.monotonic() - began
            found = _ask(place, path, reading, index, chance.sample(everybody, asked))
        size = beside.stat().st_size
    return {**found, "fill_s": fill_s, "size_mb": size / 1e6}


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
