"""Exports and their seals, archives: what can go wrong is said."""

import csv
import io
import json
from pathlib import Path

import pytest

from agent.errors import StoreError
from agent.store import archive
from agent.store.export import ENTRY_COLUMNS, Export, check, seal_of, write
from agent.store.reading import Reading
from tests.store.build import fill

ROWS: list[dict[str, object]] = [
    {"name": "=1+1", "more": {"a": "王"}},
    {"name": "plain", "more": ["x"]},
    {"name": -5},
]


def test_a_cell_is_no_formula() -> None:
    raw = b"".join(Export(ROWS, ("name", "more"), "csv"))
    assert raw.startswith(b"\xef\xbb\xbf")
    told = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert told == [
        ["name", "more"],
        ["'=1+1", '{"a": "王"}'],
        ["plain", '["x"]'],
        ["-5", ""],
    ]


def test_json_lines_have_every_column() -> None:
    lines = b"".join(Export(ROWS, ("name", "more"), "jsonl")).decode().splitlines()
    assert [json.loads(line) for line in lines][2] == {"name": -5, "more": None}


def test_another_form_is_refused() -> None:
    with pytest.raises(StoreError, match="csv or jsonl"):
        Export((), (), "xlsx")


def test_what_cannot_be_written_or_read_is_said(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    fill(path, 3)
    with Reading.open(path) as reading:
        for odd in ("none/all.csv", "all.txt"):
            with pytest.raises(StoreError, match=r"cannot be written|name it"):
                write(reading, tmp_path / odd, (), ENTRY_COLUMNS)
        with pytest.raises(StoreError, match="nothing was cut"):
            archive.write(reading, tmp_path / "none", 3)
        file = tmp_path / "all.jsonl"
        seal = write(reading, file, reading.export(), ENTRY_COLUMNS, "Li", "all")
        again = archive.write(reading, tmp_path, 3)
        # The same entries give the same bytes.
        assert archive.write(reading, tmp_path, 3) == again
    assert check(file) == seal
    assert (seal.rows, seal.bytes, seal.by, seal.about) == (6, file.stat().st_size, "Li", "all")
    seal_of(file).write_text("[]")
    with pytest.raises(StoreError, match="is not a seal"):
        check(file)
    seal_of(file).unlink()
    with pytest.raises(StoreError, match="cannot be read"):
        check(file)
