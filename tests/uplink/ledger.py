"""A small journal for the uplink's tests: a real SQLite file, read as the ledger is read."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import batched if False else islice
