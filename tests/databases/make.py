"""Makes ``schema-N.db`` for the schema of the tree it runs in: once, when that schema is released.

Run from the top of the tree as ``python -m tests.databases.make``. A file that is there is kept.
"""

from pathlib import Path

from agent.core.entries import Entry, EntryType
from agent.store.rows import digest_of
from agent.store.schema import SCHEMA
from tests.store.build import at, card, granted, open_ledger

HERE = Path(__file__).parent
CARDS = [card(n, holder=f"Holder {n}", unit=f"3-{n:04}") for n in range(1, 21)]


def _passed(n: int, cause: str) -> Entry:
    """A vehicle came in; the third one was not seen."""
    data = {
        "lane": "in-1",
        "passage": f"p{n}",
        "outcome": "unobserved" if n == 2 else "passed",
        "direction": "in",
        "from": "outside",
        "to": "inside",
        "vehicles": 0 if n == 2 else 1,
        "card": f"V-{n}",
        "kind": "vehicle",
    }
    return Entry(EntryType.PASSAGE_ENDED, "lane/in-1", at(20 + n), data, cause=cause)


def _raised() -> Entry:
    data = {"emergency": "lockdown", "by": "gate.lockdown"}
    return Entry(EntryType.EMERGENCY_RAISED, "gate", at(33), data)


def main() -> None:
    path = HERE / f"schema-{SCHEMA}.db"
    if path.exists():
        raise SystemExit(f"{path} is there: a released schema does not change")
    with open_ledger(path) as ledger:
        ledger.append([Entry(EntryType.AGENT_STARTED, "agent", at())], at())
        generation = ledger.roster_begin()
        ledger.roster_stage(generation, CARDS, 10**10)
        switched = Entry(EntryType.ROSTER_SWITCHED, "roster", at(1), {"count": len(CARDS)})
        ledger.roster_switch(generation, *digest_of(CARDS), switched, at(1))
        for n in range(5):
            head = ledger.append([granted(f"p{n}", 10 + n, f"V-{n}")], at(10 + n))
            if n != 3:
                cause = f"/gate/v1/garden/north/{head.stream}/{head.sequence:020d}"
                ledger.append([_passed(n, cause)], at(20 + n))
        forgiven = Entry(EntryType.PRESENCE_FORGIVEN, "card/V-1", at(30), {"card": "V-1"})
        ledger.append([forgiven], at(30))
        counted = {"zone": "inside", "count": 7, "was": 4}
        ledger.append([Entry(EntryType.ZONE_COUNTED, "zone/inside", at(31), counted)], at(31))
        ledger.append([_passed(5, ""), _raised()], at(32))
        ledger.save_published(9)
        ledger.next_session()
        head = ledger.head()
    path.with_name(path.name + ".lock").unlink()
    path.with_name(path.name + ".ballast").unlink(missing_ok=True)
    path.with_suffix(".anchor").write_text(f"{head.sequence}:{head.hash.hex()}\n")


if __name__ == "__main__":
    main()
