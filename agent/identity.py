"""Identity numbers on their way in: a mask and a keyed hash take their place, and they are gone.

Rules kept here:
- this happens before an order exists: neither the core, the journal nor a log sees a number;
- the hash is HMAC-SHA256 under the key of this gate, so that the same document is found again, and
  nobody without the key can try all numbers that there are;
- without a key there is nothing safe to keep, and a number is refused;
- a number that somebody wrote into any other field is masked there, and so is a telephone number
  in a sentence that leaves the gate (`SENTENCES`).
"""

import hmac
from collections.abc import Mapping
from typing import Any

from agent.core import identity, telephones
from agent.core.form import Fault

FIELD = "idnumber"
"""The field of a form that holds a number; ``idmask`` and ``idhash`` take its place."""
SENTENCES = frozenset({"reason", "why", "despite", "purpose", "destination", "route"})
"""Fields of free text that stand in the journal itself, and in its events."""
_DEEP = 8

NO_KEY = (
    "identity numbers cannot be kept at this gate: there is no identity_key in its settings. "
    "Leave the number out"
)
NO_TEXT = "the number of a document is text"
TOO_DEEP = "this form has too many lists in lists"


class Identities:
    """Takes numbers out of forms. ``key`` is None where none is configured."""

    def __init__(self, key: bytes | None) -> None:
        self._key = key

    def known(self, text: str) -> Mapping[str, str]:
        """``{idmask, idhash}`` of a number; raises Fault (422 for the number, 409 without key)."""
        number = identity.clean(text)
        wrong = identity.trouble(number)
        if wrong:
            raise Fault(wrong, field=FIELD)
        if self._key is None:
            raise Fault(NO_KEY, field=FIELD, code=409)
        digest = hmac.digest(self._key, b"idnumber\0" + number.encode(), "sha256")
        return {"idmask": identity.mask(number), "idhash": digest.hex()}

    def concealed(self, form: Mapping[str, Any]) -> dict[str, Any]:
        """The form as an order may have it; raises Fault about the field ``idnumber``."""
        return self._object(form, _DEEP)

    def _object(self, form: Mapping[str, Any], deep: int) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for name, value in form.items():
            if name != FIELD:
                told[name] = self._value(value, deep)
            if name in SENTENCES and isinstance(told[name], str):
                told[name] = telephones.masked(told[name])
        number = form.get(FIELD)
        if number is not None and (isinstance(number, bool) or not isinstance(number, str | int)):
            raise Fault(NO_TEXT, field=FIELD)
        if number is not None and str(number).strip():
            told |= self.known(str(number))
        return told

    def _value(self, value: Any, deep: int) -> Any:
        if deep == 0:
            raise Fault(TOO_DEEP)
        if isinstance(value, str):
            return identity.masked(value)
        if isinstance(value, Mapping):
            return self._object(value, deep - 1)
        if isinstance(value, list):
            return [self._value(each, deep - 1) for each in value]
        if isinstance(value, int) and not isinstance(value, bool):
            text = str(value)
            covered = identity.masked(text)
            return value if covered == text else covered
        return value
