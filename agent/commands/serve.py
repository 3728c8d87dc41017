"""Commands of the centre, done: `Commands.execute` is what the uplink hands each one to.

Rules kept here:
- it returns at once, and every command is answered exactly once, whatever happens to it;
- what protects is done in the thread that brought the command, before disk and inbox;
- what moves or is written goes through the loop as an order, one like that of a guard;
- what takes time has a thread of its own: look-ups of cards do not wait behind a roster;
- what waits is bounded: beyond that a command is told 429, and nothing of it is kept.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from agent.commands import told
from agent.commands.errands import Errands, Tell, Worker
from agent.commands.kept import noting, noting_fault, refused, reply_of
from agent.commands.orders import CARDS, card_order, order_of
from agent.commands.taken import taken
from agent.commands.transfer import Transfer
from agent.contract.args import Args, CardBlock, CardUnblock, RosterChunk, RosterCommit
from agent.core.commands import DONE, FAILED, REJECTED, Answer, Command, Name, Reply
from agent.core.form import Fault
from agent.core.model import Credential, Matching
from agent.core.orders import Order
from agent.errors import GateError
from agent.loop import Loop
from agent.ports import KeptResult
from agent.requests import House

CARD_JOBS, ROSTER_JOBS = 64, 16
BUSY = "too many commands wait here: send no more than %(count)s at once, and this one again"
_BROKEN = Reply(FAILED, 503, detail="a fault of the program, see its log: report it")
_NOBODY = "—"

Result = Mapping[str, object]
Do = Callable[[Command, Args], Result]


class Commands:
    """From `start` to `stop`. ``tell`` is `Inbox.tell`, ``describe`` gives what `info` tells.

    ``config`` gives the settings without secrets.
    """

    def __init__(
        self,
        house: House,
        loop: Loop,
        tell: Tell,
        describe: Callable[[], Result],
        config: Callable[[], Result],
    ) -> None:
        self._house = house
        self._loop = loop
        self._tell = tell
        self._errands = Errands(tell)
        self._cards = Worker("commands-cards", CARD_JOBS)
        self._rosters = Worker("commands-roster", ROSTER_JOBS)
        transfer = Transfer(house, self._errands)
        self._simple: Mapping[str, Callable[[], Result]] = {
            Name.PING: lambda: told.ping(house.clock.now()),
            Name.INFO: describe,
            Name.CONFIG_GET: config,
        }
        self._long: Mapping[str, Do] = {
            Name.ROSTER_BEGIN: lambda command, _: transfer.begin(command),
            Name.ROSTER_CHUNK: partial(_chunk, transfer),
            Name.ROSTER_COMMIT: partial(_commit, transfer),
            Name.ROSTER_DIGEST: lambda _command, _: transfer.digest(),
        }

    def start(self) -> None:
        """Begin the threads."""
        self._cards.start()
        self._rosters.start()

    def stop(self) -> None:
        """End them; what was begun may be asked for again. Safe to call twice."""
        self._errands.stop()
        self._cards.stop()
        self._rosters.stop()

    def execute(self, command: Command, answer: Answer) -> None:
        """Begin a command that was checked, and return; the answer comes in any thread."""
        if command.name in self._long:
            self._later(self._rosters, ROSTER_JOBS, self._roster, command, answer)
        elif command.name in CARDS:
            self._later(self._cards, CARD_JOBS, self._card, command, answer)
        else:
            self._now(command, answer)

    # --- at once ----------------------------------------------------------------------------------

    def _now(self, command: Command, answer: Answer) -> None:
        order = None
        said = _BROKEN
        try:
            order = self._ordered(command)
        except Fault as fault:
            said = refused(fault)
        except GateError as fault:
            said = Reply(FAILED, 503, detail=str(fault))
        finally:
            if order is None:
                answer(said)
        if order is not None:
            self._take(order, answer)

    def _ordered(self, command: Command) -> Order:
        """The order that it is, with what protects done already; raises Fault, GateError."""
        args = taken(command)
        simple = self._simple.get(command.name)
        if simple is not None:
            order = noting(command, Reply(DONE, result=simple()))
            return replace(order, deadline_ns=command.deadline_ns)
        now = self._house.clock.now()
        local = datetime.fromtimestamp(now.wall_us / 1e6, self._house.timezone)
        offset = local.utcoffset() or timedelta(0)
        order = order_of(command, args, offset, self._house.identities.concealed)
        if now.mono_ns < command.deadline_ns:
            self._house.protect(order)
        return order

    def _take(self, order: Order, answer: Answer) -> None:
        """Let the loop do it, and answer."""

        def take() -> None:
            said = _BROKEN
            try:
                said = reply_of(self._loop.take_order(order))
            except GateError as fault:
                said = Reply(FAILED, 503, detail=str(fault))
            finally:
                answer(said)

        self._tell(take)

    # --- in threads of their own ------------------------------------------------------------------

    def _later(
        self,
        worker: Worker,
        count: int,
        does: Callable[[Command], Reply],
        command: Command,
        answer: Answer,
    ) -> None:
        def job() -> None:
            said = _BROKEN
            try:
                said = does(command)
            except Fault as fault:
                said = refused(fault)
            except GateError as fault:
                said = Reply(FAILED, 503, detail=str(fault))
            finally:
                answer(said)

        if not worker.put(job):
            answer(Reply(REJECTED, 429, detail=BUSY % {"count": count}))

    def _card(self, command: Command) -> Reply:
        """Find the card, which may take long, and let the loop do the rest."""
        args = taken(command)
        if not isinstance(args, CardBlock | CardUnblock):
            raise GateError(f"{command.name} is about no card: a fault of the program, report it")
        with self._house.reading() as reading:
            if args.credential is not None:
                number = Credential.parse(args.credential)
                cards = reading.find_cards(number, Matching.EXACT)
            else:
                card = reading.card_by_label(args.card or "")
                cards = () if card is None else (card,)
        label, number_text = (args.card or _NOBODY), ""
        if cards:
            label, number_text = cards[0].label, str(cards[0].credential)
        stock = isinstance(args, CardUnblock) and args.stock
        conceal = self._house.identities.concealed
        order = card_order(command, label, number_text, stock=stock, conceal=conceal)
        return reply_of(self._errands.ask(lambda: self._loop.take_order(order)))

    def _roster(self, command: Command) -> Reply:
        """Do it once, and note what it came to."""
        args, kept = taken(command), self._before(command)
        if kept is None:
            try:
                result = self._long[command.name](command, args)
                order = noting(command, Reply(DONE, result=result))
            except Fault as fault:
                order = noting_fault(command, fault)
            kept = self._errands.ask(lambda: self._loop.take_order(order))
        return reply_of(kept)

    def _before(self, command: Command) -> KeptResult | None:
        """What was answered to it before, or that its time is over; None: it is to be done."""
        order = noting(command, Reply(DONE))

        def look() -> KeptResult | None:
            kept = self._loop.kept(order)
            late = self._house.clock.now().mono_ns >= command.deadline_ns
            if kept is None and late:
                return self._loop.take_order(replace(order, deadline_ns=command.deadline_ns))
            return kept

        return self._errands.ask(look)


def _chunk(transfer: Transfer, command: Command, args: Args) -> Result:
    if not isinstance(args, RosterChunk):
        raise GateError("these are no rows: a fault of the program, report it")
    return transfer.chunk(command, args)


def _commit(transfer: Transfer, command: Command, args: Args) -> Result:
    if not isinstance(args, RosterCommit):
        raise GateError("this is no end of a roster: a fault of the program, report it")
    return transfer.commit(command, args)
