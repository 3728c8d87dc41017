"""Cards for the scenarios, and the file in which they come."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class Card(NamedTuple):
    """A row of the roster file."""

    credential: str
    label: str
    kind: str = "resident"
    status: str = "active"
    valid_from: str = ""
    valid_until: str = ""
    holder: str = ""
    unit: str = ""
    department: str = ""
    plate: str = ""


def digits(number: int) -> str:
    """The number of a tag as its ten digits."""
    return f"{number:010X}"


def residents(count: int, first: int = 1) -> list[Card]:
    """Cards that are good everywhere; the tag of ``R-00001`` has the number 1."""
    numbers = range(first, first + count)
    return [Card(f"em4100:{digits(number)}", f"R-{number:05}") for number in numbers]


def write_roster(file: Path, cards: Iterable[Card]) -> Path:
    """The cards as a file that ``roster import`` takes."""
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(Card._fields)
        writer.writerows(cards)
    return file
