"""A roster by the centre at a real ledger: whole or not at all, whatever goes wrong on the way."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from agent.commands import transfer
from agent.commands.serve import ROSTER_JOBS
from agent.core.entries import EntryType
from agent.core.model import Card, CardStatus, Credential, Matching
from agent.store.reading import Reading
from agent.store.rows import Row, digest_of, order_of, row_of
from tests.core.booth import CASH, company, stock
from tests.core.builders import a_card
from tests.core.desk import booth_plan
from tests.rigs.commanding import Commanding


def cards(*numbers: int) -> list[Card]:
    """Residents, in the order in which they travel."""
    made = [
        replace(a_card(f"R-{n}"), credential=Credential("em4100", f"{n:010X}")) for n in numbers
    ]
    return sorted(made, key=lambda card: order_of(str(card.credential)))


def rows(some: Sequence[Card]) -> list[list[str]]:
    return [list(row_of(card)) for card in some]


def begin(centre: Commanding) -> int:
    told = centre.done("roster.begin")
    assert told["next"] == 0
    return int(told["generation"])


def chunk(generation: int, first: int, some: Sequence[Card]) -> dict[str, Any]:
    return {"generation": generation, "first": first, "rows": rows(some)}


def end(generation: int, some: Sequence[Card], **more: Any) -> dict[str, Any]:
    number, digest = digest_of(some)
    return {"generation": generation, "count": number, "digest": digest.hex(), **more}


def install(centre: Commanding, some: Sequence[Card]) -> int:
    generation = begin(centre)
    for first in range(0, len(some), 3):
        centre.done("roster.chunk", chunk(generation, first, some[first : first + 3]))
    centre.done("roster.commit", end(generation, some, allow_empty=not some))
    return generation


def in_force(centre: Commanding) -> list[Card]:
    with Reading.open(centre.booth.path) as reading:
        return list(reading.cards())


def test_the_old_roster_rules_until_the_new_one_is_whole(centre: Commanding) -> None:
    old, new = cards(1, 2), cards(*range(2, 12))
    install(centre, old)
    generation = begin(centre)
    for first in range(0, 10, 4):
        told = centre.done("roster.chunk", chunk(generation, first, new[first : first + 4]))
        assert told == {"generation": generation, "next": min(first + 4, 10)}
        assert in_force(centre) == old
    wanted = end(generation, new)
    assert centre.done("roster.commit", wanted, cmd_id="r-1", actor="Li") == wanted
    assert in_force(centre) == new
    entry = centre.booth.entries(EntryType.ROSTER_SWITCHED)[-1]
    assert (entry.actor, entry.cause) == ("mqtt:centre/Li", "r-1")
    assert json.loads(entry.data) == wanted
    assert centre.done("roster.digest") == wanted


def test_a_chunk_that_does_not_follow_says_what_is_wanted(centre: Commanding) -> None:
    some, generation = cards(1, 2, 3), begin(centre)
    first = centre.command("roster.chunk", chunk(generation, 0, some[:2]), cmd_id="k-1")
    assert centre.give(first).result == {"generation": generation, "next": 2}
    assert centre.give(first).duplicate, "a repeat adds nothing"
    for wrong in (0, 1, 3):
        late = centre.command("roster.chunk", chunk(generation, wrong, some[2:]))
        reply = centre.give(late)
        assert (reply.code, reply.result) == (409, {"field": "args.first", "next": 2})
        assert "has 2 and wants" in reply.detail
        again = centre.give(late)
        assert (again.result, again.duplicate) == (reply.result, True)
    centre.done("roster.chunk", chunk(generation, 2, some[2:]))
    centre.done("roster.commit", end(generation, some))
    assert in_force(centre) == some


def test_a_repeat_of_the_beginning_drops_nothing(centre: Commanding) -> None:
    some, asked = cards(1, 2), centre.command("roster.begin")
    generation = centre.give(asked).result["generation"]
    assert isinstance(generation, int)
    centre.done("roster.chunk", chunk(generation, 0, some[:1]))
    again = centre.give(asked)
    assert (again.duplicate, again.result) == (True, {"generation": generation, "next": 0})
    centre.done("roster.chunk", chunk(generation, 1, some[1:]))
    centre.done("roster.commit", end(generation, some))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({0: "em4100:01"}, "args.rows.1.0"),
        ({0: "04A1"}, "args.rows.1.0"),
        ({0: "em4100:0000000001"}, "args.rows.1.0"),
        ({1: ""}, "args.rows.1.1"),
        ({1: " R-2"}, "args.rows.1.1"),
        ({2: "cat"}, "args.rows.1.2"),
        ({3: ""}, "args.rows.1.3"),
        ({4: "x" * 121}, "args.rows.1.4"),
        ({8: "2026-01-01"}, "args.rows.1.8"),
        ({8: "2026-02-01T00:00", 9: "2026-01-01T00:00"}, "args.rows.1.9"),
        ({10: "sometimes"}, "args.rows.1.10"),
        ({11: "nowhere"}, "args.rows.1.11"),
        ({12: ""}, "args.rows.1.12"),
    ],
)
def test_a_bad_row_is_named_and_nothing_of_its_chunk_is_kept(
    centre: Commanding, change: dict[int, str], field: str
) -> None:
    some, generation = cards(1, 2), begin(centre)
    bad = rows(some)
    for column, text in change.items():
        bad[1][column] = text
    reply = centre.ask("roster.chunk", {"generation": generation, "first": 0, "rows": bad})
    assert (reply.status, reply.code, reply.result) == ("rejected", 422, {"field": field})
    assert some[1].holder not in reply.detail
    assert str(some[1].credential) not in reply.detail
    centre.done("roster.chunk", chunk(generation, 0, some))
    centre.done("roster.commit", end(generation, some))
    assert in_force(centre) == some


def test_what_is_not_what_was_announced_does_not_rule(centre: Commanding) -> None:
    old, new = cards(9), cards(1, 2)
    install(centre, old)
    generation = begin(centre)
    centre.done("roster.chunk", chunk(generation, 0, new[:1]))
    assert centre.refused("roster.commit", end(generation, new)) == (409, "args.count")
    centre.done("roster.chunk", chunk(generation, 1, new[1:]))
    other = end(generation, cards(1, 3))
    assert centre.refused("roster.commit", other) == (409, "args.digest")
    assert in_force(centre) == old
    centre.done("roster.commit", end(generation, new))
    assert in_force(centre) == new


def test_no_label_stands_on_two_cards(centre: Commanding) -> None:
    some = cards(1, 2)
    double = [some[0], replace(some[1], label=some[0].label)]
    generation = begin(centre)
    centre.done("roster.chunk", chunk(generation, 0, double))
    reply = centre.ask("roster.commit", end(generation, double))
    assert (reply.code, in_force(centre)) == (422, [])
    assert "R-1 stands on more than one card" in reply.detail


def test_a_roster_without_cards_has_to_be_meant(centre: Commanding) -> None:
    install(centre, cards(1))
    generation = begin(centre)
    assert centre.refused("roster.commit", end(generation, [])) == (422, "args.count")
    assert len(in_force(centre)) == 1
    centre.done("roster.commit", end(generation, [], allow_empty=True))
    assert in_force(centre) == []


def test_one_transfer_at_a_time(centre: Commanding) -> None:
    some = cards(1)
    first, second = begin(centre), begin(centre)
    assert centre.refused("roster.chunk", chunk(first, 0, some)) == (409, "args.generation")
    stranger = centre.ask("roster.chunk", chunk(second, 0, some), client="office")
    assert stranger.code == 409
    centre.booth.ledger.roster_begin()  # as the command line does
    for _ in range(2):
        assert centre.refused("roster.chunk", chunk(second, 0, some)) == (409, "args.generation")
    third = begin(centre)
    centre.done("roster.chunk", chunk(third, 0, some))
    centre.booth.ledger.roster_begin()
    assert centre.refused("roster.commit", end(third, some)) == (409, "args.generation")


def test_after_a_restart_it_begins_again_and_what_ruled_rules(
    tmp_path: Path, centre: Commanding
) -> None:
    some = cards(1, 2)
    done = install(centre, some)
    generation = begin(centre)
    asked = centre.command("roster.chunk", chunk(generation, 0, some), cmd_id="k-1")
    assert centre.give(asked).status == "done"
    wanted = centre.command("roster.commit", end(done, some), cmd_id="r-2")
    centre.close()
    again = Commanding(tmp_path / "ledger.db", booth_plan(), "boot-2")
    with contextlib.closing(again):
        assert again.give(asked).duplicate, "it is known by its id"
        assert again.refused("roster.commit", end(generation, some)) == (409, "args.generation")
        # The answer was lost with the power, the roster was not: it is told that it rules.
        assert again.give(wanted).result == end(done, some)
        assert again.refused("roster.commit", end(done, cards(1))) == (409, "args.generation")
        assert len(again.booth.entries(EntryType.ROSTER_SWITCHED)) == 1
        assert again.done("roster.digest") == end(done, some)


def test_the_digest_tells_of_single_cards_too(centre: Commanding) -> None:
    nothing = centre.done("roster.digest")
    assert nothing == end(0, [])
    some = cards(*range(1, 40))
    generation = install(centre, some)
    assert centre.done("roster.digest") == end(generation, some)
    centre.done("card.block", {"card": "R-7"})
    changed = [
        replace(card, status=CardStatus.BLOCKED) if card.label == "R-7" else card for card in some
    ]
    assert centre.done("roster.digest") == end(generation, changed)
    centre.booth.put(*cards(100))
    both = sorted([*changed, *cards(100)], key=lambda card: order_of(str(card.credential)))
    assert centre.done("roster.digest") == end(generation, both)


def test_a_digest_is_of_one_moment(centre: Commanding) -> None:
    # A card that is changed while the roster is read lets it be read again.
    some = cards(*range(1, 3 * transfer._RESTS))
    generation = install(centre, some[:30])
    centre.booth.put(*some[30:])
    seen = len(centre.answers)
    asked = centre.command("roster.digest")
    centre.begin(asked)
    blocked: list[Card] = []

    def over() -> bool:
        if not blocked:
            card = replace(some[0], status=CardStatus.BLOCKED)
            blocked.append(card)
            centre.booth.put(card)
        return len(centre.answers) > seen

    centre.work(over)
    assert centre.answers[-1][1].result == end(generation, [*blocked, *some[1:]])


def test_more_than_can_wait_are_turned_away(centre: Commanding) -> None:
    generation = begin(centre)
    asked = [centre.command("roster.digest") for _ in range(ROSTER_JOBS + 3)]
    seen = len(centre.answers)
    for command in asked:
        centre.begin(command)
    centre.work(lambda: len(centre.answers) == seen + len(asked))
    replies = dict(centre.answers[seen:])
    busy = [reply for reply in replies.values() if reply.code == 429]
    assert 2 <= len(busy) <= 3
    assert all(reply.status in {"done", "rejected"} for reply in replies.values())
    refused = next(each for each in asked if replies[each.cmd_id].code == 429)
    assert centre.give(refused).status == "done", "nothing of it was kept"
    centre.done("roster.chunk", chunk(generation, 0, cards(1)))


def test_who_waits_when_the_gate_stops_is_told(centre: Commanding) -> None:
    asked = [centre.command("roster.begin"), centre.command("card.block", {"card": "R-1"})]
    seen = len(centre.answers)
    for command in asked:
        centre.begin(command)
    centre.commands.stop()
    replies = [reply for _, reply in centre.answers[seen:]]
    assert {reply.status for reply in replies} <= {"failed"}
    assert all("ask again" in reply.detail for reply in replies)


NUMBERS = st.lists(st.integers(1, 60), unique=True, max_size=12)


class Transfers(RuleBasedStateMachine):
    """Two clients, the command line and restarts in any order: what rules was committed whole."""

    folder: Path
    names: Iterator[int]

    @initialize()
    def open(self) -> None:
        self.path = self.folder / f"{next(self.names)}.db"
        self.boots = 0
        self.gate = Commanding(self.path, booth_plan())
        self.ruling: list[Card] = []
        self.sent: list[Card] = []
        self.generation = 0
        self.lost = True

    def teardown(self) -> None:
        self.gate.close()

    @rule()
    def begin(self) -> None:
        self.generation, self.sent, self.lost = begin(self.gate), [], False

    @rule(numbers=NUMBERS.filter(bool), first=st.integers(-1, 1))
    def send(self, numbers: list[int], first: int) -> None:
        some = cards(*numbers)
        wanted = chunk(max(1, self.generation), max(0, len(self.sent) + first), some)
        reply = self.gate.ask("roster.chunk", wanted)
        place = order_of(str(some[0].credential))
        follows = not self.sent or order_of(str(self.sent[-1].credential)) < place
        good = not self.lost and wanted["first"] == len(self.sent) and follows
        assert (reply.status == "done") is good, reply
        if good:
            self.sent += some

    @rule(lies=st.booleans(), client=st.sampled_from(["centre", "office"]))
    def commit(self, lies: bool, client: str) -> None:
        told = self.sent[:-1] if lies else self.sent
        wanted = end(max(1, self.generation), told, allow_empty=True)
        reply = self.gate.ask("roster.commit", wanted, client=client)
        good = not self.lost and client == "centre" and told == self.sent
        if good:
            assert reply.status == "done", reply
            self.ruling, self.lost = list(self.sent), True
        elif reply.status == "done":
            # Told once more what rules already, to whoever asks.
            assert digest_of(told) == digest_of(self.ruling)

    @rule()
    def restart(self) -> None:
        self.gate.close()
        self.boots += 1
        self.gate = Commanding(self.path, booth_plan(), f"boot-{self.boots + 1}")
        self.lost = True

    @rule()
    def by_hand(self) -> None:
        self.gate.booth.ledger.roster_begin()
        self.lost = True

    @invariant()
    def what_rules_was_committed(self) -> None:
        assert in_force(self.gate) == self.ruling
        for card in self.ruling[:1]:
            found = self.gate.booth.ledger.find_cards(card.credential, Matching.EXACT)
            assert found == (card,)


def test_any_order_of_transfers(tmp_path: Path) -> None:
    class Here(Transfers):
        folder = tmp_path
        names = count(1)

    case = Here.TestCase
    case.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)
    case("runTest").runTest()


def test_rows_are_those_of_the_store() -> None:
    (row,) = rows(cards(1))
    assert len(row) == len(Row.__args__)  # type: ignore[attr-defined]  # a tuple's own


def test_a_card_that_a_visitor_has_stays_in_stock_and_the_centre_hears_of_it(
    centre: Commanding,
) -> None:
    drawer = replace(stock("V-1"), credential=Credential("em4100", "0000000001"))
    install(centre, [drawer])
    centre.booth.cli("visit.open", {**company("V-1"), "deposits": [CASH]})
    new = [replace(drawer, status=CardStatus.ACTIVE)]
    generation = begin(centre)
    centre.done("roster.chunk", chunk(generation, 0, new))
    wanted = end(generation, new)
    assert centre.done("roster.commit", wanted) == {**wanted, "kept": ["V-1"]}
    assert in_force(centre) == [drawer]
    entry = centre.booth.entries(EntryType.ROSTER_SWITCHED)[-1]
    assert json.loads(entry.data) == {**wanted, "instock": 1}
    assert centre.done("roster.digest")["digest"] == digest_of([drawer])[1].hex()
