"""Judges what the gate says by the models of the contract, closed: nothing unknown is let through.

The published schemas are open, since consumers have to live with what is added later; here every
field and every word has to be known, so that the models stay complete.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from paho.mqtt.client import MQTTMessage
from pydantic import TypeAdapter, ValidationError
from pydantic_core import CoreConfig, SchemaValidator

from agent.contract.channels import CHANNELS, VERSION
from agent.contract.events import EVENTS, SCHEMA
from agent.contract.messages import Envelope
from agent.core.entries import Entry, EntryType, StoredEntry
from agent.core.model import Card, Moment
from agent.core.personal import Level
from agent.store.seal import Disclosure, Sealer

_BY_TYPE = {kind.value: event for kind, event in EVENTS.items()}
_SEALERS = tuple(Sealer(Disclosure(level, bytes(32))) for level in Level)


def closed(schema: Any) -> Any:
    """A core schema of pydantic in which no object takes a field that it does not name."""
    if isinstance(schema, dict):
        made = {name: closed(value) for name, value in schema.items()}
        return made | {"extra_behavior": "forbid"} if made.get("type") == "typed-dict" else made
    return [closed(each) for each in schema] if isinstance(schema, list) else schema


@cache
def judge(model: Any) -> SchemaValidator:
    """What takes only what the model says, to the letter."""
    return SchemaValidator(closed(TypeAdapter(model).core_schema), CoreConfig(strict=True))


def entry_fault(kind: str, subject: str, data: bytes) -> str:
    """What is wrong with an entry; empty when nothing is."""
    event = _BY_TYPE.get(kind)
    if event is None:
        return f"{kind} is no type of the table"
    try:
        judge(event.data).validate_json(data)
    except ValidationError as fault:
        return f"{kind}: {fault}; it is {data!r}"
    if "*" not in event.about and subject.partition("/")[0] not in event.about:
        return f"{kind}: its subject {subject!r} begins with none of {event.about}"
    return ""


def judge_stored(rows: Iterable[StoredEntry]) -> None:
    """Every row is as the contract says."""
    faults = [entry_fault(row.type, row.subject, row.data) for row in rows]
    assert not any(faults), "\n".join([fault for fault in faults if fault][:3])


def card_known(card: Card, at: Moment) -> Entry:
    """What the journal says of a card that came into the roster."""
    data = {"card": card.label, "kind": card.kind.value, "was": "", "status": card.status.value}
    return Entry(EntryType.CARD_CHANGED, f"card/{card.label}", at, data)


def judge_entries(entries: Iterable[Entry]) -> None:
    """Every entry is as the contract says, at every level of disclosure."""
    for entry in entries:
        for sealer in _SEALERS:
            fault = entry_fault(entry.type, entry.subject, sealer.seal(entry).data)
            assert not fault, fault


def message_fault(
    topic: str,
    payload: bytes,
    *,
    retained: bool = False,
    content_type: str = "",
    user: Mapping[str, str] | None = None,
) -> str:
    """What is wrong with a message of a gate; empty when nothing is, or when no gate has said it.

    What the gate is told is not judged here: tests ask for wrong things.
    """
    name = topic.split("/")[4] if topic.startswith(f"{VERSION}/") else "cmd"
    channel = CHANNELS.get(name)
    if name == "cmd" or (channel is not None and not channel.up):
        return ""
    if channel is None:
        return f"{topic} is no topic of the contract"
    if retained > channel.retained or content_type not in {"", channel.content}:
        return f"{topic} is retained: {retained}, of content type {content_type!r}"
    try:
        judge(channel.model).validate_json(payload)
    except ValidationError as fault:
        return f"{topic}: {fault}; it is {payload!r}"
    return _event_fault(json.loads(payload), user or {}) if name == "evt" else ""


class Ear:
    """Hears messages in the thread of a client, and judges them in the thread of the test."""

    def __init__(self) -> None:
        self._faults: list[str] = []

    def hear(self, message: MQTTMessage) -> None:
        """Take note of a message as it came."""
        told = message.properties
        fault = message_fault(
            message.topic,
            bytes(message.payload),
            retained=message.retain,
            content_type=getattr(told, "ContentType", ""),
            user=dict(getattr(told, "UserProperty", [])),
        )
        if fault:
            self._faults.append(fault)

    def judge(self) -> None:
        """Everything that a gate has said was as the contract says."""
        assert not self._faults, "\n".join(self._faults[:3])


def _event_fault(event: Mapping[str, Any], user: Mapping[str, str]) -> str:
    kind, place = event["type"], f"{event['source']}/{event['streamid']}/{event['sequence']}"
    if event["dataschema"] != SCHEMA + kind or event["id"] != place:
        return f"{event['id']}: dataschema or id do not agree with the rest"
    if user and (user.get("type") != kind or user.get("historical", "true") != "true"):
        return f"{event['id']}: its user properties are {user}"
    data = json.dumps(event["data"]).encode()
    return entry_fault(kind, event.get("subject", ""), data)


def judge_event(payload: bytes) -> None:
    """An event is as the contract says, envelope and data."""
    judge(Envelope).validate_json(payload)
    fault = _event_fault(json.loads(payload), {})
    assert not fault, fault
