"""What proofs of cards are made of: AES-128 in CBC, CMAC, and keys that differ from card to card.

Rules kept here:
- the primitives are those of `cryptography`; nothing here is secret by being hard to read;
- comparisons of secrets take the same time whatever differs.

Follows FIPS 197, NIST SP 800-38A (CBC), NIST SP 800-38B (CMAC), and NXP AN10922 "Symmetric key
diversifications", 2.2 (AES-128).
"""

from cryptography.hazmat.primitives import constant_time
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.cmac import CMAC

BLOCK = 16
ZERO = bytes(BLOCK)
LONGEST_INPUT = 31
"""The most bytes that a key is diversified by."""


def encrypt(key: bytes, plain: bytes, start: bytes = ZERO) -> bytes:
    """``plain``, whole blocks of 16 bytes, in CBC that starts with ``start``; ValueError else."""
    cipher = Cipher(AES128(key), CBC(start)).encryptor()
    return cipher.update(plain) + cipher.finalize()


def decrypt(key: bytes, hidden: bytes, start: bytes = ZERO) -> bytes:
    """What was encrypted, whole blocks of 16 bytes; ValueError for anything else."""
    cipher = Cipher(AES128(key), CBC(start)).decryptor()
    return cipher.update(hidden) + cipher.finalize()


def cmac(key: bytes, message: bytes) -> bytes:
    """The CMAC of a message, 16 bytes."""
    mac = CMAC(AES128(key))
    mac.update(message)
    return mac.finalize()


def short_mac(key: bytes, message: bytes) -> bytes:
    """Every second byte of the CMAC, eight in all: how NXP's cards shorten it (MACt)."""
    return cmac(key, message)[1::2]


def diversify(key: bytes, by: bytes) -> bytes:
    """The card's own key: the site's key diversified by 1 to 31 bytes (AN10922, 2.2).

    Raises ValueError for another length. What is shorter than 31 bytes is padded to two whole
    blocks, also where one would do: that is what differs from a plain CMAC.
    """
    if not 1 <= len(by) <= LONGEST_INPUT:
        raise ValueError(f"a key is diversified by 1 to {LONGEST_INPUT} bytes, not {len(by)}")
    message = b"\x01" + by
    first = _double(encrypt(key, ZERO))
    mask = first
    if len(message) < 2 * BLOCK:
        mask = _double(first)
        message = (message + b"\x80").ljust(2 * BLOCK, b"\x00")
    last = bytes(a ^ b for a, b in zip(message[BLOCK:], mask, strict=True))
    return encrypt(key, message[:BLOCK] + last)[BLOCK:]


def _double(block: bytes) -> bytes:
    """Twice the block in the field of CMAC's subkeys (SP 800-38B, 6.1)."""
    number = int.from_bytes(block, "big") << 1
    if number >> 128:
        number ^= (1 << 128) | 0x87
    return number.to_bytes(BLOCK, "big")


def same(one: bytes, other: bytes) -> bool:
    """Whether both are the same bytes, in a time that tells nothing of where they differ."""
    return constant_time.bytes_eq(one, other)
