"""Key presses in a call: what the keys typed so far mean.

Rules kept here:
- the open key means open at once, or, where there is a PIN, once the PIN has followed it;
- whatever means nothing is wrong and is counted; after so many no key counts in that call;
- ``*`` begins a PIN anew; what was typed shows in no text.
"""

import hmac
from dataclasses import dataclass, field, replace
from enum import StrEnum

from agent.core.plan_calls import Keys

AGAIN = "*"


class Meaning(StrEnum):
    """What a key press meant."""

    OPEN = "open"
    DECLINE = "decline"
    MORE = "more"
    WRONG = "wrong"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed in a call. ``pin`` is None while no PIN is expected."""

    pin: str | None = field(default=None, repr=False)
    wrong: int = 0


def pressed(keys: Keys, typed: Typed, key: str) -> tuple[Typed, Meaning]:
    """What the next key means, and what is typed then."""
    if typed.wrong >= keys.wrong:
        return typed, Meaning.NOTHING
    if typed.pin is not None:
        return _pin(keys, typed, typed.pin, key)
    if key == keys.open:
        if keys.pin:
            return replace(typed, pin=""), Meaning.MORE
        return typed, Meaning.OPEN
    if key and key == keys.decline:
        return typed, Meaning.DECLINE
    return replace(typed, wrong=typed.wrong + 1), Meaning.WRONG


def _pin(keys: Keys, typed: Typed, so_far: str, key: str) -> tuple[Typed, Meaning]:
    if key == AGAIN:
        return replace(typed, pin=""), Meaning.MORE
    so_far += key
    if len(so_far) < len(keys.pin):
        return replace(typed, pin=so_far), Meaning.MORE
    if hmac.compare_digest(so_far.encode(), keys.pin.encode()):
        return replace(typed, pin=None), Meaning.OPEN
    return Typed(None, typed.wrong + 1), Meaning.WRONG
