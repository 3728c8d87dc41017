"""What the demo sees of itself: asked of the daemon, the hardware, the journal and the centre.

Rules kept here:
- everything is asked from one thread, a few times a second; what does not answer is not known;
- entries are read from the ledger, so that none is missed while the daemon is dead.
"""

from collections import Counter, deque
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from agent.control.client import ControlClient, NotRunningError
from agent.core.entries import EntryType
from agent.demo.house import House
from agent.demo.picture import CentreCard, LaneCard, Picture
from agent.demo.words import Told, tell
from agent.errors import GateError
from agent.store.reading import Reading

KEPT = 100
_PATIENCE_S = 3.0
_BATCH = 500
_PHASES = {
    "approaching": "{} comes",
    "waiting": "{} waits",
    "entering": "{} drives in",
    "under": "[{}]",
}


class Seen:
    """`look` again and again; `close` at the end. Counters are by lane."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._zone = ZoneInfo(house.settings.timezone)
        self._client: ControlClient | None = None
        self._reading: Reading | None = None
        self._views: dict[str, dict[str, Any]] = {}
        self._link = ""
        self._last: dict[str, Told] = {}
        self._holders = {card.label: f"{card.holder} {card.unit}".strip() for card in house.cards}
        self.told: deque[Told] = deque(maxlen=KEPT)
        self.arms: dict[str, dict[str, Any]] = {}
        self.head = 0
        self.hash = ""
        self.entries = house.before
        self.answers: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()

    def close(self) -> None:
        """Let go of daemon and ledger."""
        self._hang_up()
        if self._reading is not None:
            self._reading.close()
            self._reading = None

    def look(self) -> None:
        """Ask everybody once. Raises GateError when the simulated hardware is gone."""
        self.arms = self._house.sim.arms()
        self._ask_daemon()
        self._read_journal()
        if self._house.centre is not None:
            self._house.centre.look()

    def quiet(self, lane: str) -> bool:
        """Nobody is at the lane, and its arm is down."""
        arm = self.arms[lane]
        return arm["arm"] == "down" and not arm["cars"]

    def at_rest(self, lane: str) -> bool:
        """The daemon says so too: the arm is down, and no grant waits."""
        view = self._views.get(lane, {})
        return view.get("position") == "closed" and view.get("waiting") == 0

    def picture(self, caption: str, chosen: str = "") -> Picture:
        """How it looks now."""
        settings = self._house.settings
        return Picture(
            gate=f"{settings.estate} / {settings.gate}",
            clock=datetime.now(self._zone).strftime("%H:%M:%S"),
            caption=caption,
            running=bool(self._views),
            head=self.entries,
            lanes=tuple(self._lane(name, chosen) for name in settings.lanes),
            told=tuple(self.told),
            centre=self._centre(),
        )

    def _ask_daemon(self) -> None:
        try:
            if self._client is None:
                self._client = ControlClient(self._house.settings.paths.control, _PATIENCE_S)
            status = self._client.ask("status")
        except NotRunningError:
            self._views, self._link = {}, ""
            return
        except GateError:
            # It was killed while it was asked, or is busy: the next look tells.
            self._hang_up()
            return
        self._views = {view["lane"]: view for view in status["lanes"]}
        self.head, self.hash = status["head"]["sequence"], status["head"]["hash"]
        parts = {part["part"]: part for part in status["parts"]}
        self._link = parts["uplink"]["condition"] if "uplink" in parts else ""

    def _hang_up(self) -> None:
        client, self._client = self._client, None
        self._views, self._link = {}, ""
        if client is not None:
            client.close()

    def _read_journal(self) -> None:
        if self._reading is None:
            self._reading = Reading.open(self._house.settings.paths.ledger)
        for entry in self._reading.after(self.entries, _BATCH):
            self.entries = entry.sequence
            one = tell(entry, self._zone)
            self.told.append(one)
            if one.tap:
                self.answers[one.lane] += 1
                self._last[one.lane] = one
            if entry.type == EntryType.PASSAGE_ENDED:
                self.ended[one.lane] += 1

    def _lane(self, name: str, chosen: str) -> LaneCard:
        lane = self._house.settings.lanes[name]
        last = self._last.get(name)
        view, arm = self._views.get(name, {}), self.arms[name]
        return LaneCard(
            lane=name,
            name=lane.name,
            direction=lane.direction.value,
            position=view.get("position", ""),
            loop=view.get("loop", ""),
            waiting=view.get("waiting", 0),
            place=arm["place"],
            cars=tuple(_PHASES[car["phase"]].format(car["car"]) for car in arm["cars"]),
            plugged=not self._house.unplugged.intersection(lane.readers),
            last=last,
            who="" if last is None else self._holders.get(last.card, ""),
            chosen=name == chosen,
        )

    def _centre(self) -> CentreCard | None:
        centre, line = self._house.centre, self._house.line
        if centre is None or line is None:
            return None
        return CentreCard(
            line=line.whole,
            link=self._link,
            linked=centre.linked,
            presence=centre.presence,
            last=centre.last,
            events=len(centre.events),
            gaps=len(centre.gaps),
            duplicates=centre.duplicates,
        )
