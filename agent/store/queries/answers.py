"""What orders were answered, as the ledger keeps it for 24 hours.

Rules kept here:
- looked up by the order's id alone; an order that is not kept was not done, or long ago.
"""

import json
from typing import Any

from agent.store.reading import Reading

_KEPT = "SELECT status, code, detail, result FROM results WHERE order_id = ?"


def answered(reading: Reading, order_id: str) -> dict[str, Any] | None:
    """``{status, code, detail, result}`` of this order; None when no answer of it is kept."""
    for row in reading.rows(_KEPT, (order_id,)):
        return {**row, "result": json.loads(row["result"]) if row["result"] else {}}
    return None
