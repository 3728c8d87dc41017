"""The models of what is behind the lanes: zones, and the inputs of the whole gate, duress."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Annotated

from agent.core.model import CardKind
from agent.core.plan import PassbackMode
from agent.settings.pins import ContactPin, MainsPin
from agent.settings.secret import Secret
from agent.settings.strict import Strict
from agent.settings.values import Clock, OneOf, Span, Whole

KIND = OneOf(CardKind, "Kinds of cards")


def _people() -> tuple[CardKind, ...]:
    free = (CardKind.GUARD, CardKind.PATROL, CardKind.TEST)
    return tuple(kind for kind in CardKind if kind not in free)


@dataclass(frozen=True, slots=True)
class Passback(Strict):
    """What becomes of a card that enters a second time without having left."""

    mode: Annotated[PassbackMode, OneOf(PassbackMode, "How strict the gate is")]
    within: (
        Annotated[timedelta, Span("For mode timed: how long it is denied", "1 s", "7 days")] | None
    ) = None
    kinds: tuple[Annotated[CardKind, KIND], ...] = field(default_factory=_people)
    amnesty: Annotated[time, Clock("When everybody's presence is forgiven")] | None = None


@dataclass(frozen=True, slots=True)
class ZoneRules(Strict):
    """A zone that lanes lead to."""

    bays: Annotated[int, Whole("Vehicles that fit in", 1, 100_000, "bays")] | None = None
    refuse_when_full: tuple[Annotated[CardKind, KIND], ...] = ()
    passback: Passback | None = None


@dataclass(frozen=True, slots=True)
class Duress(Strict):
    """The code that somebody who is forced types at a reader's keypad."""

    pin: Secret
    within: Annotated[
        timedelta, Span("How near to his card the whole code is typed", "2 s", "1 min")
    ] = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Emergency(Strict):
    """Inputs of the whole gate."""

    fire: ContactPin | None = None
    lockdown: ContactPin | None = None
    mains: MainsPin | None = None

    def wired(self) -> Mapping[str, ContactPin]:
        """What is wired, by name."""
        found = {"fire": self.fire, "lockdown": self.lockdown, "mains": self.mains}
        return {name: pin for name, pin in found.items() if pin is not None}
