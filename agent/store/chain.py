"""The chain: how an entry is hashed, so that a stranger can check a journal with any tool.

Rules kept here:
- a chain cannot be migrated later; version 1 of the layout below never changes;
- the hash covers the texts that are sent (stream and boot in full), not the file's references.

Layout of version 1. All lengths are 4 bytes, unsigned, big endian. The hash of an entry is
SHA-256 over these bytes, one after the other:

1. one byte 0x01, the version of the layout;
2. 32 bytes, the hash of the previous entry; 32 zero bytes before sequence 1;
3. for each of these eleven columns, in this order: length, then that many bytes:
   sequence, stream, boot, uptime_ms, time_us, recorded_us, quality, type, subject, actor, cause.
   Numbers are written in decimal ASCII without sign (unless negative), spaces or leading zeros,
   texts in UTF-8. An empty text is length 0;
4. length of ``data``, then the bytes of ``data`` exactly as they are sent.

A personal field of an entry is committed to in ``data`` under ``commitments`` as the lower-case
hexadecimal SHA-256 over: 16 bytes of salt, length of the field's name, the name, the value (to the
end), texts in UTF-8. Salt and value lie beside the journal and can be erased; the commitment stays.
"""

from collections.abc import Sequence
from hashlib import sha256

VERSION = b"\x01"
GENESIS = bytes(32)
SALT_BYTES = 16

_SHORT = tuple(n.to_bytes(4, "big") for n in range(1024))


def framed(part: bytes) -> bytes:
    """The part with its length before it."""
    size = len(part)
    return (_SHORT[size] if size < len(_SHORT) else size.to_bytes(4, "big")) + part


def digest(previous: bytes, columns: Sequence[bytes], data: bytes) -> bytes:
    """The hash of an entry; ``columns`` are the eleven header columns as bytes, in order."""
    joined = b"".join([framed(part) for part in columns])
    return sha256(b"".join((VERSION, previous, joined, framed(data)))).digest()


def commitment(salt: bytes, field: str, value: str) -> str:
    """What stands in ``data`` for a personal field."""
    return sha256(salt + framed(field.encode()) + value.encode()).hexdigest()
