"""Personal data: what of it may be seen in the bytes that leave the gate.

Rules kept here:
- a field is shown only because this table says how; a field that it does not know is never shown;
- a raw credential number is shown at `Level.FULL` only, otherwise a keyed reference stands for it
  that is the same for the same card and never looks like ``scheme:HEX``;
- names at `Level.MASKED` are the surname and a mask of fixed length, so that nothing is told about
  the length of the given name.
"""

from collections.abc import Mapping
from enum import Enum, StrEnum


class Level(StrEnum):
    """The setting ``uplink.personal``."""

    NONE = "none"
    MASKED = "masked"
    FULL = "full"


class Nature(Enum):
    """What kind of personal value a field holds."""

    CREDENTIAL = "credential"
    NAME = "name"
    PLAIN = "plain"


NATURES: Mapping[str, Nature] = {
    "credential": Nature.CREDENTIAL,
    "holder": Nature.NAME,
    "visitor": Nature.NAME,
    "host": Nature.NAME,
    "owner": Nature.NAME,
    "signatory": Nature.NAME,
    "driver": Nature.NAME,
    "company": Nature.PLAIN,
    "unit": Nature.PLAIN,
    "department": Nature.PLAIN,
    "plate": Nature.PLAIN,
}
"""Every field that may be shown. Whatever is not named here stays inside the gate."""

CARDREF = "cardref"
"""The field that stands for a credential below `Level.FULL`."""

_IDEOGRAPHS = (("\u3400", "\u9fff"), ("\uac00", "\ud7a3"), ("\uf900", "\ufaff"))
_FIRST_IDEOGRAPH = _IDEOGRAPHS[0][0]
_SUPPLEMENTARY = "\U00020000"
_COMPOUND = (
    "欧阳 歐陽 司马 司馬 上官 诸葛 諸葛 司徒 东方 東方 皇甫 尉迟 尉遲 公孙 公孫 慕容 令狐 "
    "长孙 長孫 宇文 夏侯 端木 百里 南宫 南宮 独孤 獨孤 西门 西門 轩辕 軒轅 闻人 聞人"
)
"""Surnames of two characters; a blank between them, so that no pair is found across two."""


def mask_name(name: str) -> str:
    """Surname and mask: 王小明 gives 王**, 欧阳娜娜 gives 欧阳**, John Smith gives J***."""
    name = name.strip()
    if not name:
        return ""
    first = name[0]
    if first < _FIRST_IDEOGRAPH:
        return first.upper() + "***"
    if first >= _SUPPLEMENTARY or any(low <= first <= high for low, high in _IDEOGRAPHS):
        return (name[:2] if len(name) > 2 and name[:2] in _COMPOUND else first) + "**"
    return first.upper() + "***"


def shown(personal: Mapping[str, str], level: Level, cardref: str) -> dict[str, str]:
    """The fields, in the order given, that may stand in ``data`` at this level.

    ``cardref`` is the keyed reference of the entry's credential, "" when it has none.
    """
    seen: dict[str, str] = {}
    for name, value in personal.items():
        nature = NATURES.get(name)
        if nature is None:
            continue
        if nature is _CREDENTIAL:
            if level is _FULL:
                seen[name] = value
            else:
                seen[CARDREF] = cardref
        elif level is not _NONE:
            seen[name] = mask_name(value) if nature is _NAME and level is _MASKED else value
    return seen


# Names of this module are found faster than members of a class, and every tap comes by here.
_CREDENTIAL, _NAME = Nature.CREDENTIAL, Nature.NAME
_NONE, _MASKED, _FULL = Level.NONE, Level.MASKED, Level.FULL
