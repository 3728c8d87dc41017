"""What may be held as a deposit in which country, and what the law says of the rest.

Rules kept here:
- a profile offers what anybody may hold, and refuses what the law keeps for others, with the law;
- a kind that is refused can still be enabled, by a person who is named: that is recorded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from agent.core.plan_books import DepositKind


class Country(StrEnum):
    """Whose law a gate goes by."""

    CN = "cn"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Profile:
    """What is offered, and what is refused with its name and reason."""

    kinds: tuple[DepositKind, ...]
    refused: Mapping[str, tuple[DepositKind, str]] = field(default_factory=dict)


def _refused(kind: str, zh: str, en: str, why: str) -> tuple[str, tuple[DepositKind, str]]:
    return kind, (DepositKind(kind, zh, en), why)


_CASH = DepositKind("cash", "现金", "Cash", money=True)
_OBJECT = DepositKind("object", "其他物品", "Another object")

PROFILES: Mapping[Country, Profile] = {
    Country.CN: Profile(
        (
            _CASH,
            DepositKind("work_card", "工作证", "Work card"),
            DepositKind("driving_licence", "驾驶证", "Driving licence"),
            _OBJECT,
        ),
        dict(
            (
                _refused(
                    "resident_id",
                    "居民身份证",
                    "Resident identity card",
                    "nobody but the police may hold a resident identity card "
                    "(Law on Resident Identity Cards, Article 15): take cash or another object",
                ),
                _refused(
                    "passport",
                    "护照",
                    "Passport",
                    "nobody may hold a passport as a security (Passport Law, Article 4): take cash "
                    "or another object",
                ),
            )
        ),
    ),
    Country.NONE: Profile((_CASH, DepositKind("document", "证件", "Document"), _OBJECT)),
}
