"""The picture drawn for a terminal of 80 by 24 or more. Pure: a picture in, something to print out.

Rules kept here:
- state is told by word, sign and colour together, so that it can be read without colour;
- what is not known is shown as not known.
"""

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from agent.demo.checks import Finding
from agent.demo.picture import CentreCard, LaneCard, Picture
from agent.demo.words import BAD, DUTY, GOOD, Told

LEAST_HEIGHT = 24
_LANES = 7
_KEY_COLUMNS = 4
_KEYS = 3
_CENTRE = 25

_ARMS = (
    (0.05, ("", "", "█━━━━━━━━━━")),
    (0.40, ("", "      .-·´", "█·-·´")),
    (0.75, ("     ╱", "   ╱", "█╱")),
    (0.95, ("  ╱", " ╱", "█╱")),
    (2.00, ("┃", "┃", "█")),
)
_POSITIONS = {
    "open": ("▲ OPEN", GOOD),
    "opening": ("↑ opening", DUTY),
    "closed": ("▬ CLOSED", ""),
    "closing": ("↓ closing", DUTY),
    "unknown": ("? not known", BAD),
    "": ("? nobody says", BAD),
}
_LOOPS = {"occupied": ("● occupied", DUTY), "clear": ("○ clear", ""), "none": ("none wired", "dim")}
_LINKS = {"ok": GOOD, "degraded": DUTY, "down": BAD}


def draw(picture: Picture, height: int = LEAST_HEIGHT) -> RenderableType:
    """The whole screen, ``height`` lines high."""
    whole = Layout()
    below = max(height, LEAST_HEIGHT) - 2 - (_KEYS if picture.keys else 0)
    parts = [Layout(_heading(picture), size=2)]
    if not picture.choices and not picture.findings:
        parts.append(Layout(_lanes(picture.lanes), size=_LANES))
        below -= _LANES
    parts.append(Layout(_below(picture, below), size=below))
    if picture.keys:
        parts.append(Layout(_keys(picture.keys), size=_KEYS))
    whole.split_column(*parts)
    return whole


def _heading(picture: Picture) -> RenderableType:
    line = Table.grid(expand=True)
    line.add_column(ratio=1)
    line.add_column(justify="right")
    state = ("● running", GOOD) if picture.running else ("✗ KILLED", f"bold {BAD}")
    title = Text.assemble((picture.gate, "bold"), "  gate-agent ", state)
    line.add_row(title, Text(f"journal {picture.head}   {picture.clock}"))
    return Group(line, Text(picture.caption, "bold cyan", no_wrap=True, overflow="ellipsis"))


def _lanes(lanes: Sequence[LaneCard]) -> RenderableType:
    row = Layout()
    row.split_row(*(Layout(_lane(lane)) for lane in lanes))
    return row


def _lane(lane: LaneCard) -> RenderableType:
    arm = next(shape for top, shape in _ARMS if lane.place < top)
    facts = (
        ("arm ", *_POSITIONS.get(lane.position, _POSITIONS["unknown"])),
        ("loop", *_LOOPS.get(lane.loop, ("? not known", BAD))),
        ("    ", f"{lane.waiting} waiting" if lane.waiting else "nobody waits", ""),
    )
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=12, no_wrap=True)
    grid.add_column(no_wrap=True)
    for drawn, (what, said, style) in zip(arm, facts, strict=True):
        grid.add_row(Text(drawn, "bold"), Text.assemble((f"{what}  ", "dim"), (said, style)))
    reader = Text("" if lane.plugged else "READER UNPLUGGED  ", f"bold {BAD}")
    cars = reader + Text(" ‹ ".join(lane.cars) or "no car", "" if lane.cars else "dim")
    title = f"{lane.name} {lane.lane} ({lane.direction})"
    return Panel(
        Group(grid, cars, _said(lane)),
        title=f"» {title} «" if lane.chosen else title,
        border_style="bold cyan" if lane.chosen else "",
        box=box.ROUNDED,
        height=_LANES,
    )


def _said(lane: LaneCard) -> Text:
    last = lane.last
    if last is None:
        return Text("no card yet", "dim")
    said = Text(f"{last.card} {lane.who}  ", last.style) + Text(last.whole, last.style)
    said.no_wrap, said.overflow = True, "ellipsis"
    return said


def _below(picture: Picture, height: int) -> RenderableType:
    if picture.choices:
        return Panel(_choices(picture.choices, height - 2), title="a card to tap", box=box.ROUNDED)
    if picture.findings:
        return Panel(findings(picture.findings), title="what must agree", box=box.ROUNDED)
    row = Layout()
    row.split_row(
        Layout(Panel(_events(picture.told, height - 2), title="journal", box=box.ROUNDED)),
        Layout(_centre(picture.centre, picture.head), size=_CENTRE),
    )
    return row


def _events(told: Sequence[Told], count: int) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(no_wrap=True, width=9, overflow="ellipsis")
    grid.add_column(no_wrap=True, width=6, overflow="ellipsis")
    grid.add_column(no_wrap=True, overflow="ellipsis")
    for one in told[-count:]:
        grid.add_row(one.time, one.lane, one.card, Text(one.words, one.style))
    return grid


def _centre(centre: CentreCard | None, head: int) -> RenderableType:
    if centre is None:
        told = "No mosquitto on this machine. The gate needs nobody's leave: it works on."
        return Panel(Text(told, "dim"), title="the other side", box=box.ROUNDED)
    behind = max(head - centre.last, 0)
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(style="dim")
    grid.add_column(justify="right")
    rows = (
        ("line", "● whole" if centre.line else "✗ CUT", GOOD if centre.line else BAD),
        ("uplink", centre.link or "?", _LINKS.get(centre.link, BAD)),
        ("gate is", centre.presence or "?", ""),
        ("", "", ""),
        ("has up to", str(centre.last), ""),
        ("behind", str(behind), DUTY if behind else GOOD),
        ("events", str(centre.events), ""),
        ("gaps", str(centre.gaps), BAD if centre.gaps else GOOD),
        ("duplicates", str(centre.duplicates), ""),
    )
    for name, value, style in rows:
        grid.add_row(name, Text(value, style))
    return Panel(grid, title="gate-agent watch", box=box.ROUNDED)


def findings(made: Sequence[Finding]) -> RenderableType:
    """The list of checks, each with its sign."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for one in made:
        sign, style = {True: ("✓", GOOD), False: ("✗", BAD), None: ("–", DUTY)}[one.holds]
        grid.add_row(Text(sign, style), one.name, Text(one.detail, "dim" if one.holds else style))
    return grid


def _choices(choices: Sequence[str], height: int) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    columns = -(-len(choices) // height)
    for _ in range(columns):
        grid.add_column(no_wrap=True, overflow="ellipsis")
    for line in range(height):
        grid.add_row(*choices[line::height])
    return grid


def _keys(keys: Sequence[tuple[str, str]]) -> RenderableType:
    grid = Table.grid(expand=True)
    for _ in range(_KEY_COLUMNS):
        grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    told = [Text.assemble((f" {key} ", "reverse"), f" {what}") for key, what in keys]
    for start in range(0, len(told), _KEY_COLUMNS):
        grid.add_row(*told[start : start + _KEY_COLUMNS])
    return grid
