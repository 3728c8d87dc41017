"""What a site knows of its cards, and the whole talk with one: select, authenticate, read the UID.

Rules kept here:
- a card that does not have what is asked for is no card of that kind, and nothing is held against
  it: the talk gives None. From the first step of the authentication on it has to prove itself;
- the UID that counts is the one read under the session's key. A UID that was shown before and is
  another one is a lie, unless it was drawn at random;
- keys never show in a text: not in that of a fault, and not in a repr.

Follows the documents of `drivers.secure.ev1` and `drivers.secure.ev2`, and ISO/IEC 14443-3, 6.5.4
(a UID of four bytes that begins with 08 is random).
"""

from dataclasses import dataclass, field
from enum import StrEnum

from drivers.secure import aes, ev1, ev2
from drivers.secure.talk import Talk, UnprovedError, ask
from drivers.wire import native

SELECT = 0x5A
NTAG_SELECT = bytes.fromhex("00A4040C07D276000085010100")
_SELECTED = 0x9000
_APPLICATION_BYTES = 3
MOST_KEYS = 13
LONGEST_SYSTEM = aes.LONGEST_INPUT - ev2.UID_BYTES - _APPLICATION_BYTES


class By(StrEnum):
    """What a card's own key is made by, out of the site's: nothing, or NXP AN10922.

    The input of AN10922 is the UID, the application and the system identifier, one after another.
    Tools differ in the application: as written, as it is sent (last byte first, as libfreefare has
    it), or not at all. An NTAG 424 DNA has no application: all three are the same there.
    """

    NONE = "none"
    WRITTEN = "an10922"
    SENT = "an10922-sent"
    UID = "an10922-uid"


@dataclass(frozen=True, slots=True)
class SiteKey:
    """The AES key of a site, 16 bytes, and its number on the card, 0 to 13.

    ``by``: whether and how each card has a key of its own; ``system`` are at most 21 bytes that go
    into it. Raises ValueError for what cannot be so.
    """

    number: int
    key: bytes = field(repr=False)
    by: By = By.WRITTEN
    system: bytes = b""

    def __post_init__(self) -> None:
        if len(self.key) != aes.BLOCK:
            raise ValueError(f"an AES key has {aes.BLOCK} bytes, not {len(self.key)}")
        if not 0 <= self.number <= MOST_KEYS:
            raise ValueError(f"a card has keys 0 to {MOST_KEYS}, not {self.number}")
        if len(self.system) > LONGEST_SYSTEM:
            raise ValueError(f"a system identifier has {LONGEST_SYSTEM} bytes at most")

    def of(self, uid: bytes, application: bytes = b"") -> bytes:
        """The key of the card with this UID; raises UnprovedError where it cannot be told."""
        if self.by is By.NONE:
            return self.key
        if len(uid) != ev2.UID_BYTES:
            raise UnprovedError(
                "the card's key cannot be told without its true UID of 7 bytes, and the card shows "
                "a random or another one: switch the random UID off, or set diversify: none"
            )
        told = {By.WRITTEN: application, By.SENT: application[::-1], By.UID: b""}[self.by]
        return aes.diversify(self.key, uid + told + self.system)


@dataclass(frozen=True, slots=True)
class Desfire:
    """MIFARE DESFire cards: the application, 3 bytes as written, most significant first.

    ``methods`` are ``ev2`` (AuthenticateEV2First) and ``ev1`` (AuthenticateAES), both: EV2 first,
    EV1 for cards that do not know it. Raises ValueError for what cannot be so.
    """

    application: bytes
    key: SiteKey
    methods: frozenset[str] = frozenset({"ev1", "ev2"})

    def __post_init__(self) -> None:
        if len(self.application) != _APPLICATION_BYTES:
            raise ValueError(f"an application has {_APPLICATION_BYTES} bytes")
        if not self.methods or self.methods - {"ev1", "ev2"}:
            raise ValueError("methods are ev1, ev2 or both")

    def talk(self, uid: bytes, chance: bytes) -> Talk[bytes | None]:
        """The proved UID, or None for a card without the application.

        ``uid`` is the one shown at the start, ``chance`` are 16 fresh random bytes. Raises
        TornError and UnprovedError.
        """
        said = yield from ask(native.command(SELECT, self.application[::-1]))
        if said.status != native.OK:
            return None
        key = self.key.of(uid, self.application)
        if "ev2" in self.methods:
            hello = yield from ev2.hello(self.key.number)
            if hello.status != native.UNKNOWN_COMMAND or "ev1" not in self.methods:
                session = yield from ev2.answered(key, chance, hello)
                return honest(uid, (yield from ev2.card_uid(session)))
        old = yield from ev1.authenticate(self.key.number, key, chance)
        return honest(uid, (yield from ev1.card_uid(old)))


@dataclass(frozen=True, slots=True)
class Ntag424:
    """NTAG 424 DNA tags."""

    key: SiteKey

    def talk(self, uid: bytes, chance: bytes) -> Talk[bytes | None]:
        """The proved UID, or None for what is no such tag; as `Desfire.talk`."""
        said = yield from ask(NTAG_SELECT)
        if said.status != _SELECTED:
            return None
        session = yield from ev2.authenticate(self.key.number, self.key.of(uid), chance)
        return honest(uid, (yield from ev2.card_uid(session)))


def random_uid(uid: bytes) -> bool:
    """Whether a UID was drawn at random when the card came into the field."""
    return len(uid) == 4 and uid[0] == 0x08


def honest(shown: bytes, proved: bytes) -> bytes:
    """The UID that was proved; raises UnprovedError when the card had shown another one."""
    if shown != proved and not random_uid(shown):
        raise UnprovedError("the card showed another number than its own")
    return proved
