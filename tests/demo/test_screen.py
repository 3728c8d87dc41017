"""The screen fits a plain terminal in every state, and can be drawn from a recorded picture."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console

from agent.demo.checks import check
from agent.demo.picture import CentreCard, LaneCard, Picture
from agent.demo.screen import draw
from agent.demo.words import BAD, GOOD, Told
from tests.demo.world import WORLD

GRANTED = Told(7, "07:31:02", "in-1", "V-004", "✓ may pass", GOOD, "✓ may pass", tap=True)
DENIED = Told(8, "07:31:09", "out-1", "R-009", "✗ card is blocked", BAD, "this card is blocked")
IN = LaneCard(
    lane="in-1",
    name="入口 1",
    direction="in",
    position="opening",
    loop="occupied",
    waiting=2,
    place=0.6,
    cars=("[粤B·F52K08]", "粤B·L3M690 waits"),
    plugged=True,
    last=GRANTED,
    who="陈静 3-0701",
    chosen=True,
)
OUT = LaneCard("out-1", "出口 1", "out", "", "", 0, 0.0, (), plugged=False, last=DENIED)
PICTURE = Picture(
    gate="green-garden / demo",
    clock="07:31:10",
    caption="Two cars nose to tail, each with its card: two grants, two passages.",
    running=True,
    head=32,
    lanes=(IN, OUT),
    told=(GRANTED, DENIED) * 30,
    centre=CentreCard(False, "down", True, "online", 28, 28, 0, 1),
)
KEYS = tuple((letter, "kill -9 / start") for letter in "ltcbodyxkvq")
STATES = {
    "a morning": PICTURE,
    "no broker": replace(PICTURE, centre=None),
    "a dead daemon": replace(PICTURE, running=False),
    "the menu": replace(PICTURE, keys=KEYS),
    "a card to choose": replace(PICTURE, keys=KEYS, choices=("00 unknown",) * 41),
    "the checks": replace(PICTURE, keys=KEYS, findings=tuple(check(WORLD))),
    "nothing yet": replace(PICTURE, told=(), lanes=(replace(IN, last=None, cars=()), OUT)),
    "too much": replace(PICTURE, caption="长" * 200, lanes=(replace(IN, who="长" * 99), OUT)),
}


def shown(picture: Picture, width: int = 80, height: int = 24) -> list[str]:
    console = Console(record=True, width=width, height=height, file=StringIO(), force_terminal=True)
    console.print(draw(picture, height))
    return console.export_text().splitlines()


@pytest.mark.parametrize("name", STATES)
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_it_fits(name: str, size: tuple[int, int]) -> None:
    lines = shown(STATES[name], *size)
    assert len(lines) == size[1]
    assert {cell_len(line) for line in lines if cell_len(line) > size[0]} == set()


def test_what_is_shown_of_a_morning() -> None:
    text = "\n".join(shown(PICTURE))
    for part in (
        "↑ opening",
        "● occupied",
        "2 waiting",
        "粤B·L3M690 waits",
        "V-004 陈静 3-0701  ✓ may pass",
        "? nobody says",
        "READER UNPLUGGED",
        "R-009   this card is blocked",
        "✗ CUT",
        "behind              4",
    ):
        assert part in text, text


def test_the_last_events_are_the_ones_that_are_shown() -> None:
    newest = replace(DENIED, time="09:59:59")
    text = "\n".join(shown(replace(PICTURE, told=(*PICTURE.told, newest))))
    assert text.count("09:59:59") == 1


def test_a_dead_daemon_is_shown_as_dead() -> None:
    assert "✗ KILLED" in shown(STATES["a dead daemon"])[0]


def test_a_recorded_picture_becomes_an_svg() -> None:
    console = Console(record=True, width=80, height=24, file=StringIO(), force_terminal=True)
    console.print(draw(PICTURE))
    assert "opening" in console.export_svg(title="gate-agent demo")
