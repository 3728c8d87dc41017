"""Words of the program in entries, as people say them.

Rules kept here:
- a word that is not here is shown as it is: an entry may be older than this screen, or newer;
- what a guard chose on a page is said in the words of that page.
"""

from collections.abc import Mapping

from agent.console.pages.visitor_in import ANSWERS, REASONS
from agent.console.words import N_

CODES: Mapping[str, str] = {
    **ANSWERS,
    **REASONS,
    "open": N_("raise the arm"),
    "close": N_("lower the arm"),
    "stop": N_("stop"),
    "hold_open": N_("hold open"),
    "release_hold": N_("release"),
    "priority": N_("priority passage"),
    "fire": N_("fire"),
    "lockdown": N_("lockdown"),
    "open_too_long": N_("open too long"),
    "forced": N_("moved by force"),
    "fire_input": N_("the fire contact cannot be read"),
    "tailgating": N_("two on one card"),
    "agreed": N_("agreed"),
    "declined": N_("declined"),
    "nobody": N_("nobody answered"),
    "busy": N_("line busy"),
    "message": N_("left a message"),
    "illness": N_("illness or injury"),
    "crime": N_("crime"),
    "flood": N_("water damage"),
    "repair": N_("repair"),
    "complaint": N_("complaint"),
    "question": N_("question"),
    "ambulance": N_("ambulance"),
    "fire_engine": N_("fire engine"),
    "police": N_("police"),
    "funeral": N_("funeral car"),
    "wedding": N_("wedding convoy"),
    "left": N_("left by the exit"),
    "card_lost": N_("left, card lost"),
    "without_tap": N_("left without a tap"),
    "elsewhere": N_("left elsewhere"),
    "mistake": N_("written down by mistake"),
}
