"""Rules of the booth: what may be held, and who can reach the screen.

Rules kept here:
- what the law refuses is enabled by a named person or not at all;
- a screen that others can reach is served over TLS.
"""

from agent.settings.booth_values import Listen, digits_of
from agent.settings.countries import PROFILES, Country, Profile
from agent.settings.faults import UnfitError, listed, nearest
from agent.settings.page import Page
from agent.settings.tree import Node, Trouble


def check_books(root: Node, page: Page) -> None:
    """Note every break on the page; the file was read to its end."""
    deposits, console = root.get("deposits"), root.get("console")
    if deposits is not None and isinstance(deposits.value, dict):
        _kinds(deposits, page)
        _cash(deposits, page)
    if console is not None and isinstance(console.value, dict):
        _reached(console, page)
        _addressed(console, page)


def _profile(deposits: Node) -> Profile:
    told = deposits.get("country")
    return PROFILES[Country.NONE if told is not None and told.value == "none" else Country.CN]


def _kinds(deposits: Node, page: Page) -> None:
    profile, kinds = _profile(deposits), deposits.get("kinds")
    offered = {kind.kind for kind in profile.kinds}
    for name, rules in kinds.items() if kinds is not None else ():
        if kinds is None or not isinstance(rules.value, dict):
            continue
        path, here = f"deposits.kinds.{name}", kinds.keys[name]
        responsible, off = rules.get("responsible"), rules.get("offered")
        if off is not None and off.value is False:
            offered.discard(name)
            continue
        if name in profile.refused:
            if _blank(responsible) and f"{path}.responsible" not in page.meant:
                allowed = f"responsible: who answers for it, or no {name}"
                why = profile.refused[name][1]
                page.blame(Trouble(here, why, allowed, path=f"{path}.responsible"))
        elif responsible is not None:
            problem = "responsible belongs to kinds that the law refuses"
            allowed = listed(profile.refused) or "no responsible: here"
            span = rules.keys["responsible"]
            page.blame(Trouble(span, problem, allowed, path=f"{path}.responsible"))
        if name not in offered and name not in profile.refused:
            _named(name, rules, kinds, [*offered, *profile.refused], page)
        offered.add(name)
    if not offered and kinds is not None:
        span = deposits.keys["kinds"]
        problem = "nothing is left that could be taken as a deposit"
        page.blame(Trouble(span, problem, "at least one kind", path="deposits.kinds"))


def _named(name: str, rules: Node, kinds: Node, known: list[str], page: Page) -> None:
    """A kind of one's own has a name in both languages."""
    for language in ("zh", "en"):
        path = f"deposits.kinds.{name}.{language}"
        if _blank(rules.get(language)) and path not in page.meant:
            problem = f"{language} is missing here: {name[:32]} is a kind of your own"
            page.blame(
                Trouble(kinds.keys[name], problem, "zh: and en:", nearest(name, known), path)
            )


def _cash(deposits: Node, page: Page) -> None:
    cash, currency = deposits.get("cash"), deposits.get("currency")
    code = currency.text if currency is not None else "CNY"
    if cash is None or not isinstance(cash.value, str) or "." not in cash.value:
        return
    behind, digits = len(cash.value.partition(".")[2]), digits_of(code)
    if behind > digits:
        problem = f"{cash.value[:20]} cannot be paid in {code[:3]}"
        allowed = f"at most {digits} digits behind the point" if digits else "whole units"
        page.blame(Trouble(cash.span, problem, allowed, path="deposits.cash"))


def _reached(console: Node, page: Page) -> None:
    listen, tls = console.get("listen"), console.get("tls")
    if listen is None or tls is not None or "console.tls" in page.meant:
        return
    try:
        address = Listen("").fit(listen.value)
    except UnfitError:
        return
    if not address.loopback:
        problem = f"without TLS everybody on the way to {address.host} can read and command"
        allowed = "tls: {cert: ..., key: ...}, or 127.0.0.1"
        page.blame(Trouble(listen.span, problem, allowed, path="console.listen"))


def _addressed(console: Node, page: Page) -> None:
    """Who listens everywhere says under which names: others are refused (DNS rebinding)."""
    listen, hosts = console.get("listen"), console.get("hosts")
    everywhere = listen is not None and str(listen.value).startswith(("0.0.0.0:", "[::]:"))
    if listen is not None and everywhere and hosts is None and "console.hosts" not in page.meant:
        problem = "hosts is missing here: under which name do browsers reach it?"
        allowed = "hosts: [gate.example.net, 192.168.1.20]"
        page.blame(Trouble(listen.span, problem, allowed, path="console.hosts"))


def _blank(node: Node | None) -> bool:
    return node is None or node.value is None or node.value == ""
