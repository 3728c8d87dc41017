"""The menu: hands play on where the morning ended.

Rules kept here:
- every key is shown with what it does; a key that does nothing just now says why;
- a fault of the world (an unplugged reader, a dead daemon) is a sentence, not an end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agent.core.model import Card
from agent.demo.checks import Finding
from agent.demo.picture import Picture
from agent.demo.stage import Stage
from agent.errors import GateError

UNKNOWN = "0100D15EA5"
_COMES_MS, _UNDER_MS = 300, 900


@dataclass(frozen=True, slots=True)
class Key:
    """A key, what it does in words, and the doing, which gives a sentence for the top line."""

    key: str
    says: str
    do: Callable[[], str]


class Menu:
    """Plays on a stage until it is told to quit. ``findings`` are those of the morning."""

    def __init__(self, stage: Stage, findings: Sequence[Finding] = ()) -> None:
        self._stage = stage
        self._house = stage.house
        self._places = [*stage.house.settings.lanes, *stage.house.settings.desks]
        self._findings = tuple(findings)
        self._shown = False
        self._choosing: str | None = None
        self._cars = 0
        self._done = False
        self._keys = (
            Key("l", "next place", self._next_place),
            Key("t", "tap a card", self._choose),
            Key("c", "car comes", lambda: self._car("through")),
            Key("b", "car backs out", lambda: self._car("back_out")),
            Key("o", "open by hand", lambda: self._order("open")),
            Key("d", "close by hand", lambda: self._order("close")),
            Key("u", "un/plug reader", self._unplug),
            Key("x", "cut/mend line", self._cut),
            Key("k", "kill -9 / start", self._kill),
            Key("v", "what agrees", self._toggle),
            Key("g", "guard's screen", self._screen),
            Key("q", "quit", self._quit),
        )

    def play(self) -> None:
        """Until `q`. Raises GateError only when the simulated hardware is gone."""
        stage = self._stage
        stage.chosen, stage.dress = self._places[0], self._dressed
        stage.say(f"Your turn. {self._screen()} {self._verdict()}Keys act at the lane with » «.")
        while not self._done:
            pressed = stage.tick()
            if pressed:
                stage.caption = self._press(pressed) or stage.caption

    def _dressed(self, picture: Picture) -> Picture:
        if self._choosing is not None:
            keys = (("00-99", "number of the card"), ("esc", "back"))
            return replace(picture, keys=keys, choices=self._choices())
        found = self._findings if self._shown else ()
        return replace(
            picture, keys=tuple((key.key, key.says) for key in self._keys), findings=found
        )

    def _verdict(self) -> str:
        made = [one for one in self._findings if one.holds is not None]
        held = sum(bool(one.holds) for one in made)
        return f"{held} of {len(made)} checks hold (v). " if made else ""

    def _press(self, pressed: str) -> str:
        try:
            if self._choosing is not None:
                return self._digit(pressed)
            for key in self._keys:
                if key.key == pressed:
                    return key.do()
        except GateError as fault:
            return f"{fault}"
        return f"No key {pressed!r} here."

    def _next_place(self) -> str:
        place = self._places.index(self._stage.chosen)
        self._stage.chosen = self._places[(place + 1) % len(self._places)]
        what = "lane" if self._at_lane else "desk: cards shown there reach the guard's screen"
        return f"Keys act on {self._stage.chosen} now, a {what}."

    @property
    def _at_lane(self) -> bool:
        return self._stage.chosen in self._house.settings.lanes

    def _screen(self) -> str:
        booth = self._house.booth
        return "No guard's screen here." if booth is None else booth.brief

    def _choose(self) -> str:
        self._choosing, self._shown = "", False
        return f"Which card goes to the reader of {self._stage.chosen}? Two digits."

    def _digit(self, pressed: str) -> str:
        if not pressed.isdecimal():
            self._choosing = None
            return "No card was tapped."
        typed = f"{self._choosing}{pressed}"
        if len(typed) < 2:
            self._choosing = typed
            return f"{typed}_"
        self._choosing = None
        number = int(typed)
        cards = self._house.cards
        if number > len(cards):
            return f"There is no card {typed}."
        if number == 0:
            return self._tap("a card that nobody knows", UNKNOWN)
        card = cards[number - 1]
        return self._tap(f"{card.label} {card.holder}", card.credential.hex)

    def _choices(self) -> tuple[str, ...]:
        told = [f"{number:02} {_card(card)}" for number, card in enumerate(self._house.cards, 1)]
        return ("00 unknown", *told)

    def _tap(self, what: str, digits: str) -> str:
        self._house.tap(self._reader(), digits)
        return f"Tapped at {self._stage.chosen}: {what}."

    def _car(self, kind: str) -> str:
        self._need_lane()
        self._cars += 1
        name = f"car {self._cars}"
        self._house.sim.drive(
            self._stage.chosen, name, kind=kind, approach_ms=_COMES_MS, under_ms=_UNDER_MS
        )
        how = "and will back out again" if kind == "back_out" else "and goes when the arm is up"
        return f"{name} comes to {self._stage.chosen} {how}."

    def _order(self, kind: str) -> str:
        self._need_lane()
        return f"The daemon says: {self._house.order(kind, self._stage.chosen, 'demo, by hand')}."

    def _unplug(self) -> str:
        reader = self._reader()
        self._house.unplug(reader)
        gone = reader in self._house.unplugged
        return f"{reader} is {'unplugged' if gone else 'plugged in again'}."

    def _cut(self) -> str:
        line = self._house.line
        if line is None:
            return "There is no line to cut: no mosquitto on this machine."
        if line.whole:
            self._house.cut()
            return "The line to the centre is cut; the gate works on."
        self._house.restore()
        return "The line is mended; what the centre missed is on its way."

    def _kill(self) -> str:
        if self._house.running:
            self._house.kill()
            return "The daemon is dead. No relay moves; k starts it again."
        self._house.revive()
        return "The daemon runs again, and no relay moved for it."

    def _toggle(self) -> str:
        if not self._findings:
            return "Nothing was checked: the morning was not played."
        self._shown = not self._shown
        return "What must agree after the morning." if self._shown else "The journal."

    def _quit(self) -> str:
        self._done = True
        return "Good-bye."

    def _need_lane(self) -> None:
        if not self._at_lane:
            raise GateError(f"{self._stage.chosen} is a desk, without an arm: l goes to a lane")

    def _reader(self) -> str:
        settings = self._house.settings
        place = settings.lanes if self._at_lane else settings.desks
        return place[self._stage.chosen].readers[0]


def _card(card: Card) -> str:
    status = "" if card.status == "active" else f" {card.status}"
    return f"{card.label} {card.holder}{status}"
