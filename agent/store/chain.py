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

import hashlib
import importlib
from collections.abc import Iterable
from typing import Any

VERSION = b"\x01"
GENESIS = bytes(32)
SALT_BYTES = 16


def framed(part: bytes) -> bytes:
    """The part with its length before it."""
    return len(part).to_bytes(4, "big") + part


def number(value: int) -> bytes:
    """A number in decimal, framed."""
    return framed(b"%d" % value)


def digest(previous: bytes, columns: Iterable[bytes], data: bytes) -> bytes:
    """The hash of an entry; ``columns`` are the eleven header columns in order, each `framed`."""
    size = len(data).to_bytes(4, "big")
    return hashlib.sha256(b"".join((VERSION, previous, *columns, size, data))).digest()


def commitment(salt: bytes, field: str, value: str) -> str:
    """What stands in ``data`` for a personal field."""
    digest: str = short_sha256(salt + _FIELDS[field] + value.encode()).hexdigest()
    return digest


def _short_sha256() -> Any:
    # The interpreter's own SHA-256 is ready in half the time that OpenSSL's takes to begin, and a
    # tap needs five of them over one or two blocks. Python 3.12 renamed the module.
    for name in ("_sha2", "_sha256"):
        try:
            return importlib.import_module(name).sha256
        except ImportError:
            continue
    return hashlib.sha256


short_sha256 = _short_sha256()
"""SHA-256 for a few bytes; the same results as hashlib's."""


class _Fields(dict[str, bytes]):
    """Names of fields, framed; made once each, as there are few."""

    def __missing__(self, name: str) -> bytes:
        frame = framed(name.encode())
        if len(self) < 64:
            self[name] = frame
        return frame


_FIELDS = _Fields()
