"""AuthenticateEV2First of MIFARE DESFire EV2 and NTAG 424 DNA, and the UID that is read under it.

Rules kept here:
- the transaction identifier and the session's keys of one authentication are used for the one
  command that follows it, so that the command counter is 0 there and 1 in its answer;
- the MAC of an answer is judged before anything of it is read.

Follows NXP "NTAG 424 DNA" (NT4H2421Gx, data sheet), 9.1.4 to 9.1.10, and NXP AN12196 "NTAG 424 DNA
and NTAG 424 DNA TagTamper features and hints", whose values are in tests/secure; for DESFire EV2
the same as in NXP AN12343 "MIFARE DESFire Light features and hints".
"""

from typing import NamedTuple

from drivers.secure import aes
from drivers.secure.talk import Talk, UnprovedError, ask, expect
from drivers.wire import native
from drivers.wire.native import Answer

AUTHENTICATE, GO_ON, GET_UID = 0x71, 0xAF, 0x51
UID_BYTES = 7
_MAC_BYTES = 8


class Session(NamedTuple):
    """What both sides know after the authentication: two keys and the transaction's name."""

    encrypting: bytes
    signing: bytes
    transaction: bytes


def hello(key_number: int) -> Talk[Answer]:
    """The first of the three messages, and what the card says to it."""
    return (yield from ask(native.command(AUTHENTICATE, bytes((key_number, 0)))))


def authenticate(key_number: int, key: bytes, chance: bytes) -> Talk[Session]:
    """Prove both sides that they know the key; ``chance`` are 16 fresh random bytes.

    Raises TornError and UnprovedError.
    """
    said = yield from hello(key_number)
    return (yield from answered(key, chance, said))


def answered(key: bytes, chance: bytes, said: Answer) -> Talk[Session]:
    """The rest of `authenticate`, from the card's answer to `hello` on."""
    if said.status != native.MORE:
        raise UnprovedError(f"the card refused to prove itself: {said.says}")
    if len(said.data) != aes.BLOCK:
        raise UnprovedError(f"the card answered {len(said.data)} bytes where {aes.BLOCK} are due")
    theirs = aes.decrypt(key, said.data)
    command = native.command(GO_ON, aes.encrypt(key, chance + theirs[1:] + theirs[:1]))
    refusal = "the card refused our proof"
    hidden = yield from expect(command, native.OK, 2 * aes.BLOCK, refusal=refusal)
    plain = aes.decrypt(key, hidden)
    transaction, ours = plain[:4], plain[4 : 4 + aes.BLOCK]
    if not aes.same(ours, chance[1:] + chance[:1]):
        raise UnprovedError("the card does not know the key: its proof is wrong")
    return Session(*session_keys(key, chance, theirs), transaction)


def session_keys(key: bytes, ours: bytes, theirs: bytes) -> tuple[bytes, bytes]:
    """The keys for encrypting and for signing, out of both random numbers (9.1.7)."""
    mixed = bytes(a ^ b for a, b in zip(ours[2:8], theirs[:6], strict=True))
    context = b"\x00\x01\x00\x80" + ours[:2] + mixed + theirs[6:] + ours[8:]
    return aes.cmac(key, b"\xa5\x5a" + context), aes.cmac(key, b"\x5a\xa5" + context)


def card_uid(session: Session) -> Talk[bytes]:
    """The card's own UID, 7 bytes, in full communication mode. The first command after it."""
    asked, told = b"\x00\x00" + session.transaction, b"\x01\x00" + session.transaction
    mac = aes.short_mac(session.signing, bytes((GET_UID,)) + asked)
    command = native.command(GET_UID, mac)
    said = yield from expect(command, native.OK, aes.BLOCK + _MAC_BYTES)
    hidden, mac = said[: aes.BLOCK], said[aes.BLOCK :]
    if not aes.same(mac, aes.short_mac(session.signing, b"\x00" + told + hidden)):
        raise UnprovedError("the card's number was not signed with the session's key")
    start = aes.encrypt(
        session.encrypting, (b"\x5a\xa5" + session.transaction + told[:2]).ljust(aes.BLOCK, b"\x00")
    )
    plain = aes.decrypt(session.encrypting, hidden, start)
    if plain[UID_BYTES:] != b"\x80".ljust(aes.BLOCK - UID_BYTES, b"\x00"):
        raise UnprovedError("the card's number has another length than 7 bytes")
    return plain[:UID_BYTES]
