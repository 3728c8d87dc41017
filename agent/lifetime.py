"""How long a certificate is good, so that its end does not come as a surprise.

Rules kept here:
- a chain is good as long as every certificate in it is; of authorities one that is good will do;
- by this machine's clock, which is named where it may be what is wrong;
- what cannot be taken apart is not judged here: whoever uses the file says what is wrong with it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.x509 import Certificate, load_pem_x509_certificates

from agent.opened import contents

SOON: Final = timedelta(days=30)
"""As long before its end it is said; who issues certificates may need some weeks."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """From when to when, UTC."""

    begins: datetime
    ends: datetime

    def over(self, now: datetime) -> str:
        """Why it is not good at this time; empty where it is."""
        if now > self.ends:
            return f"it ended on {_day(self.ends)}: put a new one in its place"
        if now < self.begins:
            return (
                f"it is not good before {_day(self.begins)}, and the clock of this machine says "
                f"{_day(now)}: set the clock, or put another one in its place"
            )
        return ""

    def soon_over(self, now: datetime) -> str:
        """How soon it ends; empty where there is time, and where it is over."""
        if self.over(now) or self.ends - now > SOON:
            return ""
        days = (self.ends.astimezone(UTC).date() - now.astimezone(UTC).date()).days
        when = {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")
        return f"it ends on {_day(self.ends)}, {when}: put a new one in its place before"


def of_chain(place: Path) -> Lifetime | None:
    """How long all certificates of this file (PEM) are good; None where that cannot be said.

    Raises SettingsError when the file cannot be read.
    """
    chain = _certificates(place)
    if not chain:
        return None
    begins = max(each.not_valid_before_utc for each in chain)
    return Lifetime(begins, min(each.not_valid_after_utc for each in chain))


def of_authorities(place: Path) -> Lifetime | None:
    """How long any certificate of this file (PEM) is good; else as `of_chain`."""
    known = _certificates(place)
    if not known:
        return None
    begins = min(each.not_valid_before_utc for each in known)
    return Lifetime(begins, max(each.not_valid_after_utc for each in known))


def _certificates(place: Path) -> list[Certificate]:
    try:
        return load_pem_x509_certificates(contents(place, "the certificate"))
    except ValueError:
        return []


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d}"
