"""``gate-agent act``: every order there is, by its kind, as the console gives it.

Rules kept here:
- which kinds there are, and what their forms hold, is what the books themselves say of their acts;
- ``name=value`` is text, ``name:=value`` is JSON, and ``--form`` a whole object beneath both;
- a name that the order does not know goes nowhere: nothing is ordered, and what could have been
  meant is said;
- what a console or a token signs is not for the command line, and neither is a PIN in plain sight.
"""

import difflib
import inspect
import json
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from agent.cli import options
from agent.cli.giving import give
from agent.cli.ordering import name as by
from agent.core import call_orders, remote
from agent.core.books import ACTS
from agent.core.fields import FIELDS, MADE, unknown
from agent.core.roles import INNER
from agent.errors import GateError

LANES: Mapping[str, tuple[str, str]] = {
    "open": ("lane, reason, for?, direction?", "open a lane by hand."),
    "priority": (
        "lane, count?, reason?, announced?",
        "let ambulance, fire engine or convoy through.",
    ),
    "close": ("lane, reason?", "close a lane."),
    "stop": ("lane, reason?", "stop the arm."),
    "hold_open": ("lane, reason, until?", "hold a lane open."),
    "release_hold": ("lane, reason?", "end the holding."),
    "fault.clear": ("lane, reason", "put an arm back to work."),
    "fire": ("reason?", "raise every arm and keep it up."),
    "fire_reset": ("reason", "end the fire alarm."),
    "lockdown": ("reason", "entry only."),
    "lift_lockdown": ("reason", "end the lockdown."),
    "amnesty": ("reason, zone?, card?", "forget where cards were seen last."),
    "zone.count": ("zone, count, reason", "set how many vehicles are in a zone."),
}
"""Orders beside the books, with their words and what they do: these go as arguments, not as a form.
"""

_NUMBER = "idnumber"
"""A mask and a hash take its place (`agent.identity`) before an order exists."""
_SECRET = {"pin", "pins"}


def kinds() -> Mapping[str, str]:
    """Every kind of order, with its form and what it does."""
    elsewhere = INNER | remote.KINDS
    booked = {kind: _told(act.does) for kind, act in ACTS.items() if kind not in elsewhere}
    lanes = {kind: f"``{{{words}}}``: {says}" for kind, (words, says) in LANES.items()}
    calls = {kind: _told(does) for kind, does in call_orders.DOES.items()}
    return dict(sorted({**lanes, **booked, **calls}.items()))


def fields(kind: str) -> Collection[str]:
    """Every field that may be written for an order of this kind."""
    if kind in LANES:
        return {word.removesuffix("?") for word in LANES[kind][0].split(", ")}
    if kind in call_orders.FIELDS:
        return call_orders.FIELDS[kind]
    known = FIELDS.get(kind, frozenset()) - MADE
    return known | {_NUMBER} if "idhash" in known else known


def _told(does: object) -> str:
    return " ".join((inspect.getdoc(does) or "").split())


class _Act(click.Command):
    """The command whose help tells all kinds."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Every kind with its form."""
        del ctx
        with formatter.section("Kinds"):
            formatter.write_dl([(kind, says.replace("`", "")) for kind, says in kinds().items()])


@click.command(cls=_Act)
@click.argument("kind")
@click.argument("words", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--form", "whole", default="", metavar="JSON", help="The form; - for stdin.")
@by
@options.config
@options.as_json
def act(
    kind: str,
    words: Sequence[str],
    whole: str,
    actor: str,
    config_path: Path,
    as_json: bool,
) -> None:
    """Give an order of this KIND.

    NAME=VALUE puts text into its form, NAME:=VALUE anything in JSON: numbers, true, lists.

    gate-agent act visit.open kind=company card=V-017 visitor=Li host=Wang plate=B12345
    'deposits:=[{"kind": "cash", "amount": 5000}]'
    """
    known = kinds()
    if kind not in known:
        guess = _guess(kind, known)
        raise GateError(f"there is no order {kind!r}{guess} (gate-agent act --help tells all)")
    form = _form(words, whole)
    for path, name, could_be in unknown(form, fields(kind)):
        guess = _guess(name, could_be)
        told = ", ".join(could_be)
        raise GateError(f"{kind} has no field {path}{guess} (nothing was done; it knows {told})")
    if kind not in LANES:
        done = give(config_path, kind, form, actor=actor)
    else:
        done = give(config_path, kind, {}, args=_texts(form), actor=actor)
    if as_json:
        click.echo(json.dumps(done, ensure_ascii=False))
        return
    click.echo(done["detail"])
    for name, value in dict(done.get("result") or {}).items():
        click.echo(f"{name}: {value if isinstance(value, str) else json.dumps(value)}")


def _guess(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _form(words: Sequence[str], whole: str) -> dict[str, Any]:
    form = _object(sys.stdin.read() if whole == "-" else whole) if whole else {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.removesuffix(":"):
            raise GateError(f"{word!r} is not NAME=VALUE")
        if name.endswith(":"):
            form[name[:-1]] = _json(value, name[:-1])
        else:
            form[name] = value
    if _SECRET & form.keys():
        raise GateError("a PIN does not stand in a command: gate-agent guard pin asks for it")
    return form


def _texts(form: Mapping[str, object]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in form.items()
    }


def _object(text: str) -> dict[str, Any]:
    found = _json(text, "--form")
    if not isinstance(found, dict):
        raise GateError('--form needs a JSON object: {"name": "value"}')
    return found


def _json(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as fault:
        raise GateError(f"{name}: this is not JSON: {fault}") from None
