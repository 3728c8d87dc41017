"""The archive of what is cut off: JSON Lines, compressed, as the chain has it.

Rules kept here:
- an entry is written with its columns, its data as text and its hash, so that the chain can be made
  anew from the file by any tool (see `agent.store.chain`);
- personal fields are not in it: only their commitments are, in the data;
- the file is on the disk before anything is cut, and its SHA-256 stands in the entry of the cut.
"""

import gzip
import hashlib
import json
import os
from pathlib import Path

from agent.errors import StoreError
from agent.store.reading import Reading

_BATCH = 2000
_BLOCK = 1 << 20
_HASHES = "SELECT sequence, hash FROM entries WHERE sequence > ? ORDER BY sequence LIMIT ?"


def write(reading: Reading, folder: Path, through: int) -> tuple[Path, str]:
    """Write all entries up to ``through``; gives the file and its SHA-256. Raises StoreError."""
    first = reading.ends()[0]
    (gate,) = reading.rows("SELECT agent FROM gate")
    file = folder / f"{gate['agent']}-{first:020d}-{through:020d}.jsonl.gz"
    fresh = file.with_name(file.name + ".new")
    try:
        # The last byte of the header, which names the system, and the time are left out: the same
        # entries give the same file.
        with fresh.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as out:
            _entries(reading, out, first - 1, through)
        with fresh.open("rb+") as done:
            os.fsync(done.fileno())
        fresh.rename(file)
        return file, _digest(file)
    except OSError as fault:
        raise StoreError(f"{file} cannot be written ({fault.strerror}): nothing was cut") from fault


def _entries(reading: Reading, out: gzip.GzipFile, last: int, through: int) -> None:
    while last < through:
        batch = [it for it in reading.after(last, _BATCH) if it.sequence <= through]
        hashes = {row["sequence"]: row["hash"] for row in reading.rows(_HASHES, (last, _BATCH))}
        for entry in batch:
            row = entry._asdict() | {
                "data": entry.data.decode(),
                "hash": hashes[entry.sequence].hex(),
            }
            out.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
        last = batch[-1].sequence


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as told:
        while block := told.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
