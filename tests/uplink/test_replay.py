"""Replay: what was published, byte for byte, in chunks that wait for what is live."""

import json
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.commands import Reply
from agent.core.entries import StoredEntry
from agent.errors import StoreError
from agent.ports import Head
from agent.uplink import replay as module
from agent.uplink.envelope import envelope
from agent.uplink.replay import EVERY_S, IN_ALL, PATIENCE_S, PER_CLIENT, Replay
from agent.uplink.wanted import LIMIT, TYPES
from tests.uplink.book import KINDS, STREAM, Book, Reader

SOURCE = "/gate/v1/estate/north"
ROOM = 256 * 1024


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """700 entries, small and large ones."""
    made = Book(tmp_path_factory.mktemp("replay") / "book.db")
    for _ in range(7):
        made.append(80)
        made.append(15, padding=3_000)
        made.append(5, padding=15_000)
    return made


@pytest.fixture(scope="module")
def published(book: Book) -> list[tuple[str, bytes]]:
    """All of them as they were published, with their types."""
    return [(row.type, envelope(row, SOURCE)) for row in book.rows()]


def ask(**more: object) -> dict[str, object]:
    return {"streamid": STREAM, "from": 1, "to": None} | more


def expected(book: Book, first: int, last: int) -> list[bytes]:
    return [envelope(row, SOURCE) for row in book.rows() if first <= row.sequence <= last]


def events(payload: bytes) -> list[bytes]:
    """The events of a chunk as they stand in it, cut out by a decoder that knows no more."""
    text = payload.decode()
    assert text.startswith('{"events":[')
    at, found, decoder = len('{"events":['), [], json.JSONDecoder()
    while text[at] != "]":
        _, end = decoder.raw_decode(text, at)
        found.append(text[at:end].encode())
        at = end + (text[end] == ",")
    rest = json.loads("{" + text[at + 2 :])
    assert set(rest) == {"last", "nextfrom"}
    return found


def drive(replay: Replay, now_s: float = 100.0) -> Iterator[tuple[float, str, str, bytes]]:
    """All chunks, with the moments at which they came, with nothing live in the way."""
    while (due := replay.due(now_s, idle=True)) is not None:
        now_s = max(now_s, due)
        made = replay.chunk(now_s)
        if made is not None:
            yield now_s, *made


def answer(
    book: Book, args: Mapping[str, object], head: Head | None = None, room: int = ROOM
) -> tuple[list[Any], list[bytes], Reply]:
    """Chunks, their events, and the reply at the end."""
    replay = Replay(book.reader, SOURCE, room)
    assert replay.ask("centre", "c-1", args, head or book.head()) == Reply("accepted")
    payloads = [payload for *_, payload in drive(replay)]
    assert all(len(payload) <= room for payload in payloads)
    ((client, cmd_id, reply),) = replay.finished()
    assert (client, cmd_id) == ("centre", "c-1")
    assert replay.finished() == []
    found = [event for payload in payloads for event in events(payload)]
    return [json.loads(payload) for payload in payloads], found, reply


REQUESTS = st.fixed_dictionaries(
    {
        "from": st.integers(1, 720),
        "length": st.one_of(st.none(), st.integers(0, 800)),
        "limit": st.one_of(st.none(), st.integers(1, LIMIT)),
        "types": st.one_of(
            st.none(),
            st.lists(st.sampled_from((*KINDS, "gate.other.thing.v1")), min_size=1, max_size=3),
        ),
        "room": st.integers(20_000, ROOM),
    }
)


@given(wanted=REQUESTS)
def test_what_is_replayed_is_what_was_published(
    book: Book, published: list[tuple[str, bytes]], wanted: dict[str, Any]
) -> None:
    first, length, limit = wanted["from"], wanted["length"], wanted["limit"]
    args: dict[str, object] = ask()
    args |= {"from": first, "to": None if length is None else first + length}
    if limit is not None:
        args["limit"] = limit
    types = wanted["types"]
    if types is not None:
        args["types"] = types
    last = 700 if length is None else min(700, first + length)
    whole = [event for kind, event in published[first - 1 : last] if types is None or kind in types]
    chunks, found, reply = answer(book, args, room=wanted["room"])
    assert found == whole[: limit or LIMIT]
    assert [chunk["last"] for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert all(chunk["nextfrom"] is not None for chunk in chunks[:-1])
    after = chunks[-1]["nextfrom"]
    assert reply == Reply("done", result={"events": len(found), "nextfrom": after})
    # Whoever goes on at `nextfrom` gets the rest, all of it and nothing twice.
    while after is not None:
        assert after > first
        chunks, more, _ = answer(book, {**args, "from": after}, room=wanted["room"])
        found += more
        first, after = after, chunks[-1]["nextfrom"]
    assert found == whole


def test_a_chunk_is_what_the_contract_says(book: Book) -> None:
    chunks, found, _ = answer(book, ask(to=3))
    (chunk,) = chunks
    assert list(chunk) == ["events", "last", "nextfrom"]
    assert (chunk["last"], chunk["nextfrom"]) == (True, None)
    assert [event["sequence"] for event in chunk["events"]] == [f"{n:020d}" for n in (1, 2, 3)]
    assert found == expected(book, 1, 3)


@pytest.mark.parametrize(
    ("more", "lasts", "after"),
    [
        ({"to": module.CHUNK_EVENTS}, [True], None),
        ({"to": module.CHUNK_EVENTS + 1}, [False, True], None),
        ({"limit": module.CHUNK_EVENTS}, [True], module.CHUNK_EVENTS + 1),
        ({"types": [KINDS[1]], "limit": 3}, [True], 8),
    ],
)
def test_an_answer_ends_with_its_last_event(
    book: Book, more: dict[str, object], lasts: list[bool], after: int | None
) -> None:
    chunks, _, _ = answer(book, ask(**more))
    assert [chunk["last"] for chunk in chunks] == lasts
    assert chunks[-1]["nextfrom"] == after


@pytest.mark.parametrize("first", [701, 5_000, 2**63 - 1])
def test_beyond_the_head_there_is_one_empty_chunk(book: Book, first: int) -> None:
    chunks, _, reply = answer(book, ask(**{"from": first}))
    assert chunks == [{"events": [], "last": True, "nextfrom": None}]
    assert reply.result == {"events": 0, "nextfrom": None}


def test_an_empty_journal_has_an_empty_answer(tmp_path: Path) -> None:
    empty = Book(tmp_path / "book.db")
    chunks, _, _ = answer(empty, ask(), Head(STREAM, "b", 0, 0, bytes(32)))
    assert chunks == [{"events": [], "last": True, "nextfrom": None}]


def test_an_answer_ends_where_the_journal_ended_when_it_was_asked_for(book: Book) -> None:
    before = Head(STREAM, "b", 1, 40, bytes(32))
    chunks, found, _ = answer(book, ask(), before)
    assert found == expected(book, 1, 40)
    assert chunks[-1]["nextfrom"] is None


@pytest.mark.parametrize(
    ("args", "code", "field"),
    [
        (ask(streamid=None), 422, "args.streamid"),
        (ask(streamid=""), 422, "args.streamid"),
        ({"from": 1, "to": None}, 422, "args.streamid"),
        ({"streamid": STREAM, "to": None}, 422, "args.from"),
        (ask(**{"from": 0}), 422, "args.from"),
        (ask(**{"from": True}), 422, "args.from"),
        (ask(**{"from": "1"}), 422, "args.from"),
        (ask(**{"from": 1.0}), 422, "args.from"),
        (ask(**{"from": 2**63}), 422, "args.from"),
        (ask(**{"from": 9, "to": 8}), 422, "args.to"),
        (ask(limit=0), 422, "args.limit"),
        (ask(limit=LIMIT + 1), 422, "args.limit"),
        (ask(types=[]), 422, "args.types"),
        (ask(types="gate.arm.opened.v1"), 422, "args.types"),
        (ask(types=["x"] * (TYPES + 1)), 422, "args.types"),
        (ask(types=[1]), 422, "args.types"),
        (ask(types=[""]), 422, "args.types"),
        (ask(colour="red"), 422, "args.colour"),
        (ask(streamid="another", limit=LIMIT + 1), 422, "args.limit"),
        (ask(streamid="another"), 409, ""),
        (ask(**{"from": 9}), 410, ""),
    ],
)
def test_what_cannot_be_asked(
    book: Book, args: Mapping[str, object], code: int, field: str
) -> None:
    replay = Replay(book.reader, SOURCE, ROOM)
    reply = replay.ask("centre", "c-1", args, Head(STREAM, "b", 10, 700, bytes(32)))
    assert (reply.status, reply.code) == ("rejected", code)
    assert reply.detail
    assert (
        reply.result
        == {
            422: {"field": field},
            409: {"streamid": STREAM},
            410: {"firstseq": 10},
        }[code]
    )
    assert replay.due(100.0, idle=True) is None
    assert replay.finished() == []


@pytest.mark.parametrize(
    "args", [ask(limit=1), ask(limit=LIMIT), ask(types=["x"] * TYPES), ask(limit=None, types=None)]
)
def test_what_can_be_asked(book: Book, args: Mapping[str, object]) -> None:
    assert Replay(book.reader, SOURCE).ask("a", "c", args, book.head()).status == "accepted"


def test_it_waits_while_anything_live_does(book: Book) -> None:
    replay = Replay(book.reader, SOURCE)
    assert replay.due(100.0, idle=True) is None
    replay.ask("centre", "c-1", ask(to=200), book.head())
    assert replay.due(100.0, idle=False) is None
    due = replay.due(100.0, idle=True)
    assert due is not None
    assert due <= 100.0
    assert replay.chunk(100.0) is not None
    assert replay.due(100.0, idle=False) is None
    assert replay.due(100.0, idle=True) == 100.0 + EVERY_S
    assert replay.chunk(100.0 + EVERY_S / 2) is None
    assert replay.chunk(100.0 + EVERY_S) is not None


def test_chunks_keep_their_distance(book: Book) -> None:
    replay = Replay(book.reader, SOURCE)
    replay.ask("a", "c", ask(limit=LIMIT), book.head())
    replay.ask("b", "c", ask(types=[KINDS[0]]), book.head())
    moments = [now_s for now_s, *_ in drive(replay)]
    assert len(moments) > 10
    assert all(later - now_s >= EVERY_S * 0.999 for now_s, later in pairwise(moments))


def test_clients_take_turns_and_each_is_answered_in_order(book: Book) -> None:
    replay = Replay(book.reader, SOURCE)
    for client, cmd_id in (("a", "a1"), ("a", "a2"), ("b", "b1")):
        assert replay.ask(client, cmd_id, ask(to=150), book.head()).status == "accepted"
    told = [(client, cmd_id) for _, client, cmd_id, _ in drive(replay)]
    assert told[:4] == [("a", "a1"), ("b", "b1"), ("a", "a1"), ("b", "b1")]
    of_a = [cmd_id for client, cmd_id in told if client == "a"]
    assert of_a == sorted(of_a)
    assert {reply.status for *_, reply in replay.finished()} == {"done"}


def test_a_request_that_comes_again_is_answered_once(book: Book) -> None:
    replay = Replay(book.reader, SOURCE)
    replay.ask("a", "c", ask(to=60), book.head())
    assert replay.ask("a", "c", ask(to=60), book.head()) == Reply("accepted", duplicate=True)
    assert replay.ask("b", "c", ask(to=60), book.head()) == Reply("accepted")
    told = [json.loads(payload)["last"] for _, client, _, payload in drive(replay) if client == "a"]
    assert told == [False, True]


def test_what_waits_is_bounded(book: Book) -> None:
    replay = Replay(book.reader, SOURCE)
    codes = [replay.ask("a", f"{n}", ask(to=1), book.head()).code for n in range(PER_CLIENT + 1)]
    assert codes == [200] * PER_CLIENT + [429]
    for n in range(IN_ALL - PER_CLIENT):
        assert replay.ask(f"b{n}", "c", ask(to=1), book.head()).code == 200
    assert replay.ask("z", "c", ask(to=1), book.head()).code == 429
    assert len(list(drive(replay))) == IN_ALL
    assert replay.ask("z", "c", ask(to=1), book.head()).code == 200


def test_what_finds_no_room_is_given_up(book: Book) -> None:
    replay = Replay(book.reader, SOURCE)
    replay.ask("a", "c", ask(), book.head())
    assert replay.due(100.0, idle=True) is not None
    made = replay.chunk(100.0)
    assert made is not None
    after = json.loads(made[2])["nextfrom"]
    replay.due(100.0 + PATIENCE_S, idle=False)
    assert replay.finished() == []
    replay.due(100.1 + PATIENCE_S, idle=False)
    ((_, _, reply),) = replay.finished()
    assert (reply.status, reply.code, reply.result) == ("failed", 503, {"nextfrom": after})
    assert replay.due(101.0 + PATIENCE_S, idle=True) is None


def test_what_retention_removes_meanwhile_is_said(tmp_path: Path) -> None:
    book = Book(tmp_path / "book.db")
    head = book.append(300)
    replay = Replay(book.reader, SOURCE)
    replay.ask("a", "c", ask(), head)
    assert replay.chunk(100.0) is not None
    book.cut(200)
    assert replay.chunk(101.0) is None
    ((_, _, reply),) = replay.finished()
    assert (reply.status, reply.code, reply.result) == ("failed", 410, {"firstseq": 200})


def test_a_hole_is_said_after_what_lies_before_it(tmp_path: Path) -> None:
    book = Book(tmp_path / "book.db")
    book.append(30)
    with book._open() as connection:
        connection.execute("DELETE FROM entries WHERE sequence = 11")
    replay = Replay(book.reader, SOURCE)
    replay.ask("a", "c", ask(), book.head())
    ((*_, payload),) = drive(replay)
    assert events(payload) == expected(book, 1, 10)
    assert json.loads(payload)["last"] is False
    ((_, _, reply),) = replay.finished()
    assert (reply.status, reply.code, reply.result) == ("failed", 503, {"nextfrom": 11})
    assert "no entry 11" in reply.detail


def test_an_event_that_no_chunk_can_hold_is_said(tmp_path: Path) -> None:
    book = Book(tmp_path / "book.db")
    book.append(3)
    book.append(1, padding=9_000)
    head = book.append(2)
    chunks, found, reply = _until_end(book, head, 8_000)
    assert found == expected(book, 1, 3)
    assert chunks == [(False, 4)]
    assert (reply.status, reply.code, reply.result) == ("failed", 503, {"nextfrom": 4})
    assert "raise its limit" in reply.detail
    _, found, reply = _until_end(book, head, 10_000)
    assert found == expected(book, 1, 6)
    assert reply.status == "done"


def _until_end(
    book: Book, head: Head, room: int
) -> tuple[list[tuple[bool, int | None]], list[bytes], Reply]:
    replay = Replay(book.reader, SOURCE, room)
    replay.ask("a", "c", ask(), head)
    payloads = [payload for *_, payload in drive(replay)]
    ((_, _, reply),) = replay.finished()
    told = [json.loads(payload) for payload in payloads]
    return (
        [(one["last"], one["nextfrom"]) for one in told],
        [event for payload in payloads for event in events(payload)],
        reply,
    )


class Gone:
    """A journal whose file is not there when it is read."""

    def __init__(self) -> None:
        self.closed = 0

    def after(self, sequence: int, limit: int) -> list[StoredEntry]:
        raise StoreError(f"no disk under entry {sequence}, {limit} wanted")

    def close(self) -> None:
        self.closed += 1


def test_a_journal_that_cannot_be_read_ends_the_answer_not_the_link(book: Book) -> None:
    gone, opened = Gone(), 0

    def journal() -> Gone | Reader:
        nonlocal opened
        opened += 1
        return gone if opened == 1 else book.reader()

    replay = Replay(journal, SOURCE)
    replay.ask("a", "c", ask(to=5), book.head())
    replay.ask("b", "c", ask(to=5), book.head())
    assert [client for _, client, _, _ in drive(replay)] == ["b"]
    (_, _, first), (_, _, second) = replay.finished()
    assert (first.status, first.code, second.status) == ("failed", 503, "done")
    assert "no disk" in first.detail
    assert (gone.closed, opened) == (1, 2)


def test_a_search_among_types_ends_and_goes_on(tmp_path: Path) -> None:
    long = Book(tmp_path / "book.db")
    count = module.SCAN_IN_ALL + 1_000
    head = long.append(count)
    args = ask(types=["gate.other.thing.v1"])
    chunks, found, reply = answer(long, args, head)
    assert found == []
    assert chunks == [{"events": [], "last": True, "nextfrom": module.SCAN_IN_ALL + 1}]
    assert reply.result == {"events": 0, "nextfrom": module.SCAN_IN_ALL + 1}
    chunks, _, _ = answer(long, {**args, "from": chunks[-1]["nextfrom"]}, head)
    assert chunks[-1]["nextfrom"] is None


def test_closed_it_holds_nothing(book: Book) -> None:
    closed = 0

    class Counting(Reader):
        def close(self) -> None:
            nonlocal closed
            closed += 1
            super().close()

    replay = Replay(lambda: Counting(book.path), SOURCE)
    replay.ask("a", "c", ask(), book.head())
    replay.ask("b", "c", ask(to=1), book.head())
    assert replay.chunk(100.0) is not None
    assert replay.chunk(101.0) is not None
    replay.close()
    assert closed == 1
    assert replay.due(200.0, idle=True) is None
    assert replay.chunk(200.0) is None
    assert replay.finished() == []
    replay.ask("a", "c", ask(to=1), book.head())
    assert len(list(drive(replay, 300.0))) == 1
    assert closed == 2, "nothing is held open while nobody asks"
