"""The models of QR passes: whose signatures count, and what an unknown appointment is worth.

Rules kept here:
- keys stand by the name that is in the passes: several at once, so that they can be changed;
- a public key is no secret, so it is a file and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from agent.settings.places import Place
from agent.settings.strict import Strict
from agent.settings.values import Id, OneOf, Truth
from agent.settings.words import Unknown


@dataclass(frozen=True, slots=True)
class PassKey(Strict):
    """A public key of whoever signs passes."""

    file: Annotated[Path, Place("Public key, Ed25519, PEM")]
    revoked: Annotated[bool, Truth("Passes signed with it are good for nothing")] = False


@dataclass(frozen=True, slots=True)
class QrPasses(Strict):
    """Passes of visitors, read by readers with the protocol qr-pass."""

    keys: Mapping[Annotated[str, Id()], PassKey]
    unknown_appointment: Annotated[
        Unknown, OneOf(Unknown, "A good pass whose appointment this gate does not know")
    ] = Unknown.ENTER

    def told(self) -> str:
        """What an installer looks for, on one line."""
        keys = (f"{name}{' (revoked)' * key.revoked}" for name, key in self.keys.items())
        unknown = f"an unknown appointment: {self.unknown_appointment}"
        return f"QR passes signed with {', '.join(keys)}; {unknown}"
