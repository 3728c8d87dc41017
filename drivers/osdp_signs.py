"""What an OSDP reader is told to show: lamp, buzzer and a line of text for each verdict.

Rules kept here:
- everything shown is temporary: the reader goes back to its own lamp by itself, also when we die;
- a reader is told only what it said that it has.

Numbers follow IEC 60839-11-5 (SIA OSDP 2.2), 6.10 to 6.12; times are in units of 100 ms.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import osdp_sys

from agent.core.effects import Verdict

LONGEST_TEXT: Final = 32
STATUS: Final[Mapping[str, object]] = {
    "command": osdp_sys.CMD_STATUS,
    "type": osdp_sys.STATUS_REPORT_LOCAL,
}
"""Asks for tamper and power."""

_TEMPORARY = 2
_TEMPORARY_TEXT = 3
_TONE = 2
_TEXT_S = 4


@dataclass(frozen=True, slots=True)
class _Sign:
    """On and off of the lamp, how long in all; on and off of the buzzer, how often."""

    colour: int
    on: int
    off: int
    lasts: int
    tone_on: int
    tone_off: int
    tones: int


_SIGNS: Final[Mapping[Verdict, _Sign]] = {
    Verdict.GRANTED: _Sign(osdp_sys.LED_COLOR_GREEN, 30, 0, 30, 2, 0, 1),
    Verdict.DENIED: _Sign(osdp_sys.LED_COLOR_RED, 2, 2, 24, 1, 1, 3),
    Verdict.REFERRED: _Sign(osdp_sys.LED_COLOR_AMBER, 4, 2, 36, 5, 0, 1),
}


def commands(
    verdict: Verdict, text: str, can: Callable[[int], bool]
) -> Sequence[Mapping[str, object]]:
    """What to tell the reader; ``can``: whether it has what this capability (its number) means."""
    sign = _SIGNS[verdict]
    found: list[Mapping[str, object]] = []
    if can(osdp_sys.CAP_READER_LED_CONTROL):
        found.append(
            {
                "command": osdp_sys.CMD_LED,
                "reader": 0,
                "led_number": 0,
                "temporary": True,
                "control_code": _TEMPORARY,
                "on_count": sign.on,
                "off_count": sign.off,
                "on_color": sign.colour,
                "off_color": osdp_sys.LED_COLOR_NONE,
                "timer_count": sign.lasts,
            }
        )
    if can(osdp_sys.CAP_READER_AUDIBLE_OUTPUT):
        found.append(
            {
                "command": osdp_sys.CMD_BUZZER,
                "reader": 0,
                "control_code": _TONE,
                "on_count": sign.tone_on,
                "off_count": sign.tone_off,
                "rep_count": sign.tones,
            }
        )
    if text and can(osdp_sys.CAP_READER_TEXT_OUTPUT):
        found.append(
            {
                "command": osdp_sys.CMD_TEXT,
                "reader": 0,
                "control_code": _TEMPORARY_TEXT,
                "temp_time": _TEXT_S,
                "offset_row": 1,
                "offset_col": 1,
                "data": text[:LONGEST_TEXT],
            }
        )
    return found
