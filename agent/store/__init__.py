"""The store: the journal, the roster and the small books, in one SQLite file."""
