"""What ends the demo from outside comes as one exception, at a time when it may."""

import signal

import pytest

from agent.demo.leaving import Leaving

NUMBERS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


@pytest.mark.parametrize("number", NUMBERS)
def test_the_first_signal_raises_and_no_other_does(number: signal.Signals) -> None:
    with Leaving() as leaving:
        leaving.listen()
        with pytest.raises(SystemExit) as caught:
            signal.raise_signal(number)
        assert caught.value.code == 128 + number
        for other in NUMBERS:
            signal.raise_signal(other)


def test_a_signal_before_it_listens_waits() -> None:
    with Leaving() as leaving:
        signal.raise_signal(signal.SIGTERM)
        leaving.check()
        with pytest.raises(SystemExit, match="143"):
            leaving.listen()


def test_nothing_is_raised_while_it_is_hushed() -> None:
    with Leaving() as leaving:
        leaving.listen()
        leaving.hush()
        for number in NUMBERS:
            signal.raise_signal(number)
        leaving.check()


def test_an_exception_that_was_lost_is_raised_at_the_next_check() -> None:
    with Leaving() as leaving:
        leaving.listen()
        with pytest.raises(SystemExit):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(SystemExit, match="130"):
            leaving.check()


def test_a_terminal_that_is_gone_counts_as_its_signal() -> None:
    with Leaving() as leaving:
        leaving.listen()
        with pytest.raises(SystemExit, match="129"):
            leaving.terminal_gone()
        signal.raise_signal(signal.SIGHUP)


def test_handlers_are_as_before() -> None:
    before = [signal.getsignal(number) for number in NUMBERS]
    with Leaving():
        assert signal.getsignal(signal.SIGHUP) != before[1]
    assert [signal.getsignal(number) for number in NUMBERS] == before
