"""What may be asked of a gate about its roster: a new one as a whole, or one card.

Rules kept here:
- a roster is staged in slices of a few milliseconds, so that taps come in between;
- residents with their telephone numbers come with the roster, and the directory follows in its
  transaction: both change, or neither;
- the directory is compared with them in the thread that asks; the gate's own only looks whether
  that still holds, writes it, and otherwise lets it be compared again;
- of numbers the journal tells how many lines changed, and keeps a commitment to their digest;
- a card of the drawer that a visitor has stays one: no roster, and nobody who unblocks it, makes it
  an active card.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, cast

from agent import following
from agent.control.server import Handler, Peer
from agent.core import issued
from agent.core.cards import good
from agent.core.entries import Entry, EntryType
from agent.core.model import CardStatus, Matching
from agent.core.plan import GatePlan
from agent.core.residents import Resident
from agent.errors import GateError
from agent.following import Following, compared
from agent.ports import Clock
from agent.store.ledger import Ledger
from agent.store.reading import Reading
from agent.store.references import NOTHING
from agent.store.rows import Row, card_of

_TRIES = 8

Request = Mapping[str, Any]


class Gate(Protocol):
    """As much of `agent.requests.House` as is needed here."""

    @property
    def plan(self) -> GatePlan:
        """Which gate it is."""

    @property
    def clock(self) -> Clock:
        """What time it is."""

    @property
    def ledger(self) -> Callable[[], Ledger]:
        """The ledger, in the thread that owns it."""

    @property
    def run(self) -> Callable[[Callable[[], Any]], Any]:
        """Runs something in that thread."""

    @property
    def reading(self) -> Callable[[], Reading]:
        """Opens the ledger for the thread that asks."""


class Rosters:
    """The handlers."""

    def __init__(self, house: Gate) -> None:
        self._house = house

    def handlers(self) -> Mapping[str, Handler]:
        """By name of the operation."""
        return {
            "roster.begin": self.begin,
            "roster.stage": self.stage,
            "roster.switch": self.switch,
            "roster.status": self.status,
        }

    def begin(self, request: Request, peer: Peer) -> object:
        """Begin a new roster; gives its generation."""
        del request, peer
        ledger = self._house.ledger
        return self._house.run(lambda: ledger().roster_begin())

    def stage(self, request: Request, peer: Peer) -> object:
        """``{generation, rows: [[13 texts]]}``, rows as in `agent.store.rows`, sorted."""
        del peer
        generation = int(request["generation"])
        cards = [card_of(cast("Row", tuple(row))) for row in request["rows"]]
        ledger = self._house.ledger
        done = 0

        def some() -> int:
            return ledger().roster_stage(generation, cards[done:])

        while done < len(cards):
            done += self._house.run(some)
        return done

    def switch(self, request: Request, peer: Peer) -> object:
        """``{generation, count, digest: hex, residents?}``: the staged roster rules from here on.

        ``residents`` are lists ``[unit, name, number, …]``, each resident once, and all there are:
        the directory follows with the roster, or neither changes. Gives ``{count, directory,
        kept}``; ``directory`` is null without residents, else ``{residents, put, dropped, kept}``;
        ``kept`` are labels of cards that stay in stock, as visitors have them.
        """
        house, residents = self._house, following.given(request.get("residents"))
        generation, count = int(request["generation"]), int(request["count"])
        digest = bytes.fromhex(str(request["digest"]))
        data = {"generation": generation, "count": count, "digest": digest.hex()}
        proof = {} if residents is None else {"directory": following.digest(residents)}
        kept: list[str] = []

        def rule(follows: Following | None) -> bool:
            ledger = house.ledger()
            if follows is not None and ledger.turn(following.TABLE) != follows.turn:
                return False
            now, actor = house.clock.now(), f"uid:{peer.uid}"
            counts, batch = ({}, NOTHING) if follows is None else (follows.counts, follows.batch)
            kept[:] = (card.label for card in ledger.roster_kept(generation))
            more = {"instock": len(kept)} if kept else {}
            kind = EntryType.ROSTER_SWITCHED
            entry = Entry(kind, "roster", now, {**data, **counts, **more}, proof, actor)
            ledger.roster_switch(generation, count, digest, entry, now, batch)
            return True

        if residents is None:
            house.run(partial(rule, None))
            return {"count": count, "directory": None, "kept": kept}
        for _ in range(_TRIES):
            follows = self._compared(generation, residents)
            if house.run(partial(rule, follows)):
                return {"count": count, "directory": follows.counts, "kept": kept}
        raise GateError(
            "the directory is being changed all the time: neither it nor the cards were replaced, "
            "import the roster again"
        )

    def _compared(self, generation: int, residents: Sequence[Resident]) -> Following:
        house = self._house

        def ground() -> tuple[str, int]:
            ledger = house.ledger()
            return ledger.head().stream, ledger.turn(following.TABLE)

        # In the gate's thread: between two of its turns nothing is written that is not counted yet.
        stream, turn = house.run(ground)
        # A generation rules once, so no other line is called after it; in order they are written
        # sooner.
        named = f"d-{house.plan.agent}-{stream}-r{generation}"
        with house.reading() as reading:
            return compared(reading, turn, residents, lambda number: f"{named}-{number:05}")

    def status(self, request: Request, peer: Peer) -> object:
        """``{label, status, found?: bool}`` gives ``{card, was, status}``: block or unblock a card.

        A card that is so already stays untouched and makes no entry, and so does a lost one that is
        to be blocked. A lost one is good again only when it was ``found``. What is to be active
        again and is of the drawer goes back into stock.
        """
        house = self._house
        label, wanted = str(request["label"]), CardStatus(request["status"])
        back = request.get("found") is True
        now = house.clock.now()

        with house.reading() as reading:
            found = reading.card_by_label(label)
        if found is None:
            raise GateError(f"no card {label!r} in the roster: see gate-agent roster list")
        credential = found.credential

        def change() -> tuple[CardStatus, CardStatus]:
            ledger = house.ledger()
            cards = ledger.find_cards(credential, Matching.EXACT)
            if not cards or cards[0].label != label:
                raise GateError(f"the roster was changed just now: look for card {label!r} again")
            card = cards[0]
            was = card.status
            status = wanted
            if was is not status is CardStatus.ACTIVE:
                status = good(card, ledger.rows(issued.uses(label)))
            if was is status or (was is CardStatus.LOST and status is CardStatus.BLOCKED):
                return was, was
            if was is CardStatus.LOST and not back:
                raise GateError(
                    f"{label} was reported lost: if it is back in its holder's hands say --found"
                )
            data = {"card": label, "kind": card.kind.value}
            data |= {"was": was.value, "status": status.value}
            personal = {"credential": str(credential)}
            actor = f"uid:{peer.uid}"
            changed = EntryType.CARD_CHANGED
            entry = Entry(changed, f"card/{label}", now, data, personal, actor)
            ledger.put_card(replace(card, status=status), entry, now)
            return was, status

        before, after = house.run(change)
        return {"card": label, "was": before.value, "status": after.value}
