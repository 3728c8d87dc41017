"""What a number is looked up as, in every form that a reader can be given.

Rules kept here:
- for each byte order: what each matching compares, and the decimal numbers that stand on cards;
- bytes are left out only of numbers that are longer than what would be kept;
- what nobody prints on a card or looks up by a part (an EPC, a pass, a key) is not shown so.
"""

from typing import Any

from drivers.wire.credential import KEEPS, MATCHES, ORDERS, Form, looked_up, printed

_NEVER = ("key:", "pass:")
_LONGEST_PRINTED = 14
"""No number on a card comes from more hexadecimal digits than a UID of seven bytes has."""


def printed_on(credential: str) -> dict[str, str]:
    """The decimal numbers that may stand on the card; empty where none would."""
    digits = credential.partition(":")[2]
    return printed(digits) if len(digits) <= _LONGEST_PRINTED else {}


def looked_up_as(credential: str) -> dict[str, Any]:
    """By byte order: a text for each matching, ``printed``, and ``keep`` where it says more.

    Empty for the key of a keypad, and for a pass, which are never looked up by a number.
    """
    if credential.startswith(_NEVER):
        return {}
    told: dict[str, Any] = {}
    for order in ORDERS:
        whole = Form(order).text(credential)
        one: dict[str, Any] = {match: looked_up(whole, match) for match in MATCHES}
        numbers = printed_on(whole)
        one |= {"printed": numbers} if numbers else {}
        kept = {keep: Form(order, keep).text(credential) for keep in KEEPS}
        shorter = {keep: text for keep, text in kept.items() if text != whole}
        told[order] = one | ({"keep": shorter} if shorter else {})
    return told
