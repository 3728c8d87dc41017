"""How an order of the command line reaches the gate, and what of it is the same for all orders."""

import re
import secrets
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from agent.control.client import ControlClient
from agent.errors import GateError
from agent.settings.here import load

WHEN = "18:00 (the next time that it is), or 2026-11-22 18:00"

name = click.option("--name", "actor", default="", help="Who orders it, for the record.")
may_say_why = click.option("--reason", default="", help="Why, for the record.")
says_why = click.option("--reason", required=True, help="Why: needed, for the record.")


def send(config_path: Path, kind: str, args: Mapping[str, str], actor: str) -> None:
    """Give an order to the running daemon and print its answer; empty ``args`` are left out.

    An ``until`` may be a time of day. Raises GateError with code and reason when it is refused.
    """
    settings = load(config_path)
    told = {key: text for key, text in args.items() if text}
    if "until" in told:
        told["until"] = when(told["until"], datetime.now(ZoneInfo(settings.timezone)))
    order_id = f"cli-{secrets.token_hex(8)}"
    with ControlClient(settings.paths.control) as client:
        answer = client.ask("order", order_id=order_id, kind=kind, args=told, actor=actor)
    if answer["status"] != "done":
        raise GateError(f"{answer['status']} ({answer['code']}): {answer['detail']}")
    click.echo(answer["detail"])


def when(text: str, now: datetime) -> str:
    """Local time, ISO 8601, of a time of day or of a date with time; raises GateError."""
    here = now.replace(tzinfo=None)
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}", text):
            return datetime.fromisoformat(text).isoformat()
        hour, _, minute = text.partition(":")
        told = datetime.combine(here.date(), time(int(hour), int(minute)))
    except ValueError:
        raise GateError(f"{text!r} is not a time: write {WHEN}") from None
    return (told if told > here else told + timedelta(days=1)).isoformat()
