"""The demo as a whole: bring the house up, play the morning, check, and let hands play on.

Rules kept here:
- whatever ends the demo (a key, Ctrl-C, SIGTERM, a closed terminal, a fault), everything that it
  started is ended, in order;
- exit code 0 when everything that was checked agrees, 1 when something does not.
"""

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator, Sequence

from rich.console import Console

from agent.demo import screen
from agent.demo.checks import Finding, check
from agent.demo.evidence import gather
from agent.demo.house import House
from agent.demo.menu import Menu
from agent.demo.morning import Morning
from agent.demo.stage import Stage
from agent.demo.terminal import Keys, viewing
from agent.errors import GateError

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


def run(console: Console, *, once: bool = False, menu: bool = False, keep: bool = False) -> int:
    """Show it all; gives the exit code. Raises GateError when something did not work at all.

    ``once``: no questions; ``menu``: the menu at once, without the morning; ``keep``: the folder
    with ledger and logs stays. A folder of a demo that failed stays in any case.
    """
    with _orderly():
        house = House(keep=keep)
        try:
            house.start(lambda said: console.print(f"  {said}", highlight=False))
            code = _show(house, console, once=once, menu=menu)
        except GateError as fault:
            house.keep = True
            raise GateError(f"{fault} (the logs are in {house.folder})") from fault
        finally:
            _undisturbed(house.stop)
        if house.keep:
            console.print(f"ledger and logs are in {house.folder}", highlight=False)
        return code


def _show(house: House, console: Console, *, once: bool, menu: bool) -> int:
    keys = Keys()
    hands = keys.there and console.is_terminal and not once
    found: Sequence[Finding] = ()
    with keys.raw(), viewing(console) as view:
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


@contextlib.contextmanager
def _orderly() -> Iterator[None]:
    """SIGTERM and a closed terminal end the demo as Ctrl-C does: by an exception, cleaned up."""

    def leave(number: int, _frame: object) -> None:
        sys.exit(128 + number)

    before = {number: signal.signal(number, leave) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _undisturbed(stop: Callable[[], None]) -> None:
    """Run the clean-up to its end, whatever is pressed meanwhile; every wait in it has a limit."""
    numbers = (*_SIGNALS, signal.SIGINT)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        stop()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
