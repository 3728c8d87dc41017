"""The channels of the contract: which topic carries what, which way, and how.

Rules kept here:
- every topic that the gate speaks or hears for a centre stands in this table, once;
- only what is said to be retained is retained.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from agent.contract import messages
from agent.core.commands import ACTUATION, Name
from agent.core.entries import EntryType

VERSION = "gate/v1"
RELEASE = "1.0.0"
"""The version of the documents: the first number is that of the topics, others count additions."""

ROOT = f"{VERSION}/{{estate}}/{{agent}}"
JSON, EVENTS_JSON = "application/json", "application/cloudevents+json; charset=utf-8"
ID = "^[a-z0-9-]{1,32}$"
PARAMETERS: Mapping[str, str] = {
    "estate": "the estate",
    "agent": "the gate; one agent for each",
    "lane": "a lane",
    "client": "a client, which may publish only under its own name",
    "consumer": "a consumer that is named in the gate's settings",
}
"""What stands in braces in an address; each 1 to 32 of ``a-z 0-9 -``."""

ACTUATION_S, CONFIGURATION_S = 10, 3_600


class Channel(NamedTuple):
    """A topic. ``up``: the gate says it; ``expiry_s``: MQTT 5 Message Expiry, 0 for none.

    ``model`` is that of its one message; None where `events` or the command's name tell.
    """

    address: str
    says: str
    model: Any
    up: bool = True
    qos: int = 1
    retained: bool = False
    content: str = JSON
    expiry_s: int = 0


CHANNELS: Mapping[str, Channel] = {
    "status": Channel(
        f"{ROOT}/status",
        "The agent's presence. The will says `lost`, ten seconds after the connection broke.",
        messages.Status,
        retained=True,
    ),
    "info": Channel(f"{ROOT}/info", "What this gate has.", messages.Info, retained=True),
    "state": Channel(
        f"{ROOT}/state/{{lane}}",
        "A lane as it is now. It never waits behind events.",
        messages.State,
        retained=True,
    ),
    "evt": Channel(
        f"{ROOT}/evt",
        "The journal: one ordered stream, every entry one event, numbered without a hole.",
        messages.Envelope,
        content=EVENTS_JSON,
    ),
    "tele": Channel(f"{ROOT}/tele", "Figures, once a minute.", messages.Tele, qos=0),
    "reply": Channel(f"{ROOT}/reply/{{client}}", "Answers to commands.", messages.Reply),
    "replay": Channel(
        f"{ROOT}/replay/{{client}}",
        "Events again, as they were published, byte for byte.",
        messages.Replayed,
    ),
    "ack": Channel(
        f"{ROOT}/ack/{{consumer}}",
        "How far a consumer has everything, durably. What is not acknowledged is kept.",
        messages.Ack,
        up=False,
        retained=True,
    ),
}
"""Every channel but those of the commands."""


def command_channel(name: Name) -> Channel:
    """Where a command is given."""
    return Channel(
        f"{ROOT}/cmd/{{client}}/{name}",
        f"The command `{name}`. A retained one is refused.",
        messages.Command,
        up=False,
        expiry_s=ACTUATION_S if name in ACTUATION else CONFIGURATION_S,
    )


def message_names(channel: str) -> tuple[str, ...]:
    """The messages of a channel of `CHANNELS`."""
    return tuple(EntryType) if channel == "evt" else (channel,)
