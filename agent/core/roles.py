"""Who may do what: the one table of roles and kinds of orders.

Rules kept here:
- what stands in no row of the table may be done by nobody who signs on;
- stop, fire and priority protect or save: they are done at once, by anybody at a desk, and signed
  afterwards;
- what belongs to signing on itself is no order that could be given.
"""

from collections.abc import Mapping
from enum import StrEnum

from agent.core.form import Fault


class Role(StrEnum):
    """What somebody who signs on is here for."""

    GUARD = "guard"
    SHIFT_LEADER = "shift_leader"
    OFFICE = "office"
    INSTALLER = "installer"


UNSIGNED = frozenset({"stop", "fire", "priority"})
"""What may be done at a desk while nobody is signed on."""

INNER = frozenset({"shift.begin", "shift.end"})
"""What only signing on and off may order."""

_G, _L, _O, _I = Role.GUARD, Role.SHIFT_LEADER, Role.OFFICE, Role.INSTALLER
_BOOTH = frozenset({_G, _L})
_LEAD = frozenset({_L})
_ARM = frozenset({_G, _L, _I})
_COUNTER = frozenset({_G, _L, _O})
_CARDS = frozenset({_L, _O, _I})
_STAFF = frozenset({_L, _I})
_ALL = frozenset(Role)

MAY: Mapping[str, frozenset[Role]] = {
    # Arms and emergencies
    "open": _ARM,
    "close": _ARM,
    "hold_open": _ARM,
    "release_hold": _ARM,
    "fault.clear": _ARM,
    "stop": _ALL,
    "fire": _ALL,
    "priority": _ALL,
    "lockdown": _BOOTH,
    "lift_lockdown": _LEAD,
    "fire_reset": _LEAD,
    "amnesty": _STAFF,
    "zone.count": _ARM,
    "alarm.see": _ARM,
    # Visits, cards of the desk, deposits
    "visit.open": _BOOTH,
    "visit.decline": _BOOTH,
    "visit.change": _BOOTH,
    "visit.end": _BOOTH,
    "visit.override": _BOOTH,
    "deposit.take": _BOOTH,
    "deposit.end": _COUNTER,
    "deposit.move": _BOOTH,
    "deposit.reverse": _BOOTH,
    "pass.lost": _BOOTH,
    "pass.found": _BOOTH,
    "bearer.confirm": _BOOTH,
    "bearer.refuse": _BOOTH,
    "duty.dismiss": _BOOTH,
    # Goods and trucks
    "slip.receive": _COUNTER,
    "slip.change": _COUNTER,
    "slip.use": _BOOTH,
    "slip.stop": _BOOTH,
    "slip.cancel": _COUNTER,
    "inspection.make": _BOOTH,
    # What is expected, and who is not to be let in
    "appointment.make": _COUNTER,
    "appointment.move": _COUNTER,
    "appointment.change": _COUNTER,
    "appointment.cancel": _COUNTER,
    "priority.announce": _COUNTER,
    "priority.end": _COUNTER,
    "ban.set": _COUNTER,
    "ban.change": _COUNTER,
    "ban.lift": frozenset({_L, _O}),
    "notice.post": _COUNTER,
    "notice.change": _COUNTER,
    "notice.end": _COUNTER,
    "help.ask": _COUNTER,
    "help.answer": _COUNTER,
    "help.close": _COUNTER,
    # The shift
    "shift.hand_over": _BOOTH,
    "shift.lead": frozenset({_G}),
    "act.sign": _ALL,
    "duty.note": _ALL,
    "patrol.check": _ALL,
    "passage.note": _BOOTH,
    "evidence.export": _ALL,
    "call.note": _COUNTER,
    # The intercom
    "call.ring": _COUNTER,
    "call.place": _COUNTER,
    "call.answer": _COUNTER,
    "call.decide": _BOOTH,
    "call.end": _COUNTER,
    # Cards, guards, directory
    "card.issue": _CARDS,
    "card.replace": _CARDS,
    "card.unblock": _CARDS,
    "card.found": _CARDS,
    "card.block": _ALL,
    "card.lost": _ALL,
    "guard.enrol": _STAFF,
    "guard.card": _STAFF,
    "guard.pin": _STAFF,
    "guard.role": _STAFF,
    "guard.leave": _STAFF,
    "directory.put": _CARDS,
    "directory.drop": _CARDS,
}
"""Every kind of order and the roles that may give it."""

RANK: Mapping[Role, frozenset[Role]] = {
    Role.GUARD: frozenset(),
    Role.OFFICE: frozenset(),
    Role.SHIFT_LEADER: frozenset({Role.GUARD}),
    Role.INSTALLER: _ALL,
}
"""Whom a role may enrol, and give another card or PIN."""


def check(role: str, kind: str) -> None:
    """Raise `Fault` (403) unless this role may give orders of this kind."""
    if role not in MAY.get(kind, frozenset()):
        says = "%(role)s may not do this (%(kind)s): ask a shift leader"
        raise Fault(says, code=403, role=role, kind=kind)
