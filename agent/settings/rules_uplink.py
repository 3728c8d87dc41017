"""Rules of the uplink and of secrets.

Rules kept here:
- a client is in a group that there is, and can sign what its group has to sign;
- a distant broker is spoken to over TLS, unless somebody writes down why not;
- names of people go to the centre only if somebody answers for it.
"""

import ipaddress
from collections.abc import Iterator

from agent.settings.faults import listed, nearest
from agent.settings.home_assistant import CLIENT
from agent.settings.page import Page
from agent.settings.rules_osdp import osdp_secrets
from agent.settings.rules_secure import secret_paths
from agent.settings.tree import Node, Trouble


def check_uplink(root: Node, page: Page) -> None:
    """TLS, certificates, personal data."""
    uplink = root.get("uplink")
    if uplink is None or not isinstance(uplink.value, dict):
        return
    _plain(uplink, page)
    _names(uplink, page)
    _clients(uplink, page)
    tls = uplink.get("tls")
    for one, other in (("cert", "key"), ("key", "cert")):
        if tls is not None and one in tls.keys and other not in tls.keys:
            path = f"uplink.tls.{other}"
            if path not in page.meant:
                problem = f"{other} is missing here: cert and key belong together"
                page.blame(Trouble(tls.keys[one], problem, "both, or neither", path=path))
    personal, responsible = uplink.get("personal"), uplink.get("responsible")
    if personal is None or personal.value != "full" or not _blank(responsible):
        return
    if "uplink.responsible" not in page.meant:
        problem = "responsible is missing here: personal: full needs somebody who answers for it"
        allowed = "responsible: the name of a person, or personal: masked"
        page.blame(Trouble(personal.span, problem, allowed, path="uplink.responsible"))


def _plain(uplink: Node, page: Page) -> None:
    host, tls, why = uplink.get("host"), uplink.get("tls"), uplink.get("plain_because")
    off = tls is not None and tls.value is False
    if off and tls is not None and host is not None and isinstance(host.value, str):
        far = not _loopback(host.value)
        if far and _blank(why) and "uplink.plain_because" not in page.meant:
            problem = f"without TLS everybody on the way to {host.value[:60]} can read and command"
            allowed = "tls: {ca: ...}, or plain_because: the reason, or a broker on 127.0.0.1"
            page.blame(Trouble(tls.span, problem, allowed, path="uplink.tls"))
    if not off and why is not None and "uplink.tls" not in page.meant:
        problem = "plain_because belongs to tls: false only"
        span = uplink.keys["plain_because"]
        page.blame(Trouble(span, problem, "no plain_because: here", path="uplink.plain_because"))


def _names(uplink: Node, page: Page) -> None:
    """No client is taken for somebody else in the journal."""
    for key, client in _mappings(uplink.get("clients")):
        if key == CLIENT:
            problem = "in the journal this is the name of Home Assistant itself"
            path = f"uplink.clients.{key}"
            page.blame(Trouble(client.span, problem, "another name for this client", path=path))


def _clients(uplink: Node, page: Page) -> None:
    """Groups that there are, signatures that can be made."""
    groups, version = uplink.get("groups"), uplink.get("version")
    names = list(groups.value) if groups is not None and isinstance(groups.value, dict) else []
    for key, client in _mappings(uplink.get("clients")):
        group, path = client.get("group"), f"uplink.clients.{key}"
        if group is None or not isinstance(group.value, str):
            continue
        if group.value not in names:
            problem = f"there is no group {group.value[:40]!r} under uplink.groups"
            guess = nearest(group.value, names)
            where = f"{path}.group"
            page.blame(
                Trouble(group.span, problem, listed(names) or "a key of groups:", guess, where)
            )
        elif groups is not None and _signed(groups.get(group.value)) and _blank(client.get("keys")):
            problem = f"group {group.value} signs commands, and {key} has no key to sign with"
            allowed = "keys: {k1: {file: PATH}}, or no signed: in the group"
            page.blame(Trouble(group.span, problem, allowed, path=f"{path}.keys"))
    for key, group in _mappings(groups):
        signed, may = group.get("signed"), group.get("may")
        if signed is None or may is None:
            continue
        allowed_names = [each.value for each in may.each()]
        for number, each in enumerate(signed.each()):
            if each.value not in allowed_names:
                problem = f"{each.value} is to be signed, but the group may not command it"
                where = f"uplink.groups.{key}.signed.{number}"
                page.blame(Trouble(each.span, problem, "names of may: only", path=where))
        if version is not None and str(version.value) == "3.1.1" and _signed(group):
            problem = "MQTT 3.1.1 has no place for a signature: these commands would all be refused"
            where = f"uplink.groups.{key}.signed"
            page.blame(Trouble(signed.span, problem, 'version: "5", or no signed:', path=where))


def _signed(group: Node | None) -> bool:
    signed = None if group is None else group.get("signed")
    return signed is not None and bool(signed.value)


def _mappings(node: Node | None) -> Iterator[tuple[str, Node]]:
    """The entries of a mapping that are mappings themselves."""
    if node is not None and isinstance(node.value, dict):
        for key, child in node.items():
            if isinstance(child.value, dict):
                yield key, child


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.casefold() == "localhost"


def _blank(node: Node | None) -> bool:
    return node is None or node.value is None or node.value == ""


def check_secrets(root: Node, page: Page) -> None:
    """A secret lies in exactly one place."""
    for path in secrets_of(root):
        parent, node = root.get(*path[:-1]), root.get(*path)
        if parent is None or node is None or not isinstance(node.value, dict):
            continue
        told = [key for key in ("file", "credential") if not _blank(node.get(key))]
        name = ".".join(path)
        meant = {f"{name}.file", f"{name}.credential"} & page.meant
        if len(told) != 1 and not meant:
            problem = "a secret needs one place" if not told else "a secret has one place, not two"
            allowed = "{file: PATH} or {credential: NAME}"
            page.blame(Trouble(parent.keys[path[-1]], problem, allowed, path=name))


def secrets_of(root: Node) -> Iterator[tuple[str, ...]]:
    """Where the file tells of secrets."""
    yield from (("uplink", "password"), ("card_reference_key",), ("identity_key",))
    yield from (("intercom", "account", "password"), ("intercom", "keys", "secret_pin"))
    yield ("duress", "pin")
    yield from secret_paths(root)
    yield from osdp_secrets(root)
    uplink = root.get("uplink")
    clients = (
        None if uplink is None or not isinstance(uplink.value, dict) else uplink.get("clients")
    )
    for client, told in _mappings(clients):
        for key, _ in _mappings(told.get("keys")):
            yield ("uplink", "clients", client, "keys", key)
