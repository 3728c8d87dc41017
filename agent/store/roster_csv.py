"""A roster as a CSV file.

Rules kept here:
- all faults of a file are found in one reading, each with its line, and a file with a fault is not
  imported at all;
- a label names one card only, and a credential is as long as its scheme's readers report it;
- the first line names the columns, in any order; ``credential``, ``label``, ``kind`` are needed,
  what is left out is empty, a missing ``direction`` is ``both``, a missing ``status`` ``active``,
  but for cards of the drawer: these lie in stock, and are counted (`RosterFile.laid`);
- the column ``phones`` is optional and no part of a card: telephone numbers of the holder, in the
  order in which they are called, parted by ``;``; of several cards of one holder one is enough;
- ``valid_from`` and ``valid_until`` are local dates or date-times of the gate; a date alone counts
  from its first to its last minute; ``lanes`` are parted by spaces;
- what is written by `write` can be read again and gives the same digest.
"""

import codecs
import csv
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import TextIO, cast

from agent.core import windows
from agent.core.model import CardKind, CardStatus, Credential, Direction
from agent.core.residents import Resident
from agent.errors import StoreError
from agent.store.roster_phones import PHONES, Holders
from agent.store.rows import COLUMNS, RosterDigest, Row, order_of

NEEDED = ("credential", "label", "kind")
_KNOWN = (*COLUMNS, PHONES)
_GLUE = "\x1f"
_TEXT = 120
_DIGITS: dict[str, tuple[int, ...]] = {
    "em4100": (10,),
    "w26": (6,),
    "w32": (8,),
    "w34": (8,),
    "w36": (9,),
    "w37": (9,),
    "uid": (8, 14, 16, 20),
}
"""Hexadecimal digits of a number, by scheme; a scheme that is not here may have any."""


@dataclass(frozen=True, slots=True)
class RowFault:
    """One thing that is wrong with a file. ``line`` counts from 1; 0 means the whole file."""

    line: int
    column: str
    text: str
    problem: str

    def __str__(self) -> str:
        where = f"line {self.line}" if self.line else "the file"
        what = f", column {self.column}" if self.column else ""
        shown = f": {self.text!r}" if self.text else ""
        return f"{where}{what}{shown}: {self.problem}"


@dataclass(slots=True)
class RosterFile:
    """A file that was read: its rows sorted as they travel, or its faults.

    ``residents`` have telephone numbers, in the order of the file; None: it has no such column.
    ``laid`` rows are of the drawer and say no status; ``loose`` visitors' cards say active.
    """

    faults: list[RowFault] = field(default_factory=list)
    glued: list[str] = field(default_factory=list)
    residents: list[Resident] | None = None
    laid: int = 0
    loose: int = 0

    def rows(self) -> Iterable[Row]:
        """Every row, in the order in which it travels."""
        for line in self.glued:
            yield cast("Row", tuple(line.split(_GLUE)))

    def total(self) -> RosterDigest:
        """Count and digest of all rows."""
        total = RosterDigest()
        for row in self.rows():
            total.add(row)
        return total


def read(
    path: Path,
    lanes: Collection[str] = (),
    encoding: str = "utf-8-sig",
    progress: Callable[[int], None] = lambda _: None,
) -> RosterFile:
    """Read a file and check every row.

    ``lanes`` are the lanes that exist (none given: not checked). ``progress`` hears the lines read.
    Raises StoreError when the file cannot be opened at all, or the encoding is not known.
    """
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise StoreError(f"no encoding is called {encoding!r}: such as gb18030 or utf-8") from None
    found = RosterFile()
    try:
        with path.open(encoding=encoding, newline="") as file:
            _read_rows(file, _Checker(frozenset(lanes), found.faults), found, progress)
    except OSError as fault:
        raise StoreError(f"{path} cannot be read: {fault.strerror}") from fault
    except UnicodeError:  # the decoder of UTF-16 has no narrower one for a missing mark
        name = "UTF-8" if encoding.lower().startswith("utf-8") else encoding
        problem = (
            f"not {name} text: save the file as 'CSV UTF-8', or name its encoding with --encoding "
            "(Chinese Excel writes gb18030)"
        )
        found.faults.append(RowFault(_undecodable(path, encoding), "", "", problem))
    if not found.faults:
        found.glued.sort(key=_place)
    return found


def write(file: TextIO, rows: Iterable[Sequence[str]]) -> int:
    """Write rows with a heading; gives their number."""
    out = csv.writer(file, lineterminator="\n")
    out.writerow(COLUMNS)
    count = 0
    for row in rows:
        out.writerow(row)
        count += 1
    return count


def _place(glued: str) -> tuple[int, str]:
    return order_of(glued.partition(_GLUE)[0])


def _read_rows(
    file: TextIO, check: "_Checker", found: RosterFile, progress: Callable[[int], None]
) -> None:
    lines = _lines(file, found.faults)
    _, heading = next(lines, (1, []))
    places = _places(heading, found.faults)
    if places is None:
        return
    first: dict[str, dict[str, int]] = {"credential": {}, "label": {}}
    holders = Holders(lambda *told: found.faults.append(RowFault(*told)))
    for line, values in lines:
        progress(line)
        if not any(values):
            continue
        if len(values) > len(heading):
            problem = (
                f"this row has {len(values)} cells, the heading has {len(heading)}: put a value "
                "that holds a comma into quotes"
            )
            found.faults.append(RowFault(line, "", "", problem))
            continue
        values.extend([""] * (len(heading) - len(values)))
        texts = {name: values[place].strip() for name, place in places.items()}
        row = check.row(line, texts)
        drawer = row[2] in _IN_STOCK
        found.laid += not texts.get("status") and row[3] == CardStatus.STOCK
        found.loose += drawer and row[3] == CardStatus.ACTIVE
        for (name, seen), text in zip(first.items(), row[:2], strict=True):
            if text and seen.setdefault(text, line) != line:
                problem = f"this {name} is in line {seen[text]} already: {_ONCE[name]}"
                found.faults.append(RowFault(line, name, text, problem))
        found.glued.append(_GLUE.join(row))
        holders.take(line, row, texts.get(PHONES, ""))
    if PHONES in places:
        found.residents = holders.found()


_IN_STOCK = frozenset({CardKind.VISITOR.value, CardKind.VISITOR_VEHICLE.value})
_ONCE = {"credential": "one card for each credential", "label": "every card needs its own"}


def _lines(file: TextIO, faults: list[RowFault]) -> Iterator[tuple[int, list[str]]]:
    """Every row with the line where it begins; ends at what cannot be told apart into cells."""
    rows = csv.reader(file, strict=True)
    while True:
        line = rows.line_num + 1
        try:
            values = next(rows)
        except StopIteration:
            return
        except csv.Error as fault:
            # Only a quote lets a row run over several lines, or to the end of the file.
            if rows.line_num > line or "end of data" in str(fault):
                problem = f"a quote opened in line {line} is never closed: close it or take it out"
                faults.append(RowFault(line, "", "", problem))
            else:
                faults.append(RowFault(line, "", "", f"this is not a CSV file: {fault}"))
            return
        yield line, values


def _undecodable(path: Path, encoding: str) -> int:
    """The first line that is not text in this encoding; 0 where lines cannot be told apart."""
    if codecs.lookup(encoding).name.startswith(("utf-16", "utf-32")):
        return 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError:
                return number
    return 0


def _places(heading: Sequence[str], faults: list[RowFault]) -> dict[str, int] | None:
    for mark, called in ((";", "';'"), ("\t", "tabs")):
        if len(heading) == 1 and mark in heading[0]:
            problem = f"the columns are separated by {called} here: save the file with commas"
            faults.append(RowFault(1, "", "", problem))
            return None
    names = [name.strip().lower() for name in heading]
    for name in names:
        if name not in _KNOWN:
            near = get_close_matches(name, _KNOWN, 1)
            hint = f"did you mean {near[0]}?" if near else f"columns are {', '.join(_KNOWN)}"
            faults.append(RowFault(1, "", name, f"no such column; {hint}"))
    faults.extend(
        RowFault(1, name, "", "this column is needed") for name in NEEDED if name not in names
    )
    if any(name not in names for name in NEEDED):
        return None
    return {name: names.index(name) for name in _KNOWN if name in names}


class RowCheck:
    """Checks rows that come as they travel: nothing of them is brought into that form first."""

    def __init__(self, lanes: Collection[str]) -> None:
        self._faults: list[RowFault] = []
        self._check = _Checker(frozenset(lanes), self._faults)

    def fault(self, number: int, row: Row) -> RowFault | None:
        """What is wrong with a row; ``number`` is its line in the fault. None: it may travel."""
        self._faults.clear()
        done = self._check.row(number, dict(zip(COLUMNS, row, strict=True)))
        if self._faults:
            return self._faults[0]
        for name, text, good in zip(COLUMNS, row, done, strict=True):
            if text != good or text != text.strip():
                instead = f"write {good.strip()!r}" if good.strip() else "leave it empty"
                says = f"what travels stands in one form only: {instead} in {name}"
                return RowFault(number, name, text, says)
        return None


class _Checker:
    """Checks texts and brings them into the form in which they travel; faults pile up."""

    def __init__(self, lanes: frozenset[str], faults: list[RowFault]) -> None:
        self._lanes = lanes
        self._faults = faults
        self._good: dict[tuple[str, str], str] = {}

    def row(self, line: int, texts: dict[str, str]) -> Row:
        """The row in its travelling form; whatever is wrong with it is among the faults."""
        if not texts.get("status"):
            texts = {**texts, "status": _status(texts)}
        done = [
            self._value(line, name, texts.get(name, ""), cached=name in _CACHED) for name in COLUMNS
        ]
        start, end = done[8], done[9]
        if start and end and end < start:
            self._faults.append(RowFault(line, "valid_until", end, f"ends before {start}"))
        return cast("Row", tuple(done))

    def _value(self, line: int, name: str, text: str, *, cached: bool) -> str:
        if cached and (name, text) in self._good:
            return self._good[name, text]
        try:
            good = self._checked(name, text)
        except ValueError as fault:
            self._faults.append(RowFault(line, name, text, str(fault)))
            return text
        if cached and len(self._good) < 10_000:
            self._good[name, text] = good
        return good

    def _checked(self, name: str, text: str) -> str:
        if name == "lanes":
            return self._lanes_checked(text)
        return _CHECKS.get(name, _plain)(text)

    def _lanes_checked(self, text: str) -> str:
        lanes = sorted(set(text.replace(",", " ").split()))
        for lane in lanes:
            if self._lanes and lane not in self._lanes:
                near = get_close_matches(lane, self._lanes, 1)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(self._lanes)}"
                raise ValueError(f"no lane {lane!r} here; {hint}")
        return " ".join(lanes)


def _status(texts: Mapping[str, str]) -> str:
    """What a card is where nothing says it; a contractor's that has a holder is a long-term one."""
    kind = texts.get("kind", "")
    has_holder = bool(texts.get("holder") or texts.get("plate"))
    if kind in _IN_STOCK or (kind == CardKind.CONTRACTOR and not has_holder):
        return CardStatus.STOCK
    return CardStatus.ACTIVE


def _credential(text: str) -> str:
    credential = Credential.parse(text)
    known = _DIGITS.get(credential.scheme, ())
    if known and len(credential.hex) not in known:
        *most, last = map(str, known)
        wanted = f"{', '.join(most)} or {last}" if most else last
        raise ValueError(
            f"a number of the scheme {credential.scheme} has {wanted} hexadecimal digits, this one "
            f"has {len(credential.hex)}"
        )
    return text


def _plain(text: str) -> str:
    if len(text) > _TEXT:
        raise ValueError(f"longer than {_TEXT} characters")
    if not text.isprintable():
        raise ValueError("holds a character that cannot be printed")
    return text


def _label(text: str) -> str:
    if not text:
        raise ValueError("every card needs a label, such as V-017")
    return _plain(text)


def _one_of(kinds: type[StrEnum], default: str) -> Callable[[str], str]:
    names = [str(kind) for kind in kinds]

    def check(text: str) -> str:
        text = text or default
        if text not in names:
            near = get_close_matches(text, names, 1, 0.75)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise ValueError(f"not known; write one of {', '.join(names)}{hint}")
        return text

    return check


def _moment(at: time) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not text:
            return ""
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError("not a date: write 2026-12-31 or 2026-12-31 18:00") from None
        if moment.tzinfo is not None:
            raise ValueError("local time of the gate is meant: leave the time zone out")
        if len(text) <= len("2026-12-31"):
            moment = datetime.combine(moment.date(), at)
        return moment.isoformat(timespec="minutes")

    return check


def _windows(text: str) -> str:
    windows.parse(text)
    return text


_CHECKS: dict[str, Callable[[str], str]] = {
    "credential": _credential,
    "label": _label,
    "kind": _one_of(CardKind, ""),
    "status": _one_of(CardStatus, CardStatus.ACTIVE),
    "direction": _one_of(Direction, Direction.BOTH),
    "valid_from": _moment(time(0, 0)),
    "valid_until": _moment(time(23, 59)),
    "windows": _windows,
}
_CACHED = frozenset(COLUMNS) - {"credential", "label", "holder", "plate"}
