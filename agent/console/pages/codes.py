"""Words of the program in entries, as people say them.

Rules kept here:
- a word that is not here is shown as it is: an entry may be older than this screen, or newer;
- what a guard chose on a page is said in words as on that page.
"""

from collections.abc import Mapping

from agent.console.words import N_

CODES: Mapping[str, str] = {
    "host_agreed": N_("called: agreed"),
    "expected": N_("expected, has an appointment"),
    "office_agreed": N_("the office agreed"),
    "not_needed": N_("nobody has to be asked"),
    "host_declined": N_("the person to be seen declined"),
    "nobody_answered": N_("nobody answered"),
    "hawker": N_("hawker or canvasser"),
    "loiterer": N_("no business here"),
    "banned": N_("banned"),
    "no_document": N_("would not say who he is"),
    "drunk_or_violent": N_("drunk or violent"),
    "open": N_("raise the arm"),
    "close": N_("lower the arm"),
    "stop": N_("stop"),
    "hold_open": N_("hold open"),
    "release_hold": N_("release"),
    "priority": N_("priority passage"),
    "fire": N_("fire"),
    "lockdown": N_("lockdown"),
    "held_open": N_("open too long"),
    "forced": N_("moved by force"),
    "fire_input": N_("the fire contact cannot be read"),
    "tailgating": N_("two on one card"),
    "duress": N_("forced to open: silent alarm"),
    "unanswered": N_("call nobody answered"),
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
    "other": N_("something else"),
    "left": N_("left by the exit"),
    "card_lost": N_("left, card lost"),
    "without_tap": N_("left without a tap"),
    "elsewhere": N_("left elsewhere"),
    "mistake": N_("written down by mistake"),
    "no_entry": N_("did not come in after all"),
    "visit.open": N_("Visitor in"),
    "visit.end": N_("Visitor out"),
}
