"""Telephone numbers that somebody wrote into a sentence.

Rules kept here:
- a reason, a purpose or a notice leaves the gate and stands in the chain for good; a number of a
  person does neither, so that only its first digits are left of it there;
- short numbers (an extension, 110, a plate, an amount) are nobody's: they stay.
"""

import re

_BETWEEN = r"[ .\-]?"
_WITHIN = re.compile(
    r"(?<![\dA-Za-z])(?:"
    # Mobile numbers of China, with or without the country; then whatever says its country itself.
    rf"(?:\+?86{_BETWEEN})?1[3-9]\d(?:{_BETWEEN}\d){{8}}"
    rf"|(?:\+|00)[1-9](?:{_BETWEEN}\d){{6,14}}"
    # An area's code with its 0, and 7 or 8 digits.
    rf"|\(?0\d{{2,3}}\)?{_BETWEEN}\d{{3,4}}{_BETWEEN}\d{{4}}"
    r")(?![\dA-Za-z])"
)

_NARROW = {ord("０") + digit: str(digit) for digit in range(10)} | {ord("＋"): "+", ord("－"): "-"}
"""What an input method for Chinese writes instead: one sign for one."""


def masked(text: str) -> str:
    """The text with ``138********`` in place of every telephone number in it."""
    told, end = "", 0
    for found in _WITHIN.finditer(text.translate(_NARROW)):
        told += text[end : found.start()] + found[0][:3] + "*" * 8
        end = found.end()
    return told + text[end:]
