"""A roster on its way from the centre: begun, sent in chunks, and then let rule, or not.

Rules kept here:
- the roster in force stays until the new one is whole: its count and digest are what the centre
  says, every row is in order, no label stands on two cards;
- rows are staged in slices of a few milliseconds, and the gate works on in between;
- a chunk says how many rows went before it: one that does not follow is refused with the number
  that is wanted, and so a transfer goes on after an interruption of the line;
- one transfer at a time; after a restart of the gate it begins again.

The rows and the digest are told in `agent.store.rows`. Used by one worker thread.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

from agent.commands.errands import Errands
from agent.contract.args import RosterChunk, RosterCommit
from agent.core.commands import Command
from agent.core.entries import Entry, EntryType
from agent.core.form import Fault
from agent.core.model import Card
from agent.errors import GateError, RosterError
from agent.requests import House
from agent.store.queries import rosters
from agent.store.roster_csv import RowCheck
from agent.store.rows import COLUMNS, RosterDigest, Row, card_of

_AGAIN = "this transfer is not open (another one began, or the gate was restarted): begin again"
_NOT_NEXT = "these rows do not follow: the gate has %(next)s and wants those after them"
_COUNT = "%(count)s rows have come, and another number was announced: the old roster stays"
_DIGEST = "the rows that came have another digest: the old roster stays, send it again"
_EMPTY = "this roster has no cards: to let nobody pass on purpose say allow_empty"
_DOUBLE = "the label %(label)s stands on more than one card: the old roster stays"
_ORDER = "rows come in ascending order of their numbers' low bits, each number once"
_NO_NUMBER = "no scheme:HEX with capitals and as many digits as the scheme has"
_REST_S = 0.005
_RESTS = 500
_TRIES = 5

T = TypeVar("T")
Result = Mapping[str, object]


@dataclass(slots=True)
class _Open:
    """A transfer that is open, and what came of it so far."""

    generation: int
    client: str
    total: RosterDigest


class Transfer:
    """Every method does one command and gives its result; raises Fault, and GateError."""

    def __init__(self, house: House, errands: Errands) -> None:
        self._house = house
        self._errands = errands
        self._check = RowCheck(tuple(house.plan.lanes))
        self._open: _Open | None = None

    def begin(self, command: Command) -> Result:
        """``{generation, next}``: begin anew; what was open is dropped."""
        self._open = None
        ledger = self._house.ledger
        generation = self._errands.ask(lambda: ledger().roster_begin())
        self._open = _Open(generation, command.client, RosterDigest())
        return {"generation": generation, "next": 0}

    def chunk(self, command: Command, args: RosterChunk) -> Result:
        """``{generation, next}``: so many rows have come now."""
        now = self._opened(command, args.generation)
        if args.first != now.total.cards:
            raise Fault(_NOT_NEXT, field="first", code=409, next=now.total.cards)
        total = now.total.copy()
        cards = self._checked(args.rows, total)
        # Whatever goes wrong from here on has left rows behind: then it begins again.
        self._open = None
        self._stage(args.generation, cards)
        self._open = _Open(now.generation, now.client, total)
        return {"generation": now.generation, "next": total.cards}

    def commit(self, command: Command, args: RosterCommit) -> Result:
        """``{generation, count, digest, kept?}``: the new roster rules.

        One that rules already does so again: an answer that was lost is given. ``kept`` are labels
        of cards that stay in stock, as visitors have them; so it is not what was announced.
        """
        digest = bytes.fromhex(args.digest)
        done = {"generation": args.generation, "count": args.count, "digest": args.digest}
        if self._open is None and self._rules(args):
            return done
        now = self._opened(command, args.generation)
        if now.total.cards != args.count:
            raise Fault(_COUNT, field="count", code=409, count=now.total.cards)
        if now.total.digest() != digest:
            raise Fault(_DIGEST, field="digest", code=409)
        if not args.count and not args.allow_empty:
            raise Fault(_EMPTY, field="count")
        with self._house.reading() as reading:
            double = rosters.double_label(reading, args.generation)
        if double:
            raise Fault(_DOUBLE, label=double)
        house, ledger = self._house, self._house.ledger
        kept: list[str] = []

        def switch() -> None:
            moment = house.clock.now()
            kept[:] = (card.label for card in ledger().roster_kept(args.generation))
            kind = EntryType.ROSTER_SWITCHED
            entry = Entry(
                kind,
                "roster",
                moment,
                {**done, "instock": len(kept)} if kept else done,
                actor=command.origin_actor,
                cause=command.cmd_id,
            )
            ledger().roster_switch(args.generation, args.count, digest, entry, moment)

        self._asked(switch)
        self._open = None
        return {**done, "kept": kept} if kept else done

    def digest(self) -> Result:
        """``{generation, count, digest}`` of the roster in force, changed cards included.

        Where cards were changed one by one since it came, it is read whole, at half speed.
        """
        for _ in range(_TRIES):
            with self._house.reading() as reading:
                begun = reading.ends()[1]
                now = rosters.ruling(reading)
                digest = now.digest
                if not digest:
                    total = RosterDigest()
                    for number, row in enumerate(reading.roster_rows(), 1):
                        total.add(row)
                        if number % _RESTS == 0:
                            self._errands.rest(_REST_S)
                    digest = total.digest()
                if now.digest or not rosters.changed_since(reading, begun):
                    count = now.cards
                    return {"generation": now.generation, "count": count, "digest": digest.hex()}
        raise GateError("the roster is being changed all the time: ask again later")

    def _opened(self, command: Command, generation: int) -> _Open:
        now = self._open
        if now is None or (now.generation, now.client) != (generation, command.client):
            raise Fault(_AGAIN, field="generation", code=409)
        return now

    def _rules(self, args: RosterCommit) -> bool:
        with self._house.reading() as reading:
            now = rosters.ruling(reading)
        same = not now.digest or now.digest.hex() == args.digest
        return same and now.generation == args.generation

    def _checked(self, rows: Sequence[Sequence[str]], total: RosterDigest) -> list[Card]:
        """The cards of these rows, taken into the digest; raises Fault at the first bad one."""
        cards = []
        for number, texts in enumerate(rows):
            row = cast("Row", tuple(texts))
            wrong = self._check.fault(number, row)
            if wrong is not None:
                column = COLUMNS.index(wrong.column) if wrong.column else 0
                says = _NO_NUMBER if wrong.column == "credential" else wrong.problem
                field = f"rows.{number}.{column}"
                raise Fault("%(column)s: %(why)s", field=field, column=wrong.column, why=says)
            try:
                total.add(row)
            except RosterError:
                raise Fault(_ORDER, field=f"rows.{number}.0") from None
            cards.append(card_of(row))
        return cards

    def _stage(self, generation: int, cards: Sequence[Card]) -> None:
        ledger, done = self._house.ledger, 0

        def stage() -> int:
            return ledger().roster_stage(generation, cards[done:])

        while done < len(cards):
            done += self._asked(stage)

    def _asked(self, run: Callable[[], T]) -> T:
        try:
            return self._errands.ask(run)
        except RosterError:
            raise Fault(_AGAIN, field="generation", code=409) from None
