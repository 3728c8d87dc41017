"""Rules of the uplink and of secrets.

Rules kept here:
- a distant broker is spoken to over TLS, unless somebody writes down why not;
- names of people go to the centre only if somebody answers for it.
"""

import ipaddress

from agent.settings.page import Page
from agent.settings.tree import Node, Trouble


def check_uplink(root: Node, page: Page) -> None:
    """TLS, certificates, personal data."""
    uplink = root.get("uplink")
    if uplink is None or not isinstance(uplink.value, dict):
        return
    _plain(uplink, page)
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


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.casefold() == "localhost"


def _blank(node: Node | None) -> bool:
    return node is None or node.value is None or node.value == ""


def check_secrets(root: Node, page: Page) -> None:
    """A secret lies in exactly one place."""
    for path in (("uplink", "password"), ("card_reference_key",), ("identity_key",)):
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
