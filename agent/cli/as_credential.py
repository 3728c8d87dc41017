"""What a number is looked up as, in every form that a reader can be given.

Rules kept here:
- for each byte order: what each matching compares, and the decimal numbers that stand on cards;
- bytes are left out only of numbers that are longer than what would be kept.
"""

from typing import Any

from drivers.wire.credential import KEEPS, MATCHES, ORDERS, Form, looked_up, printed

_KEY = "key:"


def looked_up_as(credential: str) -> dict[str, Any]:
    """By byte order: a text for each matching, ``printed``, and ``keep`` where it says more.

    Empty for the key of a keypad, which is never looked up.
    """
    if credential.startswith(_KEY):
        return {}
    told: dict[str, Any] = {}
    for order in ORDERS:
        whole = Form(order).text(credential)
        one: dict[str, Any] = {match: looked_up(whole, match) for match in MATCHES}
        one["printed"] = printed(whole.partition(":")[2])
        kept = {keep: Form(order, keep).text(credential) for keep in KEEPS}
        shorter = {keep: text for keep, text in kept.items() if text != whole}
        told[order] = one | ({"keep": shorter} if shorter else {})
    return told
