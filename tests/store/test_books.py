"""The projected tables of a real ledger: asked, rebuilt, and as the rig in memory has them."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.entries import Entry, EntryType
from agent.core.facts import Mode, Presence
from agent.core.ids import ZoneId
from agent.core.model import ClockQuality
from agent.core.project import PROJECTIONS, project
from agent.errors import StoreError
from agent.store.ledger import Ledger
from agent.store.reading import Reading
from tests.rigs.tables import Tables
from tests.rigs.whole import whole
from tests.store.build import PERSON, US, at, open_ledger

CARDS = ["A", "B", "C"]
ZONES = ["outside", "inside", "garage"]


def passed(card: str, second: float = 1, cause: str = "", **more: object) -> Entry:
    data = {
        "lane": "in-1",
        "passage": f"p-{card}",
        "outcome": "passed",
        "from": "outside",
        "to": "inside",
        "vehicles": 1,
        "card": card,
        "kind": "vehicle",
    }
    return Entry(EntryType.PASSAGE_ENDED, "lane/in-1", at(second), {**data, **more}, cause=cause)


def forgiven(second: float = 2, quality: ClockQuality = ClockQuality.SYNCED, **who: str) -> Entry:
    return Entry(EntryType.PRESENCE_FORGIVEN, "zones", at(second, quality), who)


def test_where_a_card_is(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "gate.db") as ledger:
        assert ledger.presence("A") is None
        ledger.append([passed("A")], at(1))
        assert ledger.presence("A") == Presence("A", ZoneId("inside"), US + 1_000_000)
        ledger.append([passed("A", 2, outcome="unobserved", to="garage")], at(2))
        garage = ZoneId("garage")
        assert ledger.presence("A") == Presence("A", garage, US + 2_000_000, assumed=True)
        assert ledger.presence("B") is None


@pytest.mark.parametrize(
    ("who", "whom"), [({}, "AB"), ({"zone": "inside"}, "A"), ({"card": "B"}, "B")]
)
def test_an_amnesty_reaches_back_and_not_forward(
    tmp_path: Path, who: dict[str, Any], whom: str
) -> None:
    with open_ledger(tmp_path / "gate.db") as ledger:
        ledger.append([passed("A"), passed("B", to="garage"), forgiven(**who)], at(2))
        seen = {card: ledger.presence(card) for card in "AB"}
        assert {card for card, each in seen.items() if each and each.forgiven} == set(whom)
        ledger.append([passed("A", 3), passed("B", 3, to="garage")], at(3))
        assert not any(each and each.forgiven for each in map(ledger.presence, "AB"))


def test_when_zones_were_forgiven(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "gate.db") as ledger:
        ledger.append([forgiven(5, zone="inside"), forgiven(6), forgiven(6, card="A")], at(6))
        ledger.append([forgiven(7, ClockQuality.UNKNOWN, zone="garage")], at(7))
        assert ledger.amnesties() == {"inside": US + 5_000_000, "garage": 0}


def test_counts_may_be_below_nothing(tmp_path: Path) -> None:
    leaving: dict[str, Any] = {"from": "inside", "to": "outside"}
    with open_ledger(tmp_path / "gate.db") as ledger:
        ledger.append([passed("A", **leaving)] * 2, at(1))
        assert ledger.zone_counts() == {"inside": -2}
        counted = {"zone": "inside", "was": -2, "count": 10}
        entry = whole(Entry(EntryType.ZONE_COUNTED, "zone/inside", at(2), counted))
        ledger.append([entry], at(2))
        ledger.append([passed("A", vehicles=3)], at(3))
        assert ledger.zone_counts() == {"inside": 13}


def test_a_mode_names_the_entry_that_began_it(tmp_path: Path) -> None:
    raised = Entry(EntryType.EMERGENCY_RAISED, "gate", at(4), {"emergency": "fire", "by": "f"})
    with open_ledger(tmp_path / "gate.db") as ledger:
        ledger.append([passed("A")], at(1))
        head = ledger.append([raised], at(4))
        cause = f"/gate/v1/garden/north/{head.stream}/{head.sequence:020d}"
        assert ledger.modes() == (Mode("fire", US + 4_000_000, 0, cause),)
    with open_ledger(tmp_path / "gate.db") as ledger:
        assert [mode.cause for mode in ledger.modes()] == [cause]


def test_a_damaged_table_is_loud(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    with open_ledger(path) as ledger, Reading.open(path) as reading:
        ledger.append([passed("A")], at(1))
        with closing(sqlite3.connect(path, isolation_level=None)) as conn:
            for name in ("presence", "zone_counts", "amnesties", "modes"):
                conn.execute(f"DROP TABLE {name}")
        asks: list[Callable[[], object]] = [
            ledger.zone_counts,
            ledger.amnesties,
            ledger.modes,
            reading.zone_counts,
        ]
        asks += [lambda: ledger.presence("A"), lambda: reading.presence("A")]
        for ask in asks:
            with pytest.raises(StoreError, match="cannot be read"):
                ask()


# Who is inside


def test_who_is_inside_with_what_the_ledger_knows_of_them(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    grant = Entry(
        EntryType.ACCESS_GRANTED, "lane/in-1", at(), {"lane": "in-1", "passage": "p"}, PERSON
    )
    with open_ledger(path) as ledger:
        head = ledger.append([grant], at())
        cause = f"/gate/v1/garden/north/{head.stream}/{head.sequence:020d}"
        entries = [
            passed("A", 1, cause),
            passed("B", 2, outcome="unobserved", to="garage"),
            passed("C", 3, to="outside"),
            forgiven(4, zone="garage"),
        ]
        ledger.append(entries, at(4))
    with Reading.open(path) as reading:
        one, other = reading.inside()
        assert (one.card, one.zone, one.kind, one.lane) == ("A", "inside", "vehicle", "in-1")
        assert (one.since_us, one.trusted, one.assumed) == (US + 1_000_000, True, False)
        assert one.personal == PERSON
        assert not one.forgiven
        assert (other.card, other.assumed, other.forgiven) == ("B", True, True)
        assert other.personal == {}
        assert [each.card for each in reading.inside("garage")] == ["B"]
        assert reading.presence("A") is not None
        assert reading.zone_counts() == {"inside": 1, "garage": 1}
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute("DELETE FROM personal")
    with Reading.open(path) as reading:
        assert next(reading.inside("inside")).personal == {}


def test_many_are_read_in_batches(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    labels = [f"V-{n:04}" for n in range(1201)]
    with open_ledger(path) as ledger:
        ledger.append([passed(label) for label in labels], at(1))
    with Reading.open(path) as reading:
        assert [each.card for each in reading.inside()] == labels


# Live is what a rebuild makes

PASSAGES = st.builds(
    passed,
    st.sampled_from(CARDS),
    st.integers(0, 9),
    st.sampled_from(["", "o-1", "/gate/v1/garden/north/s/00000000000000000002"]),
    outcome=st.sampled_from(
        ["passed", "no_entry", "tailgated", "reversed", "forced", "interrupted", "unobserved"]
    ),
    to=st.sampled_from(ZONES),
    vehicles=st.integers(0, 3),
    kind=st.sampled_from(["vehicle", "resident", ""]),
)
GRANTS = st.builds(
    lambda kind, card: Entry(
        kind, "l", at(), {"lane": "in-1", "passage": f"p-{card}", "card": card}, PERSON
    ),
    st.sampled_from([EntryType.ACCESS_GRANTED, EntryType.ARM_ORDERED]),
    st.sampled_from(CARDS),
)
ORDERS = st.builds(
    lambda order, until, refused: Entry(
        EntryType.ARM_ORDERED,
        "l",
        at(),
        {"lane": "in-1", "order": order, "untilus": until} | ({"refused": "x"} if refused else {}),
    ),
    st.sampled_from(["hold_open", "release_hold", "close", "stop"]),
    st.integers(0, 99),
    st.booleans(),
)
EMERGENCIES = st.builds(
    lambda kind, name: Entry(kind, "gate", at(), {"emergency": name}),
    st.sampled_from([EntryType.EMERGENCY_RAISED, EntryType.EMERGENCY_LIFTED]),
    st.sampled_from(["fire", "lockdown"]),
)
AMNESTIES = st.builds(
    lambda quality, who: forgiven(3, quality, **who),
    st.sampled_from(ClockQuality),
    st.sampled_from([{}, {"zone": "inside"}, {"zone": "garage"}, {"card": "A"}]),
)
COUNTED = st.builds(
    lambda zone, count: Entry(EntryType.ZONE_COUNTED, "z", at(), {"zone": zone, "count": count}),
    st.sampled_from(ZONES[1:]),
    st.integers(0, 9),
)
STEPS = st.lists(
    st.lists(st.one_of(PASSAGES, GRANTS, ORDERS, EMERGENCIES, AMNESTIES, COUNTED), max_size=8),
    max_size=4,
)


def rows_of(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every projected table of a file."""
    with closing(sqlite3.connect(path)) as conn:
        return {
            each.table: sorted(
                conn.execute(f"SELECT * FROM {each.table}").fetchall()  # noqa: S608 - ours
            )
            for each in PROJECTIONS
        }


def told(ledger: Ledger | Tables) -> Sequence[object]:
    return (
        [each.passage for each in ledger.open_passages()],
        [ledger.presence(card) for card in CARDS],
        ledger.zone_counts(),
        ledger.amnesties(),
    )


@given(STEPS)
def test_a_rebuild_gives_what_was_live(steps: list[list[Entry]]) -> None:
    tables = Tables()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "gate.db"
        with open_ledger(path) as ledger:
            written = [entry for entries in steps for entry in entries]
            for entries in steps:
                ledger.append(entries, at(9))
            for sequence, entry in enumerate(written, 1):
                header = (entry.at.wall_us, entry.at.quality.value, entry.cause)
                tables.apply(project(sequence, entry.type, entry.data, *header))
            live, asked = rows_of(path), told(ledger)
            assert ledger.rebuild() == len(written)
            assert rows_of(path) == live
            assert told(ledger) == asked == told(tables)
            names = [mode.name for mode in ledger.modes()]
            assert names == sorted(names, key=lambda name: tables.rows["modes"][name]["sequence"])
            assert set(names) == set(tables.table("modes"))
