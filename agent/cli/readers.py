"""``gate-agent readers``: what is plugged in, what it says, and which settings fit.

Rules kept here:
- `list` needs no daemon, no configuration and no rights: what it may not see is left out;
- a port is told under the name that stays, with what uses it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import click

from agent.cli import options
from agent.cli.readers_learn import learn
from agent.cli.readers_watch import watch
from agent.errors import DeviceError, GateError
from agent.settings import Settings
from agent.settings.here import load
from agent.settings.readers import PcscReader
from drivers.plugged import Port, card_readers, names_of, ports, users_of

_ABSENT = "not there"


@click.group()
def readers() -> None:
    """Card readers: what is plugged in, what it says, and which settings fit."""


@readers.command(name="list")
@options.config
@options.as_json
def list_(config_path: Path, as_json: bool) -> None:
    """Show serial ports and PC/SC readers, and which configured reader uses them.

    Works without the daemon, and without a configuration.
    """
    try:
        settings: Settings | None = load(config_path)
    except GateError as fault:
        settings = None
        first = str(fault).splitlines()[0]
        click.echo(f"no configuration is used, so no reader is assigned: {first}", err=True)
    found = plugged(settings)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        for line in _lines(found):
            click.echo(line)


def plugged(settings: Settings | None) -> dict[str, Any]:
    """Everything that is plugged in, with what it is used for, as JSON values."""
    users = dict(_users(settings)) if settings is not None else {}
    there = ports()
    known = {port.device for port in there}
    strange = [
        path for path in users.values() if path.exists() and str(path.resolve()) not in known
    ]
    there += [_port(path) for path in dict.fromkeys(strange)]
    names, fault = _card_readers()
    return {
        "ports": [_row(port, users) for port in there],
        "card_readers": [
            {"name": name, "used_for": list(_card_users(settings, name))} for name in names
        ],
        "card_readers_fault": fault,
        "pins": list(_on_pins(settings)),
        "absent": [
            {"used_for": user, "place": str(path)}
            for user, path in users.items()
            if not path.exists()
        ]
        + [
            {"used_for": f"reader {key}", "place": f"PC/SC {reader.name}"}
            for key, reader in _card_settings(settings)
            if not any(fnmatchcase(name, reader.name) for name in names)
        ],
    }


def _port(path: Path) -> Port:
    """A port that is configured and none of the machine's own, such as a pseudo terminal."""
    device = path.resolve()
    return Port(str(device), (str(path), *names_of(device)), users=tuple(users_of(device)))


def _row(port: Port, users: Mapping[str, Path]) -> dict[str, Any]:
    used_for = [user for user, path in users.items() if str(path.resolve()) == port.device]
    return {
        "device": port.device,
        "names": list(port.names),
        "vendor": port.vendor,
        "product": port.product,
        "says": port.says,
        "console": port.console,
        "used_for": used_for,
        "open_in": [{"process": name, "pid": pid} for name, pid in port.users],
    }


def _users(settings: Settings) -> Iterator[tuple[str, Path]]:
    """What has a port in the settings: readers, displays, the printer."""
    for key, reader in settings.readers.items():
        port = getattr(reader, "port", None)
        if isinstance(port, Path):
            yield f"reader {key}", port
    for key, lane in settings.lanes.items():
        if lane.signals.display is not None:
            yield f"display of {key}", lane.signals.display.port
    if settings.printer is not None:
        yield "printer", settings.printer.port


def _on_pins(settings: Settings | None) -> Iterator[dict[str, str]]:
    """Readers that are wired to the board itself: of those nothing but the settings can be seen."""
    for key, reader in settings.readers.items() if settings is not None else ():
        if not isinstance(reader, PcscReader) and not hasattr(reader, "port"):
            yield {"used_for": f"reader {key}", "place": reader.place}


def _card_settings(settings: Settings | None) -> Iterator[tuple[str, PcscReader]]:
    for key, reader in settings.readers.items() if settings is not None else ():
        if isinstance(reader, PcscReader):
            yield key, reader


def _card_users(settings: Settings | None, name: str) -> Iterator[str]:
    for key, reader in _card_settings(settings):
        if fnmatchcase(name, reader.name):
            yield f"reader {key}"


def _card_readers() -> tuple[Sequence[str], str]:
    try:
        return card_readers(), ""
    except DeviceError as fault:
        return (), str(fault)


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    yield "serial ports"
    for port in found["ports"]:
        yield from _port_lines(port)
    if not found["ports"]:
        yield "  none"
    yield "PC/SC readers"
    for reader in found["card_readers"]:
        yield f"  {reader['name']}{_used(reader['used_for'])}"
    if found["card_readers_fault"]:
        yield f"  {found['card_readers_fault']}"
    elif not found["card_readers"]:
        yield "  none"
    if found["pins"]:
        yield "on pins, as configured"
    for one in found["pins"]:
        yield f"  {one['place']}  <- {one['used_for']}"
    if found["absent"]:
        yield click.style(_ABSENT, fg="red")
    for one in found["absent"]:
        yield f"  {one['place']}: {one['used_for']}"


def _port_lines(port: Mapping[str, Any]) -> Iterator[str]:
    best = port["names"][0] if port["names"] else port["device"]
    yield f"  {best}{_used(port['used_for'])}"
    usb = f"USB {port['vendor']}:{port['product']} " if port["vendor"] else ""
    told = f"{usb}{port['says']}".strip()
    other = [name for name in (port["device"], *port["names"][1:]) if name != best]
    if told:
        yield f"      {told}"
    if other:
        yield f"      also {', '.join(other)}"
    for user in port["open_in"]:
        yield f"      open in {user['process']} (process {user['pid']})"
    if port["console"]:
        yield "      the kernel's console: take console= for it out of cmdline.txt before use"


def _used(users: Sequence[str]) -> str:
    return f"  <- {', '.join(users)}" if users else ""


readers.add_command(watch)
readers.add_command(learn)
