"""The models of Home Assistant: what it is shown of the gate, and what it may do.

Rules kept here:
- nothing is shown unless this is in the file, and nothing is moved unless it says so;
- it is taken out of Home Assistant again by ``shown: false``, not by taking this out of the file:
  the broker keeps what it was once told.
"""

from dataclasses import dataclass
from typing import Annotated

from agent.settings.strict import Strict
from agent.settings.values import Text, Truth

CLIENT = "home-assistant"
"""Whose name stands in the journal for what it asks; no client of the centre may have it."""
PREFIX = "[A-Za-z0-9_-]{1,32}(/[A-Za-z0-9_-]{1,32}){0,3}"


@dataclass(frozen=True, slots=True)
class HomeAssistant(Strict):
    """The gate as a device of Home Assistant, by MQTT discovery at the same broker."""

    prefix: Annotated[
        str,
        Text("Discovery prefix of Home Assistant", PREFIX, "letters, digits, _ and -, parted by /"),
    ] = "homeassistant"
    shown: Annotated[bool, Truth("false takes the gate out of Home Assistant again")] = True
    open: Annotated[bool, Truth("Whoever may publish there opens the gate: mind the ACL")] = False
    close: Annotated[bool, Truth("Likewise closes it; only where a relay can close the arm")] = (
        False
    )
