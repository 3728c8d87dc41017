"""Keys of OSDP's secure channel (SCBK, IEC 60839-11-5, annex D): made, and read from a secret.

Rules kept here:
- keys come from the system's random source and from nowhere else;
- a key is never part of a message, a log or a name;
- the default key that every reader knows (SCBK-D) is no key, nor is one that repeats one byte.
"""

import re
import secrets
from typing import Final

from agent.errors import DeviceError

KEY_BYTES: Final = 16
DEFAULT_KEY: Final = bytes(range(0x30, 0x40))
"""SCBK-D, which the document publishes."""

_HEX = re.compile(rb"[0-9A-Fa-f]{32}")


def make_key() -> bytes:
    """A new key."""
    while weak(key := secrets.token_bytes(KEY_BYTES)):
        pass
    return key


def weak(key: bytes) -> bool:
    """A key that everybody knows or guesses first."""
    return key == DEFAULT_KEY or len(set(key)) == 1


def read_key(secret: bytes) -> bytes:
    """The key in a secret: 32 hexadecimal digits, spaces and colons between them, or 16 bytes.

    Raises DeviceError, which never tells the secret.
    """
    digits = re.sub(rb"[\s:]", b"", secret)
    if _HEX.fullmatch(digits):
        key = bytes.fromhex(digits.decode())
    elif len(secret) == KEY_BYTES:
        key = secret
    else:
        raise DeviceError(
            f"the key is not 32 hexadecimal digits (there are {len(secret)} bytes): make one with "
            "gate-agent osdp key"
        )
    if weak(key):
        raise DeviceError(
            "the key is one that everybody knows: make one with gate-agent osdp key, and write "
            "secure: install to put it into the reader"
        )
    return key
