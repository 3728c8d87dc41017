"""``gate-agent guard``: who may sign on at the booth; also where no daemon runs.

Rules kept here:
- a PIN is asked for twice without echo, or is one line of standard input; it never stands among the
  words of a command, where everybody on the machine could read it;
- whoever has the machine needs no PIN of anybody: what he changes is written down with his user id.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from agent.cli import options
from agent.cli.giving import give
from agent.cli.ordering import name as by
from agent.core.guards import ACTIVE
from agent.core.roles import Role
from agent.errors import GateError
from agent.settings.here import load
from agent.store.queries.shifts import guards
from agent.store.reading import Reading

_guard = click.argument("guard", metavar="GUARD")
_why = click.option("--reason", default="", help="Why, for the record.")
_must_say_why = click.option("--reason", required=True, help="Why: needed, for the record.")
_ROLES = click.Choice([role.value for role in Role])


@click.group()
def guard() -> None:
    """Enrol guards and change their cards, PINs and roles; the first one is made here."""


@guard.command("add")
@click.argument("name")
@click.option("--id", "guard_id", default="", metavar="G-…", help="Such as g-1001; else made.")
@click.option("--card", default="", help="Label of a guard card in the roster.")
@click.option("--role", type=_ROLES, default=Role.GUARD.value, show_default=True)
@by
@options.config
def add(name: str, guard_id: str, card: str, role: str, actor: str, config_path: Path) -> None:
    """Enrol NAME, and ask for a PIN of 6 to 12 digits."""
    form = {"guard": guard_id, "name": name, "card": card, "role": role, "pin": _pin()}
    done = give(config_path, "guard.enrol", form, actor=actor)
    click.echo(f"{done['result']['guard']}: {name} may sign on as {role}")


@guard.command("list")
@click.option("--all", "everybody", is_flag=True, help="Also those who left.")
@options.config
@options.as_json
def list_(everybody: bool, config_path: Path, as_json: bool) -> None:
    """List the guards with their cards and roles."""
    path = load(config_path).paths.ledger
    if not path.exists():
        raise GateError(f"{path}: there is no ledger here yet: it is made with the first guard")
    with Reading.open(path) as reading:
        rows = guards(reading, "" if everybody else ACTIVE)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    if not rows:
        click.echo("nobody may sign on yet: gate-agent guard add NAME")
    for row in rows:
        left = "" if row["state"] == ACTIVE else "  (left)"
        told = f"{row['guard']:14} {row['role']:13} {row['card'] or '-':10} {row['name']}{left}"
        click.echo(told)


@guard.command("card")
@_guard
@click.argument("label", default="")
@_must_say_why
@by
@options.config
def card(guard: str, label: str, reason: str, actor: str, config_path: Path) -> None:
    """Give GUARD another card; without LABEL he has none until he gets one (lost)."""
    _change(config_path, "guard.card", {"guard": guard, "card": label, "reason": reason}, actor)


@guard.command("pin")
@_guard
@_why
@by
@options.config
def pin(guard: str, reason: str, actor: str, config_path: Path) -> None:
    """Give GUARD another PIN, asked for without echo."""
    _change(config_path, "guard.pin", {"guard": guard, "pin": _pin(), "reason": reason}, actor)


@guard.command("role")
@_guard
@click.argument("role", type=_ROLES)
@_why
@by
@options.config
def role(guard: str, role: str, reason: str, actor: str, config_path: Path) -> None:
    """Give GUARD another role; he is signed off."""
    _change(config_path, "guard.role", {"guard": guard, "role": role, "reason": reason}, actor)


@guard.command("leave")
@_guard
@_why
@by
@options.config
def leave(guard: str, reason: str, actor: str, config_path: Path) -> None:
    """End GUARD's work here: he is signed off and may not sign on again."""
    _change(config_path, "guard.leave", {"guard": guard, "reason": reason}, actor)


def _change(config_path: Path, kind: str, form: Mapping[str, object], actor: str) -> None:
    give(config_path, kind, form, actor=actor)
    click.echo(f"{form['guard']}: it is written down")


def _pin() -> str:
    """The PIN, typed twice; or a line of standard input that is no terminal."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    asked: str = click.prompt("PIN", hide_input=True, confirmation_prompt="the same once more")
    return asked
