"""Events and states in a line that a person can read.

Rules kept here:
- what came from the broker is only text: control characters never reach a terminal;
- an unknown type, field or form is shown as it is, never an error.
"""

from collections.abc import Mapping
from datetime import datetime

_FINDINGS = (
    "outcome",
    "emergency",
    "step",
    "reason",
    "duty",
    "refused",
    "detail",
    "what",
    "quality",
    "fault",
    "why",
)
_WIDTH = 80


def clean(value: object) -> str:
    """Text of a value, printable and short."""
    text = value if isinstance(value, str) else "" if value is None else str(value)
    shown = "".join(letter if letter.isprintable() else "?" for letter in text[: _WIDTH + 1])
    return shown if len(shown) <= _WIDTH else shown[: _WIDTH - 1] + "…"


def local(time: object) -> str:
    """An RFC 3339 time in the zone of this machine, to the second; as it is when it is none."""
    try:
        moment = datetime.fromisoformat(str(time)).astimezone()
    except (ValueError, OverflowError):
        return clean(time)
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def kind(text: object) -> str:
    """``gate.access.granted.v1`` as ``access granted``."""
    parts = clean(text).split(".")
    inner = parts[1:-1] if len(parts) > 2 and parts[0] == "gate" else parts
    return " ".join(inner).replace("_", " ")


def gate(source: object) -> str:
    """``/gate/v1/estate/north`` as ``estate/north``."""
    return clean(source).removeprefix("/gate/v1/")


def event(content: Mapping[str, object]) -> str:
    """Time, gate, sequence, type in words, lane, card, outcome."""
    data = content.get("data")
    told: Mapping[str, object] = data if isinstance(data, Mapping) else {}
    subject = clean(content.get("subject", ""))
    where = clean(told.get("lane")) or subject.removeprefix("lane/")
    card = clean(told.get("card"))
    found = next((clean(told[name]) for name in _FINDINGS if told.get(name)), "")
    number = clean(content.get("sequence")).lstrip("0")
    columns = (
        f"{local(content.get('time'))}  {gate(content.get('source'))}  {number:>7}",
        f"{kind(content.get('type')):<18}",
        f"{where:<8}",
        f"{card:<10}",
        found,
    )
    return "  ".join(columns).rstrip()


def status(name: str, content: Mapping[str, object]) -> str:
    """Who is there, and how far the journal goes."""
    if "session" not in content:
        return f"{name} is {clean(content.get('status'))}"
    return (
        f"{name} is {clean(content.get('status'))}: session {clean(content.get('session'))},"
        f" journal from {clean(content.get('firstseq'))} to {clean(content.get('headseq'))}"
    )


def state(name: str, lane: str, content: Mapping[str, object]) -> str:
    """One lane now."""
    text = (
        f"{name} {lane}: arm {clean(content.get('position'))}, mode {clean(content.get('mode'))},"
        f" loop {clean(content.get('loop'))}"
    )
    for word in ("emergency", "alarm"):
        if content.get(word, "none") != "none":
            text += f", {word} {clean(content[word])}"
    faults = content.get("faults")
    if isinstance(faults, list) and faults:
        text += f", faults: {', '.join(clean(one) for one in faults[:8])}"
    return text
