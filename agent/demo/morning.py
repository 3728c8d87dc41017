"""A morning at the gate, scene by scene. What each tap has to lead to is part of the script.

Rules kept here:
- a scene ends when the gate has come to rest, never merely because time has passed;
- nothing here talks to the daemon but by what a real gate has: cards, cars, and the guard's order.
"""

from collections.abc import Sequence

from agent.core.model import Card
from agent.demo.checks import Answer
from agent.demo.stage import Stage
from agent.errors import GateError
from drivers.sim.lines import em4100_frame

IN, OUT = "in-1", "out-1"
UNKNOWN = "0100D15EA5"
_COMES_MS, _UNDER_MS = 300, 500
_HOLD_S = 0.45


class Morning:
    """Plays on a stage; `expected` grows with every tap."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._house = stage.house
        self._cards = {card.label: card for card in stage.house.cards}
        self.expected: list[Answer] = []

    def play(self) -> None:
        """The whole morning; raises GateError when a scene does not come to its end."""
        self._residents()
        self._refused()
        self._one_tap()
        self._nose_to_tail()
        self._ambulance()
        self._outage()
        self._stage.say("The morning is over.")
        self._stage.pause(0.5)

    def _residents(self) -> None:
        self._stage.say("A resident comes home. The card decides; the arm waits for the loop.")
        self._pass((IN, "V-001"))
        self._stage.say("Both lanes at once: one drives in, one drives out.")
        self._pass((IN, "V-002"), (OUT, "S-001"))

    def _refused(self) -> None:
        self._stage.say("A blocked card, and at the exit a lost one: the arms stay down.")
        self._tap(IN, "R-009", "card_blocked")
        self._tap(OUT, "R-010", "card_lost")
        self._answered(1.0)
        self._stage.say("A card that nobody knows is an event too.")
        self._house.tap(self._reader(IN), UNKNOWN)
        self.expected.append(Answer(IN, "", "unknown_credential"))
        self._answered(1.0)
        self._stage.say("A card whose last day is over.")
        self._tap(IN, "V-008", "expired")
        self._answered(1.0)

    def _one_tap(self) -> None:
        self._stage.say("Noise on the line is no card; and one card held to the reader is one tap.")
        reader, card = self._reader(OUT), self._card("V-003")
        frame = bytearray(em4100_frame(card.credential.hex))
        frame[5] ^= 0x01
        self._house.sim.tap(reader, bytes(frame))
        self._drive(OUT, card)
        self._tap(OUT, "V-003")
        for _ in range(2):
            self._stage.pause(_HOLD_S)
            self._house.tap(reader, card.credential.hex)
        self._at_rest(OUT)

    def _nose_to_tail(self) -> None:
        self._stage.say("Two cars nose to tail, each with its card: two grants, two passages.")
        for label in ("V-004", "V-005"):
            self._drive(IN, self._card(label))
            self._tap(IN, label)
            self._stage.pause(_HOLD_S)
        self._at_rest(IN)

    def _ambulance(self) -> None:
        self._stage.say("An ambulance: the guard opens by hand, and the reason is written down.")
        before = self._stage.seen.ended[IN]
        self._house.sim.drive(IN, "120", approach_ms=_COMES_MS, under_ms=_UNDER_MS)
        self._house.order("open", IN, "ambulance to 8-1203")
        self._stage.until(lambda: self._stage.seen.ended[IN] > before, "the ambulance passed")
        self._at_rest(IN)

    def _outage(self) -> None:
        if self._house.line is None:
            self._stage.say("No broker here, so no outage to play: the gate works on all the same.")
            self._pass((IN, "V-006"), (OUT, "V-007"))
            return
        self._stage.say("The line to the centre is cut. Nobody at the gate notices.")
        self._house.cut()
        self._pass((IN, "V-006"), (OUT, "V-007"))
        self._stage.say("In the middle of it the daemon is killed (kill -9) …")
        self._house.kill()
        self._stage.pause(0.7)
        self._stage.say("… and started again: no relay moves, and what it wrote is there.")
        self._house.revive()
        readers = self._house.settings.readers
        before = self._stage.seen.entries
        self._stage.until(
            lambda: self._stage.seen.entries > before + len(readers), "the readers were found"
        )
        self._pass((OUT, "V-001"))
        self._stage.say("The line is mended: what the centre missed comes in its order.")
        self._house.restore()
        self._caught_up()
        self._stage.pause(1.0)

    def _caught_up(self) -> None:
        centre, seen = self._house.centre, self._stage.seen
        if centre is not None:
            self._stage.until(
                lambda: seen.entries == seen.head == centre.last, "the centre had every entry"
            )

    def _pass(self, *drives: tuple[str, str]) -> None:
        """Cars come with their cards, one a lane, and drive through."""
        for lane, label in drives:
            self._drive(lane, self._card(label))
            self._tap(lane, label)
        self._at_rest(*(lane for lane, _ in drives))

    def _drive(self, lane: str, card: Card) -> None:
        name = card.plate or card.label
        self._house.sim.drive(lane, name, approach_ms=_COMES_MS, under_ms=_UNDER_MS)

    def _tap(self, lane: str, label: str, said: str = "granted") -> None:
        self.expected.append(Answer(lane, label, said))
        self._house.tap(self._reader(lane), self._card(label).credential.hex)

    def _answered(self, pause_s: float = 0.0) -> None:
        seen = self._stage.seen
        self._stage.until(
            lambda: seen.answers.total() >= len(self.expected), "every card had its answer"
        )
        self._stage.pause(pause_s)

    def _at_rest(self, *lanes: str) -> None:
        """Every grant is used, nobody is there, and the arms are down, as the daemon knows too."""
        seen = self._stage.seen
        self._answered()
        self._stage.until(
            lambda: all(seen.quiet(lane) and seen.at_rest(lane) for lane in lanes),
            f"{self._names(lanes)} came to rest",
        )
        self._stage.pause(0.3)

    def _names(self, lanes: Sequence[str]) -> str:
        return " and ".join(lanes)

    def _reader(self, lane: str) -> str:
        return self._house.settings.lanes[lane].readers[0]

    def _card(self, label: str) -> Card:
        card = self._cards.get(label)
        if card is None:
            raise GateError(f"the sample roster has no card {label}: the script needs it")
        return card
