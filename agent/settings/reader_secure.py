"""What a reader asks of cards that can prove themselves, and which kinds of cards have to.

Rules kept here:
- keys lie in files or credentials, never in the settings;
- the careful choice is the default: a reader that asks for proof takes no card without one.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from agent.core.model import CardKind
from agent.settings.secret import Secret
from agent.settings.strict import Strict
from agent.settings.values import OneOf, Text, Whole


class Diversify(StrEnum):
    """What a card's own key is made by; the words of `drivers.secure.cards.By`."""

    NONE = "none"
    AN10922 = "an10922"
    SENT = "an10922-sent"
    UID = "an10922-uid"


class Method(StrEnum):
    """How a DESFire card authenticates. auto: EV2 first, EV1 for cards that do not know it."""

    AUTO = "auto"
    EV1 = "ev1"
    EV2 = "ev2"


class UidOnly(StrEnum):
    """What becomes of a card that shows a number and proves nothing."""

    ALLOWED = "allowed"
    REFUSED = "refused"


DIVERSIFY = OneOf(Diversify, "Whether each card has a key of its own, and made by what")
SYSTEM = Text(
    "System identifier that goes into each card's key, in hexadecimal digits",
    "([0-9A-Fa-f]{2}){0,21}",
    "up to 21 bytes as pairs of hexadecimal digits, in quotes",
)


@dataclass(frozen=True, slots=True)
class DesfireCards(Strict):
    """MIFARE DESFire EV1, EV2 and EV3 with an AES key of the site."""

    application: Annotated[
        str,
        Text(
            "The application, as its tools write it",
            "[0-9A-Fa-f]{6}",
            "six hexadecimal digits in quotes, such as 'F52100'",
        ),
    ]
    key: Secret
    key_no: Annotated[int, Whole("Which key of the application", 0, 13, "a number")] = 0
    diversify: Annotated[Diversify, DIVERSIFY] = Diversify.AN10922
    system: Annotated[str, SYSTEM] = ""
    method: Annotated[Method, OneOf(Method, "How the card authenticates")] = Method.AUTO


@dataclass(frozen=True, slots=True)
class Ntag424Cards(Strict):
    """NTAG 424 DNA with an AES key of the site."""

    key: Secret
    key_no: Annotated[int, Whole("Which key of the tag", 0, 4, "a number")] = 0
    diversify: Annotated[Diversify, DIVERSIFY] = Diversify.AN10922
    system: Annotated[str, SYSTEM] = ""


@dataclass(frozen=True, slots=True)
class Authenticate(Strict):
    """What a reader asks of a card beyond its number."""

    desfire: DesfireCards | None = None
    ntag424: Ntag424Cards | None = None
    uid_only: Annotated[UidOnly, OneOf(UidOnly, "Cards that show a number only")] = UidOnly.REFUSED

    @property
    def strict(self) -> bool:
        """A number alone is good for nothing here."""
        return self.uid_only is UidOnly.REFUSED

    def told(self) -> str:
        """What an installer looks for, as a part of a line."""
        kinds = []
        if self.desfire is not None:
            way = f"key {self.desfire.key_no}, {self.desfire.diversify}"
            kinds.append(f"DESFire {self.desfire.application.upper()} ({way})")
        if self.ntag424 is not None:
            kinds.append(f"NTAG 424 DNA (key {self.ntag424.key_no}, {self.ntag424.diversify})")
        return f"proof by {' or '.join(kinds)}, a number alone is {self.uid_only}"


@dataclass(frozen=True, slots=True)
class CardRules(Strict):
    """What holds for cards at every lane."""

    require_proof: tuple[
        Annotated[CardKind, OneOf(CardKind, "Kinds that have to prove themselves")], ...
    ] = ()
