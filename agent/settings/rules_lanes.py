"""Rules of a lane: an arm or a door, what lowers it, and who may hold it down.

Rules kept here:
- whatever can start a movement has something that ends it;
- nothing may be configured that the wiring cannot do, however harmless it looks.
"""

from collections.abc import Iterator
from datetime import timedelta

from agent.settings.faults import UnfitError, listed
from agent.settings.page import Page
from agent.settings.tree import Node, Span, Trouble
from agent.settings.units import parse_duration, write_duration

_DOOR_INPUTS = ("closed",)
_DOOR_BUTTONS = ("open", "exit")


def check_lanes(root: Node, page: Page) -> None:
    """Note every break on the page; the file was read to its end."""
    lanes = root.get("lanes")
    for key, lane in lanes.items() if lanes is not None else ():
        if lanes is None or not isinstance(lane.value, dict):
            continue
        path = f"lanes.{key}"
        _one_of_both(lane, lanes.keys[key], path, page)
        _right_of_way(lane, path, page)
        arm, door = lane.get("arm"), lane.get("door")
        if arm is not None and isinstance(arm.value, dict):
            _lowering(arm, f"{path}.arm", page)
            _held(lane, arm, path, page)
            _ladder(arm, f"{path}.arm", page)
        if door is not None and isinstance(door.value, dict):
            _door(lane, path, page)
            _ladder(door, f"{path}.door", page)


def _one_of_both(lane: Node, span: Span, path: str, page: Page) -> None:
    told = [kind for kind in ("arm", "door") if filled(lane.get(kind))]
    if len(told) == 1 or {f"{path}.arm", f"{path}.door"} & page.meant:
        return
    if told:
        problem, allowed = "a lane has an arm or a door, not both", "a lane of its own for the door"
        page.blame(Trouble(lane.keys["door"], problem, allowed, path=f"{path}.door"))
        return
    problem = "arm is missing here: a lane has an arm or a door"
    allowed = "arm: {open: {pin: 17}}, or door: {strike: {pin: 17}}"
    page.blame(Trouble(span, problem, allowed, path=f"{path}.arm"))


def _right_of_way(lane: Node, path: str, page: Page) -> None:
    direction, way = lane.get("direction"), lane.get("right_of_way")
    if way is not None and direction is not None and direction.value in ("in", "out"):
        problem = f"this lane is used one way only, {direction.value}: nobody comes towards it"
        allowed = "direction: both, or no right_of_way:"
        span = lane.keys["right_of_way"]
        page.blame(Trouble(span, problem, allowed, path=f"{path}.right_of_way"))


def _lowering(arm: Node, path: str, page: Page) -> None:
    """What lowers the arm is told once, and so that it can be done."""
    itself, close = arm.get("closes_itself"), arm.get("close")
    held_open = _word(arm, "open", "drive") == "maintained"
    if itself is not None and itself.value is True:
        problem, allowed = "", ""
        if close is not None:
            problem = "an operator that closes by itself is not told to close"
            allowed = "closes_itself: true, or close:, not both"
        elif held_open:
            problem = "a maintained open relay lets the arm down itself, by letting go"
            allowed = "open: {drive: pulse}, or no closes_itself:"
        if problem:
            span = arm.keys["closes_itself"]
            page.blame(Trouble(span, problem, allowed, path=f"{path}.closes_itself"))
    drive = arm.get("close", "drive")
    if held_open and drive is not None and drive.value == "maintained":
        problem = (
            "an operator that runs only while a contact is held (hold-to-run) stops when open lets "
            "go, so that a maintained open relay holds nothing up"
        )
        allowed = "open: {drive: pulse, pulse: as long as the arm takes}, or close: {drive: pulse}"
        page.blame(Trouble(drive.span, problem, allowed, path=f"{path}.close.drive"))


def _held(lane: Node, arm: Node, path: str, page: Page) -> None:
    """The guard's held button: something lowers the arm, and something stops it at once."""
    mode, close = arm.get("when_blocked"), arm.get("close")
    button = lane.get("buttons", "close")
    if mode is None or mode.value != "dead_man":
        able = close is not None or _word(arm, "open", "drive") == "maintained"
        if button is not None and not able and not _meant(page, f"{path}.arm"):
            problem = "nothing here can lower this arm: its operator closes by itself"
            span = _key(lane, "buttons", "close", button)
            allowed = "arm.close: {pin: ...}, or no button close"
            page.blame(Trouble(span, problem, allowed, path=f"{path}.buttons.close"))
        return
    other = "or when_blocked: stay_open"
    if close is None:
        _lacks(
            mode,
            "dead_man lowers the arm with arm.close, which is not wired",
            f"close: {{pin: ...}}, {other}",
            f"{path}.arm.close",
            page,
        )
    elif arm.get("stop") is None and _word(arm, "close", "drive") != "maintained":
        why = "dead_man: when the guard lets go the arm has to stop, and nothing here stops it"
        allowed = f"stop: {{pin: ...}}, or close: {{drive: maintained}}, {other}"
        _lacks(mode, why, allowed, f"{path}.arm.stop", page)
    if button is None:
        _lacks(
            mode,
            "dead_man needs the button that the guard holds",
            f"buttons: {{close: {{pin: ...}}}} in this lane, {other}",
            f"{path}.buttons.close",
            page,
        )


def _lacks(mode: Node, problem: str, allowed: str, path: str, page: Page) -> None:
    if path not in page.meant:
        page.blame(Trouble(mode.span, problem, allowed, path=path))


def _door(lane: Node, path: str, page: Page) -> None:
    """People walk through a door: there is nothing to wait for but its contact."""
    if "open_for" in lane.keys:
        problem = "a door can be pushed for as long as its strike is released"
        allowed = "door: {strike: {pulse: ...}}"
        page.blame(Trouble(lane.keys["open_for"], problem, allowed, path=f"{path}.open_for"))
    wrong = (
        ("inputs", _DOOR_INPUTS, "closed: its contact, active while the door is shut"),
        ("buttons", _DOOR_BUTTONS, "open: in the booth, exit: beside the door"),
    )
    for part, good, allowed in wrong:
        for role, span in _roles(lane, part):
            if role not in good:
                problem = f"a door has no {role}"
                page.blame(Trouble(span, problem, allowed, path=f"{path}.{part}.{role}"))


def _roles(lane: Node, part: str) -> Iterator[tuple[str, Span]]:
    node = lane.get(part)
    known = ("approach", "loop", "exit", "safety", "opened", "closed", "open", "close", "stop")
    for role, child in node.items() if node is not None else ():
        if node is not None and role in known and child.value is not None:
            yield role, node.keys[role]


def _ladder(owner: Node, path: str, page: Page) -> None:
    """The steps come one after the other."""
    ladder = owner.get("open_too_long")
    if ladder is None or not isinstance(ladder.value, dict):
        return
    path = f"{path}.open_too_long"
    escalate = ladder.get("escalate")
    if escalate is not None and ladder.get("alarm") is None and f"{path}.alarm" not in page.meant:
        problem = "there is nothing to call louder than: alarm is missing"
        span = ladder.keys["escalate"]
        page.blame(Trouble(span, problem, "alarm: earlier than that", path=f"{path}.alarm"))
    steps = [(f"{path}.{name}", ladder.get(name)) for name in ("pre_alarm", "alarm")]
    if escalate is not None:
        many = escalate.each()
        last = f"{path}.escalate"
        numbered = [(f"{last}.{number}", step) for number, step in enumerate(many)]
        steps += numbered if isinstance(escalate.value, list) else [(last, escalate)]
    before: timedelta | None = None
    for where, step in steps:
        if step is None:
            continue
        try:
            told = parse_duration(step.value)
        except UnfitError:
            return
        if before is not None and told <= before:
            problem = f"this comes not after the step before it ({write_duration(before)})"
            allowed = (
                f"{listed(['pre_alarm', 'alarm', 'escalate'])}: each later than the one before"
            )
            page.blame(Trouble(step.span, problem, allowed, path=where))
        before = told


def filled(node: Node | None) -> bool:
    """Whether something stands there."""
    return node is not None and node.value is not None


def _word(node: Node, *path: str) -> object:
    found = node.get(*path)
    return found.value if found is not None else None


def _key(lane: Node, part: str, role: str, node: Node) -> Span:
    owner = lane.get(part)
    return owner.keys.get(role, node.span) if owner is not None else node.span


def _meant(page: Page, path: str) -> bool:
    """Whether some key of the arm is misspelt, and may be what is missed here."""
    return any(one.startswith(f"{path}.") for one in page.meant)
