"""From settings to what the books of the gate go by.

Rules kept here:
- the country's kinds come first, in their order, then the gate's own;
- a kind that the law refuses is in the list only with somebody who answers for it;
- money is whole minor units from here on, spans are microseconds.
"""

from datetime import timedelta

from agent.core.ids import InputId
from agent.core.plan_books import BooksPlan, DepositKind
from agent.settings import Settings
from agent.settings.booth import Deposits
from agent.settings.booth_values import digits_of
from agent.settings.countries import PROFILES
from agent.settings.words import Unknown


def books_plan(settings: Settings, mains: InputId | None = None) -> BooksPlan:
    """The rules of the books in the core's words; ``mains`` is the input of the mains power."""
    deposits, visits = settings.deposits, settings.visits
    refused = PROFILES[deposits.country].refused
    kinds = _kinds(deposits)
    digits = digits_of(deposits.currency)
    texts = {
        "estate": settings.names.estate or settings.estate,
        "gate": settings.names.gate or settings.gate,
        "route": visits.tell.route,
        "unloading": visits.tell.unloading,
    }
    return BooksPlan(
        country=deposits.country.value,
        currency=deposits.currency,
        digits=digits,
        kinds=kinds,
        refused={kind: why for kind, (_, why) in refused.items() if kind not in kinds},
        responsible={kind: deposits.kinds[kind].responsible for kind in refused if kind in kinds},
        pockets=deposits.pockets,
        cash_default=int(deposits.cash.scaleb(digits)),
        longest_visit_us=_us(visits.longest),
        contractor_days=visits.contractor_days,
        help_within_us=_us(visits.help_within),
        collect_within_us=_us(deposits.collect_within),
        bays=visits.bays,
        trucks=visits.trucks,
        texts={name: text for name, text in texts.items() if text},
        mains=mains,
        known_appointments=settings.qr_passes is not None
        and settings.qr_passes.unknown_appointment is Unknown.REFUSE,
    )


def _kinds(deposits: Deposits) -> dict[str, DepositKind]:
    profile = PROFILES[deposits.country]
    known = {kind.kind: kind for kind in profile.kinds}
    known |= {kind: told for kind, (told, _) in profile.refused.items() if kind in deposits.kinds}
    found: dict[str, DepositKind] = {}
    for name in (*known, *(own for own in deposits.kinds if own not in known)):
        base, rules = known.get(name, DepositKind(name, "", "")), deposits.kinds.get(name)
        if rules is None:
            found[name] = base
        elif rules.offered:
            money = base.money or rules.money
            found[name] = DepositKind(name, rules.zh or base.zh, rules.en or base.en, money)
    return found


def _us(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
