"""Used passes in a real ledger: in the transaction of the grant, kept as long as they are good."""

from pathlib import Path

from agent.core.entries import Entry, EntryType
from agent.core.needs import Need, Row
from agent.core.project_passes import key_of
from agent.store.ledger import Ledger
from agent.store.reading import Reading
from agent.store.rebuilt import Rebuilt
from agent.store.verify import verify
from tests.rigs.whole import whole
from tests.store.aging import cut
from tests.store.build import PERSON, US, at, granted, open_ledger

DAY_S = 86_400
WAY = {"from": "outside", "to": "inside"}


def label(number: int) -> str:
    return f"pass~{number:016x}"


def entered(number: int, second: float, until_s: float) -> Entry:
    card = {"card": label(number), "passage": f"p-{number}"}
    told = {"lane": "in-1", **card, **WAY, "untilus": US + int(until_s * 1e6)}
    return whole(Entry(EntryType.ACCESS_GRANTED, "lane/in-1", at(second), told, PERSON))


def ended(number: int, second: float, outcome: str) -> Entry:
    data = {"lane": "in-1", "passage": f"p-{number}", "outcome": outcome, "card": label(number)}
    return whole(Entry(EntryType.PASSAGE_ENDED, "lane/in-1", at(second), {**data, **WAY}))


def uses(ledger: Ledger) -> list[Row]:
    return sorted(
        ledger.rows([Need("used_passes")]).get("used_passes", ()), key=lambda row: row["pass_use"]
    )


def key(number: int) -> str:
    return key_of(label(number), "outside", "inside")


def test_a_use_is_written_with_its_grant_and_given_back_with_no_entry(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "gate.db") as ledger:
        ledger.append([entered(1, 1, 60), entered(2, 2, 60), entered(3, 3, 60)], at(3))
        assert [row["pass_use"] for row in uses(ledger)] == [key(1), key(2), key(3)]
        assert uses(ledger)[0]["used_us"] == at(1).wall_us
        assert uses(ledger)[0]["until_us"] == at(60).wall_us
        ledger.append([ended(1, 4, "no_entry"), ended(2, 4, "passed")], at(4))
        assert [row["pass_use"] for row in uses(ledger)] == [key(2), key(3)]
    with open_ledger(tmp_path / "gate.db") as ledger, Reading.open(tmp_path / "gate.db") as reading:
        assert [row["pass_use"] for row in uses(ledger)] == [key(2), key(3)]
        with Rebuilt(reading) as rebuilt:
            assert rebuilt.differences() == []


def test_a_use_outlives_its_entry_while_the_pass_is_good(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    with open_ledger(path) as ledger, Reading.open(path) as reading:
        ledger.append([entered(1, 1, 60)], at(1))
        ledger.append([entered(2, 2, 900 * DAY_S)], at(2))
        ledger.append([granted("p-9", 3)], at(3))
        ledger.append([granted("q-1", 799 * DAY_S)], at(799 * DAY_S))
        done = cut(ledger, path, US + 100 * DAY_S * 1_000_000, at(800 * DAY_S))
        assert done is not None
        assert [row["pass_use"] for row in uses(ledger)] == [key(2)]
        assert uses(ledger)[0]["until_us"] == at(900 * DAY_S).wall_us
        assert verify(path).ok
        with Rebuilt(reading) as rebuilt:
            assert rebuilt.differences() == []
