"""The AsyncAPI document: of one piece, and what it says of each topic is what the broker sees."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from agent.core.commands import Name
from agent.core.entries import EntryType

FOLDER = Path(__file__).parents[2] / "docs" / "contract"
DOCUMENT: dict[str, Any] = json.loads((FOLDER / "asyncapi.json").read_text("utf-8"))
UP = {
    "status": (1, True),
    "info": (1, True),
    "state": (1, True),
    "evt": (1, False),
    "tele": (0, False),
    "reply": (1, False),
    "replay": (1, False),
}
"""What the gate says: QoS, and whether it is retained."""


def found(ref: str) -> Any:
    """What a reference names, inside the document or in a file beside it."""
    if not ref.startswith("#/"):
        return json.loads((FOLDER / ref).read_text("utf-8"))
    place: Any = DOCUMENT
    for part in ref.removeprefix("#/").split("/"):
        place = place[part]
    return place


def refs(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for name, each in part.items():
            if name != "examples":
                yield from refs(each)
    elif isinstance(part, list):
        for each in part:
            yield from refs(each)


def test_it_is_of_one_piece() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert DOCUMENT["info"]["version"].startswith("1.")
    assert all(found(ref) for ref in set(refs(DOCUMENT)))
    for name, channel in DOCUMENT["channels"].items():
        assert re.fullmatch(r"[a-z_]+", name)
        assert channel["address"].startswith("gate/v1/{estate}/{agent}/")
        assert re.findall(r"{(\w+)}", channel["address"]) == list(channel["parameters"])
        for message, each in channel["messages"].items():
            assert each == {"$ref": f"#/components/messages/{message}"}
    for name, operation in DOCUMENT["operations"].items():
        channel = operation["channel"]["$ref"].removeprefix("#/channels/")
        assert name == f"{operation['action']}_{channel}"
    named = {op["channel"]["$ref"] for op in DOCUMENT["operations"].values()}
    assert named == {f"#/channels/{name}" for name in DOCUMENT["channels"]}


def test_every_message_has_a_channel_and_nothing_else_is_there() -> None:
    carried = [name for each in DOCUMENT["channels"].values() for name in each["messages"]]
    assert sorted(carried) == sorted(DOCUMENT["components"]["messages"])
    assert set(DOCUMENT["channels"]["evt"]["messages"]) == set(EntryType)
    commands = {name for name in DOCUMENT["channels"] if name.startswith("cmd_")}
    assert commands == {f"cmd_{name.replace('.', '_')}" for name in Name}


def test_what_the_gate_says_goes_as_it_says() -> None:
    sent = {
        name.removeprefix("send_"): each["bindings"]["mqtt"]
        for name, each in DOCUMENT["operations"].items()
        if each["action"] == "send"
    }
    assert {name: (each["qos"], each["retain"]) for name, each in sent.items()} == UP
    ack = DOCUMENT["operations"]["receive_ack"]["bindings"]["mqtt"]
    assert (ack["qos"], ack["retain"]) == (1, True)


@pytest.mark.parametrize("name", Name)
def test_a_command_has_its_topic_its_life_and_its_answer(name: Name) -> None:
    key = f"cmd_{name.replace('.', '_')}"
    channel, operation = DOCUMENT["channels"][key], DOCUMENT["operations"][f"receive_{key}"]
    assert channel["address"] == f"gate/v1/{{estate}}/{{agent}}/cmd/{{client}}/{name}"
    binding = operation["bindings"]["mqtt"]
    moves = name in {"open", "close", "stop", "hold_open", "release_hold"}
    assert (binding["qos"], binding["retain"]) == (1, False)
    assert binding["messageExpiryInterval"] == (10 if moves else 3600)
    assert operation["reply"]["channel"]["$ref"] == "#/channels/reply"
    message = DOCUMENT["components"]["messages"][f"cmd.{name}"]
    headers = found(message["headers"]["$ref"])
    assert set(headers["properties"]) == {"keyid", "signature"}
    assert message["bindings"]["mqtt"]["responseTopic"].endswith("/reply/{client}")


def test_an_event_is_told_by_its_type_and_its_header() -> None:
    for kind in EntryType:
        message = DOCUMENT["components"]["messages"][kind]
        assert message["contentType"] == "application/cloudevents+json; charset=utf-8"
        assert message["name"] == kind
        headers = found(message["headers"]["$ref"])
        assert set(headers["properties"]) == {"type", "historical"}
        own = message["payload"]["allOf"][1]["properties"]
        assert own["type"] == {"const": kind.value}
        data = found(own["data"]["$ref"])
        assert data["$id"] == message["examples"][0]["payload"]["dataschema"]


def test_every_message_has_one_example_that_its_payload_allows() -> None:
    texts = {path: path.read_text("utf-8") for path in (FOLDER / "schemas").rglob("*.json")}
    known = [
        (f"./{path.relative_to(FOLDER)}", Resource.from_contents(json.loads(text)))
        for path, text in texts.items()
    ]
    registry: Registry[Any] = Registry().with_resources(known)
    for name, message in DOCUMENT["components"]["messages"].items():
        (example,) = message["examples"]
        judge = Draft202012Validator(message["payload"], registry=registry)
        judge.validate(example["payload"])
        if name in set(EntryType):
            wrong = {**example["payload"], "type": "gate.other.thing.v1"}
            assert not judge.is_valid(wrong), name
