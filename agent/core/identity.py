"""Numbers of identity documents: read, checked, masked. None of them is kept.

Rules kept here:
- a number of 18 places is one of GB 11643-1999 (its check digit by ISO 7064, MOD 11-2), and a
  mistake in it is told; a passport or permit is taken as it is;
- a mask shows who issued a number and its end, never the day of birth;
- nothing here keeps or logs a number: what may be kept is made by `agent.identity`.
"""

import re
import unicodedata
from datetime import date

_WEIGHTS = tuple(pow(2, 17 - place, 11) for place in range(17))
"""2 to the power of the place, counted from the right, modulo 11: 7 9 10 5 8 4 2 1 6 3 …"""
_CHECKS = "10X98765432"
_SPACING = re.compile(r"[\s\-.·•]+")
_EIGHTEEN = re.compile(r"[0-9]{17}[0-9X]")
_NEARLY = re.compile(r"[0-9X]{14,20}")
_OTHER = re.compile(r"[A-Z0-9()/]{4,24}")
_WITHIN = re.compile(r"(?<![0-9A-Za-z])[1-9][0-9]{16}[0-9Xx](?![0-9A-Za-z])")
_PROVINCES = tuple(
    str(code)
    for codes in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
    for code in range(codes[0], codes[1] + 1)
)
"""The first two digits, of GB/T 2260; 81 to 83 live in Hong Kong, Macau and Taiwan."""
_ABROAD = "9"
"""How the card of a foreigner with the right to stay begins; its day of birth lies where all do."""

LENGTH = "An identity number has 18 places: 17 digits, and a digit or X."
CHECK = "This identity number cannot be right: look at it once more."
FORM = "The number of a document has 4 to 24 letters and digits."


def clean(text: str) -> str:
    """The number without blanks and hyphens, in capital letters, with narrow digits."""
    return _SPACING.sub("", unicodedata.normalize("NFKC", text)).upper()


def check_digit(body: str) -> str:
    """The 18th place for the first 17 digits (GB 11643-1999, ISO 7064 MOD 11-2)."""
    return _CHECKS[sum(int(digit) * by for digit, by in zip(body, _WEIGHTS, strict=True)) % 11]


def resident(number: str) -> bool:
    """Whether a cleaned number is one that can have been given: region, day of birth and check."""
    if _EIGHTEEN.fullmatch(number) is None:
        return False
    if number[:2] not in _PROVINCES and number[0] != _ABROAD:
        return False
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return born.year >= 1880 and check_digit(number[:17]) == number[17]


def trouble(number: str) -> str:
    """What is wrong with a cleaned number, in a sentence; empty when nothing is."""
    if resident(number):
        return ""
    if _EIGHTEEN.fullmatch(number) is not None:
        return CHECK
    if _NEARLY.fullmatch(number) is not None:
        return LENGTH
    return "" if _OTHER.fullmatch(number) is not None else FORM


def mask(number: str) -> str:
    """What may be shown: ``110105********002X``, of any other document ``E****89``."""
    if _EIGHTEEN.fullmatch(number) is not None:
        return f"{number[:6]}********{number[14:]}"
    return f"{number[:1]}****{number[-2:]}" if len(number) > 5 else f"****{number[-1:]}"


def masked(text: str) -> str:
    """The text with a mask in place of every identity number that somebody wrote into it."""

    def cover(found: re.Match[str]) -> str:
        number = found[0].upper()
        return mask(number) if resident(number) else found[0]

    return _WITHIN.sub(cover, text)
