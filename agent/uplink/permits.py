"""Who may command what, and what has to be signed.

Rules kept here:
- a client that nobody named may command nothing;
- the client is the one in the topic, since the broker lets each publish under its own name only;
- a signature is HMAC-SHA256 (RFC 2104) over topic, key id and the exact bytes of the body, with a
  line end between them, in lower-case hexadecimal; it is compared in constant time.
"""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from agent.core.commands import Name
from agent.uplink.command import Refusal

KEY_ID, SIGNATURE = "keyid", "signature"


@dataclass(frozen=True, slots=True)
class Permit:
    """What one client may command; ``keys`` are its secrets by key id."""

    may: frozenset[Name]
    signed: frozenset[Name] = frozenset()
    keys: Mapping[str, bytes] = field(default_factory=dict, repr=False)


Permits = Mapping[str, Permit]
"""By client id."""


def allowed(permits: Permits, client: str, name: Name) -> Permit:
    """The permit of this client for this command; raises `Refusal` 403."""
    permit = permits.get(client)
    if permit is None:
        raise Refusal(403, f"no client {client} is named in the settings (uplink.clients)")
    if name not in permit.may:
        raise Refusal(403, f"{client} may not command {name}: see uplink.groups in the settings")
    return permit


def sign(key: bytes, topic: str, key_id: str, payload: bytes) -> str:
    """The signature of a command."""
    message = b"%b\n%b\n%b" % (topic.encode(), key_id.encode(), payload)
    return hmac.new(key, message, "sha256").hexdigest()


def check_signature(
    permit: Permit, name: Name, topic: str, payload: bytes, told: Iterable[tuple[str, str]]
) -> None:
    """Raise `Refusal` 403 unless it is signed as it has to be; a wrong one is never let by."""
    given = dict(told)
    signature, key_id = given.get(SIGNATURE, ""), given.get(KEY_ID, "")
    if not signature:
        if name in permit.signed:
            raise Refusal(403, f"{name} has to be signed: user properties keyid and signature")
        return
    key = permit.keys.get(key_id)
    if key is None:
        raise Refusal(403, "this keyid is not known here: see keys of the client in the settings")
    expected = sign(key, topic, key_id, payload)
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise Refusal(403, "the signature is wrong: it is over topic, keyid and the body's bytes")
