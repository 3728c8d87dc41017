"""The settings of one gate, typed. Made by `agent.settings.reading`; frozen from then on.

Rules kept here:
- these are plain dataclasses which pydantic validates, so that holding settings costs no validator;
- times are timedelta, paths are whole, every default is the careful choice;
- nothing here holds a secret: only where it lies.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

from agent.core.model import CardKind
from agent.settings.booth import Console, Deposits, Names, Printer, Privacy, Visits
from agent.settings.grounds import Duress, Emergency, ZoneRules
from agent.settings.intercom import Intercom
from agent.settings.passage import Lane
from agent.settings.places import Place
from agent.settings.reader_qr import QrPasses
from agent.settings.reader_secure import CardRules
from agent.settings.readers import Reader
from agent.settings.secret import Secret
from agent.settings.strict import Strict
from agent.settings.uplink import Uplink
from agent.settings.values import Day, Id, OneOf, Span, Text, Truth, Zone
from agent.settings.words import (
    Backend,
)


@dataclass(frozen=True, slots=True)
class Desk(Strict):
    """The booth: the only place for readers without a lane."""

    readers: tuple[Annotated[str, Id("A key of readers:")], ...]
    name: Annotated[str, Text("What people call the desk")] = ""


@dataclass(frozen=True, slots=True)
class Gpio(Strict):
    """What drives the pins. ``socket`` is the pin socket of the simulated gate."""

    backend: Annotated[Backend, OneOf(Backend, "auto: the Pi's pins")] = Backend.AUTO
    socket: Annotated[Path, Place("Pin socket, for the backend socket only")] | None = None


def _careful() -> tuple[CardKind, ...]:
    return (CardKind.RESIDENT, CardKind.STAFF, CardKind.VEHICLE)


@dataclass(frozen=True, slots=True)
class ClockRules(Strict):
    """What to do while nobody knows what time it is."""

    assume_synced: Annotated[
        bool, Truth("Believe the clock without a time server: only with a battery-backed clock")
    ] = False
    pass_untrusted: tuple[Annotated[CardKind, OneOf(CardKind, "Kinds that pass, marked")], ...] = (
        field(default_factory=_careful)
    )


@dataclass(frozen=True, slots=True)
class Calendar(Strict):
    """Days that are no working days."""

    holidays: tuple[Annotated[date, Day("A holiday")], ...] = ()


@dataclass(frozen=True, slots=True)
class Paths(Strict):
    """Where the agent keeps its things."""

    state: Annotated[Path, Place("Lasts: ledger.db", rooted=False)] = Path("/var/lib/gate-agent")
    run: Annotated[Path, Place("Of this boot: control.sock", rooted=False)] = Path(
        "/run/gate-agent"
    )

    @property
    def ledger(self) -> Path:
        """The data base of the journal."""
        return self.state / "ledger.db"

    @property
    def control(self) -> Path:
        """The control socket."""
        return self.run / "control.sock"


@dataclass(frozen=True, slots=True)
class Settings(Strict):
    """One gate, whole. Keys of ``lanes``, ``readers``, ``desks`` and ``zones`` are ids."""

    estate: Annotated[str, Id("The estate, in every topic")]
    gate: Annotated[str, Id("The gate; also the id of its agent")]
    timezone: Annotated[str, Zone("Time zone of the gate")]
    lanes: Mapping[Annotated[str, Id()], Lane]
    readers: Mapping[Annotated[str, Id()], Reader]
    desks: Mapping[Annotated[str, Id()], Desk] = field(default_factory=dict)
    zones: Mapping[Annotated[str, Id()], ZoneRules] = field(default_factory=dict)
    emergency: Emergency = field(default_factory=Emergency)
    duress: Duress | None = None
    gpio: Gpio = field(default_factory=Gpio)
    uplink: Uplink | None = None
    card_reference_key: Secret | None = None
    identity_key: Secret | None = None
    cards: CardRules = field(default_factory=CardRules)
    clock: ClockRules = field(default_factory=ClockRules)
    calendar: Calendar = field(default_factory=Calendar)
    names: Names = field(default_factory=Names)
    deposits: Deposits = field(default_factory=Deposits)
    visits: Visits = field(default_factory=Visits)
    privacy: Privacy = field(default_factory=Privacy)
    console: Console = field(default_factory=Console)
    printer: Printer | None = None
    intercom: Intercom | None = None
    qr_passes: QrPasses | None = None
    retention: Annotated[timedelta, Span("How long the journal is kept", "1 day", "20 years")] = (
        timedelta(days=732)
    )
    paths: Paths = field(default_factory=Paths)
