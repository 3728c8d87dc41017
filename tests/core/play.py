"""A gate that is played step by step, by lines such as ``tap A > granted; pulse open``.

What can be done: ``tap LABEL``, ``tap LABEL at READER``, ``INPUT on|off|lost``, ``INPUT fault WHY``
``time`` (the wait is over), ``time KIND`` (another timer is over), ``order KIND key=value …``,
``fault OUTPUT``, ``protect OUTPUT``, ``protect OUTPUT WHAT``, ``protect OUTPUT WHAT INPUT``,
``tested`` (all sensors answered), ``tested INPUT`` (this one did not), ``lock fire|lockdown|none``,
``restored SECONDS`` (a restart finds a hold that ends then; 0 for none), ``restart``, ``stop``,
``view`` (expects ``position loop waiting``), ``arm`` (``state position proof mode``). After ``>``
stands all that comes of it, entries first.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from agent.core.arm import Lock
from agent.core.draft import Draft
from agent.core.effects import (
    AnswerOrder,
    Effect,
    PulseRelay,
    ShowVerdict,
    StartTimer,
    StopTimer,
    SwitchRelay,
)
from agent.core.entries import Entry, EntryType
from agent.core.events import (
    CardRead,
    Event,
    InputChanged,
    OrderReceived,
    OutputFaulted,
    Protected,
    SensorsTested,
    Started,
    Stopping,
    TimerFired,
)
from agent.core.facts import Facts, Mode, OpenPassage
from agent.core.gate import Gate
from agent.core.gate_state import GateState, Step
from agent.core.ids import InputId, LaneId, OrderId, OutputId, PassageId, ReaderId
from agent.core.lane import LaneState, first, locked, restored, view
from agent.core.model import Card, CardProof, Moment
from agent.core.orders import Order
from agent.core.plan import GatePlan
from agent.core.project import Put, project
from agent.core.view import LaneView
from tests.core.builders import BEAM, CLOSED, LANE, LOOP, OPENED, READER, WEDNESDAY
from tests.core.builders import credential as credential_of
from tests.core.builders import moment as moment_of
from tests.rigs.contract import judge_entries

LEVELS = {"on": True, "off": False, "lost": None}


class Play:
    """A gate with a clock and a journal in memory; every step is kept in ``steps``."""

    def __init__(self, plan: GatePlan, cards: Iterable[Card] = ()) -> None:
        self.gate = Gate(plan)
        self.plan = plan
        self.state: GateState = self.gate.first_state()
        self.cards = {card.label: card for card in cards}
        self.seconds = 0.0
        self.held_up_ns = 0
        self.entries: list[Entry] = []
        self.open: dict[str, OpenPassage] = {}
        self.steps: list[Step] = []

    @classmethod
    def ready(cls, plan: GatePlan, cards: Iterable[Card] = ()) -> "Play":
        """Started, with every input clear and the arm down."""
        play = cls(plan, cards)
        play.do(Started(play.now))
        for name in (LOOP, BEAM, OPENED, CLOSED):
            play.do(InputChanged(name, name == CLOSED, 1, play.now))
        return play

    @property
    def now(self) -> Moment:
        return moment_of(self.seconds)

    @property
    def lane(self) -> LaneState:
        return self.state.lanes[LANE]

    @property
    def view(self) -> LaneView:
        return view(self.plan.lanes[LANE], self.lane)

    def facts(self, event: Event) -> Facts:
        """What the loop would load."""
        sequence = len(self.entries) + 1
        if isinstance(event, CardRead):
            cards = (card for card in self.cards.values() if card.credential == event.credential)
            now_ns = event.at.mono_ns + self.held_up_ns
            return Facts("s1", sequence, WEDNESDAY, tuple(cards), now_ns=now_ns)
        if isinstance(event, Started):
            return Facts("s1", sequence, WEDNESDAY, (), tuple(self.open.values()))
        return Facts("s1", sequence, WEDNESDAY)

    def do(self, event: Event) -> Step:
        """Step, and write down as the ledger would."""
        step = self.gate.step(self.state, event, self.facts(event))
        self.state = step.state
        self.steps.append(step)
        judge_entries(step.entries)
        for entry in step.entries:
            self.entries.append(entry)
            for row in project(len(self.entries), entry.type, entry.data):
                if row.table != "open_passages":
                    continue
                if isinstance(row, Put):
                    left = OpenPassage(
                        PassageId(row.key),
                        LaneId(str(row.values["lane"])),
                        int(row.values["sequence"]),
                        str(row.values["card"]),
                    )
                    self.open[row.key] = left
                else:
                    self.open.pop(row.key, None)
        return step

    def tap(
        self,
        label: str,
        reader: ReaderId = READER,
        note: str = "",
        proof: CardProof = CardProof.UID_ONLY,
    ) -> Step:
        return self.do(CardRead(reader, credential_of(label), self.now, note, proof))

    def order(self, kind: str, number: str = "o-1", **args: str) -> Step:
        named = {"lane": LANE, "reason": "asked", **args}
        return self.do(OrderReceived(Order(OrderId(number), "Li", "cli", kind, named), self.now))

    def restart(self) -> Step:
        """What a crash leaves: the journal, and nothing else."""
        self.state = self.gate.first_state()
        return self.do(Started(self.now))

    def act(self, line: str) -> str:
        """Do what the line says and tell what came of it."""
        verb, *words = line.split()
        seen = self.view
        if verb == "view":
            return f"{seen.position} {seen.loop} {seen.waiting}"
        if verb == "arm":
            return f"{self.lane.arm.state} {seen.position} {seen.proof} {seen.mode}"
        self.seconds += 1
        if verb == "restart":
            self.state = self.gate.first_state()
        makers: dict[str, Callable[[list[str]], Event]] = {
            "tap": self._tapped,
            "order": self._ordered,
            "time": lambda words: TimerFired(f"{(*words, 'wait')[0]}:{LANE}", self.now),
            "fault": lambda words: OutputFaulted(OutputId(words[0]), "stuck", self.now),
            "protect": self._protected,
            "tested": lambda words: SensorsTested(LANE, tuple(map(InputId, words)), self.now),
            "restart": lambda _: Started(self.now),
            "stop": lambda _: Stopping("SIGTERM", self.now),
        }
        if verb in {"lock", "restored"}:
            return told(self._directly(verb, words[0]))
        if verb in makers:
            return told(self.do(makers[verb](words)))
        level, why = LEVELS.get(words[0]), " ".join(words[1:])
        return told(self.do(InputChanged(InputId(verb), level, 1, self.now, why)))

    def _directly(self, verb: str, word: str) -> Step:
        """What the gate tells its lanes besides events."""
        plan, out = (
            self.plan.lanes[LANE],
            Draft(self.plan, self.facts(Stopping("", self.now)), self.now),
        )
        if verb == "lock":
            after = locked(plan, self.lane, Lock(word), out)
        else:
            ends = self.now.wall_us + int(word) * 1_000_000 if word != "0" else 0
            after = restored(plan, first(plan), [Mode(f"hold:{LANE}", 0, ends)], out)
        return self.stepped(after, out)

    def stepped(self, after: LaneState, out: Draft) -> Step:
        """Take up what the lane became of itself."""
        self.state = replace(self.state, lanes={**self.state.lanes, LANE: after})
        step = Step(self.state, tuple(out.entries), tuple(out.effects))
        judge_entries(step.entries)
        self.entries.extend(step.entries)
        self.steps.append(step)
        return step

    def _tapped(self, words: list[str]) -> Event:
        reader = ReaderId(words[2]) if len(words) > 2 else READER
        return CardRead(reader, credential_of(words[0]), self.now)

    def _ordered(self, words: list[str]) -> Event:
        args = dict(word.split("=", 1) for word in words[1:])
        named = {"lane": LANE, "reason": "asked", **args}
        return OrderReceived(Order(OrderId("o-1"), "Li", "cli", words[0], named), self.now)

    def _protected(self, words: list[str]) -> Event:
        output, what, because = (*words, "raised", BEAM)[:3] if len(words) != 2 else (*words, BEAM)
        return Protected(what, OutputId(output), InputId(because), self.now)

    def run(self, script: str) -> None:
        """Play every line and compare."""
        for number, line in enumerate(filter(None, map(str.strip, script.splitlines())), 1):
            action, _, wanted = (" ".join(part.split()) for part in line.partition(">"))
            came = self.act(action)
            assert came == wanted, f"line {number}: {line}\ncame: {came}"


def told(step: Step) -> str:
    """Entries and effects in short words."""
    return "; ".join((*map(_entry, step.entries), *map(_effect, step.effects)))


def _entry(entry: Entry) -> str:
    name = entry.type.removeprefix("gate.").removesuffix(".v1").removeprefix("access.")
    if entry.type is EntryType.ARM_ORDERED:
        return f"{name} refused" if "refused" in entry.data else name
    more = (str(entry.data[key]) for key in ("outcome", "reason") if key in entry.data)
    return " ".join((name, *more))


def _effect(effect: Effect) -> str:
    match effect:
        case PulseRelay() | SwitchRelay():
            return _relay(effect)
        case ShowVerdict(_, verdict):
            return f"show {verdict}"
        case StartTimer(key):
            return key.partition(":")[0]
        case StopTimer(key):
            return f"{key.partition(':')[0]} no more"
        case AnswerOrder(_, status, code):
            return f"{status} {code}"
        case _:
            return type(effect).__name__


def _relay(effect: PulseRelay | SwitchRelay) -> str:
    if isinstance(effect, PulseRelay):
        return f"pulse {effect.output}"
    return f"{'hold' if effect.on else 'release'} {effect.output}"
