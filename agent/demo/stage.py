"""Where the morning is played: time passes, the audience sees, and the script waits for conditions.

Rules kept here:
- every wait has a limit and says what it waited for;
- while the script waits the screen lives on.
"""

import time
from collections.abc import Callable

from agent.demo.house import House
from agent.demo.picture import Picture
from agent.demo.seen import Seen
from agent.demo.terminal import Keys, View
from agent.errors import GateError

TICK_S = 0.1
LIMIT_S = 60.0


class Stage:
    """One demo being shown. All of it happens in the thread that calls."""

    def __init__(self, house: House, view: View, keys: Keys) -> None:
        self.house = house
        self.seen = Seen(house)
        self.keys = keys
        self._view = view
        self.caption = ""
        self.dress: Callable[[Picture], Picture] = lambda picture: picture
        self.chosen = ""

    def say(self, caption: str) -> None:
        """What is going on, in a sentence at the top."""
        self.caption = caption
        self.refresh()

    def refresh(self) -> None:
        """Look around and show it."""
        self.seen.look()
        self._view.show(self.dress(self.seen.picture(self.caption, self.chosen)))

    def tick(self, seconds: float = TICK_S) -> str:
        """Refresh, and give a key that is pressed within this time ("" for none)."""
        self.refresh()
        return self.keys.wait(seconds)

    def pause(self, seconds: float) -> None:
        """Let the audience see."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            self.tick(min(TICK_S, left))

    def until(self, holds: Callable[[], bool], what: str, limit_s: float = LIMIT_S) -> None:
        """Wait for a condition; raises GateError when it does not come within ``limit_s``."""
        ends = time.monotonic() + limit_s
        self.refresh()
        while not holds():
            if time.monotonic() > ends:
                raise GateError(f"the demo waited {limit_s:g} s in vain until {what}")
            self.tick()
