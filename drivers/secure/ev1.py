"""Mutual authentication of MIFARE DESFire EV1 with AES, and the UID that is read under it.

Rules kept here:
- the chaining value goes on through the three messages of the authentication, and starts at zero
  after it;
- a UID counts when its checksum and its padding are right under the session's key: whoever does not
  know the key of the card cannot make one.

Follows the command AuthenticateAES (0xAA) and GetCardUID (0x51) of the MIFARE DESFire EV1
(MF3ICD81), as the free libraries that talk to it have them, and traces of real cards; tests/secure
names them. CRC-32 is that of ISO/IEC 13239, as the card sends it: inverted, low byte first.
"""

import zlib

from drivers.secure import aes
from drivers.secure.talk import Talk, UnprovedError, expect
from drivers.wire import native

AUTHENTICATE, GO_ON, GET_UID = 0xAA, 0xAF, 0x51
UID_BYTES = 7


def authenticate(key_number: int, key: bytes, chance: bytes) -> Talk[bytes]:
    """Prove both sides that they know the key; gives the session's key.

    ``chance`` are 16 fresh random bytes. Raises TornError and UnprovedError.
    """
    hello = native.command(AUTHENTICATE, bytes((key_number,)))
    hidden = yield from expect(hello, native.MORE, aes.BLOCK, refusal="the card wants no AES")
    theirs = aes.decrypt(key, hidden)
    sent = aes.encrypt(key, chance + theirs[1:] + theirs[:1], hidden)
    command = native.command(GO_ON, sent)
    said = yield from expect(command, native.OK, aes.BLOCK, refusal="the card refused our proof")
    if not aes.same(aes.decrypt(key, said, sent[-aes.BLOCK :]), chance[1:] + chance[:1]):
        raise UnprovedError("the card does not know the key: its proof is wrong")
    return chance[:4] + theirs[:4] + chance[12:] + theirs[12:]


def card_uid(session: bytes) -> Talk[bytes]:
    """The card's own UID, 7 bytes, read under the session's key. The first command after it."""
    start = aes.cmac(session, bytes((GET_UID,)))
    hidden = yield from expect(native.command(GET_UID), native.OK, aes.BLOCK)
    plain = aes.decrypt(session, hidden, start)
    uid, rest = plain[:UID_BYTES], plain[UID_BYTES:]
    check = zlib.crc32(uid + b"\x00") ^ 0xFFFFFFFF
    if not aes.same(rest, check.to_bytes(4, "little").ljust(len(rest), b"\x00")):
        raise UnprovedError("the card's number was not made with the session's key")
    return uid
