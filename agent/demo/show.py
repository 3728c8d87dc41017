"""The demo as a whole: bring the house up, play the morning, check, and let hands play on.

Rules kept here:
- whatever ends the demo (a key, Ctrl-C, SIGTERM, a closed terminal, a fault), everything that it
  started is ended, in order;
- where hands can play on there is a booth too: the guard's screen, and a day behind it;
- exit code 0 when everything that was checked agrees, 1 when something does not.
"""

from collections.abc import Sequence

from rich.console import Console

from agent.demo import screen
from agent.demo.checks import Finding, check
from agent.demo.evidence import gather
from agent.demo.house import House
from agent.demo.leaving import Leaving
from agent.demo.menu import Menu
from agent.demo.morning import Morning
from agent.demo.stage import Stage
from agent.demo.terminal import Keys, viewing
from agent.errors import GateError


def run(console: Console, *, once: bool = False, menu: bool = False, keep: bool = False) -> int:
    """Show it all; gives the exit code. Raises GateError when something did not work at all.

    ``once``: no questions; ``menu``: the menu at once, without the morning; ``keep``: the folder
    with ledger and logs stays. A folder of a demo that failed stays in any case.
    """
    with Leaving() as leaving:
        keys = Keys(leaving)
        hands = keys.there and console.is_terminal and not once
        house = House(keep=keep, booth=hands)
        try:
            leaving.listen()
            house.start(lambda said: console.print(f"  {said}", highlight=False))
            code = _show(house, console, keys, leaving, hands=hands, menu=menu)
        except GateError as fault:
            house.keep = True
            raise GateError(f"{fault} (the logs are in {house.folder})") from fault
        finally:
            # The one signal that raises may still fall into the first of these two lines.
            try:
                leaving.hush()
            finally:
                house.stop()
        if house.keep:
            console.print(f"ledger and logs are in {house.folder}", highlight=False)
        return code


def _show(
    house: House, console: Console, keys: Keys, leaving: Leaving, *, hands: bool, menu: bool
) -> int:
    found: Sequence[Finding] = ()
    with keys.raw(), viewing(console, leaving) as view:
        stage = Stage(house, view, keys)
        try:
            if not menu:
                morning = Morning(stage)
                morning.play()
                code = None if hands else house.end()
                found = check(gather(house, stage.seen, morning.expected, code))
            if hands:
                Menu(stage, found).play()
        finally:
            stage.seen.close()
    if found:
        console.print(screen.findings(found))
    failed = [one for one in found if one.holds is False]
    house.keep = house.keep or bool(failed)
    return 1 if failed else 0
