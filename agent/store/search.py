"""What to look for in the journal, as one SELECT with its values.

Rules kept here:
- a condition that is not given does not narrow the search; all given ones must hold;
- a part of a name, plate or unit is looked for in the personal fields, so what was erased is not
  found any more;
- values are always bound, never written into the statement.
"""

import json
from dataclasses import dataclass

from agent.core.personal import NATURES

_ALL = "gate."
_BY_LABEL = "(subject = ? OR instr(data, ?))"
_PERSONAL = "sequence IN (SELECT sequence FROM personal WHERE"
_BY_CREDENTIAL = f"{_PERSONAL} field = 'credential' AND value = ?)"
_PEOPLE = ", ".join(f"'{field}'" for field in sorted(NATURES.keys() - {"credential", "plate"}))
_BY_PERSON = f"{_PERSONAL} field IN ({_PEOPLE}) AND value LIKE ? ESCAPE '!')"
_BY_PLATE = f"{_PERSONAL} field = 'plate' AND value LIKE ? ESCAPE '!')"


@dataclass(frozen=True, slots=True)
class Search:
    """Conditions; what is empty or None is none.

    ``card`` is a label (``V-017``) or a credential (``scheme:HEX``). ``person`` is a part of a
    name, unit, department or company, whoever it is there (holder, visitor, host, driver ...),
    ``plate`` a part of a plate; the case of ASCII letters is not told apart. ``type`` is a type or
    how it begins, with or without the ``gate.`` that all have (``access.``). ``since`` and
    ``until`` are when it happened, µs since 1970 UTC, both included.
    """

    card: str = ""
    person: str = ""
    plate: str = ""
    lane: str = ""
    type: str = ""
    since: int | None = None
    until: int | None = None

    def where(self) -> tuple[str, list[str | int | bytes]]:
        """The condition and the values to bind; never empty."""
        conditions = ["1"]
        values: list[str | int | bytes] = []
        if ":" in self.card:
            conditions.append(_BY_CREDENTIAL)
            values.append(self.card)
        elif self.card:
            conditions.append(_BY_LABEL)
            values += [f"card/{self.card}", _member("card", self.card)]
        for condition, part in ((_BY_PERSON, self.person), (_BY_PLATE, self.plate)):
            if part:
                conditions.append(condition)
                values.append(_like(part))
        if self.lane:
            conditions.append(_BY_LABEL)
            values += [f"lane/{self.lane}", _member("lane", self.lane)]
        if self.type:
            whole = self.type if self.type.startswith(_ALL) else f"{_ALL}{self.type}"
            conditions.append("substr(type, 1, ?) = ?")
            values += [len(whole), whole]
        if self.since is not None:
            conditions.append("time_us >= ?")
            values.append(self.since)
        if self.until is not None:
            conditions.append("time_us <= ?")
            values.append(self.until)
        return " AND ".join(conditions), values


def _member(name: str, value: str) -> bytes:
    # As the sealer writes it; a quotation mark inside a value is escaped there, so this text is
    # found only where it is a member.
    return json.dumps({name: value}, ensure_ascii=False, separators=(",", ":"))[1:-1].encode()


def _like(part: str) -> str:
    for sign in "!%_":
        part = part.replace(sign, f"!{sign}")
    return f"%{part}%"
