"""``python -m tests.rigs.commits FILE FULL|NORMAL|OFF``: commits rows, and says each that stands.

For proving a disk: what was said to be committed has to be there after a power cut, or not.
"""

import sqlite3
import sys


def main(file: str, synchronous: str) -> None:
    """Commit 1, 2, 3 … in WAL, printing each number after its commit, until it is killed."""
    conn = sqlite3.connect(file, isolation_level=None)
    conn.execute("PRAGMA journal_mode = WAL")
    conn.execute("PRAGMA synchronous = FULL")
    conn.execute("CREATE TABLE IF NOT EXISTS rows (n INTEGER PRIMARY KEY)")
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    conn.execute(f"PRAGMA synchronous = {synchronous}")
    number = 0
    while True:
        number += 1
        conn.execute("INSERT INTO rows VALUES (?)", (number,))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
