import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.events import CardRead, Event, FrameFaulted, InputChanged, KeysTyped, ReaderLost
from agent.core.ids import InputId, ReaderId
from agent.core.model import CardProof, Credential
from agent.inbox import KEYS, LEVELS, TAPS, Errand, Inbox, NotKnownYetError
from tests.core.builders import LOOP, OTHER_READER, READER, SECOND, moment
from tests.patience import LIMIT_S

QUIET = {READER: 3 * SECOND, OTHER_READER: 3 * SECOND}


def tap(number: int, reader: ReaderId = READER, seconds: float = 0) -> CardRead:
    return CardRead(reader, Credential("w26", f"{number:06X}"), moment(seconds))


def level(active: bool | None, name: InputId = LOOP, edges: int = 1) -> InputChanged:
    return InputChanged(name, active, edges, moment(0))


def everything(inbox: Inbox) -> list[object]:
    return [inbox.take(0) for _ in range(inbox.waiting())]


def test_what_was_put_comes_out_in_order() -> None:
    inbox = Inbox(QUIET)
    put: list[Event] = [
        tap(1),
        level(True),
        ReaderLost(READER, "gone", moment(0)),
        level(False),
        tap(2),
    ]
    for event in put:
        inbox.put(event)
    assert inbox.waiting() == 5
    assert everything(inbox) == put
    assert inbox.take(0) is None


def test_a_held_card_is_one_tap_also_after_it_was_taken() -> None:
    inbox = Inbox(QUIET)
    for tenth in range(50):
        inbox.put(tap(1, seconds=tenth / 10))
        inbox.take(0)
    assert inbox.counters["taps_held"] == 49
    inbox.put(tap(1, seconds=8))
    assert inbox.take(0) == tap(1, seconds=8)


def test_keys_are_bounded_and_come_out_in_order() -> None:
    inbox = Inbox(QUIET)
    for number in range(KEYS + 3):
        inbox.put(KeysTyped(READER, str(number), moment(0)))
    assert inbox.counters["keys_dropped"] == 3
    taken = everything(inbox)
    assert taken == [KeysTyped(READER, str(number), moment(0)) for number in range(KEYS)]
    inbox.put(KeysTyped(READER, "1", moment(1)))
    assert inbox.waiting() == 1


def test_another_reader_is_another_tap() -> None:
    inbox = Inbox(QUIET)
    inbox.put(tap(1))
    inbox.put(tap(1, OTHER_READER))
    assert len(everything(inbox)) == 2


def test_a_tap_that_already_waits_is_not_put_twice() -> None:
    inbox = Inbox({READER: 0})
    inbox.put(tap(1))
    inbox.put(tap(1, seconds=1))
    assert inbox.waiting() == 1
    assert inbox.counters["taps_dropped"] == 1
    inbox.take(0)
    inbox.put(tap(1, seconds=2))
    assert inbox.waiting() == 1


def test_a_reader_without_a_quiet_time_is_still_bounded() -> None:
    inbox = Inbox({})
    inbox.put(tap(1))
    inbox.put(tap(1))
    assert everything(inbox) == [tap(1)]


def test_waiting_taps_are_bounded_and_the_newest_are_dropped() -> None:
    inbox = Inbox(QUIET)
    for number in range(TAPS + 10):
        inbox.put(tap(number))
    assert inbox.counters["taps_dropped"] == 10
    assert everything(inbox) == [tap(number) for number in range(TAPS)]
    inbox.put(tap(9999))
    assert inbox.waiting() == 1


def test_frames_that_are_none_are_counted_only() -> None:
    inbox = Inbox(QUIET)
    inbox.put(FrameFaulted(READER, "checksum", b"\x02", moment(0)))
    assert inbox.counters["frames_faulted"] == 1
    assert inbox.waiting() == 0


def test_levels_merge_only_when_full_and_the_newest_wins() -> None:
    inbox = Inbox(QUIET)
    put = [level(number % 2 == 0, edges=number) for number in range(LEVELS + 5)]
    for event in put:
        inbox.put(event)
    assert inbox.counters["levels_merged"] == 5
    assert everything(inbox) == [*put[: LEVELS - 1], put[-1]]


def test_one_busy_input_takes_no_place_from_another() -> None:
    inbox = Inbox(QUIET)
    for number in range(100):
        inbox.put(level(True, edges=number))
    other = level(False, InputId("beam"))
    inbox.put(other)
    assert everything(inbox)[-1] == other


@given(st.lists(st.one_of(st.none(), st.booleans(), st.just("take")), max_size=200))
def test_the_last_level_always_arrives(acts: list[bool | str | None]) -> None:
    inbox = Inbox({})
    seen: list[object] = []
    last: bool | None = None
    for act in acts:
        if act == "take":
            seen.append(inbox.take(0))
        elif not isinstance(act, str):
            last = act
            inbox.put(level(act))
    seen += everything(inbox)
    levels = [event.active for event in seen if isinstance(event, InputChanged)]
    assert not levels or levels[-1] is last
    assert inbox.waiting() == 0


def test_waking_ends_the_wait() -> None:
    inbox = Inbox(QUIET)
    inbox.wake()
    assert inbox.take(60) is None


def test_nobody_answers() -> None:
    inbox = Inbox(QUIET)
    with pytest.raises(NotKnownYetError, match="nothing was done"):
        inbox.ask(lambda: 1, 0.01)
    errand = inbox.take(0)
    assert isinstance(errand, Errand)
    assert not errand.future.set_running_or_notify_cancel()


def together(acts: list[Callable[[], None]]) -> None:
    """Run all of them at once."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], None]) -> None:
        gate.wait(LIMIT_S)
        act()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
        assert not thread.is_alive()


def test_many_threads_lose_nothing() -> None:
    inbox = Inbox({})
    rounds, faults = 2000, FrameFaulted(READER, "checksum", b"", moment(0))

    def worker(which: int) -> Callable[[], None]:
        def work() -> None:
            name = InputId(f"input-{which}")
            for number in range(rounds):
                inbox.put(tap(which * rounds + number))
                inbox.put(level(number % 2 == 1, name, number))
                inbox.put(faults)

        return work

    taken: list[object] = []
    over = threading.Event()

    def take() -> None:
        while not over.is_set() or inbox.waiting():
            event = inbox.take(0.05)
            if event is not None:
                taken.append(event)

    taker = threading.Thread(target=take)
    taker.start()
    together([worker(which) for which in range(4)])
    over.set()
    taker.join(LIMIT_S)
    assert not taker.is_alive()
    taps = [event for event in taken if isinstance(event, CardRead)]
    assert len(taps) + inbox.counters["taps_dropped"] == 4 * rounds
    assert inbox.counters["frames_faulted"] == 4 * rounds
    for which in range(4):
        name = InputId(f"input-{which}")
        levels = [e for e in taken if isinstance(e, InputChanged) and e.input == name]
        assert [event.edges for event in levels] == sorted(event.edges for event in levels)
        assert levels[-1].edges == rounds - 1


def test_a_card_that_failed_to_prove_itself_may_be_shown_again_at_once() -> None:
    inbox = Inbox(QUIET)
    failed = replace(tap(1), proof=CardProof.FAILED)
    for each in (failed, replace(tap(1, seconds=1), proof=CardProof.DESFIRE), tap(1, seconds=2)):
        inbox.put(each)
        everything(inbox)
    assert inbox.counters == {"taps_held": 1}
