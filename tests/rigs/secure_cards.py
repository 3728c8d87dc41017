"""Cards that can prove themselves: the card's side, written from the documents and not from ours.

Rules kept here:
- nothing of `drivers` is imported: both sides have to agree by the documents. Only one block of
  AES is taken from a library; chaining, CMAC and checksums are done here once more;
- a card is as strict as a real one: what is out of order, of another length or made with another
  key is refused, and ends the session;
- ``python -m tests.rigs.secure_cards PORT KIND UID KEY`` holds one to a vpcd reader, as a process
  of its own, until its input ends.
"""

import os
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from tests.rigs.pcsc_rig import VirtualCard

DESFIRE_ATR = bytes.fromhex("3B8180018080")
"""What PC/SC makes of a DESFire or an NTAG 424 DNA: ISO 14443-4 without historical bytes."""

APPLICATION = bytes.fromhex("F52100")
DONE, MORE = b"\x91\x00", b"\x91\xaf"
ILLEGAL, WRONG, ABSENT, LENGTH = b"\x91\x1c", b"\x91\xae", b"\x91\xa0", b"\x91\x7e"
SPOILT, DENIED = b"\x91\x1e", b"\x91\x9d"


def _one(key: bytes, block: bytes, *, back: bool = False) -> bytes:
    cipher = Cipher(AES(key), CBC(bytes(16)))
    each = cipher.decryptor() if back else cipher.encryptor()
    return each.update(block) + each.finalize()


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def chain(key: bytes, plain: bytes, last: bytes = bytes(16)) -> bytes:
    out = b""
    for at in range(0, len(plain), 16):
        last = _one(key, _xor(plain[at : at + 16], last))
        out += last
    return out


def unchain(key: bytes, hidden: bytes, last: bytes = bytes(16)) -> bytes:
    out = b""
    for at in range(0, len(hidden), 16):
        block = hidden[at : at + 16]
        out += _xor(_one(key, block, back=True), last)
        last = block
    return out


def mac(key: bytes, message: bytes) -> bytes:
    """CMAC as in RFC 4493."""
    subkeys = [_one(key, bytes(16))]
    for _ in range(2):
        bits = f"{int.from_bytes(subkeys[-1], 'big'):0128b}"
        number = int(bits[1:] + "0", 2) ^ (0x87 if bits[0] == "1" else 0)
        subkeys.append(number.to_bytes(16, "big"))
    whole = bool(message) and len(message) % 16 == 0
    if not whole:
        message += b"\x80" + bytes(-(len(message) + 1) % 16)
    final = _xor(message[-16:], subkeys[1 if whole else 2])
    return chain(key, message[:-16] + final)[-16:]


def diversified(key: bytes, by: bytes) -> bytes:
    """AN10922, 2.2, over the padded 32 bytes (the CMAC of 32 bytes, but with the other subkey)."""
    message = b"\x01" + by
    if len(message) == 32:
        return mac(key, message)
    padded = (message + b"\x80").ljust(32, b"\x00")
    zero = _one(key, bytes(16))
    number = int.from_bytes(zero, "big")
    for _ in range(2):
        number = ((number << 1) % (1 << 128)) ^ (0x87 if number >> 127 else 0)
    return chain(key, padded[:16] + _xor(padded[16:], number.to_bytes(16, "big")))[-16:]


@dataclass
class SecureCard:
    """``kind`` is ``ev1``, ``ev2`` or ``ntag424``; ``key`` the card's own, ``number`` its place.

    ``uid`` is what it proves; what it shows is the business of the reader. Knobs: ``spoil``
    changes an answer on its way out, by the answer's number, ``old`` lets an EV2 card do EV1 too.
    Seen: ``proved``, how often it told its UID to somebody who knew the key.
    """

    kind: str
    uid: bytes
    key: bytes
    number: int = 0
    application: bytes = APPLICATION
    old: bool = True
    spoil: Callable[[int, bytes], bytes] = lambda _number, answer: answer
    proved: int = 0
    answers: int = 0
    _selected: bool = False
    _theirs: bytes = b""
    _waits: str = ""
    _keys: tuple[bytes, bytes] = (b"", b"")
    _name: bytes = b""
    _session: str = ""
    _chance: Callable[[int], bytes] = field(default=os.urandom)

    def __call__(self, command: bytes) -> bytes:
        """The answer to a command."""
        answer = self._answer(command)
        self.answers += 1
        return self.spoil(self.answers, answer)

    def _answer(self, command: bytes) -> bytes:
        if command[:4] == b"\x00\xa4\x04\x0c":
            mine = self.kind == "ntag424" and command[5:12].hex() == "d2760000850101"
            self._session, self._selected = "", mine
            return b"\x90\x00" if mine else b"\x6a\x82"
        if len(command) < 5 or command[0] != 0x90 or command[2:4] != b"\x00\x00":
            return b"\x6e\x00"
        data = command[5:-1]
        if command[-1] != 0 or (data and command[4] != len(data)):
            return LENGTH
        return self._native(command[1], data)

    def _native(self, code: int, data: bytes) -> bytes:
        waits, self._waits = self._waits, ""
        session, self._session = self._session, ""
        if code == 0xAF:
            return self._proof(waits, data)
        if code == 0x5A and self.kind != "ntag424":
            self._selected = data[::-1] == self.application
            return DONE if self._selected else ABSENT
        if code == 0x51 and session:
            return self._tell(session, data)
        return self._hello(code, data)

    def _hello(self, code: int, data: bytes) -> bytes:
        new = code == 0x71 and self.kind != "ev1" and data[1:] == b"\x00"
        old = code == 0xAA and (self.kind == "ev1" or (self.kind == "ev2" and self.old))
        if not (new or (old and len(data) == 1)):
            return ILLEGAL
        if not self._selected:
            return DENIED
        if data[0] != self.number:
            return b"\x91\x40"
        self._theirs, self._waits = self._chance(16), "new" if new else "old"
        return chain(self.key, self._theirs) + MORE

    def _proof(self, waits: str, data: bytes) -> bytes:
        if not waits:
            return ILLEGAL
        if len(data) != 32:
            return LENGTH
        hidden = chain(self.key, self._theirs)
        plain = unchain(self.key, data, hidden if waits == "old" else bytes(16))
        ours, back = plain[:16], plain[16:]
        if back != self._theirs[1:] + self._theirs[:1]:
            return WRONG
        turned, theirs = ours[1:] + ours[:1], self._theirs
        self._session = waits
        if waits == "old":
            key = ours[:4] + theirs[:4] + ours[12:16] + theirs[12:16]
            self._keys = (key, key)
            return chain(self.key, turned, data[16:]) + DONE
        middle = _xor(ours[2:8], theirs[0:6]) + theirs[6:16] + ours[8:16]
        vectors = [bytes.fromhex(each) + b"\x00\x01\x00\x80" + ours[:2] + middle for each in LABELS]
        self._keys = (mac(self.key, vectors[0]), mac(self.key, vectors[1]))
        self._name = self._chance(4)
        return chain(self.key, self._name + turned + bytes(12)) + DONE

    def _tell(self, session: str, data: bytes) -> bytes:
        hiding, signing = self._keys
        if session == "old":
            check = (zlib.crc32(self.uid + b"\x00") ^ 0xFFFFFFFF).to_bytes(4, "little")
            self.proved += 1
            return (
                chain(hiding, (self.uid + check).ljust(16, b"\x00"), mac(signing, b"\x51")) + DONE
            )
        if data != mac(signing, b"\x51\x00\x00" + self._name)[1::2]:
            return SPOILT
        first = _one(hiding, bytes.fromhex(LABELS[1]) + self._name + b"\x01" + bytes(9))
        hidden = chain(hiding, (self.uid + b"\x80").ljust(16, b"\x00"), first)
        self.proved += 1
        return hidden + mac(signing, b"\x00\x01\x00" + self._name + hidden)[1::2] + DONE


NTAG_SELECT = bytes.fromhex("00A4040C07D276000085010100")
LABELS = ("A55A", "5AA5")


def main() -> None:
    """Hold a card to the reader at this port until standard input ends."""
    port, kind, uid, key = sys.argv[1:]
    card = SecureCard(kind, bytes.fromhex(uid), bytes.fromhex(key))
    held = VirtualCard(int(port), card.uid, DESFIRE_ATR, applet=card)
    with held:
        sys.stdin.read()


if __name__ == "__main__":
    main()
