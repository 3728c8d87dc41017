"""The models of the booth: deposits, visits, the guard's screen, the printer, personal data.

Rules kept here:
- what is left out is the careful choice: the law of China, little cash, a screen that only this
  machine reaches, data that is erased after half a year;
- an amount has no binary fraction, a span has a unit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from agent.settings.booth_values import Address, Amount, Currency, From, Listen, Network, Word
from agent.settings.countries import Country
from agent.settings.places import Device, Place
from agent.settings.strict import Strict
from agent.settings.values import OneOf, Span, Text, Truth, Whole
from agent.settings.words import Charset

ANY_V4 = "0.0.0.0"  # noqa: S104 -- compared, not bound
HOST = r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]+\])"
MOST = 100_000
"""The largest deposit, in units of the currency."""


@dataclass(frozen=True, slots=True)
class Names(Strict):
    """What people call the place: on receipts, printed pages and the guard's screen."""

    estate: Annotated[str, Text("Name of the estate")] = ""
    gate: Annotated[str, Text("Name of the gate")] = ""


@dataclass(frozen=True, slots=True)
class KindRules(Strict):
    """One kind of deposit: a new one, or what is different about one of the country's."""

    zh: Annotated[str, Text("Its Chinese name")] = ""
    en: Annotated[str, Text("Its English name")] = ""
    money: Annotated[bool, Truth("It is an amount, and lies in no pocket")] = False
    offered: Annotated[bool, Truth("false takes it off the list")] = True
    responsible: Annotated[
        str, Text("Who answers for it, although the law refuses it; this is recorded")
    ] = ""


@dataclass(frozen=True, slots=True)
class Deposits(Strict):
    """What the gate may hold against a card."""

    country: Annotated[Country, OneOf(Country, "Whose law says what may be held")] = Country.CN
    currency: Annotated[str, Currency("Currency of cash deposits")] = "CNY"
    cash: Annotated[Decimal, Amount("What is asked for unless the guard says else", MOST)] = (
        Decimal(0)
    )
    pockets: Annotated[int, Whole("Pockets in the drawer", 1, 999, "pockets")] = 40
    collect_within: Annotated[
        timedelta, Span("When a deposit that nobody fetches is brought up", "1 h", "1 years")
    ] = timedelta(days=7)
    kinds: Mapping[Annotated[str, Word()], KindRules] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told(Strict):
    """What the guard reads out to a driver."""

    route: Annotated[str, Text("The way through the estate")] = ""
    unloading: Annotated[str, Text("Rules of unloading")] = ""


@dataclass(frozen=True, slots=True)
class Visits(Strict):
    """Rules of visits and calls for help."""

    longest: Annotated[timedelta, Span("The longest stay of a visitor", "15 min", "7 days")] = (
        timedelta(hours=12)
    )
    contractor_days: Annotated[
        int, Whole("The longest that a temporary contractor card is good for", 1, 3, "days")
    ] = 3
    help_within: Annotated[
        timedelta, Span("When a call for help must be answered", "30 s", "1 h")
    ] = timedelta(minutes=5)
    bays: tuple[Annotated[str, Text("A bay at the club house")], ...] = ()
    trucks: tuple[
        Annotated[str, Text("How labels of cards of trucks begin that come without a visit")], ...
    ] = ()
    tell: Told = field(default_factory=Told)


@dataclass(frozen=True, slots=True)
class Privacy(Strict):
    """How long the gate remembers people."""

    erase_after: Annotated[
        timedelta, Span("When personal data of what is over is erased", "1 days", "20 years")
    ] = timedelta(days=186)


@dataclass(frozen=True, slots=True)
class ConsoleTls(Strict):
    """The certificate with which the screen is served."""

    cert: Annotated[Path, Place("Certificate, with those of who signed it")]
    key: Annotated[Path, Place("Its private key")]


@dataclass(frozen=True, slots=True)
class Console(Strict):
    """The guard's screen. Without ``tls`` it listens at 8080, with it at 8443.

    What opens with nobody signed on (fire, priority passage) is taken from this machine and from
    ``booths``, where somebody stands before the screen; elsewhere a guard signs on first.
    """

    listen: Annotated[Address, Listen("Where browsers reach it; 127.0.0.1 unless told")] | None = (
        None
    )
    tls: ConsoleTls | None = None
    hosts: tuple[
        Annotated[
            str, Text("Name or address in the browser", HOST, "a name or address, without port")
        ],
        ...,
    ] = ()
    booths: tuple[
        Annotated[Network, From("Where fire and priority passage work with nobody signed on")], ...
    ] = ()
    state: Annotated[Path, Place("Keeps its index for searching")] = Path("/var/lib/gate-console")

    @property
    def address(self) -> Address:
        """Where it listens."""
        return self.listen or Address("127.0.0.1", 8080 if self.tls is None else 8443)

    @property
    def wildcard(self) -> bool:
        """Does it listen at every address of this machine?"""
        return self.address.host in (ANY_V4, "::")

    @property
    def named(self) -> tuple[str, ...]:
        """Under which names it may be addressed, beside those of the machine itself."""
        told = (str(Address(self.address.host, 0)).rpartition(":")[0],)
        return self.hosts if self.wildcard or self.address.loopback else (*told, *self.hosts)

    @property
    def url(self) -> str:
        """What is typed into a browser on this machine."""
        host, port = self.address
        here = Address("127.0.0.1" if self.wildcard else host, port)
        return f"http{'s' if self.tls is not None else ''}://{here}/"


@dataclass(frozen=True, slots=True)
class Printer(Strict):
    """A receipt printer that speaks ESC/POS."""

    port: Annotated[Path, Device("/dev/usb/lp0, or a serial port such as /dev/ttyUSB3")]
    baud: Annotated[int, Whole("Speed of a serial line", 1_200, 921_600, "bits a second")] = 9_600
    columns: Annotated[int, Whole("Narrow characters in a line", 24, 64, "columns")] = 32
    encoding: Annotated[Charset, OneOf(Charset, "How it takes its characters")] = Charset.GB18030
    cut: Annotated[bool, Truth("It has a knife")] = True
