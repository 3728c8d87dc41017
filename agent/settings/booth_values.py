"""Checks of single values in the booth's sections: words, money, addresses to listen at.

Rules kept here:
- money is written in whole units of its currency and never as a binary fraction;
- an address to listen at is a number, so that no name server decides who may reach the screen.
"""

import ipaddress
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from agent.settings.faults import UnfitError, nearest
from agent.settings.values import Check, kind_of

WORD = r"[a-z][a-z0-9_]{0,31}"


@dataclass(frozen=True, slots=True)
class Word(Check):
    """A word of ours in the books, such as ``driving_licence``."""

    says: str = ""

    def fit(self, value: object) -> str:
        """Small letters, digits and underscores."""
        allowed = "1 to 32 small letters, digits and underscores, a letter first"
        if not isinstance(value, str):
            raise UnfitError(f"a word must stand here, not {kind_of(value)}", allowed)
        if re.fullmatch(WORD, value) is None:
            guess = re.sub(r"[^a-z0-9]+", "_", value.lower())[:32].strip("_")
            guess = guess if re.fullmatch(WORD, guess) is not None else ""
            raise UnfitError(f"{value[:40]!r} cannot be a word in the books", allowed, guess)
        return value

    def schema(self) -> dict[str, Any]:
        """A string with the pattern."""
        return {"type": "string", "pattern": f"^{WORD}$"}


@dataclass(frozen=True, slots=True)
class Currency(Check):
    """A currency by its code of ISO 4217."""

    says: str

    def fit(self, value: object) -> str:
        """Three capital letters."""
        allowed = "three capital letters of ISO 4217, such as CNY"
        if not isinstance(value, str) or re.fullmatch("[A-Z]{3}", value) is None:
            short = {"RMB": "CNY", "YUAN": "CNY", "¥": "CNY", "元": "CNY", "€": "EUR", "$": "USD"}
            word = value.upper() if isinstance(value, str) else ""
            fits = re.fullmatch("[A-Z]{3}", word) is not None
            guess = short.get(word, word if fits else "")
            raise UnfitError("this is not the code of a currency", allowed, guess)
        if value == "RMB":
            raise UnfitError("RMB is not the code of a currency", allowed, "CNY")
        return value

    def schema(self) -> dict[str, Any]:
        """Three capital letters."""
        return {"type": "string", "pattern": "^[A-Z]{3}$"}


def digits_of(currency: str) -> int:
    """How many digits the amounts of a currency have behind the point (ISO 4217)."""
    if _WHOLE.fullmatch(currency) is not None:
        return 0
    return 3 if _THOUSANDTHS.fullmatch(currency) is not None else 2


_WHOLE = re.compile("BIF|CLP|DJF|GNF|ISK|JPY|KMF|KRW|PYG|RWF|UGX|VND|VUV|XAF|XOF|XPF")
_THOUSANDTHS = re.compile("BHD|IQD|JOD|KWD|LYD|OMR|TND")


@dataclass(frozen=True, slots=True)
class Amount(Check):
    """Money: ``50``, or ``"12.50"``."""

    says: str
    most: int

    def fit(self, value: object) -> Decimal:
        """A decimal number that is not below 0."""
        allowed = f'whole units from 0 to {self.most}, or with a point in quotes, such as "12.50"'
        if isinstance(value, float):
            guess = f'"{value:.2f}"' if 0 <= value <= self.most else ""
            raise UnfitError("a fraction of money is written in quotes", allowed, guess)
        told = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(told, str):
            raise UnfitError(f"an amount must stand here, not {kind_of(value)}", allowed)
        if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,3})?", told) is None:
            raise UnfitError("this is not an amount", allowed)
        if Decimal(told) > self.most:
            raise UnfitError(f"{told} is outside the range", allowed)
        return Decimal(told)

    def schema(self) -> dict[str, Any]:
        """A whole number, or text."""
        form = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,3})?$"}
        return {"anyOf": [{"type": "integer", "minimum": 0, "maximum": self.most}, form]}


class Address(NamedTuple):
    """Where something listens."""

    host: str
    port: int

    @property
    def loopback(self) -> bool:
        """Can only this machine reach it?"""
        return ipaddress.ip_address(self.host).is_loopback

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class From(Check):
    """Where somebody comes from: one machine, or a network."""

    says: str

    def fit(self, value: object) -> Network:
        """``192.168.1.31`` or ``192.168.7.0/24``."""
        allowed = "an address such as 192.168.1.31, or a network such as 192.168.7.0/24"
        if not isinstance(value, str):
            raise UnfitError(f"an address must stand here, not {kind_of(value)}", allowed)
        try:
            return ipaddress.ip_network(value)
        except ValueError:
            raise UnfitError(f"{value[:40]!r} is no address", allowed, _network(value)) from None

    def schema(self) -> dict[str, Any]:
        """A string."""
        return {"type": "string", "pattern": r"^[0-9a-fA-F:.]+(/[0-9]{1,3})?$"}


def _network(value: str) -> str:
    """The network that somebody means who gives a machine of it with the length of its prefix."""
    try:
        return str(ipaddress.ip_network(value, strict=False))
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True)
class Listen(Check):
    """An address of this machine, with a port."""

    says: str

    def fit(self, value: object) -> Address:
        """``127.0.0.1:8080`` or ``[::1]:8080``."""
        allowed = "an address with a port from 1024 to 65535, such as 127.0.0.1:8080 or [::1]:8080"
        if not isinstance(value, str):
            guess = f"127.0.0.1:{value}" if type(value) is int and 1024 <= value < 65536 else ""
            raise UnfitError(f"an address must stand here, not {kind_of(value)}", allowed, guess)
        host, colon, port = value.rpartition(":")
        if not colon or re.fullmatch("[0-9]{4,5}", port) is None or not 1024 <= int(port) < 65536:
            raise UnfitError("this is not an address with a port", allowed)
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        try:
            found = ipaddress.ip_address(bare)
        except ValueError:
            guess = f"127.0.0.1:{port}" if nearest(host, ["localhost"]) else ""
            guess = f"0.0.0.0:{port}" if host in ("", "*") else guess
            raise UnfitError(f"{host[:40]!r} is no address", allowed, guess) from None
        if (found.version == 6) is not host.startswith("["):
            raise UnfitError("this is not an address with a port", allowed, f"[{bare}]:{port}")
        return Address(str(found), int(port))

    def schema(self) -> dict[str, Any]:
        """A string."""
        return {"type": "string", "pattern": r"^(\[[0-9a-fA-F:.]+\]|[0-9.]+):[0-9]{4,5}$"}
