"""A sealed export: what was found, where it comes from, and a hash over all of it.

Rules kept here:
- the last line holds the SHA-256 of every byte before it; a file that was cut or changed shows it;
- with it stand the journal's head (number and hash, as the centre knows them from ``status``), what
  was looked for, the gate, and who made it;
- identity numbers are not in it, not even masked or hashed;
- a file is made whole before it is sent, so that nobody takes half of one for all.
"""

import csv
import hashlib
import io
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any

from starlette.responses import Response, StreamingResponse

from agent.console.pages import papers
from agent.store.queries.table import Row

COLUMNS = (
    "sequence", "time", "quality", "type", "lane", "card", "kind", "name", "unit", "plate",
    "company", "host", "driver", "companions", "reason", "outcome", "guard", "personal",
)  # fmt: skip
_HIDDEN = frozenset({"idmask", "idhash", "credential"})
_MEMORY = 1 << 20
_CHUNK = 1 << 16


def fields(row: Row, when: str) -> dict[str, object]:
    """A row of the journal as it is exported."""
    data: Mapping[str, Any] = row["data"]
    personal = {name: text for name, text in row["personal"].items() if name not in _HIDDEN}
    named = ("visitor", "holder", "owner", "signatory")
    return {
        "sequence": row["sequence"],
        "time": when,
        "quality": row["quality"],
        "type": str(row["type"]),
        "lane": str(data.get("lane", "")),
        "card": str(data.get("card", "")),
        "kind": str(data.get("kind", "")),
        "name": next((personal[name] for name in named if personal.get(name)), ""),
        "unit": personal.get("unit") or personal.get("department", ""),
        "plate": personal.get("plate", ""),
        "company": personal.get("company", ""),
        "host": personal.get("host", ""),
        "driver": personal.get("driver", ""),
        "companions": personal.get("companions", ""),
        "reason": str(data.get("reason") or data.get("duty") or ""),
        "outcome": str(data.get("outcome", "")),
        "guard": row["by"],
        "personal": "erased" if row["erased"] else "",
    }


class Sealing:
    """Takes lines, keeps them, and knows their hash."""

    def __init__(self) -> None:
        self._kept: IO[bytes] = tempfile.SpooledTemporaryFile(_MEMORY)  # noqa: SIM115 - see `sent`
        self._hash = hashlib.sha256()
        self.lines = 0

    def add(self, line: bytes) -> None:
        """Keep a line, its end included."""
        self._hash.update(line)
        self._kept.write(line)
        self.lines += 1

    def digest(self) -> str:
        """SHA-256 of everything so far."""
        return self._hash.hexdigest()

    def sent(self) -> Iterator[bytes]:
        """All of it from the beginning; what was kept is let go of at the end."""
        with self._kept as kept:
            kept.seek(0)
            while chunk := kept.read(_CHUNK):
                yield chunk


def json_lines(rows: Iterable[Mapping[str, object]], origin: Mapping[str, object]) -> Sealing:
    """JSON Lines: where it comes from, the rows, the seal."""
    made = Sealing()
    made.add(_json({"record": "export", **origin}))
    for row in rows:
        made.add(_json({"record": "entry", **row}))
    made.add(_json({"record": "seal", "lines": made.lines, "sha256": made.digest()}))
    return made


def comma_separated(rows: Iterable[Mapping[str, object]], origin: Mapping[str, object]) -> Sealing:
    """CSV: the rows under their names; then, in lines that begin with #, origin and seal."""
    made = Sealing()
    made.add("\ufeff".encode() + _csv(COLUMNS))
    for row in rows:
        made.add(_csv([papers.safe(row[name]) for name in COLUMNS]))
    for name, text in origin.items():
        told = text if isinstance(text, str | int) else json.dumps(text, ensure_ascii=False)
        made.add(_csv((f"# {name}", told)))
    made.add(_csv(("# sha256", made.digest())))
    return made


def answer(name: str, media: str, made: Sealing) -> Response:
    """The file as it is downloaded."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(made.sent(), media_type=media, headers=headers)


def _json(record: Mapping[str, object]) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _csv(cells: Sequence[object]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode()
