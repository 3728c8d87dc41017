"""The end mark of a cut: who removed the entries below it, signed, so that `verify` still holds.

Rules kept here:
- the key (Ed25519, RFC 8032) is made when it is first needed, in the state directory, for its owner
  only; its public half stands in the entry of the cut, which the chain protects;
- what is signed names estate, gate and stream besides the last removed entry and its hash, so that
  a mark of one journal is worth nothing in another.

`cryptography` is loaded here only, and only when something is signed or checked.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from agent.errors import StoreError
from agent.store.chain import framed, number

_LAYOUT = b"gate-agent cut 1"
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class EndMark:
    """Where a journal was cut: its last removed entry. ``made_us``: µs since 1970 UTC."""

    estate: str
    agent: str
    stream: str
    sequence: int
    hash: bytes
    made_us: int

    def message(self) -> bytes:
        """The bytes that are signed: every part with its length before it, 4 bytes big endian."""
        texts = [framed(text.encode()) for text in (self.estate, self.agent, self.stream)]
        numbers = [number(self.sequence), framed(self.hash), number(self.made_us)]
        return b"".join([framed(_LAYOUT), *texts, *numbers])


def sign(mark: EndMark, key: Path) -> tuple[bytes, bytes]:
    """Public key and signature; the private key is made if there is none. Raises StoreError."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PrivateKey,
    )

    private = Ed25519PrivateKey.from_private_bytes(_secret(key))
    public = private.public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw
    )
    return public, private.sign(mark.message())


def signed(mark: EndMark, public: bytes, signature: bytes) -> bool:
    """Was this mark signed with the private half of this key?"""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PublicKey,
    )

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, mark.message())
    except (InvalidSignature, ValueError):
        return False
    return True


def _secret(key: Path) -> bytes:
    try:
        if not key.exists():
            _make(key)
        secret = key.read_bytes()
        mode = key.stat().st_mode
    except OSError as error:
        raise StoreError(
            f"{key}: the key that signs cuts cannot be used ({error.strerror}): run this as the "
            "user that gate-agent runs as"
        ) from error
    if mode & 0o077:
        raise StoreError(f"{key}: others may read the key that signs cuts: chmod 600 {key}")
    if len(secret) != _KEY_BYTES:
        raise StoreError(
            f"{key}: this is not a key that signs cuts (it has {_KEY_BYTES} bytes): restore it, or "
            "move it away so that a new one is made"
        )
    return secret


def _make(key: Path) -> None:
    fresh = key.with_name(key.name + ".new")
    fresh.unlink(missing_ok=True)
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, os.urandom(_KEY_BYTES))
        os.fsync(fd)
    finally:
        os.close(fd)
    fresh.rename(key)
