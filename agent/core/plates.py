"""Number plates, as GA 36-2018 has them; what it does not have is taken with a hint.

Rules kept here:
- a plate is compared as `clean` gives it: capital letters, no dots, no blanks;
- every text is taken as a plate: a foreign car is let in too. What looks like a mistake gets a hint
  and, where there is one good guess, what was probably meant; nothing is changed by itself.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum


class PlateKind(StrEnum):
    """What kind of vehicle has such a plate."""

    ORDINARY = "ordinary"
    ENERGY_SMALL = "energy_small"
    ENERGY_LARGE = "energy_large"
    TRAILER = "trailer"
    TRAINING = "training"
    POLICE = "police"
    EMERGENCY = "emergency"
    CROSS_BORDER = "cross_border"
    EMBASSY = "embassy"
    CONSULATE = "consulate"
    AVIATION = "aviation"
    TEMPORARY = "temporary"
    MILITARY = "military"
    ARMED_POLICE = "armed_police"
    OTHER = "other"


PROVINCES = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"

NO_PROVINCE = "A plate begins with its province: look at it once more."
NO_LETTER = "After the province comes a letter, A to Z without I."
NEVER = "The letters I and O do not occur here: is it a 1 or a 0?"
LENGTH = "A plate has 7 characters, that of a new-energy vehicle 8."
STRANGE = "This is no plate that we know: look at it once more."


@dataclass(frozen=True, slots=True)
class Plate:
    """A plate as read. ``hint`` and ``guess`` are empty where there is nothing to say."""

    text: str
    kind: PlateKind
    hint: str = ""
    guess: str = ""


_AT = f"[{PROVINCES}][A-HJ-Z]"
_SIGN = "[0-9A-HJ-NP-Z]"
_ENERGY = "[A-HJK]"
"""A to E drive by electricity alone, F to K not alone; D and F came first."""
_FORMS = tuple(
    (kind, re.compile(form))
    for kind, form in (
        (PlateKind.ORDINARY, rf"{_AT}(?=.*[0-9]){_SIGN}{{5}}"),
        (PlateKind.ENERGY_SMALL, rf"{_AT}{_ENERGY}{_SIGN}[0-9]{{4}}"),
        (PlateKind.ENERGY_LARGE, rf"{_AT}[0-9]{{5}}{_ENERGY}"),
        (PlateKind.TRAILER, rf"{_AT}{_SIGN}{{4}}挂"),
        (PlateKind.TRAINING, rf"{_AT}{_SIGN}{{4,5}}学"),
        (PlateKind.POLICE, rf"{_AT}{_SIGN}{{4}}警"),
        (PlateKind.EMERGENCY, rf"[{PROVINCES}][XS][0-9]{{4}}应急"),
        (PlateKind.CROSS_BORDER, rf"粤Z{_SIGN}{{4}}[港澳]"),
        (PlateKind.EMBASSY, r"使[0-9]{6}|[0-9]{6}使"),
        (PlateKind.CONSULATE, rf"[{PROVINCES}][A-HJ-Z]?[0-9]{{4,5}}领"),
        (PlateKind.AVIATION, rf"民航{_SIGN}{{5}}"),
        (PlateKind.TEMPORARY, rf"{_AT}[0-9]{{4,6}}临|临[{PROVINCES}]?[A-Z0-9]{{5,8}}"),
        (PlateKind.ARMED_POLICE, rf"WJ[{PROVINCES}]?[0-9]{{4,5}}[0-9A-Z]"),
        (PlateKind.MILITARY, r"[A-HJ-NP-Z]{2}[0-9]{5}"),
    )
)
_BETWEEN = re.compile(r"[\s.·•・‧∙\-_—]+")
_TAKEN_FOR = str.maketrans("IO", "10")


def clean(text: str) -> str:
    """The plate as it is kept and compared: ``粤b·d12345`` becomes ``粤BD12345``."""
    plate = _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper()
    # Without the blank between them, a letter and the accent after it are one character.
    return unicodedata.normalize("NFKC", plate)


def read(text: str) -> Plate:
    """What plate this is; any text is one."""
    plate = clean(text)
    kind = _kind(plate)
    if kind is PlateKind.MILITARY and _kind(f"京{plate}") is not PlateKind.OTHER:
        return Plate(plate, kind, NO_PROVINCE)
    if kind is not PlateKind.OTHER or not plate:
        return Plate(plate, kind)
    return Plate(plate, kind, *_hint(plate))


def shown(plate: str) -> str:
    """With the dot that people are used to: ``粤B·D12345``; others stay as they are."""
    text = clean(plate)
    return f"{text[:2]}·{text[2:]}" if re.match(_AT, text) is not None else text


def _kind(plate: str) -> PlateKind:
    found = (kind for kind, form in _FORMS if form.fullmatch(plate) is not None)
    return next(found, PlateKind.OTHER)


def _hint(plate: str) -> tuple[str, str]:
    """What is probably wrong, and what was probably meant."""
    corrected = plate[:2] + plate[2:].translate(_TAKEN_FOR)
    if corrected != plate and _kind(corrected) is not PlateKind.OTHER:
        return NEVER, corrected
    if plate[0] not in PROVINCES:
        return (NO_PROVINCE if _kind(f"京{plate}") is not PlateKind.OTHER else STRANGE), ""
    if re.match(_AT, plate) is None:
        return NO_LETTER, ""
    return (STRANGE if len(plate) in (7, 8) else LENGTH), ""
