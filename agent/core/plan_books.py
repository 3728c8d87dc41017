"""What the books of this gate go by; made from the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.core.ids import InputId

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US


@dataclass(frozen=True, slots=True)
class DepositKind:
    """A kind of thing that may be held. ``money``: an amount is held and no pocket."""

    kind: str
    zh: str
    en: str
    money: bool = False


@dataclass(frozen=True, slots=True)
class BooksPlan:
    """Rules of the books.

    ``refused`` maps kinds that may not be held here to the reason; ``responsible`` names who
    answers for kinds that are allowed although the law of the land refuses them. Spans are µs.
    ``trucks`` are beginnings of the labels of cards of trucks that come and go without a visit.
    ``texts`` are what the guard tells: ``route``, ``unloading``. ``mains`` is the input that says
    that the mains power is there. ``known_appointments``: a QR pass is good only if the gate knows
    the appointment that it names.
    """

    country: str = "none"
    currency: str = "CNY"
    digits: int = 2
    kinds: Mapping[str, DepositKind] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    responsible: Mapping[str, str] = field(default_factory=dict)
    pockets: int = 40
    cash_default: int = 0
    longest_visit_us: int = 12 * HOUR_US
    contractor_days: int = 3
    help_within_us: int = 5 * MINUTE_US
    collect_within_us: int = 7 * DAY_US
    bays: tuple[str, ...] = ()
    trucks: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    mains: InputId | None = None
    known_appointments: bool = False
