"""``gate-agent pass``: keys for QR passes, passes for tests and small estates, and what one says.

Rules kept here:
- a private key is made with mode 0600, and nothing that is there is overwritten;
- a pass goes to standard output and nowhere else: whoever has it can come in;
- what a gate would say of a pass is asked of that gate, and moves nothing.
"""

import json
import os
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from agent import shown
from agent.cli import options
from agent.cli.explain import show_answer
from agent.cli.house import reach
from agent.core.qr_pass import ShownPass
from agent.errors import GateError
from agent.qr_passes import judge_of, label_of
from agent.settings import Settings
from agent.settings.here import load
from drivers.wire.qr_pass import ID, NoPass, QrPass, SignedPass, encode, message, parse

_MINUTE = 60
_WAYS = {"both": (True, True), "in": (True, False), "out": (False, True)}


@click.group("pass")
def pass_() -> None:
    """QR passes: keys, passes by hand, and what a pass says."""


@pass_.command()
@click.argument("name", type=click.Path(path_type=Path))
def key(name: Path) -> None:
    """Make a key pair: NAME.key (private, for whoever signs) and NAME.pem (for the gates)."""
    private = Ed25519PrivateKey.generate()
    secret = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    pair = (
        (name.with_name(f"{name.name}.key"), secret, 0o600),
        (name.with_name(f"{name.name}.pem"), public, 0o644),
    )
    for place, _text, _mode in pair:
        _free(place)
    for place, text, mode in pair:
        _write(place, text, mode)
        whose = (
            "private: whoever has it can let anybody in; keep it where passes are signed"
            if mode == 0o600
            else "public: bring it to each gate, and name it there under qr_passes: keys:"
        )
        click.echo(f"{place}: {whose}")


@pass_.command()
@click.option("--private", type=click.Path(path_type=Path), required=True, help="Private key, PEM.")
@click.option("--key", "key_id", required=True, help="Its name in the settings of the gates.")
@click.option("--estate", required=True, help="The estate.")
@click.option("--gate", default="", help="The gate; default: any of the estate.")
@click.option("--lane", "lanes", multiple=True, help="A lane, repeatedly; default: all.")
@click.option("--begins", required=True, help="Such as '2026-11-22 09:00' or with a zone, +08:00.")
@click.option("--ends", required=True, help="Likewise; this minute still counts.")
@click.option("--timezone", default="", help="Zone of times without one; default: this machine's.")
@click.option("--way", type=click.Choice(tuple(_WAYS)), default="both", show_default=True)
@click.option("--vehicle", is_flag=True, help="The visitor comes in a vehicle.")
@click.option("--appointment", default="", help="The appointment, as the gate called it.")
@click.option("--identity", default="", help="32 hexadecimal digits; default: by chance.")
def make(
    private: Path,
    key_id: str,
    estate: str,
    gate: str,
    lanes: tuple[str, ...],
    begins: str,
    ends: str,
    timezone: str,
    way: str,
    vehicle: bool,
    appointment: str,
    identity: str,
) -> None:
    """Sign a pass and print its text, for example for qrencode."""
    signer = _private(private)
    zone = _zone(timezone)
    enters, leaves = _WAYS[way]
    since, until = _minutes(begins, "--begins", zone), _minutes(ends, "--ends", zone)
    if until < since:
        says_when = f"{ends!r} is before {begins!r}: a pass begins before it ends"
        raise click.BadParameter(says_when, param_hint="--ends")
    try:
        says = QrPass(
            key_id,
            bytes.fromhex(identity) if identity else secrets.token_bytes(ID),
            estate,
            since,
            until,
            gate,
            lanes,
            appointment,
            enters=enters,
            leaves=leaves,
            vehicle=vehicle,
        )
        text = encode(SignedPass(says, signer.sign(message(says))))
    except ValueError as fault:
        raise click.UsageError(f"this is no pass: {fault}") from fault
    click.echo(text)


@pass_.command("show")
@click.argument("text")
@click.option("--lane", help="Would it pass here, now? The gate of --config is asked.")
@click.option("--at", default="", help="Local time, such as '2026-11-22 07:30'; default: now.")
@click.option("--direction", type=click.Choice(["in", "out"]), help="For a two-way lane.")
@options.config
@options.as_json
def show(
    text: str, lane: str | None, at: str, direction: str | None, config_path: Path, as_json: bool
) -> None:
    """What a pass says (TEXT, as a scanner sends it), and whether a gate would take it."""
    try:
        signed = parse(text)
    except NoPass as fault:
        raise GateError(f"this is not the text of a pass: {fault}") from fault
    settings = load(config_path) if lane or config_path.exists() else None
    judged = None if settings is None else judge_of(settings).shown(signed)
    told = _told(signed, settings, judged)
    # What it says needs no gate, and is told before one is asked that may not be there.
    for name, value in told.items() if not as_json else ():
        words = ", ".join(value) if isinstance(value, list) else value
        click.echo(f"{name:<12} {words if words != '' else '-'}")
    if lane is not None and settings is not None and judged is not None:
        with reach(settings, make=False) as ask:
            asked = {"pass": shown.told(judged), "lane": lane, "at": at, "direction": direction}
            answer: Any = ask("explain", **asked)
        told["answer"] = answer
        if not as_json:
            show_answer(answer)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))


def _told(
    signed: SignedPass, settings: Settings | None, judged: ShownPass | None
) -> dict[str, object]:
    says = signed.says
    zone: tzinfo = UTC if settings is None else ZoneInfo(settings.timezone)
    fields: Mapping[str, object] = says.fields()
    told = dict(fields) | {"label": label_of(says)}
    told["lanes"] = list(says.lanes) or ["all"]
    for name, minutes in (("begins", says.begins), ("ends", says.ends)):
        told[name] = datetime.fromtimestamp(minutes * _MINUTE, zone).isoformat(timespec="minutes")
    if judged is not None:
        told["signature"] = "good for this gate" if judged.fault is None else judged.fault.value
    return told


def _private(place: Path) -> Ed25519PrivateKey:
    try:
        found = load_pem_private_key(place.read_bytes(), None)
    except OSError as fault:
        raise GateError(f"the key {place} cannot be read: {fault.strerror}") from fault
    except (ValueError, TypeError, UnsupportedAlgorithm):
        found = None
    if not isinstance(found, Ed25519PrivateKey):
        raise GateError(f"{place} is no private key of Ed25519: gate-agent pass key makes one")
    return found


def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError) as fault:
        raise click.BadParameter(f"no time zone {name!r}", param_hint="--timezone") from fault


def _minutes(text: str, option: str, zone: tzinfo | None) -> int:
    """Minutes since 1970 UTC; without a zone the time is in ``zone``, None for this machine's."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as fault:
        says = f"{text!r} is no time: write it like '2026-11-22 09:00'"
        raise click.BadParameter(says, param_hint=option) from fault
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone) if zone is not None else moment.astimezone()
    return int(moment.timestamp()) // _MINUTE


def _free(place: Path) -> None:
    """Raise GateError for what is there: half of a pair is of no use."""
    if place.exists():
        raise GateError(f"{place} is there already, and is not overwritten: give another name")


def _write(place: Path, text: bytes, mode: int) -> None:
    try:
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        problem = f"{place} is there already, and is not overwritten: give another name"
        raise GateError(problem) from None
    except FileNotFoundError:
        problem = f"{place} cannot be written: there is no directory {place.absolute().parent}"
        raise GateError(problem) from None
    except OSError as fault:
        raise GateError(f"{place} cannot be written: {fault.strerror}") from fault
    with os.fdopen(handle, "wb") as file:
        file.write(text)
