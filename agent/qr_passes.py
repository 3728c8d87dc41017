"""QR passes, judged before the core hears of them: signature, key, estate, gate.

Rules kept here:
- only Ed25519 (RFC 8032), by the public keys of the settings; what is signed is told by
  `drivers.wire.qr_pass.message`;
- a key that cannot be read counts as unknown: the gate goes on, and says so;
- neither the text of a pass nor its identity is ever logged; records have a label that nobody can
  turn back.
"""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from agent.core.access import Reason
from agent.core.ids import LaneId
from agent.core.model import Credential, Direction
from agent.core.project_passes import LABEL
from agent.core.qr_pass import ShownPass
from agent.errors import SettingsError
from agent.opened import contents
from agent.settings import Settings
from drivers.wire.frame import Frame
from drivers.wire.qr_pass import PROTOCOL, QrPass, SignedPass, message, parse

MINUTE_US = 60_000_000
_DIGITS = 16
_log = logging.getLogger("gate.passes")


@dataclass(frozen=True, slots=True)
class PassKey:
    """A public key of the centre; ``revoked``: its passes are good for nothing."""

    public: Ed25519PublicKey
    revoked: bool = False


class Judge:
    """Says of every pass whether it is what it seems to be, for one gate of one estate."""

    def __init__(self, estate: str, gate: str, keys: Mapping[str, PassKey]) -> None:
        self._estate = estate
        self._gate = gate
        self._keys = keys

    def frame(self, frame: Frame) -> ShownPass | None:
        """The pass in a frame of ``qr-pass``; None for a frame of another kind."""
        if frame.protocol != PROTOCOL:
            return None
        return self.shown(parse(frame.raw.decode("ascii")))

    def shown(self, signed: SignedPass) -> ShownPass:
        """The pass as the core takes it, with what makes it unbelievable."""
        says = signed.says
        ways = (says.enters, says.leaves)
        one = Direction.IN if says.enters else Direction.OUT
        scheme, _, digits = says.credential.partition(":")
        return ShownPass(
            Credential(scheme, digits),
            label_of(says),
            says.begins * MINUTE_US,
            says.ends * MINUTE_US,
            says.appointment,
            tuple(LaneId(lane) for lane in says.lanes),
            Direction.BOTH if all(ways) else one,
            vehicle=says.vehicle,
            fault=self._fault(signed),
        )

    def _fault(self, signed: SignedPass) -> Reason | None:
        says, key = signed.says, self._keys.get(signed.says.key)
        if key is None:
            return Reason.KEY_UNKNOWN
        try:
            key.public.verify(signed.signature, message(says))
        except InvalidSignature:
            return Reason.FORGED
        if key.revoked:
            return Reason.KEY_REVOKED
        here = says.estate == self._estate and says.gate in {"", self._gate}
        return None if here else Reason.ELSEWHERE


def label_of(says: QrPass) -> str:
    """What stands for a pass in records: the same for the same pass, and nothing of it."""
    return LABEL + hashlib.sha256(says.identity).hexdigest()[:_DIGITS]


def public_key(place: Path) -> Ed25519PublicKey:
    """Read a public key (PEM, SubjectPublicKeyInfo); raises SettingsError."""
    try:
        key = load_pem_public_key(contents(place, "the key"))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise SettingsError(
            f"{place} is no public key for passes: it needs one of Ed25519 in PEM "
            "(BEGIN PUBLIC KEY), as gate-agent pass key makes it"
        )
    return key


def judge_of(settings: Settings) -> Judge:
    """The judge of this gate; keys that cannot be read are left out, and logged."""
    keys: dict[str, PassKey] = {}
    for name, key in settings.qr_passes.keys.items() if settings.qr_passes is not None else ():
        try:
            keys[name] = PassKey(public_key(key.file), key.revoked)
        except SettingsError as fault:
            _log.error("qr_passes.keys.%s: %s; its passes are denied", name, fault)
    return Judge(settings.estate, settings.gate, keys)
