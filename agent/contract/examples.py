"""One example for every message, made from its schema: the same for ever, and valid.

Rules kept here:
- every value is the example that stands beside its type;
- what excludes each other, or comes seldom, does not stand in one example (`APART`, `SELDOM`).
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from agent.core.entries import EntryType
from agent.core.personal import CARDREF, NATURES

Values = Mapping[str, Any]

APART: Mapping[str, frozenset[str]] = {
    "credential": frozenset({"cardref", "card"}),
    "refused": frozenset({"passage"}),
    "behind": frozenset({"card"}),
    "gapms": frozenset({"card"}),
    "zone": frozenset({"card"}),
    "reply_to": frozenset({"args"}),
    "correlation": frozenset({"cmd_id"}),
    "desk": frozenset({"lane"}),
}
"""Fields that are left out of an example where one of the others may stand in it."""

SELDOM = frozenset({"unsigned", "note", "duplicate"})
"""Fields that no example needs."""

_WITHOUT: Mapping[str, tuple[str, ...]] = {
    EntryType.ACCESS_GRANTED: (
        *("visit", "marks", "order", "origin", "from", "to", "untilus", "appointment"),
    ),
    EntryType.ACCESS_DENIED: ("visit", "appointment"),
    EntryType.ACCESS_REFERRED: ("appointment",),
    EntryType.CARD_PRESENTED: ("reason",),
    EntryType.PASSAGE_ENDED: ("heldopen", "openings", "unseen"),
    EntryType.ARM_ORDERED: ("announced", "count", "until", "untilus"),
    EntryType.ARM_CLEARED: ("holder", "commitments"),
    EntryType.ALARM_RAISED: ("input", "detail", "reader", "card", "origin", "desk", "unsigned"),
    EntryType.ALARM_ENDED: ("input", "detail", "reader", "card", "origin", "desk", "unsigned"),
    EntryType.EMERGENCY_RAISED: ("by",),
    EntryType.EMERGENCY_LIFTED: ("by",),
    EntryType.PRESENCE_FORGIVEN: ("at",),
    EntryType.CARD_CHANGED: ("by", "of"),
    EntryType.VISIT_OPENED: ("ban", "despite", "reason"),
    EntryType.VISIT_CHANGED: ("overdue", "truck", "goods", "bearer", "purpose", "destination"),
    EntryType.VISIT_ENDED: ("reason", "appointment"),
    EntryType.DEPOSIT_ENDED: ("receiptlost", "to", "why"),
    EntryType.SLIP_USED: ("duty", "why"),
    EntryType.SLIP_STOPPED: ("reason",),
    EntryType.INSPECTION_MADE: ("duty",),
    EntryType.SHIFT_BEGAN: ("again", "withoutcard"),
    EntryType.GUARD_CHANGED: ("role", "shift"),
    EntryType.DEPOSITKIND_DISABLED: ("country",),
    EntryType.BOOKS_CARRIED: (
        "driver",
        "host",
        "signatory",
        "visitor",
        "company",
        "plate",
        CARDREF,
    ),
}
_INSTEAD: Mapping[str, Values] = {
    EntryType.ARM_PROTECTED: {"because": "in-1-beam"},
    EntryType.ARM_CLEARED: {"order": "fault.clear", "reason": "the spring was replaced"},
    EntryType.EMERGENCY_RAISED: {"reason": "somebody climbed over the fence"},
    EntryType.EMERGENCY_LIFTED: {"reason": "false alarm"},
    EntryType.CLOCK_DOUBTED: {"quality": "unknown"},
    EntryType.CARD_CHANGED: {"was": "active", "status": "blocked", "reason": "moved out"},
    EntryType.COMMAND_REFUSED: {"code": 403},
    EntryType.COMMAND_ANSWERED: {"code": 200},
    EntryType.POWER_FAILED: {"input": "mains"},
    EntryType.POWER_RETURNED: {"input": "mains"},
    EntryType.READER_FOUND: {"detail": "the reader answers"},
    EntryType.READER_TAMPERED: {"detail": "its tamper contact is open"},
    EntryType.READER_RESTORED: {"detail": "its tamper contact is closed again"},
    EntryType.ACCESS_REFERRED: {"duty": "deposit_due"},
    EntryType.SLIP_USED: {"card": "V-017"},
    EntryType.PASS_LOST: {"reason": "he left without it"},
    EntryType.SUPERVISOR_CHECKED: {"card": "P-2", "kind": "patrol"},
    EntryType.GUARD_ENROLLED: {"card": "G-2"},
    EntryType.GUARD_CHANGED: {"card": "G-2", "was": "G-1"},
}


def example(schema: Values, defs: Values | None = None) -> Any:
    """A value that the schema allows; ``defs`` are those of the whole document."""
    defs = schema.get("$defs", {}) if defs is None else defs
    if "$ref" in schema:
        return example(defs[schema["$ref"].rpartition("/")[2]], defs)
    for chosen in ("examples", "enum"):
        if chosen in schema:
            return schema[chosen][0]
    if "anyOf" in schema:
        return example(schema["anyOf"][0], defs)
    match schema["type"]:
        case "object":
            return _object(schema, defs)
        case "array":
            return [example(schema["items"], defs)]
    return f"any {schema['type']}"


def event_data(kind: EntryType, schema: Values) -> dict[str, Any]:
    """The example of an event's ``data``."""
    made: dict[str, Any] = example(schema)
    made = {name: value for name, value in made.items() if name not in _WITHOUT.get(kind, ())}
    made |= _INSTEAD.get(kind, {})
    if "commitments" in made:
        names = ["credential" if name == CARDREF else name for name in made]
        named = [name for name in names if name in NATURES] or ["text_private"]
        made["commitments"] = {name: sha256(name.encode()).hexdigest() for name in named}
    return made


def _object(schema: Values, defs: Values) -> dict[str, Any]:
    fields, needed = schema.get("properties", {}), schema.get("required", ())
    named = [
        name
        for name in fields
        if name in needed or not (name in SELDOM or fields.keys() & APART.get(name, ()))
    ]
    made = {name: example(fields[name], defs) for name in named}
    more = schema.get("additionalProperties")
    return {"in-1": example(more, defs)} if isinstance(more, Mapping) and not fields else made
