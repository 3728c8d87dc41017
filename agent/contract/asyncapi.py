"""The AsyncAPI 3.0 document of the contract, seen from the gate: it sends, and it receives.

Rules kept here:
- payloads are those of the schemas beside the document, by reference;
- a type of event is a message, and so is a command: who makes code from this gets a type for each.

AsyncAPI 3.0.0 with its MQTT bindings 0.2.0.
"""

from collections.abc import Mapping
from typing import Any

from agent.contract.channels import (
    CHANNELS,
    ID,
    PARAMETERS,
    RELEASE,
    ROOT,
    Channel,
    command_channel,
    message_names,
)
from agent.contract.events import EVENTS, meaning
from agent.core.commands import Name
from agent.core.entries import EntryType

_BINDING = {"bindingVersion": "0.2.0"}
_ABOUT = """\
What a gate says to a centre over MQTT, and what it is told. MQTT 5 first; on 3.1.1 the payloads are
the same, and what MQTT 5 says in properties stands in the body or is left out.

Inside a major only additions are made: ignore fields, words and types that you do not know. How a
centre is written is told in README.md beside this document."""

_EVENT_HEADERS = {
    "type": "object",
    "description": "User Properties of MQTT 5.",
    "properties": {
        "type": {"type": "string", "description": "the type of the event, for filters"},
        "historical": {
            "type": "string",
            "enum": ["true"],
            "description": "there when it was published more than 30 s after it was recorded: "
            "nothing may be switched on such an event",
        },
    },
    "required": ["type"],
}
_COMMAND_HEADERS = {
    "type": "object",
    "description": "User Properties of MQTT 5; needed where the settings want a signature.",
    "properties": {
        "keyid": {"type": "string", "description": "which key of this client"},
        "signature": {
            "type": "string",
            "pattern": "^[0-9a-f]{64}$",
            "description": "HMAC-SHA256 over topic, line feed, keyid, line feed and the exact "
            "bytes of the body; hexadecimal",
        },
    },
}


def document(examples: Mapping[str, Any]) -> dict[str, Any]:
    """The whole document; ``examples`` are whole messages by their paths."""
    channels = {_key(name): _channel(name, each) for name, each in CHANNELS.items()}
    operations = {
        f"{'send' if each.up else 'receive'}_{_key(name)}": _operation(name, each)
        for name, each in CHANNELS.items()
    }
    for name in Name:
        each = command_channel(name)
        channels[_key(f"cmd/{name}")] = _channel(f"cmd/{name}", each)
        operations[f"receive_{_key(f'cmd/{name}')}"] = _operation(f"cmd/{name}", each)
    return {
        "asyncapi": "3.0.0",
        "id": "urn:gate:contract:v1",
        "info": {
            "title": "gate-agent and its centre",
            "version": RELEASE,
            "description": _ABOUT,
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {"broker": _server()},
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": _messages(examples),
            "schemas": {"event_headers": _EVENT_HEADERS, "command_headers": _COMMAND_HEADERS},
            "parameters": {name: _parameter(name, says) for name, says in PARAMETERS.items()},
            "securitySchemes": {
                "certificate": {
                    "type": "X509",
                    "description": "A certificate for each gate, whose common name is "
                    "{estate}.{agent}; the broker's ACL goes by it.",
                }
            },
        },
    }


def _server() -> dict[str, Any]:
    will = {"topic": f"{ROOT}/status", "qos": 1, "retain": True}
    return {
        "host": "{broker}:8883",
        "protocol": "secure-mqtt",
        "protocolVersion": "5.0",
        "description": "Any broker of MQTT 5 or 3.1.1.",
        "variables": {
            "broker": {"default": "broker.example", "description": "where the broker is"}
        },
        "security": [{"$ref": "#/components/securitySchemes/certificate"}],
        "bindings": {
            "mqtt": {
                "lastWill": {**will, "message": "status, saying lost, as of the CONNECT"},
                **_BINDING,
            }
        },
    }


def _parameter(name: str, says: str) -> dict[str, Any]:
    known = {"estate": "green-garden", "agent": "north", "lane": "in-1"}
    return {"description": f"{says}; {ID}", "examples": [known.get(name, "centre")]}


def _key(name: str) -> str:
    """A name as channels and operations may have it."""
    return name.replace("/", "_").replace(".", "_")


def _names(name: str) -> tuple[str, ...]:
    """The messages of a channel, as components have them."""
    return message_names(name) if name in CHANNELS else (name.replace("/", "."),)


def _channel(name: str, each: Channel) -> dict[str, Any]:
    parameters = [part for part in PARAMETERS if f"{{{part}}}" in each.address]
    return {
        "address": each.address,
        "description": each.says,
        "messages": {
            message: {"$ref": f"#/components/messages/{message}"} for message in _names(name)
        },
        "parameters": {part: {"$ref": f"#/components/parameters/{part}"} for part in parameters},
    }


def _operation(name: str, each: Channel) -> dict[str, Any]:
    told: dict[str, Any] = {
        "action": "send" if each.up else "receive",
        "channel": {"$ref": f"#/channels/{_key(name)}"},
        "summary": each.says,
        "bindings": {"mqtt": {"qos": each.qos, "retain": each.retained, **_BINDING}},
    }
    if each.expiry_s:
        told["bindings"]["mqtt"]["messageExpiryInterval"] = each.expiry_s
        told["reply"] = {
            "channel": {"$ref": "#/channels/reply"},
            "messages": [{"$ref": "#/channels/reply/messages/reply"}],
        }
    return told


def _messages(examples: Mapping[str, Any]) -> dict[str, Any]:
    told = {}
    for name, each in CHANNELS.items():
        if name != "evt":
            payload = {"$ref": f"./schemas/{name}.json"}
            told[name] = _message(name, each, payload, examples[name])
    for kind in EVENTS:
        told[kind.value] = _event(kind, examples[f"evt/{kind}"])
    for name in Name:
        told[f"cmd.{name}"] = _command(name, examples[f"cmd/{name}"])
    reply = told["reply"]
    reply["correlationId"] = {"location": "$message.payload#/cmd_id"}
    return told


def _message(name: str, each: Channel, payload: Any, example: Any) -> dict[str, Any]:
    return {
        "name": name,
        "title": name,
        "summary": each.says,
        "contentType": each.content,
        "payload": payload,
        "examples": [{"name": name.replace(".", "_"), "payload": example}],
        "bindings": {"mqtt": {"contentType": each.content, **_BINDING}},
    }


def _event(kind: EntryType, example: Any) -> dict[str, Any]:
    data = {"$ref": f"./schemas/evt/{kind}.json"}
    own = {"type": "object", "properties": {"type": {"const": kind.value}, "data": data}}
    payload = {"allOf": [{"$ref": "./schemas/evt.json"}, own]}
    told = _message(kind.value, CHANNELS["evt"], payload, example)
    return {
        **told,
        "summary": meaning(kind),
        "headers": {"$ref": "#/components/schemas/event_headers"},
    }


def _command(name: Name, example: Any) -> dict[str, Any]:
    args = {"$ref": f"./schemas/cmd/{name}.json"}
    payload = {
        "allOf": [
            {"$ref": "./schemas/cmd.json"},
            {"type": "object", "properties": {"args": args}},
        ]
    }
    told = _message(f"cmd.{name}", command_channel(name), payload, example)
    told["headers"] = {"$ref": "#/components/schemas/command_headers"}
    told["correlationId"] = {"location": "$message.payload#/cmd_id"}
    told["bindings"]["mqtt"] |= {
        "responseTopic": f"{ROOT}/reply/{{client}}",
        "correlationData": {"type": "string", "description": "comes back with the answers"},
    }
    return told
