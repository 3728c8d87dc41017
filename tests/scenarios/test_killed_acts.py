"""kill -9 in the middle of every act of the books that has several steps: all of it, or nothing.

An act has several steps where it writes several entries, where it changes the roster, the guards,
the directory or the tokens with its entry, or where it lets somebody out by it. A day at the booth
has all of them, and what the other nouns of the books do; the daemon is killed in each.
"""

import os
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.patience import until
from tests.rigs import house
from tests.rigs.cards import Card, digits
from tests.rigs.clerk import SIGN_OFF, SIGN_ON, Clerk, Written
from tests.rigs.groups import whole
from tests.rigs.house import OUT, House
from tests.rigs.load import prove

TURNS = house.size(1, 20)
"""How often the daemon is killed in each kind of act; in those of `NIGHTLY` only then."""
SEED = int(os.environ.get("GATE_SEED", "20261122"))
CARDS = [
    Card(f"em4100:{digits(900 + n)}", f"V-{n:03}", "visitor", status="stock") for n in range(1, 7)
] + [Card(f"em4100:{digits(990)}", "K-1", "vehicle", holder="搬家公司", plate="粤B12345")]
GIVER, TAKER = ("g-giver", "604917"), ("g-taker", "730952")
NEW_PIN = "481537"
KINDS = (
    "slip.receive",
    "slip.use",
    "inspection.make",
    "card.replace",
    "deposit.take",
    "deposit.move",
    "deposit.end",
    "deposit.reverse",
    "visit.override",
    "pass.lost",
    "pass.found",
    "appointment.make",
    "appointment.move",
    "help.close",
    "guard.enrol",
    "guard.leave",
    SIGN_ON,
    "shift.hand_over",
)
"""In the order in which they come, so that nobody waits long for the next one."""
NIGHTLY = (
    "directory.put",
    "directory.drop",
    "card.issue",
    "visit.open",
    "visit.end",
    "help.ask",
    "guard.role",
    SIGN_OFF,
)
AIMS = KINDS if TURNS == 1 else (*KINDS, *NIGHTLY) * TURNS


class Day:
    """One round of the clerk: everything that is done at the booth."""

    def __init__(self, clerk: Clerk, number: int) -> None:
        self._clerk = clerk
        self._number = number
        self._given = 0

    def _act(self, kind: str, writes: Written, /, **form: Any) -> dict[str, Any]:
        """Give an order; gives its result."""
        self._given += 1
        name = f"{self._number}-{self._given}"
        return dict(self._clerk.order(name, kind, writes, form))

    def begins(self) -> None:
        """Once: two guards who hand over to each other."""
        for guard, pin in (GIVER, TAKER) if self._number == 0 else ():
            self._act("guard.enrol", {"guard.enrolled": 1}, guard=guard, name=guard, pin=pin)

    def goods(self) -> None:
        """Goods are stopped, then released, and a truck is looked at; the arm opens for both."""
        unit, entry = f"3-{self._number}", f"d-{self._number}"
        put = {"entry": entry, "name": "王女士", "unit": unit, "signs": True}
        self._act("directory.put", {"directory.changed": 1}, **put)
        lines = [{"name": "沙发", "quantity": 2}, {"name": "灯", "quantity": 1}]
        signed = {"signatory": "王女士", "stamp": True}
        slip = self._act(
            "slip.receive", {"releaseslip.received": 1},
            number=f"S-{self._number}", unit=unit, lines=lines, owner="搬家公司", **signed,
        )["slip"]  # fmt: skip
        use = {"slip": slip, "card": "K-1", "lane": OUT, "by": "vehicle", **signed}
        few, all_ = ([{"line": 0, "quantity": n}, {"line": 1, "quantity": 1}] for n in (1, 2))
        told = self._act("slip.use", {"releaseslip.stopped": 1}, ticks=few, **use)
        assert told["stopped"]
        released = {"releaseslip.used": 1, "access.granted": 1}
        assert self._act("slip.use", released, ticks=all_, **use)["released"]
        seen = {"plate": "粤B54321", "lane": OUT, "opened": True, "result": "clear"}
        made = {"inspection.made": 1, "access.granted": 1}
        assert self._act("inspection.make", made, **seen, release=True)["released"]
        self._act("directory.drop", {"directory.changed": 1}, entry=entry)

    def cards(self) -> None:
        """A card is issued, and another one takes its place and its label."""
        label, number = f"H-{self._number}", 50_000 + 2 * self._number
        credential = f"em4100:{digits(number)}"
        made = {"label": label, "credential": credential, "kind": "resident", "holder": "周涛"}
        self._act("card.issue", {"card.changed": 1}, **made)
        other = {"label": label, "credential": f"em4100:{digits(number + 1)}", "reason": "worn"}
        assert self._act("card.replace", {"card.changed": 2}, **other)["card"] == label

    def deposits(self) -> None:
        """What is held for a visitor is taken, swapped, given back and reversed; he is let out."""
        card = f"V-{1 + self._number % 5:03}"
        thing = {"kind": "object", "description": "手机"}
        opened = self._act(
            "visit.open",
            {"visit.opened": 1, "pass.issued": 1, "deposit.taken": 2, "notice.posted": 1},
            kind="company", card=card, visitor=f"访客{self._number}", host="李工",
            answer="host_agreed", deposits=[thing, thing], notify="patrol",
        )  # fmt: skip
        visit, (one, other) = opened["visit"], opened["deposits"]
        cash = self._act(
            "deposit.take", {"deposit.taken": 1}, visit=visit, kind="cash", amount=7000
        )["deposit"]
        swap = {"deposit": one, "pocket": opened["pockets"][1], "swap": True, "reason": "mixed up"}
        self._act("deposit.move", {"deposit.moved": 2}, **swap)
        self._act("deposit.end", {"deposit.ended": 1}, deposit=one, end="returned")
        self._act("deposit.reverse", {"deposit.reversed": 1}, deposit=cash, why="never taken")
        let_out = {"visit.overridden": 1, "access.granted": 1}
        self._act("visit.override", let_out, visit=visit, lane=OUT, reason="an emergency")
        ends = [{"deposit": other, "end": "returned"}]
        ended = {"visit.ended": 1, "pass.returned": 1, "deposit.ended": 1}
        self._act("visit.end", ended, visit=visit, card_back=True, deposits=ends)

    def lost_card(self) -> None:
        """A card of the drawer is missed, and found."""
        self._act("pass.lost", {"pass.lost": 1}, card="V-006", reason="not in the drawer")
        self._act("pass.found", {"pass.found": 1}, card="V-006")

    def expected(self) -> None:
        """Somebody is expected, and expected later; somebody calls for help."""
        begins, later, ends = (
            (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")
            for hours in (30, 32, 34)
        )
        made = self._act(
            "appointment.make", {"appointment.made": 1},
            visitor="何经理", **{"from": begins, "until": ends},
        )  # fmt: skip
        moved = {**made, "from": later, "until": ends}
        self._act("appointment.move", {"appointment.moved": 1}, **moved)
        call = self._act("help.ask", {"help.requested": 1}, kind="flood", unit="6-0402")
        closed = {"help.answered": 1, "help.closed": 1}
        self._act("help.close", closed, help=call["help"], note="水阀已关")

    def guards(self) -> None:
        """A guard is enrolled, gets another role while he is on, and leaves while he is on."""
        guard = f"g-{self._number}"
        new = {"guard": guard, "name": "林峰", "role": "guard", "pin": NEW_PIN}
        self._act("guard.enrol", {"guard.enrolled": 1}, **new)
        self._clerk.sign_on(guard, NEW_PIN, "desk-c")
        raised = {"shift.ended": 1, "guard.changed": 1}
        self._act("guard.role", raised, guard=guard, role="shift_leader", reason="promoted")
        self._clerk.sign_on(guard, NEW_PIN, "desk-c")
        self._act("guard.leave", {"shift.ended": 1, "guard.left": 1}, guard=guard)

    def shift(self) -> None:
        """A guard signs on, at another desk too, hands over with both PINs, and signs off."""
        self._clerk.sign_on(*GIVER, "desk-a")
        on = self._clerk.sign_on(*GIVER, "desk-b")
        form = {"shift": on["shift"], "to": TAKER[0], "pins": {"from": GIVER[1], "to": TAKER[1]}}
        form |= {"cash": {"amount": 0}, "documents": 0, "cards": 6, "note": "一切正常"}
        order, writes = f"{self._number}-over", {"shift.handed": 1}
        self._clerk.order(order, "shift.hand_over", writes, form, token=on["token"])
        self._clerk.sign_off(on["token"])


PARTS: tuple[Callable[[Day], None], ...] = (
    Day.begins,
    Day.goods,
    Day.cards,
    Day.deposits,
    Day.lost_card,
    Day.expected,
    Day.guards,
    Day.shift,
)


def day(clerk: Clerk, number: int) -> None:
    """Everything once."""
    told = Day(clerk, number)
    for part in PARTS:
        part(told)


def test_killed_in_every_act(tmp_path: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311 - reproducible on purpose
    with House(tmp_path, CARDS, changes={"lanes": house.busy_lanes(), "uplink": None}) as rig:
        rig.start()
        with Clerk(rig, SEED, day, AIMS) as clerk:
            for number, kind in enumerate(AIMS):
                how = clerk.strike(chance)
                print(f"kill {number} in {kind} ({how}) of seed {SEED}")  # noqa: T201 - shown on failure
                whole(rig, clerk.wants)
                rig.start()
            rounds = clerk.rounds + 1
            until(lambda: clerk.healthy() and clerk.rounds > rounds, "a whole day")
        assert clerk.healthy()
        assert {*KINDS, *NIGHTLY} <= set(clerk.done)
        assert clerk.all_again() > len(AIMS)
        assert rig.stop() == 0
        rig.verified()
        found = whole(rig, clerk.wants)
        assert set(clerk.answers) <= set(found), "what was answered is in the books"
        prove(rig)
