"""decision: from a credential to what is to be done, with half a million cards in the roster.

Method. In this process, with a real ledger on the disk to be measured: the roster is imported
through `Ledger` in slices, as the daemon does it, and between any two slices a tap is decided and
committed, so that the import takes what it takes while a gate is at work. Then random credentials,
one in ten of them unknown, are looked up, put into facts and stepped; nothing is committed.
"""

import random
import time
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from agent.app import open_ledger
from agent.bench import site
from agent.bench.figures import Figures, percentile
from agent.bench.place import Place
from agent.core.events import CardRead
from agent.core.gate import Gate
from agent.core.gate_state import Step
from agent.core.ids import LaneId, OutputId, ReaderId
from agent.core.model import Credential
from agent.errors import DeviceError
from agent.inbox import Inbox
from agent.loop import Loop
from agent.planning import gate_plan
from agent.ports import Condition, Health
from agent.settings import Settings
from agent.store.ledger import Ledger
from agent.world import World
from drivers.clock import SystemClock

UNKNOWN_EVERY = 10
_LANE = LaneId("in-1")


class NoRelays:
    """Outputs that nobody may use: nothing is carried out here."""

    def pulse(self, output: OutputId, ms: int, decided_ns: int | None = None) -> None:
        """Refuse."""
        del decided_ns
        raise DeviceError(f"{output}: {ms} ms were asked for, but the bench moves nothing")

    def switch(self, output: OutputId, on: bool, decided_ns: int | None = None) -> None:
        """Refuse."""
        del decided_ns
        raise DeviceError(f"{output}: {on} was asked for, but the bench moves nothing")

    def stop_arm(self, lane: LaneId) -> None:
        """Refuse."""
        raise DeviceError(f"lane {lane}: the bench moves nothing")

    def reopen(self, lane: LaneId) -> None:
        """Refuse."""
        raise DeviceError(f"lane {lane}: the bench moves nothing")

    def hold_fire(self, on: bool) -> None:
        """Refuse."""
        raise DeviceError(f"fire {on}: the bench moves nothing")

    def raise_all(self) -> None:
        """Refuse."""
        raise DeviceError("fire: the bench moves nothing")

    def test(self, lane: LaneId) -> None:
        """Refuse."""
        raise DeviceError(f"lane {lane}: the bench moves nothing")

    def levels(self) -> Mapping[OutputId, bool | None]:
        """No output, no level."""
        return {}

    def health(self) -> Health:
        """Nothing to say."""
        return Health("gpio", Condition.OK, "")


class Decider:
    """Facts and step as the loop makes them, without what follows."""

    def __init__(self, settings: Settings, ledger: Ledger) -> None:
        plan = gate_plan(settings)
        self._clock = SystemClock(assume_synced=True)
        world = World(ledger, NoRelays(), {}, self._clock, (), lambda: None)
        self._gate = Gate(plan)
        self._loop = Loop(self._gate, Inbox({}), ZoneInfo(settings.timezone), world)
        self._state = self._gate.first_state()
        self._reader = ReaderId(site.reader(1))

    def decide(self, number: int) -> Step:
        """The step of a tap of the tag with this number, at a lane where nobody waits."""
        credential = Credential("em4100", site.digits(number))
        event = CardRead(self._reader, credential, self._clock.now())
        return self._gate.step(self._state, event, self._loop.facts(event))


def run(place: Place, cards: int = 500_000, decisions: int = 20_000) -> Figures:
    """Import ``cards`` cards, then decide ``decisions`` times."""
    settings = site.page(1, sensors=True)
    with site.a_gate(place.sub("gate"), settings) as gate, open_ledger(gate.settings) as ledger:
        decider = Decider(gate.settings, ledger)
        import_s = _import(ledger, decider, cards)
        chance = random.Random(cards)  # noqa: S311 - the same numbers in every run
        took = []
        for n in range(decisions):
            number = chance.randint(1, cards) + (cards if n % UNKNOWN_EVERY == 0 else 0)
            began = time.perf_counter_ns()
            decider.decide(number)
            took.append((time.perf_counter_ns() - began) / 1000)
    return {
        "p50_us": percentile(took, 0.5),
        "p99_us": percentile(took, 0.99),
        "import_s": import_s,
    }


def _import(ledger: Ledger, decider: Decider, cards: int) -> float:
    """Seconds from the first slice to the switch."""
    whole = list(site.cards(cards))

    def tap() -> None:
        ledger.append(decider.decide(1).entries, site.now())

    began = time.monotonic()
    site.stage(ledger, whole, tap)
    return time.monotonic() - began
