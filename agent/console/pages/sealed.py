"""A sealed export of movements, as it is downloaded: the file and its seal, in one archive.

Rules kept here:
- the seal (`agent.store.export`) holds the hash of the file and the journal's head: whoever has
  both, and what the centre was told, can prove that nothing was changed;
- identity numbers are not in it, not even masked or hashed, and neither are numbers of cards;
- it is made whole before it is sent, so that nobody takes half of one for all, and that it leaves
  the gate is in the journal before it does.
"""

import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from starlette.responses import Response, StreamingResponse

from agent.store import export
from agent.store.queries.table import Row
from agent.store.reading import Reading

COLUMNS = (
    "sequence", "time", "quality", "type", "lane", "card", "kind", "name", "unit", "plate",
    "company", "host", "driver", "companions", "reason", "outcome", "guard", "personal",
)  # fmt: skip
ABOUT = 200
_NAMED = ("visitor", "holder", "owner", "signatory")
_MEMORY = 1 << 20
_CHUNK = 1 << 16


def fields(row: Row, when: str) -> dict[str, object]:
    """A row of the journal as it is exported."""
    data: Mapping[str, Any] = row["data"]
    personal: Mapping[str, str] = row["personal"]
    return {
        "sequence": row["sequence"],
        "time": when,
        "quality": row["quality"],
        "type": str(row["type"]),
        "lane": str(data.get("lane", "")),
        "card": str(data.get("card", "")),
        "kind": str(data.get("kind", "")),
        "name": next((personal[name] for name in _NAMED if personal.get(name)), ""),
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


def archive(
    reading: Reading, name: str, rows: Iterable[Mapping[str, object]], by: str, about: str
) -> tuple[IO[bytes], export.Seal]:
    """A zip archive with the file ``name`` (``.csv`` or ``.jsonl``) and its seal, at its begin."""
    made: IO[bytes] = tempfile.SpooledTemporaryFile(_MEMORY)  # noqa: SIM115 - `sent` closes it
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        seal = export.write(reading, file, rows, COLUMNS, by, about)
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out:
            for each in (file, export.seal_of(file)):
                out.write(each, each.name)
    made.seek(0)
    return made, seal


def noted(seal: export.Seal) -> Mapping[str, object]:
    """The form of the order that writes down that this left the gate."""
    told = {"file": seal.file, "sha256": seal.sha256, "rows": seal.rows, "head": seal.head}
    return {**told, "about": seal.about[:ABOUT]}


def answer(name: str, made: IO[bytes]) -> Response:
    """The archive as it is downloaded."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.zip"'}
    return StreamingResponse(sent(made), media_type="application/zip", headers=headers)


def sent(made: IO[bytes]) -> Iterator[bytes]:
    """What was made, piece by piece; it is closed then."""
    with made:
        while chunk := made.read(_CHUNK):
            yield chunk
