"""The visit of somebody who came by a pass: how it ends with his passage.

Rules kept here:
- nobody came in: there was no visit, and pass and appointment are good again;
- he was seen to leave, or nobody could see it: the visit is over; who turned round is still here.
"""

from dataclasses import dataclass

from agent.core.draft import Draft
from agent.core.entries import EntryType
from agent.core.plan import OUTSIDE

ORIGIN = "pass"
"""Where an act came from that a pass has made."""
NO_ENTRY = "no_entry"
LEFT = "left"
_GONE = frozenset({"passed", "tailgated", "unobserved"})


@dataclass(frozen=True, slots=True)
class PassVisit:
    """A visit, its kind, and the appointment that it has used."""

    visit: str
    kind: str
    appointment: str = ""


def over(told: PassVisit, card: str, way: tuple[str, str], outcome: str, out: Draft) -> None:
    """A passage on a pass has ended: write down what that makes of the visit."""
    source, target = way
    if source == OUTSIDE and outcome == NO_ENTRY:
        end = NO_ENTRY
    elif target == OUTSIDE and outcome in _GONE:
        end = LEFT
    else:
        return
    data: dict[str, object] = {
        "visit": told.visit,
        "card": card,
        "kind": told.kind,
        "outcome": end,
        "cardback": False,
        "kept": [],
        "duties": [],
        "origin": ORIGIN,
    }
    if end == NO_ENTRY and told.appointment:
        data["appointment"] = told.appointment
    out.write(EntryType.VISIT_ENDED, f"visit/{told.visit}", data)
