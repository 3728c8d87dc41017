"""What the parts of the gate count, in words.

Rules kept here:
- a counter of 0 is left out, unless that itself is news (`TOLD`);
- a counter without words is shown by its name: a daemon newer than this screen hides nothing;
- a length of time (``…_s``) is told as one.
"""

from collections.abc import Mapping

from agent.console.words import N_, Words

COUNTERS: Mapping[str, str] = {
    # the line to the centre
    "published": N_("sent %(n)s"),
    "confirmed": N_("confirmed by the centre %(n)s"),
    "backlog": N_("waiting to be sent %(n)s"),
    "age_s": N_("the oldest of them waits for %(n)s"),
    "inflight": N_("on the way %(n)s"),
    "reconnects": N_("taken up again %(n)s times"),
    "session": N_("connection no. %(n)s"),
    "commands": N_("commands of the centre %(n)s"),
    "commands_refused": N_("commands refused %(n)s"),
    # the loop, its inbox and its ledger
    "frames_faulted": N_("spoilt readings %(n)s"),
    "taps_held": N_("card held on %(n)s times"),
    "taps_dropped": N_("readings dropped %(n)s"),
    "levels_merged": N_("changes of inputs merged %(n)s"),
    "held_back": N_("not opened, too late %(n)s"),
    "taps_not_recorded": N_("readings not recorded %(n)s"),
    "commits_failed": N_("failures to write %(n)s"),
    "outputs_faulted": N_("failures of relays %(n)s"),
    "tests_faulted": N_("failures of sensor tests %(n)s"),
    "entries_lost": N_("entries lost %(n)s"),
    "answers_lost": N_("answers lost %(n)s"),
    "owed": N_("entries still to be written %(n)s"),
    # relays and inputs
    "pulses": N_("pulses %(n)s"),
    "refused": N_("refused by the interlock %(n)s"),
    "overtaken": N_("overtaken by a protective act %(n)s"),
    "protected": N_("protective acts %(n)s"),
    "tests": N_("tests of sensors %(n)s"),
    "faults": N_("faults %(n)s"),
    "edges": N_("changes of inputs %(n)s"),
    # readers
    "bytes": N_("bytes %(n)s"),
    "frames": N_("readings %(n)s"),
    "keys": N_("keys %(n)s"),
    "taps": N_("cards read %(n)s"),
    "lying": N_("cards left lying %(n)s"),
    "proved": N_("cards proved %(n)s"),
    "unproved": N_("cards with a wrong proof %(n)s"),
    "torn": N_("cards taken away too soon %(n)s"),
    "unreadable": N_("cards not readable %(n)s"),
    "failed": N_("failures to read %(n)s"),
    "timeouts": N_("no answer in time %(n)s"),
    "late": N_("late answers %(n)s"),
    "skipped": N_("skipped %(n)s"),
    "retries": N_("tried again %(n)s times"),
    "lamp_signals": N_("signals of the lamp %(n)s"),
    "lamp_failures": N_("failures of the lamp %(n)s"),
    "late_signs": N_("signals for a reader that was away %(n)s"),
    "restarts": N_("begun with anew %(n)s times"),
    "looks": N_("asked for a card %(n)s times"),
    "wakes": N_("set up %(n)s times"),
    "cards": N_("cards in the field %(n)s"),
    "left": N_("cards that left the field %(n)s"),
    "reads": N_("tags read %(n)s times"),
    "filtered": N_("tags that are none of ours %(n)s"),
    "held": N_("reads that had counted already %(n)s"),
    "elsewhere": N_("reads by an antenna of no lane %(n)s"),
    "readers": N_("readers connected %(n)s"),
    "stuck": N_("readers stuck %(n)s"),
    # display and printer
    "lines": N_("lines shown %(n)s"),
    "replaced": N_("lines replaced before they were shown %(n)s"),
    "printed": N_("printed %(n)s"),
    "waiting": N_("waiting %(n)s"),
    "dropped": N_("dropped %(n)s"),
    # the intercom
    "dialled": N_("numbers called %(n)s"),
    "came": N_("calls came in %(n)s"),
    "turned_away": N_("calls turned away %(n)s"),
    "calls": N_("lines in use %(n)s"),
}
"""A template for each counter that a part of the gate may have."""

TOLD = frozenset({"published", "confirmed", "backlog"})
"""Told also when they are 0."""


def counted(words: Words, counters: Mapping[str, object]) -> str:
    """The counters of one part, as one line."""
    told = [_one(words, name, value) for name, value in counters.items() if value or name in TOLD]
    return " · ".join(told)


def _one(words: Words, name: str, value: object) -> str:
    template = COUNTERS.get(name)
    if template is None or not isinstance(value, int):
        return f"{name} {value}"
    shown = words.span(value) if name.endswith("_s") else words.count(value)
    return words.filled(template, {"n": shown})
