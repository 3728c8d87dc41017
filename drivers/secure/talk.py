"""A talk with a card: commands out, answers in, and at the end what was proved, or why nothing was.

Rules kept here:
- a talk is a generator: it yields a command, is sent the answer, and returns its result. It does no
  input or output, knows no time and draws no numbers: those come as arguments;
- whatever the card answers, a talk ends in its result, in `TornError` or in `UnprovedError`, after
  a bounded number of commands;
- the texts of faults hold neither numbers of cards nor anything of keys.
"""

from collections.abc import Callable, Generator
from typing import TypeVar

from drivers.wire import native
from drivers.wire.native import Answer

Result = TypeVar("Result")
Talk = Generator[bytes, bytes, Result]
"""Yields commands, is sent answers; an empty answer means that the card left."""


class TornError(Exception):
    """The card left before it had said everything: nothing is known of it."""

    def __init__(self) -> None:
        super().__init__("the card left before it had proved itself")


class UnprovedError(Exception):
    """The card claims to be one of the site and did not prove it; the text says why."""


def ask(command: bytes) -> Talk[Answer]:
    """One command and its answer. Raises TornError when the card left."""
    said = native.answer((yield command))
    if said is None:
        raise TornError
    return said


def expect(
    command: bytes, status: int, length: int, *, refusal: str = "the card refused"
) -> Talk[bytes]:
    """One command whose answer has this status and so many bytes; UnprovedError else."""
    said = yield from ask(command)
    if said.status != status:
        raise UnprovedError(f"{refusal}: {said.says}")
    if len(said.data) != length:
        raise UnprovedError(f"the card answered {len(said.data)} bytes where {length} are due")
    return said.data


def lead(talk: Talk[Result], transmit: Callable[[bytes], bytes]) -> Result:
    """Lead a talk to its end; ``transmit`` brings a command to the card and gives its answer.

    Raises what ``transmit`` raises, TornError and UnprovedError.
    """
    try:
        command = next(talk)
        while True:
            command = talk.send(transmit(command))
    except StopIteration as end:
        result: Result = end.value
        return result
    finally:
        talk.close()
