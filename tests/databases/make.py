"""Makes ``schema-N.db`` for the schema of the tree it runs in: once, when that schema is released.

Run from the top of the tree as ``python -m tests.databases.make``. A file that is there is kept.
"""

from pathlib import Path

from agent.core.entries import Entry, EntryType
from agent.store.rows import digest_of
from agent.store.schema import SCHEMA
from tests.store.build import at, card, ended, granted, open_ledger

HERE = Path(__file__).parent
CARDS = [card(n, holder=f"Holder {n}", unit=f"3-{n:04}") for n in range(1, 21)]


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
            ledger.append([granted(f"p{n}", 10 + n)], at(10 + n))
            if n != 3:
                ledger.append([ended(f"p{n}", 20 + n)], at(20 + n))
        ledger.save_published(9)
        ledger.next_session()
        head = ledger.head()
    path.with_name(path.name + ".lock").unlink()
    path.with_name(path.name + ".ballast").unlink(missing_ok=True)
    path.with_suffix(".anchor").write_text(f"{head.sequence}:{head.hash.hex()}\n")


if __name__ == "__main__":
    main()
