"""Rules of the intercom: whom a lane calls, by which button, and when nobody is called.

Rules kept here:
- what is called has a number: of its own, of the control room, or of the directory;
- a key means one thing.
"""

from collections.abc import Iterator

from agent.core.windows import parse
from agent.settings.faults import listed, nearest
from agent.settings.intercom import Keys
from agent.settings.page import Page
from agent.settings.tree import Node, Trouble


def check_intercom(root: Node, page: Page) -> None:
    """Note every break on the page; the file was read to its end."""
    intercom = root.get("intercom")
    _buttons(root, page, there=intercom is not None)
    if intercom is None or not isinstance(intercom.value, dict):
        return
    _lanes(root, intercom, page)
    _sounds(root, intercom, page)
    _keys(intercom, page)
    for unit, hours in _each(intercom.get("quiet")):
        if isinstance(hours.value, str):
            _hours(unit, hours, page)


def _each(node: Node | None) -> Iterator[tuple[str, Node]]:
    return iter(()) if node is None else node.items()


def _buttons(root: Node, page: Page, *, there: bool) -> None:
    """A button that calls needs somebody to be called."""
    plans = root.get("intercom", "lanes")
    for name, lane in _each(root.get("lanes")):
        button = lane.get("buttons", "call")
        if button is None or "intercom" in page.meant:
            continue
        path = f"lanes.{name}.buttons.call"
        if not there:
            problem = "this button calls, and there is no intercom"
            page.blame(Trouble(button.span, problem, "intercom: ..., or no call:", path=path))
        elif plans is None or plans.get(name) is None:
            problem = f"intercom.lanes says nothing of {name[:32]}: whom does its button call?"
            allowed = f"{name[:32]}: [{{call: booth}}] under intercom.lanes"
            page.blame(Trouble(button.span, problem, allowed, path=path))


def _lanes(root: Node, intercom: Node, page: Page) -> None:
    known = [name for name, _ in _each(root.get("lanes"))]
    plans, home = intercom.get("lanes"), intercom.get("home")
    for name, plan in _each(plans):
        path = f"intercom.lanes.{name}"
        if plans is not None and name not in known:
            problem = f"there is no lane {name[:40]!r} under lanes:"
            guess = nearest(name, known)
            page.blame(Trouble(plans.keys[name], problem, listed(known), guess, path))
        for number, step in enumerate(plan.each()):
            _step(step, f"{path}.{number}", page)
    if home is not None and isinstance(home.value, str) and home.value not in known:
        problem = f"there is no lane {home.value[:40]!r} under lanes:"
        guess = nearest(home.value, known)
        page.blame(Trouble(home.span, problem, listed(known), guess, "intercom.home"))


def _sounds(root: Node, intercom: Node, page: Page) -> None:
    known = [name for name, _ in _each(root.get("lanes"))]
    sounds = intercom.get("audio", "lanes")
    for name, _ in _each(sounds):
        if sounds is not None and name not in known:
            problem = f"there is no lane {name[:40]!r} under lanes:"
            path = f"intercom.audio.lanes.{name}"
            page.blame(
                Trouble(sounds.keys[name], problem, listed(known), nearest(name, known), path)
            )


def _step(step: Node, path: str, page: Page) -> None:
    called = step.get("call")
    if called is None or called.value not in ("booth", "unit", "control"):
        return
    wanted, spare = ("unit", "number") if called.value == "unit" else ("number", "unit")
    if step.get(spare) is not None:
        problem = f"{spare} does not belong to call: {called.value}"
        span = step.keys[spare]
        page.blame(Trouble(span, problem, f"no {spare}: here", path=f"{path}.{spare}"))
    missing = step.get(wanted) is None and f"{path}.{wanted}" not in page.meant
    if missing and called.value != "booth":
        problem = f"{wanted} is missing here: who is called?"
        allowed = "unit: 3-1" if wanted == "unit" else "number: sip:control@192.168.1.20"
        page.blame(Trouble(called.span, problem, allowed, path=f"{path}.{wanted}"))


def _keys(intercom: Node, page: Page) -> None:
    keys = intercom.get("keys")
    if keys is None or not isinstance(keys.value, dict):
        return
    opens, declines = keys.get("open"), keys.get("decline")
    first = Keys().open if opens is None else opens.value
    second = Keys().decline if declines is None else declines.value
    if first == second:
        span = (declines or opens or keys).span
        problem = f"the key {str(first)[:4]} cannot both open and decline"
        page.blame(Trouble(span, problem, "two keys that differ", path="intercom.keys.decline"))


def _hours(unit: str, hours: Node, page: Page) -> None:
    try:
        parse(str(hours.value))
    except ValueError as fault:
        allowed = "such as 22:00-07:00, or Mo-Fr 13:00-14:00"
        path = f"intercom.quiet.{unit}"
        page.blame(Trouble(hours.span, str(fault), allowed, path=path))
