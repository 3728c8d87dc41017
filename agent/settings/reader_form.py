"""What the model of every reader has beside what its driver needs: the form of its numbers.

Rules kept here:
- a reader's model is a `Formed`, whatever drives it: numbers take their form in one place
  (`agent.readers`), and no driver knows of it;
- the defaults leave every number as it was read.
"""

from dataclasses import dataclass
from typing import Annotated

from agent.settings.strict import Strict
from agent.settings.values import OneOf, Text
from agent.settings.words import ByteOrder, Keep


@dataclass(frozen=True, slots=True, kw_only=True)
class Formed(Strict):
    """A reader whose numbers can be given another form before they are looked up."""

    byte_order: Annotated[
        ByteOrder, OneOf(ByteOrder, "reversed turns the bytes of every number round")
    ] = ByteOrder.AS_READ
    keep: Annotated[
        Keep, OneOf(Keep, "Which bytes of every number are kept, as read; the rest is forgotten")
    ] = Keep.ALL
    as_scheme: Annotated[
        str,
        Text("Scheme that the numbers get", "[a-z][a-z0-9]{0,15}", "a small letter, then a-z, 0-9"),
    ] = ""

    def form_told(self) -> str:
        """What is done to the numbers, to follow in a line of the summary; empty: nothing."""
        told = {"bytes": self.byte_order, "keep": self.keep, "as": self.as_scheme}
        plain = {ByteOrder.AS_READ, Keep.ALL, ""}
        return "".join(f", {name} {word}" for name, word in told.items() if word not in plain)
