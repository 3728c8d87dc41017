"""``gate-agent roster import`` of a file with telephone numbers: the directory follows, or nothing.

The daemon runs in the second half; in the first the ledger is written under its lock.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.errors import GateError
from agent.store.queries.desk import directory
from agent.store.reading import Reading
from tests.rigs.house import House

SWITCHED = "gate.roster.switched.v1"
HEADING = "credential,label,kind,holder,unit,phones\n"
WANG = "em4100:0000000001,R-1,resident,王小明,3-1,13800000001;8120\n"
LI = "em4100:0000000002,R-2,resident,李娜,3-1,13900000002\n"
ZHOU = "em4100:0000000003,R-3,vehicle,周静,5-2,13700000003\n"
NUMBERS = ("13800000001", "13900000002", "13700000003")


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path / "gate") as rig:
        yield rig


def bring(gate: House, *rows: str, heading: str = HEADING) -> tuple[int, str, str]:
    file = gate.folder / "roster.csv"
    file.write_text(heading + "".join(rows), "utf-8")
    done = gate.command("roster", "import", str(file))
    return done.returncode, done.stdout, done.stderr


def lines(gate: House) -> list[tuple[str, str, list[str], int]]:
    """Unit, name, numbers and place of every line, in the order of their units and places."""
    with Reading.open(gate.ledger) as reading:
        found = directory(reading)
    told = [(r["unit"], r["name"], json.loads(r["phones"]), r["place"]) for r in found]
    return sorted(told, key=lambda each: (each[0], each[3]))


ALL = [
    ("3-1", "王小明", ["13800000001", "8120"], 1),
    ("3-1", "李娜", ["13900000002"], 2),
    ("5-2", "周静", ["13700000003"], 1),
]


def counts(gate: House) -> list[dict[str, Any]]:
    """What the entries tell of the directory."""
    names = ("residents", "put", "dropped", "kept")
    told = [gate.data(entry) for entry in gate.entries(SWITCHED)]
    return [{name: each[name] for name in names if name in each} for each in told]


def test_the_directory_follows_the_roster_and_the_journal_tells_no_number(gate: House) -> None:
    code, out, said = bring(gate, WANG, LI, ZHOU)
    assert (code, said.strip()) == (0, "")
    assert out == (
        "was 0 cards, now 3\n"
        "directory: 3 residents with numbers, 3 lines new or changed, 0 gone, "
        "0 by hand left as they are\n"
    )
    assert lines(gate) == ALL
    head = gate.head()
    assert "0 lines new or changed, 0 gone" in bring(gate, WANG, LI, ZHOU)[1]
    assert lines(gate) == ALL
    assert [entry.type for entry in gate.entries(after=head)] == [SWITCHED]
    assert "1 line new or changed, 1 gone" in bring(gate, WANG.replace("8120", "8121"), LI)[1]
    assert lines(gate)[0][2] == ["13800000001", "8121"]
    # A file without the column is no word about the directory.
    bare = WANG.replace(",13800000001;8120", "")
    code, out, _ = bring(gate, bare, heading=HEADING.replace(",phones", ""))
    assert (code, out) == (0, "was 2 cards, now 1\n")
    assert len(lines(gate)) == 2
    assert counts(gate) == [
        {"residents": 3, "put": 3, "dropped": 0, "kept": 0},
        {"residents": 3, "put": 0, "dropped": 0, "kept": 0},
        {"residents": 2, "put": 1, "dropped": 1, "kept": 0},
        {},
    ]
    told = b"".join(entry.data for entry in gate.entries()).decode()
    assert not [number for number in NUMBERS if number in told]
    assert "王小明" not in told
    with Reading.open(gate.ledger) as reading:
        kept = [row["value"] for row in reading.rows("SELECT value FROM personal")]
    assert not [number for number in NUMBERS if number in "".join(kept)]
    assert len(set(kept)) == 2
    assert gate.verified().ok


def test_one_fault_and_neither_cards_nor_directory_change(gate: House) -> None:
    assert bring(gate, WANG, LI)[0] == 0
    head = gate.head()
    code, out, said = bring(gate, LI, ZHOU, WANG.replace("8120", "call me"))
    assert (code, out) == (1, "")
    assert "line 4, column phones: '13800000001;call me': call me is no telephone number" in said
    assert lines(gate) == ALL[:2]
    assert gate.head() == head


def test_with_a_daemon_what_was_written_by_hand_stays(gate: House) -> None:
    gate.start()
    form = {"entry": "d-1", "kind": "resident", "name": "王小明", "unit": "3-1", "phones": ["99"]}
    told = gate.ask("order", order_id="o-1", kind="directory.put", args={}, form=form)
    assert told["status"] == "done", told
    code, out, _ = bring(gate, WANG, LI)
    assert code == 0
    assert "2 residents with numbers, 1 line new or changed, 0 gone, 1 by hand left" in out
    assert lines(gate) == [("3-1", "王小明", ["99"], 0), ("3-1", "李娜", ["13900000002"], 1)]
    # Whoever speaks to the socket himself: nothing of it is taken, the cards are not either.
    head = gate.head()
    generation = gate.ask("roster.begin")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    bad: list[tuple[object, str]] = [
        ("3-1", "line 1: write [unit, name, number, …]"),
        ([["3-1", "李娜", "8120"], ["3-1", "李娜", "8121"]], "line 2: each resident"),
        ([["3-1", "李娜", "call me"]], "line 1, phones: call me is no telephone number"),
        ([["3-1", "李娜", "8120"]] * 10_001, "10000 residents with numbers at most"),
    ]
    for given, says in bad:
        with pytest.raises(GateError) as fault:
            gate.ask("roster.switch", generation=generation, count=0, digest=empty, residents=given)
        assert says in str(fault.value)
    # The digest is wrong: the lines would have been good, and do not go alone.
    with pytest.raises(GateError):
        gate.ask("roster.switch", generation=generation, count=0, digest="00" * 32, residents=[])
    assert (gate.head(), len(lines(gate))) == (head, 2)
