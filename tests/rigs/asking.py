"""A client of the control socket that asks again where the gate was too busy to answer.

The daemon gives its loop two seconds: a disk that stands still for a quarter of a minute makes it
say that nothing was done. A guard tries again, and so does a test that is about something else.
"""

import time
from typing import Any

from agent.control.client import ControlClient
from agent.errors import GateError
from tests.patience import LIMIT_S

UNDONE = "nothing was done, try again"
_UNDER_WAY = "still at it after"
_READS = {"status", "inside", "explain"}


class PatientClient(ControlClient):
    """As `ControlClient`; what was not done is asked again, within `LIMIT_S`.

    So is what may have been done, where that is one and the same: a question, or an order that has
    its id.
    """

    def ask(self, op: str, **args: object) -> Any:
        """Ask for ``op`` and return its result."""
        ends = time.monotonic() + LIMIT_S
        while True:
            try:
                return super().ask(op, **args)
            except GateError as fault:
                same = op in _READS or "order_id" in args
                again = UNDONE in str(fault) or (same and _UNDER_WAY in str(fault))
                if not again or time.monotonic() > ends:
                    raise
