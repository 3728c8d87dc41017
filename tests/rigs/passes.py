"""Whoever signs QR passes: a key pair, and passes by it."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from drivers.wire.qr_pass import QrPass, SignedPass, encode, message

HOUR = 60


def now() -> int:
    """Minutes since 1970 UTC."""
    return int(time.time()) // 60


class Signer:
    """Signs with the key ``name`` for one gate; the public key lies in ``place``."""

    def __init__(self, folder: Path, name: str = "k1", estate: str = "e", gate: str = "g") -> None:
        self.private = Ed25519PrivateKey.generate()
        self.name, self.estate, self.gate = name, estate, gate
        self.place = folder / f"{name}.pem"
        public = self.private.public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.place.write_bytes(pem)
        self.made = 0

    def says(self, **more: Any) -> QrPass:
        """A pass that was not there before, good from an hour ago for two hours."""
        self.made += 1
        identity = self.made.to_bytes(16)
        begins, ends = now() - HOUR, now() + HOUR
        told = QrPass(self.name, identity, self.estate, begins, ends, self.gate)
        return replace(told, **more)

    def signed(self, says: QrPass | None = None, **more: Any) -> SignedPass:
        """That pass, or another one, with its signature."""
        says = says or self.says(**more)
        return SignedPass(says, self.private.sign(message(says)))

    def text(self, **more: Any) -> str:
        """Likewise, as it stands in the QR code."""
        return encode(self.signed(**more))
