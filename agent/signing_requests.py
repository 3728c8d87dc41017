"""Signing on and off over the control socket, and whose an order is.

Rules kept here:
- who signs on shows his card at the desk and gives his PIN; without the card it is possible and
  leaves a mark; a card counts for a minute after it was shown;
- an order from a console acts as the guard of its token, in his role; without one it may only do
  what protects or saves, and is signed afterwards; a console can order nothing else, whatever it
  says of itself: the kernel tells who it is;
- PINs become hashes, and cards that were shown become labels, before an order exists: what a form
  says of these is thrown away;
- what went wrong is written down with the guard, never with what was typed.
"""

import json
import pwd
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.control.server import Handler, Peer
from agent.core import remote, roles
from agent.core.entries import Entry, EntryType
from agent.core.form import Fault
from agent.core.ids import OrderId
from agent.core.model import CardStatus
from agent.core.orders import Order
from agent.errors import GateError, StoreError
from agent.loop import Loop
from agent.ports import KeptResult
from agent.signing import Pins, Tries, checked, minted, token_hash
from agent.store import signers
from agent.store.queries import shifts, todo
from agent.store.reading import Reading
from agent.store.signers import Known, Signer

if TYPE_CHECKING:
    from agent.requests import House

Request = Mapping[str, Any]
Answer = dict[str, Any]

CONSOLE_USER = "gate-console"
SHOWN_MS = 60_000
SIGNED_MS = 120_000
"""For so long a card that was shown signs a handover or a check: a form is filled meanwhile."""
_TOKENS = 4
_TAKEN_OUT = frozenset({"shown", "signed", "pins", "also"})
_WITH_PIN = frozenset({"guard.enrol", "guard.pin"})

WRONG = "guard or PIN is wrong"
SHUT = "too many wrong PINs: try again in %(seconds)s s"
ENDED = "your shift has ended, or the session is over: sign on again"
NOBODY = "nobody is signed on here: sign on first"
STALE = "hold the card to the desk's reader again"
NOT_THEIRS = "this is not the card of %(guard)s"


@dataclass(frozen=True, slots=True)
class Orderer:
    """Whose an order is, as the order will say."""

    actor: str
    origin: str
    desk: str = ""
    unsigned: bool = False


class SignOn:
    """The handlers, and what `agent.requests` asks about an order."""

    def __init__(self, house: "House") -> None:
        self._house = house
        self._pins = Pins()
        self._tries = Tries()
        self._consoles = console_uids()

    def handlers(self) -> Mapping[str, Handler]:
        """Every operation that can be asked."""
        return {"sign_on": self.sign_on, "sign_off": self.sign_off, "who": self.who}

    def sign_on(self, request: Request, peer: Peer) -> object:
        """``{desk, guard | card, pin, presented?}``: ``presented`` is the entry of a card shown.

        Gives ``{status, token, guard, name, role, shift, since_us, …}``, or ``{status: rejected,
        code, detail, result}`` as an order does.
        """
        del peer
        loop = self._loop()
        try:
            known, with_card = self._identified(request)
        except Fault as fault:
            return refused(fault)
        desk = str(request.get("desk") or "")
        token, hashed = minted()
        with self._house.reading() as reading:
            old = signers.tokens(reading, known.guard)[_TOKENS - 1 :]
        form = {
            "guard": known.guard,
            "role": known.role,
            "desk": desk,
            "hash": hashed,
            "without_card": not with_card,
            "drop": old[:50],
        }
        kept = self._ordered(loop, "shift.begin", known.guard, desk, form)
        if kept.status != "done":
            return answer(kept)
        with self._house.reading() as reading:
            now = signers.signer(reading, hashed)
        if now is None:
            raise GateError("the shift ended while it began: sign on again")
        return {**answer(kept), "token": token, **_told(now)}

    def sign_off(self, request: Request, peer: Peer) -> object:
        """``{token}``: the shift ends. It is no fault when it has ended before."""
        del peer
        loop = self._loop()
        with self._house.reading() as reading:
            now = signers.signer(reading, token_hash(str(request["token"])))
            old = [] if now is None else signers.tokens(reading, now.guard, now.shift)
        if now is None:
            return {"status": "done", "code": 200, "detail": ENDED, "result": {}}
        form = {"shift": now.shift, "drop": old[:50]}
        return answer(self._ordered(loop, "shift.end", now.guard, now.desk, form))

    def who(self, request: Request, peer: Peer) -> object:
        """``{token}`` gives ``{status, guard, name, role, desk, shift, since_us}``, or 401."""
        del peer
        now = self._signer(request)
        if now is None:
            return refused(Fault(ENDED, code=401))
        return {"status": "done", "code": 200, "detail": "", "result": {}, **_told(now)}

    # What an order is asked for

    def orderer(self, request: Request, peer: Peer) -> Orderer:
        """Whose the order is; raises Fault (401, 403) when he may not give it."""
        kind, desk = str(request["kind"]), str(request.get("desk") or "")
        if kind in roles.INNER:
            raise Fault("a shift begins and ends by signing on and off", code=403)
        if kind in remote.KINDS:
            raise Fault(f"{kind} is the centre's to ask, over MQTT", code=403)
        if not self._is_console(request, peer):
            name = str(request.get("actor") or "")
            return Orderer(f"{name} (uid:{peer.uid})" if name else f"uid:{peer.uid}", "cli")
        try:
            now = self._signer(request)
        except StoreError:
            # What protects waits for no disk.
            if kind not in roles.UNSIGNED:
                raise
            now = None
        if now is not None:
            roles.check(now.role, kind)
            return Orderer(now.guard, "console", desk or now.desk)
        if kind in roles.UNSIGNED:
            return Orderer(f"desk/{desk}" if desk else "desk", "console", desk, unsigned=True)
        raise Fault(ENDED if request.get("token") else NOBODY, code=401)

    def prepared(self, kind: str, form: Mapping[str, Any], orderer: Orderer) -> dict[str, Any]:
        """The form as the order may have it: no PIN, and what cards were shown; raises Fault."""
        made = {name: value for name, value in form.items() if name not in _TAKEN_OUT}
        if kind in _WITH_PIN:
            made["pin"] = self._pins.hashed(checked(form.get("pin")))
        else:
            made.pop("pin", None)
        if kind == "shift.hand_over":
            made["signed"] = self._both_signed(form, orderer)
            made["also"] = self._also(str(form.get("shift") or ""))
        elif form.get("presented"):
            made["shown"] = self._shown(form["presented"], orderer.desk, SIGNED_MS)
        return made

    def for_hands(self, handler: Handler) -> Handler:
        """The same handler, but not for a console."""

        def answered(request: Request, peer: Peer) -> object:
            if peer.uid in self._consoles:
                raise GateError("this is not for a console: use gate-agent on the machine itself")
            return handler(request, peer)

        return answered

    # Inside

    def _is_console(self, request: Request, peer: Peer) -> bool:
        says = any(request.get(name) for name in ("token", "desk"))
        return says or peer.uid in self._consoles

    def _signer(self, request: Request) -> Signer | None:
        token = request.get("token")
        if not isinstance(token, str) or not token:
            return None
        with self._house.reading() as reading:
            return signers.signer(reading, token_hash(token))

    def _identified(self, request: Request) -> tuple[Known, bool]:
        """Who signs on, and whether he has shown his card; raises Fault."""
        guard, card = str(request.get("guard") or ""), str(request.get("card") or "")
        desk, presented = str(request.get("desk") or ""), request.get("presented")
        if not desk:
            raise Fault("say at which desk", field="desk")
        if presented:
            shown = self._shown(presented, desk, SHOWN_MS)
            if card not in ("", shown):
                raise Fault(STALE, field="card", code=409)
            card = shown
        with self._house.reading() as reading:
            known = signers.known(reading, "" if presented else guard, card)
        if known is not None and guard not in ("", known.guard):
            raise Fault(NOT_THEIRS, field="guard", code=409, guard=guard)
        return self._proved(known, request.get("pin"), desk, "pin"), bool(presented)

    def _proved(self, known: Known | None, pin: object, desk: str, field: str) -> Known:
        """The guard, if this is his PIN; what goes wrong is counted and written down."""
        clock = self._house.clock
        guard = "" if known is None else known.guard
        seconds = self._tries.begin(guard, clock.now().mono_ns)
        if seconds:
            raise Fault(SHUT, field=field, code=429, seconds=seconds)
        right = self._pins.match("" if known is None else known.pin, str(pin or ""))
        if known is not None and right:
            self._tries.worked(guard)
            return known
        data: dict[str, object] = {"desk": desk, "tries": self._tries.wrong(guard)}
        if guard:
            data["guard"] = guard
        subject = f"guard/{guard}" if guard else f"desk/{desk}"
        now = clock.now()
        entry = Entry(EntryType.SIGNON_FAILED, subject, now, data)
        ledger = self._house.ledger
        self._house.run(lambda: ledger().append((entry,), now))
        raise Fault(WRONG, field=field, code=403)

    def _shown(self, presented: object, desk: str, within_ms: int) -> str:
        """The label of the card that this entry tells of, if it was shown here lately."""
        stale = Fault(STALE, field="presented", code=409)
        if isinstance(presented, bool) or not str(presented).isdecimal():
            raise stale
        house = self._house
        boot = house.run(lambda: house.ledger().head()).boot
        with house.reading() as reading:
            label = _presented(reading, int(str(presented)), desk, boot, self._since(within_ms))
            card = reading.card_by_label(label) if label else None
        if card is None or card.status is not CardStatus.ACTIVE:
            raise stale
        return card.label

    def _since(self, within_ms: int) -> Callable[[int], bool]:
        now_ms = self._house.clock.now().mono_ns // 1_000_000
        return lambda uptime_ms: 0 <= now_ms - uptime_ms <= within_ms

    def _both_signed(self, form: Mapping[str, Any], orderer: Orderer) -> dict[str, str]:
        """How each side of a handover has signed: with ``card`` or with ``pin``; raises Fault."""
        signed: dict[str, str] = {}
        presented, given = _object(form.get("presented")), _object(form.get("pins"))
        for side, guard in (("from", orderer.actor), ("to", str(form.get("to") or ""))):
            if not guard or not (presented.get(side) or given.get(side)):
                continue
            with self._house.reading() as reading:
                known = signers.known(reading, guard)
            if presented.get(side):
                label = self._shown(presented[side], orderer.desk, SIGNED_MS)
                if known is None or known.card != label:
                    raise Fault(NOT_THEIRS, field=f"presented.{side}", code=409, guard=guard)
                signed[side] = "card"
            else:
                self._proved(known, given[side], orderer.desk, f"pins.{side}")
                signed[side] = "pin"
        return signed

    def _also(self, shift: str) -> dict[str, int]:
        """What else is told with a handover: alarms that are open, overrides of this shift."""
        with self._house.reading() as reading:
            overrides = shifts.handover_counts(reading, shift)["overrides"]
            return {"alarms": len(todo.alarms(reading)), "overrides": overrides}

    def _ordered(
        self, loop: Loop, kind: str, guard: str, desk: str, form: Mapping[str, object]
    ) -> KeptResult:
        named = OrderId(f"sign-{secrets.token_hex(16)}")
        order = Order(named, guard, "console", kind, form=form, desk=desk)
        kept: KeptResult = self._house.run(lambda: loop.take_order(order))
        return kept

    def _loop(self) -> Loop:
        if self._house.loop is None:
            raise GateError("no daemon runs for this gate, so nobody can sign on: start gate-agent")
        return self._house.loop


def console_uids() -> frozenset[int]:
    """The user under which a console runs, where the machine has one."""
    try:
        return frozenset({pwd.getpwnam(CONSOLE_USER).pw_uid})
    except KeyError:
        return frozenset()


def answer(kept: KeptResult) -> Answer:
    """What an order came to, as it is told."""
    told = {"status": kept.status, "code": kept.code, "detail": kept.detail}
    return {**told, "result": json.loads(kept.result) if kept.result else {}}


def refused(fault: Fault) -> Answer:
    """Why something is refused, in the form of an answer to an order."""
    told = {"status": "rejected", "code": fault.code, "detail": str(fault)}
    return {**told, "result": dict(fault.result())}


def _told(now: Signer) -> Answer:
    return {
        "guard": now.guard,
        "name": now.name,
        "role": now.role,
        "desk": now.desk,
        "shift": now.shift,
        "since_us": now.since_us,
    }


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _presented(
    reading: Reading, sequence: int, desk: str, boot: str, lately: Callable[[int], bool]
) -> str:
    """The label of the card in this entry, if it is one of this desk and run, and not too old.

    Empty for a card that may be a copy.
    """
    entry = reading.entries((sequence,)).get(sequence)
    if entry is None or entry.type != EntryType.CARD_PRESENTED or entry.boot != boot:
        return ""
    data = json.loads(entry.data)
    if data.get("desk") != desk or data.get("reason") or not lately(entry.uptime_ms):
        return ""
    return str(data.get("card") or "")
