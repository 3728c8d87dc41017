"""A ledger with a long past, and the search index beside it: made once, for all that ask for it.

Method. The journal is grown by the real ledger: one granted entry a movement, of people whose names
are drawn from common surnames and given names, each with a unit and a plate. The index is filled
from it in slices as the console does it.
"""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from agent.app import open_ledger
from agent.bench import site
from agent.bench.place import Place
from agent.core.entries import Entry, EntryType
from agent.core.model import Moment
from agent.store.index import SearchIndex
from agent.store.ledger import Ledger
from agent.store.reading import Reading

_PEOPLE = 8000
_AT_ONCE = 4000
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余"
_GIVEN = (
    "伟芳娜秀敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华玉萍红建国梅鑫宇浩然子轩雨欣怡佳琪"
    "俊熙梓涵思远嘉诚晓东文博海燕春生志远立新小龙家豪雪松云飞天佑"
)
_PROVINCES = "粤京沪苏浙"
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


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
        told = {"lane": "in-1", "outcome": "passed", "vehicles": 1}
        ended = [
            Entry(
                EntryType.PASSAGE_ENDED,
                "lane/in-1",
                now,
                {**told, "passage": it.data["passage"]},
            )
            for it in batch
        ]
        ledger.append([*batch, *ended], now)
        ledger.housekeeping()
        left -= len(batch)


@dataclass(frozen=True, slots=True)
class Grown:
    """Who came and went, the ledger and its index; ``fill_s`` is what filling the index took.

    A gate may be stood at ``place``: its ledger is this one.
    """

    place: Place
    everybody: Sequence[Person]
    ledger: Path
    index: Path
    fill_s: float


def grown(place: Place, number: int) -> Grown:
    """A past of that many movements; within one run of the bench there is one of each length."""
    return _made(place.whole, number)


@cache
def _made(whole: Place, number: int) -> Grown:
    place = whole.sub(f"movements-{number}")
    chance = random.Random(5)  # noqa: S311 - the same people in every run
    everybody = people(chance, max(100, min(_PEOPLE, number // 10)))
    with site.a_gate(place, site.page(1, sensors=False)) as gate:
        with open_ledger(gate.settings) as ledger:
            grow(ledger, everybody, number, chance)
        path = gate.settings.paths.ledger
    beside = place.folder / "search.db"
    with Reading.open(path) as reading, SearchIndex.open(beside) as index:
        began = time.monotonic()
        while index.fill(reading):
            pass
        fill_s = time.monotonic() - began
    return Grown(place, everybody, path, beside, fill_s)
