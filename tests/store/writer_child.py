"""A process that writes without end and says on standard output what was committed."""

import sys
from pathlib import Path

from tests.store.build import at, ended, granted, open_ledger


def main() -> None:
    with open_ledger(Path(sys.argv[1])) as ledger:
        first = ledger.head().sequence
        n = 0
        while True:
            n += 1
            passage = f"p{first}-{n}"
            ledger.append([granted(passage), granted(f"{passage}x")], at(n))
            head = ledger.append([ended(passage)], at(n))
            sys.stdout.write(f"{head.sequence} {head.hash.hex()}\n")
            sys.stdout.flush()
            if n % 7 == 0:
                ledger.save_published(head.sequence)
                ledger.housekeeping(at(n))
                ledger._disk.wrote(300)


if __name__ == "__main__":
    main()
