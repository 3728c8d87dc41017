"""What the guard's screen asks of the books; plain functions over a `Reading`, one noun a module.

Rules kept here:
- nothing is written; every question is short, and whatever may be long has a limit;
- rows are dicts as `agent.store.queries.table` makes them: what was erased is said to be erased;
- who may see what is not decided here.
"""
