"""The models of the way to the centre: the broker, and who may command over it.

Rules kept here:
- nobody may command unless he is named: without ``clients`` no command is even subscribed to;
- a group names its commands one by one, and which of them have to be signed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from agent.core.commands import Name
from agent.settings.home_assistant import HomeAssistant
from agent.settings.mixes import OrFalse
from agent.settings.places import Place
from agent.settings.secret import Secret
from agent.settings.strict import Strict
from agent.settings.values import Id, OneOf, Text, Whole
from agent.settings.words import MqttVersion, Personal

COMMAND = OneOf(Name, "A command")


@dataclass(frozen=True, slots=True)
class Tls(Strict):
    """The agent's certificate, and who signed the broker's. Without ``ca``: the system's list."""

    ca: Annotated[Path, Place("Certificate authority of the broker")] | None = None
    cert: Annotated[Path, Place("Certificate of this agent, {estate}.{gate}")] | None = None
    key: Annotated[Path, Place("Private key of this agent")] | None = None


@dataclass(frozen=True, slots=True)
class Client(Strict):
    """Somebody at the broker who may command, under his own name in the topic.

    ``keys`` are those of his signatures by key id: more than one, so that they can be changed.
    """

    group: Annotated[str, Id("A key of groups:")]
    keys: Mapping[Annotated[str, Id()], Secret] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Group(Strict):
    """What the clients of a group may command; ``signed`` only with a signature."""

    may: tuple[Annotated[Name, COMMAND], ...]
    signed: tuple[Annotated[Name, COMMAND], ...] = ()


@dataclass(frozen=True, slots=True)
class Uplink(Strict):
    """The broker of the centre; ``tls: false`` is for a broker on this machine."""

    host: Annotated[
        str, Text("Name or address of the broker", "[A-Za-z0-9._:-]{1,253}", "a name or address")
    ]
    port: Annotated[int, Whole("Port of the broker", 1, 65_535, "a port")] = 8_883
    version: Annotated[MqttVersion, OneOf(MqttVersion, "Version of MQTT")] = MqttVersion.V5
    tls: Annotated[Tls | None, OrFalse()] = field(default_factory=Tls)
    plain_because: Annotated[str, Text("Why a distant broker is spoken to without TLS")] = ""
    username: Annotated[str, Text("User at the broker")] = ""
    password: Secret | None = None
    window: Annotated[int, Whole("Events on their way at once", 1, 1_000, "events")] = 20
    personal: Annotated[Personal, OneOf(Personal, "Personal data that goes to the centre")] = (
        Personal.MASKED
    )
    responsible: Annotated[str, Text("Who answers for personal: full")] = ""
    clients: Mapping[Annotated[str, Id()], Client] = field(default_factory=dict)
    groups: Mapping[Annotated[str, Id()], Group] = field(default_factory=dict)
    consumers: tuple[Annotated[str, Id("Who has to have an event before it may go")], ...] = ()
    home_assistant: HomeAssistant | None = None
