"""Which files of keys the settings name, which folders of recordings, and where each is named.

Rules kept here:
- nothing is opened here: `agent.key_check` does that;
- a file with faults is looked at as well, as far as it can be believed;
- where a key is not told as it should be, the models and rules say so, and it is left out here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from agent.settings.faults import Fault, UnfitError
from agent.settings.page import Page
from agent.settings.places import Bases, Credential, Place
from agent.settings.rules_uplink import secrets_of
from agent.settings.secret import Secret
from agent.settings.tree import Node, Trouble


class Kind(Enum):
    """What a file has to hold."""

    HMAC = auto()
    OSDP = auto()
    SITE = auto()
    PIN = auto()
    DURESS = auto()
    PASSWORD = auto()
    SIP_PASSWORD = auto()
    PASS = auto()
    CA = auto()
    CERT = auto()
    CERT_KEY = auto()
    SCREEN_CERT = auto()
    SCREEN_KEY = auto()
    SOUNDS = auto()


_KINDS: Mapping[tuple[str, ...], Kind] = {
    ("uplink", "password"): Kind.PASSWORD,
    ("intercom", "account", "password"): Kind.SIP_PASSWORD,
    ("intercom", "keys", "secret_pin"): Kind.PIN,
    ("duress", "pin"): Kind.DURESS,
}


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A file of the setting ``path``; ``at`` is its place, a fault whose problem is not told yet.

    ``other`` is the private key of a certificate.
    """

    path: str
    kind: Kind
    secret: Secret
    at: Fault
    other: Secret | None = None


def key_files(root: Node, bases: Bases, page: Page) -> tuple[KeyFile, ...]:
    """All of them, in the order of the file; Secrets have one place each."""
    found = [*_secrets(root, bases, page), *_passes(root, bases, page)]
    found += _tls(root, ("uplink", "tls"), bases, page)
    found += _tls(root, ("console", "tls"), bases, page)
    found += _sounds(root, bases, page)
    return tuple(sorted(found, key=lambda key: (key.at.line, key.at.column, key.path)))


def _secrets(root: Node, bases: Bases, page: Page) -> Iterator[KeyFile]:
    for path in secrets_of(root):
        node = root.get(*path)
        told = [] if node is None else [each for each in node.items() if _filled(each[1])]
        if len(told) != 1:
            continue
        (word, place), *_ = told
        secret = None
        if word == "file":
            secret = _place(place, bases)
        elif word == "credential":
            secret = _credential(place, bases)
        yield from _one(path, _kind(path), secret, place, page)


def _kind(path: tuple[str, ...]) -> Kind:
    match path:
        case ("readers", _, "authenticate", *_):
            return Kind.SITE
        case ("readers", *_):
            return Kind.OSDP
    return _KINDS.get(path, Kind.HMAC)


def _passes(root: Node, bases: Bases, page: Page) -> Iterator[KeyFile]:
    keys = root.get("qr_passes", "keys")
    for name, key in keys.items() if keys is not None else ():
        place = key.get("file")
        if place is not None:
            path = ("qr_passes", "keys", name)
            yield from _one(path, Kind.PASS, _place(place, bases), place, page)


def _tls(root: Node, owner: tuple[str, ...], bases: Bases, page: Page) -> Iterator[KeyFile]:
    tls = root.get(*owner)
    if tls is None:
        return
    screen = owner[0] == "console"
    kinds = {
        "ca": Kind.CA,
        "cert": Kind.SCREEN_CERT if screen else Kind.CERT,
        "key": Kind.SCREEN_KEY if screen else Kind.CERT_KEY,
    }
    private = tls.get("key")
    other = None if private is None else _place(private, bases)
    for name, node in tls.items():
        if name in kinds and not (screen and name == "ca"):
            with_it = other if name == "cert" else None
            yield from _one((*owner, name), kinds[name], _place(node, bases), node, page, with_it)


def _sounds(root: Node, bases: Bases, page: Page) -> Iterator[KeyFile]:
    lanes = root.get("lanes")
    for name, lane in lanes.items() if lanes is not None else ():
        place = lane.get("voice", "sounds")
        if place is not None:
            path = ("lanes", name, "voice", "sounds")
            yield from _one(path, Kind.SOUNDS, _place(place, bases), place, page)


def _one(
    path: tuple[str, ...],
    kind: Kind,
    secret: Secret | None,
    node: Node,
    page: Page,
    other: Secret | None = None,
) -> Iterator[KeyFile]:
    name = ".".join(path)
    at = page.placed(Trouble(node.span, "", path=name))
    if secret is not None and at is not None:
        yield KeyFile(name, kind, secret, at, other)


def _filled(node: Node) -> bool:
    return node.value is not None and node.value != ""


def _place(node: Node, bases: Bases) -> Secret | None:
    try:
        found: Path = Place("").find(node.value, bases)
    except UnfitError:
        return None
    handed = found.is_relative_to(bases.credentials)
    return Secret(credential=found) if handed else Secret(file=found)


def _credential(node: Node, bases: Bases) -> Secret | None:
    try:
        return Secret(credential=Credential("").find(node.value, bases))
    except UnfitError:
        return None
