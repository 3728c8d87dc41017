import hashlib
import sqlite3
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.entries import Entry, EntryType
from agent.core.ids import LaneId
from agent.core.model import (
    Card,
    CardKind,
    CardStatus,
    Credential,
    Direction,
    Matching,
)
from agent.errors import StoreError
from agent.store.ledger import Ledger
from agent.store.queries.rosters import ruling
from agent.store.reading import Reading
from agent.store.rows import card_of, digest_of, low_key, order_of, row_of
from agent.store.verify import verify
from tests.core.booth import Booth, booth_plan, stock
from tests.rigs.contract import card_known
from tests.store.build import at, card, granted, open_ledger, switched


def stage(ledger: Ledger, cards: list[Card]) -> int:
    generation = ledger.roster_begin()
    done = 0
    while done < len(cards):
        done += ledger.roster_stage(generation, cards[done:])
    return generation


def install(ledger: Ledger, cards: list[Card]) -> None:
    cards = sorted(cards, key=lambda each: order_of(str(each.credential)))
    count, digest = digest_of(cards)
    ledger.roster_switch(stage(ledger, cards), count, digest, switched(), at())


def exact(ledger: Ledger, number: int) -> tuple[Card, ...]:
    return ledger.find_cards(Credential("em4100", f"{number:010X}"), Matching.EXACT)


def test_cards_come_back_as_they_were(tmp_path: Path) -> None:
    full = Card(
        Credential("uid", "04A1B2C3D4E5F6"),
        "V-017",
        CardKind.VISITOR_VEHICLE,
        CardStatus.BLOCKED,
        "王小明",
        "3-1201",
        "guards",
        "京A12345",
        datetime(2026, 1, 2, 3, 4),  # noqa: DTZ001 - validity is naive local time
        datetime(2026, 12, 31, 23, 59),  # noqa: DTZ001 - likewise
        "Mo-Fr 08:00-18:00",
        (LaneId("in-1"), LaneId("out-1")),
        Direction.OUT,
    )
    with open_ledger(tmp_path / "gate.db") as ledger:
        install(ledger, [card(7), full])
        assert ledger.find_cards(full.credential, Matching.EXACT) == (full,)
        assert ledger.card_by_label("V-017") == full
        assert ledger.card_by_label("none") is None
        assert exact(ledger, 7) == (card(7),)
        assert exact(ledger, 8) == ()


def test_truncated_numbers_and_ambiguity(tmp_path: Path) -> None:
    near, far = card(0x01_AA_123456), card(0x02_AA_123456)
    other = card(0x01_BB_123456)
    with open_ledger(tmp_path / "gate.db") as ledger:
        install(ledger, [near, other, far])
        w26, w34 = Credential("w26", "123456"), Credential("w34", "AA123456")
        assert ledger.find_cards(w26, Matching.EXACT) == ()
        assert set(ledger.find_cards(w26, Matching.LOW24)) == {near, other, far}
        assert set(ledger.find_cards(w34, Matching.LOW32)) == {near, far}
        assert ledger.find_cards(Credential("w34", "BB123456"), Matching.LOW32) == (other,)
        assert ledger.find_cards(near.credential, Matching.EXACT) == (near,)
        assert ledger.find_cards(Credential("w26", "123457"), Matching.LOW24) == ()


@given(st.integers(0, 2**64), st.integers(0, 2**64))
def test_the_key_tells_low_bits_apart(one: int, two: int) -> None:
    same32, same24 = one % 2**32 == two % 2**32, one % 2**24 == two % 2**24
    assert (low_key(one) == low_key(two)) is same32
    assert (low_key(one) >> 8 == low_key(two) >> 8) is same24


def test_the_gate_works_on_while_a_roster_is_staged(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    old = [card(n) for n in range(1000)]
    new = [card(n, holder="new") for n in range(500, 3000)]
    with open_ledger(path) as ledger:
        install(ledger, old)
        generation = ledger.roster_begin()
        done = 0
        while done < len(new):
            done += ledger.roster_stage(generation, new[done:], 1_000_000)
            assert exact(ledger, 700) == (old[700],)
            assert exact(ledger, 2000) == ()
            ledger.append([granted(f"p{done}")], at())
            ledger.housekeeping(at())
        ledger.roster_switch(generation, *digest_of(new), switched(), at())
        assert exact(ledger, 700) == (new[200],)
        assert exact(ledger, 10) == ()
        while ledger.roster_drop_old(200):
            assert exact(ledger, 2999) == (new[-1],)
        kept = ledger._conn.execute("SELECT count(*), min(generation) FROM cards").fetchone()
        assert kept == (2500, generation)
    assert verify(path).ok


def test_a_broken_transfer_leaves_the_old_roster(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    old, new = [card(n) for n in range(100)], [card(n, holder="new") for n in range(200)]
    count, digest = digest_of(new)
    with open_ledger(path) as ledger:
        install(ledger, old)
        before = ledger.head()
        generation = stage(ledger, new[:150])
        with pytest.raises(StoreError, match="150 cards, 200 were announced"):
            ledger.roster_switch(generation, count, digest, switched(), at())
        changed = [*new[:199], card(199, holder="other")]
        with pytest.raises(StoreError, match="old roster stays"):
            ledger.roster_switch(stage(ledger, changed), count, digest, switched(), at())
        with pytest.raises(StoreError, match="begin again"):
            ledger.roster_stage(generation, new, 10**9)
        assert ledger.head() == before
        assert exact(ledger, 50) == (old[50],)
        half = stage(ledger, new[:100])
    with open_ledger(path) as ledger:
        assert exact(ledger, 50) == (old[50],)
        with pytest.raises(StoreError, match="begin again"):
            ledger.roster_stage(half, new[100:])
        while ledger.roster_drop_old(64):
            pass
        assert ledger._conn.execute("SELECT count(*) FROM cards").fetchone() == (100,)
        assert ledger._conn.execute("SELECT count(*) FROM generations").fetchone() == (1,)
        install(ledger, new)
        assert exact(ledger, 150) == (new[150],)


def test_the_switch_and_its_entry_are_one(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    with open_ledger(path) as ledger:
        install(ledger, [card(1)])
        generation = stage(ledger, [card(2)])
        bad = Entry(EntryType.ROSTER_SWITCHED, "roster", at(), {"x": float("nan")})
        with pytest.raises(StoreError):
            ledger.roster_switch(generation, *digest_of([card(2)]), bad, at())
        conn = sqlite3.connect(path, isolation_level=None)
        conn.execute(
            "CREATE TRIGGER refuse BEFORE UPDATE ON state BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
        with pytest.raises(StoreError):
            ledger.roster_switch(generation, *digest_of([card(2)]), switched(), at())
        assert ledger.head().sequence == 1
        assert exact(ledger, 1) == (card(1),)
        conn.execute("DROP TRIGGER refuse")
        conn.close()
        ledger.roster_switch(generation, *digest_of([card(2)]), switched(), at())
        assert exact(ledger, 2) == (card(2),)
        assert exact(ledger, 1) == ()


def test_rows_must_be_sorted_and_single(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "gate.db") as ledger:
        generation = ledger.roster_begin()
        ledger.roster_stage(generation, [card(1), card(3)])
        for wrong in (card(3), card(2)):
            with pytest.raises(StoreError, match="row 3 of the roster comes out of order"):
                ledger.roster_stage(generation, [wrong])
        ledger.roster_stage(generation, [card(4)])
        cards = [card(1), card(3), card(4)]
        ledger.roster_switch(generation, *digest_of(cards), switched(), at())


def test_one_card_is_changed_with_its_entry(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    entry = card_known(card(1), at())
    with open_ledger(path) as ledger:
        assert ledger.put_card(card(1), entry, at()).sequence == 1
        assert exact(ledger, 1) == (card(1),)
        ledger.put_card(card(1, holder="x"), entry, at())
        ledger.put_card(card(2), entry, at())
        assert exact(ledger, 1) == (card(1, holder="x"),)
    with open_ledger(path) as ledger, Reading.open(path) as reading:
        assert exact(ledger, 2) == (card(2),)
        assert reading.counts()["cards"] == 2
        assert list(reading.cards()) == [card(1, holder="x"), card(2)]


def test_the_digest_can_be_made_by_a_stranger(tmp_path: Path) -> None:
    cards = [card(1, holder="王小明"), card(2, plate="京A12345")]
    raw = b""
    for each in cards:
        for text in row_of(each):
            raw += len(text.encode()).to_bytes(4, "big") + text.encode()
    assert digest_of(cards) == (2, hashlib.sha256(raw).digest())
    assert [card_of(row_of(each)) for each in cards] == cards
    with open_ledger(tmp_path / "gate.db") as ledger:
        install(ledger, cards)
    with Reading.open(tmp_path / "gate.db") as reading:
        assert digest_of(map(card_of, reading.roster_rows())) == digest_of(cards)


def test_slices_keep_to_their_budget(tmp_path: Path) -> None:
    cards = [card(n) for n in range(1, 101)]
    with open_ledger(tmp_path / "gate.db") as ledger:
        generation = ledger.roster_begin()
        assert 0 < ledger.roster_stage(generation, cards, budget_ns=0) < 20
    with open_ledger(tmp_path / "other.db") as ledger:
        generation = ledger.roster_begin()
        assert ledger.roster_stage(generation, cards, budget_ns=10**12) == 100


def test_the_old_roster_is_cleared_away_while_the_gate_is_idle(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    with open_ledger(path) as ledger:
        install(ledger, [card(n) for n in range(1, 501)])
        install(ledger, [card(n) for n in range(2, 503)])
        calls = 1
        while ledger.housekeeping(at()):
            calls += 1
            assert calls < 100
        assert calls > 1
        assert exact(ledger, 2) == (card(2),)
    conn = sqlite3.connect(path)
    assert conn.execute("SELECT count(*) FROM cards").fetchone() == (501,)
    conn.close()


DRAWER = (stock("V-1"), stock("V-2"), stock("C-1", CardKind.CONTRACTOR))


def lent(ledger: Ledger) -> Booth:
    """A gate where V-1 and C-1 are with visitors, and V-2 lies in the drawer."""
    install(ledger, list(DRAWER))
    booth = Booth(booth_plan(), DRAWER, ledger)
    booth.visit("V-1")
    booth.visit("C-1", kind="contractor", company="x", unit="8-1203", reason="r", deposits=[])
    return booth


def made_active(each: Card, **other: Any) -> Card:
    return replace(each, status=CardStatus.ACTIVE, holder="x", **other)


def test_a_new_roster_makes_no_card_active_that_a_visitor_has(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "gate.db") as ledger:
        booth = lent(ledger)
        new = [made_active(each) for each in DRAWER]
        new.sort(key=lambda each: order_of(str(each.credential)))
        generation = stage(ledger, new)
        assert {each.label for each in ledger.roster_kept(generation)} == {"V-1", "C-1"}
        ledger.roster_switch(generation, *digest_of(new), switched(), at())
        status = {each.label: exact_of(ledger, each).status for each in DRAWER}
        assert status == {
            "V-1": CardStatus.STOCK,
            "C-1": CardStatus.STOCK,
            "V-2": CardStatus.ACTIVE,
        }
        with Reading.open(tmp_path / "gate.db") as reading:
            assert ruling(reading) == (generation, 3, b""), "it is not what was announced"
        assert booth.tap_out("V-1").data["duty"] == "deposit_due"
        install(ledger, [replace(each, status=CardStatus.BLOCKED) for each in DRAWER])
        assert {exact_of(ledger, each).status for each in DRAWER} == {CardStatus.BLOCKED}


def test_nor_does_one_that_calls_it_something_else(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "gate.db") as ledger:
        lent(ledger)
        other = made_active(DRAWER[0], kind=CardKind.RESIDENT)
        named = made_active(DRAWER[2], label="R-9", kind=CardKind.RESIDENT)
        under = made_active(card(0xAB), label="C-1", kind=CardKind.CONTRACTOR)
        install(ledger, [other, named, under])
        assert exact_of(ledger, other) == replace(
            other, status=CardStatus.STOCK, kind=CardKind.VISITOR
        )
        assert exact_of(ledger, named).status is CardStatus.STOCK
        assert exact_of(ledger, under) == replace(under, status=CardStatus.STOCK)
        install(ledger, [card(1)])
        install(ledger, [card(1), DRAWER[1]])
        assert exact_of(ledger, DRAWER[1]).status is CardStatus.STOCK


def exact_of(ledger: Ledger, each: Card) -> Card:
    (found,) = ledger.find_cards(each.credential, Matching.EXACT)
    return found
