"""Cursors of consumers: kept, only growing, and the least of the named ones."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.store.consumers import Consumers, least
from agent.store.database import connect_writer
from agent.store.reading import Reading
from tests.store.build import NORTH, fill


@pytest.fixture
def path(tmp_path: Path) -> Path:
    fill(tmp_path / "gate.db", 5)
    return tmp_path / "gate.db"


@pytest.fixture
def reading(path: Path) -> Iterator[Reading]:
    with Reading.open(path) as made:
        yield made


def stream(reading: Reading) -> str:
    (row,) = reading.rows("SELECT stream FROM streams")
    return str(row["stream"])


def test_a_cursor_is_kept_and_only_grows(path: Path) -> None:
    conn = connect_writer(path, NORTH)
    consumers = Consumers(conn)
    assert consumers.known() == {}
    consumers.save({"a": ("s", 4), "b": ("s", 9)})
    consumers.save({"a": ("s", 3)})
    consumers.save({})
    assert consumers.known() == {"a": ("s", 4), "b": ("s", 9)}
    consumers.save({"a": ("s", 5), "b": ("t", 1)})
    conn.close()
    conn = connect_writer(path, NORTH)
    assert Consumers(conn).known() == {"a": ("s", 5), "b": ("t", 1)}
    conn.close()


def test_all_or_none_of_them(path: Path) -> None:
    conn = connect_writer(path, NORTH)
    consumers = Consumers(conn)
    with pytest.raises(Exception, match="cannot store TEXT"):
        consumers.save({"a": ("s", 4), "b": ("s", "many")})  # type: ignore[dict-item]
    assert consumers.known() == {}
    assert not conn.in_transaction
    conn.close()


def test_the_least_of_those_who_are_named(path: Path, reading: Reading) -> None:
    ours = stream(reading)
    conn = connect_writer(path, NORTH)
    Consumers(conn).save({"a": (ours, 4), "b": (ours, 9), "old": ("another", 8)})
    conn.close()
    assert least(reading, ()) is None
    assert least(reading, ("b",)) == (9, "b")
    assert least(reading, ("a", "b")) == (4, "a")
    assert least(reading, ("b", "old")) == (0, "old")
    assert least(reading, ("a", "never")) == (0, "never")
