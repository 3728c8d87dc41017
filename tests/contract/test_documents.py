"""The documents in docs/contract: current and valid, with examples; what was released stands."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft7Validator, Draft202012Validator

from agent.cli.contract import contract
from agent.contract import examples, messages
from agent.contract.args import ARGS
from agent.contract.changes import changes
from agent.contract.channels import CHANNELS, VERSION, command_channel
from agent.contract.documents import differences, documents, payloads, schemas, write
from agent.contract.events import EVENTS, SCHEMA
from agent.core.commands import ACTUATION, Name
from agent.core.entries import MEANINGS, EntryType
from agent.errors import GateError
from agent.uplink import command, envelope, topics
from tests.rigs.contract import entry_fault, judge, judge_event

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "contract"
RELEASED = Path(__file__).parent / "released.json"
KNOWN = schemas()
TOLD = payloads(KNOWN)
WORDS = frozenset(
    {"$schema", "$id", "$ref", "$defs", "title", "description", "examples", "default", "x-words"}
    | {"type", "properties", "required", "additionalProperties", "items", "enum", "const"}
    | {"anyOf", "oneOf", "pattern", "format", "minimum", "maximum", "minLength", "maxLength"}
    | {"minItems", "maxItems"}
)
"""Words that mean the same in draft 2020-12 and in draft 7."""


def test_what_is_published_is_what_the_code_says() -> None:
    assert differences(FOLDER) == [], "run gate-agent contract --out docs/contract"


def test_nothing_that_was_released_is_broken() -> None:
    released = json.loads(RELEASED.read_text("utf-8"))
    assert released.keys() <= KNOWN.keys()
    assert changes(released, KNOWN) == []


def test_every_type_and_every_command_is_described() -> None:
    assert set(EVENTS) == set(EntryType) == set(MEANINGS)
    assert {f"evt/{kind}" for kind in EntryType} <= KNOWN.keys()
    assert {f"cmd/{name}" for name in Name} <= KNOWN.keys()
    assert {*CHANNELS, "cmd"} <= KNOWN.keys()
    assert TOLD.keys() == {name for name in KNOWN if name not in {"evt", "cmd"}}


def test_a_schema_is_one_in_both_dialects() -> None:
    for schema in KNOWN.values():
        Draft202012Validator.check_schema(schema)
        # What AsyncAPI builds on.
        Draft7Validator.check_schema(_undated(schema))
        assert schema["$id"].startswith(SCHEMA)
        assert _words(schema) <= WORDS


def _undated(schema: Any) -> Any:
    return {key: value for key, value in schema.items() if key != "$schema"}


def _words(schema: Any) -> set[str]:
    """Every word of the schema language that is used."""
    found = set(schema)
    for name, each in schema.items():
        if name in {"properties", "$defs"}:
            for inner in each.values():
                found |= _words(inner)
        elif name in {"anyOf", "oneOf"}:
            for inner in each:
                found |= _words(inner)
        elif name in {"items", "additionalProperties"} and isinstance(each, Mapping):
            found |= _words(each)
    return found


def test_every_example_is_valid_by_what_is_published() -> None:
    for name in TOLD:
        example = json.loads((FOLDER / "examples" / f"{name}.json").read_text("utf-8"))
        published = json.loads((FOLDER / "schemas" / f"{name}.json").read_text("utf-8"))
        whole, _, part = name.partition("/")
        if part:
            _valid(json.loads((FOLDER / "schemas" / f"{whole}.json").read_text("utf-8")), example)
        _valid(published, example[{"evt": "data", "cmd": "args"}[whole]] if part else example)


def _valid(schema: Any, value: Any) -> None:
    Draft202012Validator(schema).validate(value)
    Draft7Validator(_undated(schema)).validate(value)


def test_every_example_is_right_to_the_letter() -> None:
    for name in set(CHANNELS) - {"evt"}:
        judge(CHANNELS[name].model).validate_json(json.dumps(TOLD[name]))
    for kind in EntryType:
        example = TOLD[f"evt/{kind}"]
        judge_event(json.dumps(example).encode())
        assert "credential" not in example["data"], "examples are those of the default level"


def test_what_an_event_says_is_judged_closed() -> None:
    for kind in EntryType:
        example = TOLD[f"evt/{kind}"]
        data = json.dumps(example["data"]).encode()
        assert entry_fault(kind, example["subject"], data) == ""
        strange = json.dumps({**example["data"], "strange": 1}).encode()
        assert "strange" in entry_fault(kind, example["subject"], strange)
        elsewhere = entry_fault(kind, "strange/1", data)
        assert ("begins with none" in elsewhere) is ("*" not in EVENTS[kind].about)
    assert "no type of the table" in entry_fault("gate.mood.changed.v1", "", b"{}")


def test_every_example_of_a_command_is_taken() -> None:
    for name in Name:
        payload = json.dumps(TOLD[f"cmd/{name}"]).encode()
        told = command.body(command.read(payload))
        assert told.args == TOLD[f"cmd/{name}"]["args"]
        judge(messages.Command).validate_json(payload)
        ARGS[name].model_validate_json(json.dumps(told.args))


def test_the_names_are_those_of_the_code() -> None:
    where = topics.Address("green-garden", "north")
    given = {"estate": where.estate, "agent": where.agent, "lane": "in-1"}
    found = {name: CHANNELS[name].address for name in ("status", "info", "evt", "state")}
    said = {name: each.format(**given) for name, each in found.items()}
    assert said == {
        "status": where.status,
        "info": where.info,
        "evt": where.evt,
        "state": where.state("in-1"),
    }
    assert where.source == messages.SOURCE
    assert topics.VERSION == VERSION
    assert envelope.SCHEMA == SCHEMA
    assert CHANNELS["evt"].content == envelope.CONTENT_TYPE
    for name in Name:
        longest = command.ACTUATION_MS if name in ACTUATION else command.CONFIGURATION_MS
        assert command_channel(name).expiry_s * 1000 == longest


def test_the_documents_are_made_and_checked_from_the_command_line(tmp_path: Path) -> None:
    run, folder = CliRunner(), tmp_path / "out"
    made = run.invoke(contract, ["--out", str(folder)])
    assert made.exit_code == 0, made.output
    count = len(list(documents()))
    assert f"{count} files" in made.output
    assert run.invoke(contract, ["--check", str(folder)]).exit_code == 0

    status = folder / "schemas" / "status.json"
    schema = json.loads(status.read_text("utf-8"))
    schema["properties"]["mood"] = {"type": "string"}
    status.write_text(json.dumps(schema))
    (folder / "examples" / "old.json").write_text("{}")
    (folder / "schemas" / "ack.json").unlink()
    (folder / "README.md").write_text("by hand")
    checked = run.invoke(contract, ["--check", str(folder)])
    assert checked.exit_code == 1
    for said in (
        "schemas/ack.json is missing",
        "schemas/status.json is not what the code says now",
        "examples/old.json is no part of the contract",
        "not an addition: status.mood: it is gone",
    ):
        assert said in checked.output

    refused = run.invoke(contract, ["--out", str(folder)])
    assert refused.exit_code == 1
    assert "status.mood: it is gone" in refused.output
    assert status.read_text("utf-8") == json.dumps(schema), "nothing was written"
    assert run.invoke(contract, ["--out", str(folder), "--anyway"]).exit_code == 0
    assert differences(folder) == []
    assert (folder / "README.md").read_text() == "by hand"
    assert not (folder / "examples" / "old.json").exists()


def test_calls_that_make_no_sense_and_folders_that_cannot_be_used(tmp_path: Path) -> None:
    run = CliRunner()
    assert run.invoke(contract, []).exit_code == 2
    assert run.invoke(contract, ["--out", "a", "--check", "b"]).exit_code == 2
    (tmp_path / "asyncapi.json").mkdir()
    with pytest.raises(GateError, match="nothing more was written"):
        write(tmp_path)
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "status.json").write_text("{")
    broken = run.invoke(contract, ["--check", str(tmp_path)])
    assert isinstance(broken.exception, GateError)
    assert "cannot be read as JSON" in str(broken.exception)


def test_an_example_falls_back_to_what_the_schema_allows() -> None:
    assert examples.example({"enum": ["a", "b"]}) == "a"
    assert examples.example({"anyOf": [{"type": "string"}, {"type": "null"}]}) == "any string"
    assert examples.example({"type": "object", "additionalProperties": True}) == {}
