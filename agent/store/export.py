"""Exports: rows as CSV or JSON Lines, and the seal that says what they were when they were made.

Rules kept here:
- the bytes are counted and hashed as they are made, so that a file and a download have one seal;
- the seal names the head of the journal at that time, which the centre was told, and the SHA-256
  of the file: whoever has both can prove that neither was changed since;
- a cell of a CSV that a spreadsheet would take for a formula begins with an apostrophe.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.errors import StoreError
from agent.store.reading import Reading

ENTRY_COLUMNS = (
    "sequence", "stream", "boot", "uptime_ms", "time_us", "recorded_us", "quality", "type",
    "subject", "actor", "cause", "data", "personal",
)  # fmt: skip
"""An entry as the journal has it."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_END = ".seal.json"
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Seal:
    """What an export is. ``head`` is ``SEQ:HASH`` of the journal, ``made`` RFC 3339."""

    file: str
    sha256: str
    bytes: int
    rows: int
    estate: str
    gate: str
    stream: str
    head: str
    made: str
    by: str
    about: str

    def text(self) -> str:
        """The seal as it is written beside the file."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n"


class Export:
    """One export; iterate over it once, then ask for its `seal`.

    ``form`` is ``csv`` or ``jsonl``. Raises StoreError for any other.
    """

    def __init__(
        self, rows: Iterable[Mapping[str, Any]], columns: Sequence[str], form: str
    ) -> None:
        if form not in ("csv", "jsonl"):
            raise StoreError(f"{form!r} is no form of an export: csv or jsonl")
        self._rows = rows
        self._columns = columns
        self._form = form
        self._hash = hashlib.sha256()
        self._bytes = 0
        self._count = 0

    def __iter__(self) -> Iterator[bytes]:
        if self._form == "csv":
            # Without a byte order mark spreadsheets take Chinese for something else.
            yield self._made("\ufeff" + _line(self._columns))
        for row in self._rows:
            self._count += 1
            if self._form == "csv":
                yield self._made(_line([_cell(row.get(name, "")) for name in self._columns]))
            else:
                told = {name: row.get(name) for name in self._columns}
                yield self._made(json.dumps(told, ensure_ascii=False) + "\n")

    def _made(self, text: str) -> bytes:
        line = text.encode("utf-8", "replace")
        self._hash.update(line)
        self._bytes += len(line)
        return line

    def seal(self, reading: Reading, file: str, by: str = "", about: str = "") -> Seal:
        """The seal of what was given out so far, with the head of the journal now."""
        (gate,) = reading.rows("SELECT estate, agent FROM gate")
        (stream,) = reading.rows("SELECT stream FROM streams WHERE id = (SELECT stream FROM state)")
        sequence, digest = reading.head()
        return Seal(
            file,
            self._hash.hexdigest(),
            self._bytes,
            self._count,
            gate["estate"],
            gate["agent"],
            stream["stream"],
            f"{sequence}:{digest.hex()}",
            datetime.now(UTC).isoformat(timespec="seconds"),
            by,
            about,
        )


def write(
    reading: Reading,
    file: Path,
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[str],
    by: str = "",
    about: str = "",
) -> Seal:
    """Write ``file`` (by its ending ``.csv`` or ``.jsonl``) and its seal beside it."""
    if file.suffix not in (".csv", ".jsonl"):
        raise StoreError(f"{file}: name it .csv or .jsonl, so that it is clear what it is to be")
    export = Export(rows, columns, file.suffix[1:])
    try:
        with file.open("wb") as out:
            for line in export:
                out.write(line)
        seal = export.seal(reading, file.name, by, about)
        seal_of(file).write_text(seal.text(), "utf-8")
    except OSError as fault:
        raise StoreError(f"{file} cannot be written: {fault.strerror}") from fault
    return seal


def seal_of(file: Path) -> Path:
    """Where the seal of a file lies."""
    return file.with_name(file.name + _END)


def check(file: Path) -> Seal:
    """The seal of a file that is what its seal says; raises StoreError when it is not."""
    beside = seal_of(file)
    try:
        seal = Seal(**json.loads(beside.read_text("utf-8")))
        digest, size = hashlib.sha256(), 0
        with file.open("rb") as told:
            while block := told.read(_BLOCK):
                digest.update(block)
                size += len(block)
    except OSError as fault:
        raise StoreError(f"{fault.filename} cannot be read: {fault.strerror}") from fault
    except (ValueError, TypeError) as fault:
        raise StoreError(f"{beside} is not a seal: {fault}") from fault
    if size != seal.bytes or digest.hexdigest() != seal.sha256:
        raise StoreError(
            f"{file} is not what was sealed: it has {size} bytes and SHA-256 {digest.hexdigest()}, "
            f"sealed were {seal.bytes} bytes and {seal.sha256}"
        )
    return seal


def _line(cells: Sequence[object]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
