"""Entries of the journal as lines that people read: the duty log, a search, the last calls.

Rules kept here:
- a line says what happened in a sentence of the table of entries, then the few things that it is
  about; reasons and outcomes are told in words;
- a number of a card, a key or an id of the machine is no word for people and is left out;
- what was erased is said to be erased;
- a silent alarm stands in no log of the screen before an hour is over: whoever forces somebody may
  stand behind the guard until then.
"""

import time
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from agent.console import phrases
from agent.console.pages.codes import CODES
from agent.console.site import Site
from agent.console.words import N_, Words
from agent.core.entries import MEANINGS, EntryType
from agent.core.model import ClockQuality
from agent.core.project_alarms import silent
from agent.store.queries.shifts import duty_log
from agent.store.queries.table import Row
from agent.store.reading import Reading

OUTCOMES: Mapping[str, str] = {
    "passed": N_("went through"),
    "no_entry": N_("nobody went through"),
    "tailgated": N_("somebody followed without a card"),
    "reversed": N_("turned round"),
    "forced": N_("forced the way"),
    "interrupted": N_("the agent stopped in between"),
    "unobserved": N_("no sensor could tell"),
}
_CODED = ("order", "alarm", "emergency", "answer")
_MORE: Mapping[str, tuple[str, ...]] = {
    "gate.help.": ("kind",),
    "gate.priority.": ("kind",),
    "gate.visit.": ("outcome",),
    "gate.command.": ("command",),
}
_THINGS = ("reader/", "input/", "output/")
_PEOPLE = ("visitor", "holder", "host", "company", "unit", "department", "plate", "driver")
_TEXTS = ("companions", "description", "text_private")
_BATCH = 1000
HUSHED_US = 3_600_000_000
_FREE = frozenset({EntryType.DUTY_NOTED.value, EntryType.SUPERVISOR_CHECKED.value})
_GRAVE = (
    "gate.alarm.raised",
    "gate.emergency.",
    "gate.arm.forced",
    "gate.arm.faulted",
    "gate.help.escalated",
    "gate.power.failed",
    "gate.visit.overridden",
    "gate.signon.failed",
)
_TRUSTED = frozenset(quality.value for quality in ClockQuality if quality.trusted)


def log(reading: Reading, from_us: int, until_us: int, most: int) -> list[Row]:
    """The newest ``most`` entries of the duty log between two moments (µs), oldest first.

    What is hushed is left out.
    """
    now_us = time.time_ns() // 1000
    shown = (row for row in every(reading, from_us, until_us) if not hushed(row, now_us))
    return list(deque(shown, maxlen=most))


def every(reading: Reading, from_us: int, until_us: int) -> Iterator[Row]:
    """Every entry of the duty log between two moments (µs), oldest first."""
    after = 0
    while batch := duty_log(reading, from_us, until_us, _BATCH, after):
        yield from batch
        after = batch[-1]["sequence"]


def hushed(row: Mapping[str, Any], now_us: int) -> bool:
    """Is it a silent alarm, and not long enough ago to be shown at the booth?"""
    return now_us - row["time_us"] < HUSHED_US and silent(row["type"], row["data"])


def latest(
    reading: Reading, kinds: Collection[EntryType], count: int, within_us: int = 43_200_000_000
) -> list[Row]:
    """The newest entries of these types of the last twelve hours, newest first."""
    now_us = time.time_ns() // 1000
    rows = log(reading, now_us - within_us, now_us + within_us, _BATCH)
    return [row for row in rows if row["type"] in kinds][::-1][:count]


def sentence(row: Mapping[str, Any], words: Words) -> str:
    """What happened."""
    kind, data = row["type"], row["data"]
    if kind == EntryType.PASSAGE_ENDED:
        outcome = str(data.get("outcome", ""))
        return words(OUTCOMES.get(outcome, outcome))
    meaning = MEANINGS.get(kind)
    return words(meaning) if meaning else str(kind)


def about(row: Mapping[str, Any], words: Words) -> str:
    """Why, and the free texts: what a table does not show in columns of its own."""
    data, personal = row["data"], row["personal"]
    more = next((name for begin, name in _MORE.items() if str(row["type"]).startswith(begin)), ())
    codes = (str(data.get(name, "")) for name in (*_CODED, *more))
    reason, duty = str(data.get("reason", "")), str(data.get("duty", ""))
    found = [words(CODES.get(code, code)) for code in codes if code]
    thing = str(row["subject"])
    found += [thing.partition("/")[2]] if thing.startswith(_THINGS) else []
    pocket = data.get("pocket")
    found += [words.filled(N_("pocket %(pocket)s"), {"pocket": pocket})] if pocket else []
    found += [phrases.reason(words, duty)] if duty else []
    found += [phrases.reason(words, CODES.get(reason, reason))] if reason else []
    found += [words(str(data["text"]))] if data.get("text") else []
    found += [personal[name] for name in _TEXTS if personal.get(name)]
    return " · ".join(found)


def details(row: Mapping[str, Any], words: Words) -> str:
    """What it is about: people, plate, reason, the free text."""
    personal = row["personal"]
    people = [personal[name] for name in _PEOPLE if personal.get(name)]
    more = about(row, words)
    found = [*people, more] if more else people
    if row["erased"] and not found:
        found.append(words(N_("(erased)")))
    return " · ".join(found)


def place(row: Mapping[str, Any], lanes: Mapping[str, str]) -> str:
    """The lane where it happened, as people call it; empty where it was at none."""
    lane = str(row["data"].get("lane", ""))
    return lanes.get(lane) or lane


def card(row: Mapping[str, Any]) -> str:
    """The label of the card that it is about."""
    return str(row["data"].get("card", ""))


def line(row: Mapping[str, Any], words: Words, site: Site) -> dict[str, Any]:
    """An entry as a line of the screen or of paper."""
    kind = str(row["type"])
    return {
        "sequence": row["sequence"],
        "time": words.clock(row["time_us"]),
        "day": words.day(row["time_us"]),
        "full": words.full(row["time_us"]),
        "what": sentence(row, words),
        "details": details(row, words),
        "place": place(row, site.lanes),
        "card": card(row),
        "by": row["by"],
        "free": kind in _FREE,
        "grave": kind.startswith(_GRAVE),
        "doubtful": row["quality"] not in _TRUSTED,
    }


def cells(row: Mapping[str, Any], words: Words, site: Site) -> tuple[object, ...]:
    """The same as a row of a table: number, time, type, lane, card, guard, what, details."""
    told = line(row, words, site)
    return (
        row["sequence"],
        told["full"],
        str(row["type"]),
        told["place"],
        told["card"],
        told["by"],
        told["what"],
        told["details"],
    )
