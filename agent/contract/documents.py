"""The documents of the contract: every file, made from the code's own types.

Rules kept here:
- the same code gives the same bytes; nothing of the machine or the moment is in them;
- what is written by hand beside them (README.md) is left alone.

In the folder: ``asyncapi.json``; ``schemas/{message}.json``, ``schemas/evt/{type}.json`` (what
``data`` holds), ``schemas/cmd/{name}.json`` (what ``args`` holds); ``examples/`` likewise, whole
messages.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from agent.contract import asyncapi, examples, messages
from agent.contract.args import ARGS
from agent.contract.channels import CHANNELS
from agent.contract.events import EVENTS, SCHEMA, meaning, subject
from agent.contract.schema import Schema, schema
from agent.core.commands import Name
from agent.core.entries import EntryType
from agent.errors import GateError

MADE = ("schemas", "examples")
"""Folders in which every file is made here."""


class Document(NamedTuple):
    """A file: its path in the folder, and what it says."""

    path: str
    content: Any

    @property
    def text(self) -> str:
        """As it is written."""
        return json.dumps(self.content, ensure_ascii=False, indent=2) + "\n"


def schemas() -> dict[str, Schema]:
    """Every schema by its path without ``.json``: ``status``, ``evt/{type}``, ``cmd/{name}``."""
    made = {
        name: schema(each.model, f"{name}.v1", each.says, asked=not each.up)
        for name, each in CHANNELS.items()
    }
    made["cmd"] = schema(messages.Command, "cmd.v1", "The body of every command.", asked=True)
    made |= {f"evt/{kind}": schema(each.data, kind, meaning(kind)) for kind, each in EVENTS.items()}
    for name, model in ARGS.items():
        says = f"What `args` of the command `{name}` holds. {model.__doc__}"
        made[f"cmd/{name}"] = schema(model, f"cmd.{name}.v1", says, asked=True)
    return made


def payloads(known: Mapping[str, Schema]) -> dict[str, Any]:
    """One whole message for each of `schemas` that is one, by the same paths."""
    made = {name: examples.example(known[name]) for name in CHANNELS if name != "evt"}
    made["replay"] |= {"events": [_event(EntryType.ARM_OPENED, known)]}
    made |= {f"evt/{kind}": _event(kind, known) for kind in EVENTS}
    body = examples.example(known["cmd"])
    for name in Name:
        args = examples.example(known[f"cmd/{name}"])
        made[f"cmd/{name}"] = {**body, "args": args}
    return made


def _event(kind: EntryType, known: Mapping[str, Schema]) -> dict[str, Any]:
    made: dict[str, Any] = examples.example(known["evt"])
    made |= {"type": kind.value, "dataschema": f"{SCHEMA}{kind}", "subject": subject(kind)}
    data = made.pop("data")
    made["data"] = data | examples.event_data(kind, known[f"evt/{kind}"])
    return made


def documents() -> Iterator[Document]:
    """Every file."""
    known = schemas()
    told = payloads(known)
    yield Document("asyncapi.json", asyncapi.document(told))
    for name, each in known.items():
        yield Document(f"schemas/{name}.json", each)
    for name, payload in told.items():
        yield Document(f"examples/{name}.json", payload)


def write(folder: Path) -> int:
    """Write every file, and remove those that are made no more; gives how many there are.

    Raises GateError when a file cannot be written.
    """
    wanted = {folder / each.path: each.text for each in documents()}
    try:
        for path, text in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for path in _made(folder) - wanted.keys():
            path.unlink()
    except OSError as fault:
        raise GateError(f"{fault.filename}: {fault.strerror}: nothing more was written") from fault
    return len(wanted)


def differences(folder: Path) -> list[str]:
    """What of the folder is not what the code says now, a sentence for each file."""
    wanted = {folder / each.path: each.text for each in documents()}
    said = []
    for path, text in wanted.items():
        name = path.relative_to(folder)
        if not path.is_file():
            said.append(f"{name} is missing")
        elif path.read_text(encoding="utf-8") != text:
            said.append(f"{name} is not what the code says now")
    gone = sorted(_made(folder) - wanted.keys())
    return said + [f"{path.relative_to(folder)} is no part of the contract" for path in gone]


def read_schemas(folder: Path) -> dict[str, Schema]:
    """The schemas of a folder, as `schemas`; raises GateError for one that cannot be read."""
    found = {}
    base = folder / "schemas"
    for path in sorted(base.rglob("*.json")):
        try:
            found[str(path.relative_to(base).with_suffix(""))] = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as fault:
            raise GateError(f"{path} cannot be read as JSON: {fault}") from fault
    return found


def _made(folder: Path) -> set[Path]:
    return {path for name in MADE for path in (folder / name).rglob("*.json")}
