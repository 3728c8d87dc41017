"""Sentences that the daemon says in English with values inside, found again to be translated.

Rules kept here:
- a sentence of the books comes with its template and its values apart and needs none of this;
- a pattern is the msgid itself: what stands in ``%(name)s`` is what the sentence holds there;
- a sentence that no pattern fits is shown as it came.
"""

import re
from collections.abc import Mapping

from agent.console.words import N_, Words

PATTERNS = (
    N_("%(what)s; %(n)s events wait to be sent"),
    N_("%(what)s; 1 event waits to be sent"),
    N_("open ordered at lane %(lane)s"),
    N_("close ordered at lane %(lane)s"),
    N_("stop ordered at lane %(lane)s"),
    N_("priority ordered at lane %(lane)s"),
    N_("hold_open ordered at lane %(lane)s"),
    N_("release_hold ordered at lane %(lane)s"),
    N_("fault.clear ordered at lane %(lane)s"),
    N_("not opening: %(why)s"),
    N_("not closing: %(why)s"),
    N_("not stopping: %(why)s"),
    N_("not holding it open: %(why)s"),
    N_("not releasing: %(why)s"),
    N_("not clearing: %(why)s"),
    N_("the arm is faulted, clear the fault first: %(why)s"),
    N_("%(why)s: nothing to do"),
    N_("lane %(lane)s closes by itself: no relay can close it"),
    N_("lane %(lane)s closes by itself: nothing can hold it open"),
    N_("lane %(lane)s has no stop relay"),
    N_("%(kind)s is written down"),
    N_("%(kind)s is done"),
    N_("no baresip at %(where)s: %(why)s; does it run?"),
    N_("%(relays)s relays and %(inputs)s inputs"),
    N_("%(port)s at %(baud)s baud"),
    N_("connected to %(broker)s, session %(number)s"),
    N_("the clock is %(quality)s"),
)
"""Longer ones first where two could fit."""

N_("baresip answers")
N_("estimated")
N_("unknown")
N_("the disk is full and the reserve is in use: free some room now")
N_("too little room on the disk to set the reserve aside: free some room")
N_("pins in memory (gpio.backend: mock): nothing is moved")
N_("the registrar does not take us: calls by it fail; see its address and ours")
N_("this gate has no intercom: the settings have no intercom:")
N_("the gate was held up and this came too late: nothing was done")
N_("fire, the arm stays up until the fire is reset")
N_("lockdown, only a named person is let out: open, and say for whom")
N_("the arm has no fault")
N_("the arm is not held open")
N_("the arm is held open, release it first")
N_("opening by hand needs a reason: say why")
N_("holding open needs a reason: say why")
N_("clearing a fault needs a reason: say why")
N_("lockdown: entry only until it is lifted")
N_("the lockdown is lifted")
N_("the fire is reset; the arms stay as they are")
N_("a lockdown is already in force")
N_("no lockdown is in force")
N_("no fire is latched")
N_("the lockdown button is still pressed: release it, then lift the lockdown")
N_("the fire input is still active: clear it at the fire panel, then reset")
N_("the fire input is unknown: look at its wiring, then reset")


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"(%\(\w+\)s)", template)
    made = "".join(
        f"(?P<{part[2:-2]}>.+)" if part.startswith("%(") else re.escape(part) for part in parts
    )
    return re.compile(made)


_FOUND = tuple((template, _pattern(template)) for template in PATTERNS)


def translated(words: Words, sentence: str) -> str:
    """A sentence of the daemon in the guard's language, or as it came."""
    exact = words.texts.get(sentence)
    if exact:
        return exact
    for template, pattern in _FOUND:
        found = pattern.fullmatch(sentence)
        if found is not None:
            values: Mapping[str, str] = found.groupdict()
            return words(template) % {
                name: translated(words, value) for name, value in values.items()
            }
    return sentence
