"""An acl.conf of EMQX, read and applied as its documentation says: for want of EMQX itself.

What is read are Erlang terms, each ended by a dot: tuples, lists, strings, atoms. A rule is
``{allow | deny, Who, publish | subscribe | all, [Topic]}`` or ``{allow | deny, all}``; the first
that fits decides, and what fits none is denied (``authorization.no_match``). Anything else in the
file is a fault here, as it would be there. In topics ``${client_attrs.NAME}`` is filled in; where
there is no such attribute, or it holds ``+``, ``#`` or ``/``, the topic fits nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

_TOKEN = re.compile(
    r"""\s*(?:%[^\n]*\s*)*(?:
        (?P<mark>[{}\[\],]) | (?P<string>"(?:[^"\\]|\\.)*") |
        (?P<atom>[a-z][A-Za-z0-9_@]*|'[^']*') | (?P<end>\.(?=\s|$)) | (?P<eof>\Z) )""",
    re.VERBOSE,
)
_VARIABLE = re.compile(r"\$\{client_attrs\.([a-z]+)\}")


class Atom(str):
    """An atom, which is no string."""

    __slots__ = ()


def terms(text: str) -> list[Any]:
    """Every term of a file; ValueError where it is none."""
    found: list[Any] = []
    tokens = _tokens(text)
    while tokens[0][0] != "eof":
        found.append(_term(tokens))
        if tokens.pop(0)[0] != "end":
            raise ValueError("a term does not end with a dot")
    return found


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while True:
        hit = _TOKEN.match(text, place)
        if hit is None or hit.lastgroup is None:
            raise ValueError(f"not a term of Erlang: {text[place : place + 40]!r}")
        found.append((hit.lastgroup, hit[hit.lastgroup]))
        if hit.lastgroup == "eof":
            return found
        place = hit.end()


def _term(tokens: list[tuple[str, str]]) -> Any:
    kind, text = tokens.pop(0)
    if kind == "string":
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    if kind == "atom":
        return Atom(text.strip("'"))
    closing = {"{": "}", "[": "]"}.get(text)
    if closing is None:
        raise ValueError(f"{text!r} begins no term")
    items: list[Any] = []
    while tokens[0][1] != closing:
        items.append(_term(tokens))
        if tokens[0][1] == ",":
            tokens.pop(0)
        elif tokens[0][1] != closing:
            raise ValueError(f"{tokens[0][1]!r} where a comma or {closing} was to be")
    tokens.pop(0)
    return tuple(items) if text == "{" else items


class Rule(NamedTuple):
    """One rule; ``topics`` None means every one."""

    allow: bool
    who: Any
    action: str
    topics: list[str] | None


@dataclass
class Rules:
    """The rules of a file. Raises ValueError for anything that is no rule of those used here."""

    text: str
    rules: list[Rule] = field(init=False)

    def __post_init__(self) -> None:
        self.rules = [self._rule(term) for term in terms(self.text)]

    @staticmethod
    def _rule(term: Any) -> Rule:
        match term:
            case (Atom("allow" | "deny") as perm, Atom("all")):
                return Rule(perm == "allow", Atom("all"), "all", None)
            case (Atom("allow" | "deny") as perm, who, Atom("publish" | "subscribe") as do, list()):
                _fits(who, "")  # anything unknown in it is a fault
                if not all(type(topic) is str for topic in term[3]):
                    raise ValueError(f"topics that are no strings: {term}")
                return Rule(perm == "allow", who, do, term[3])
        raise ValueError(f"no rule: {term}")

    def allows(self, name: str, action: str, topic: str) -> bool:
        """Whether who has this common name may ``publish`` or ``subscribe``."""
        attributes = dict(zip(("estate", "agent"), name.split("."), strict=False))
        if "." not in name:
            # nth(2, …) of one token is an error there, and the attribute is not set.
            attributes.pop("agent", None)
        for rule in self.rules:
            if rule.action in {"all", action} and _fits(rule.who, name):
                topics = rule.topics
                if topics is None or any(_covers(_filled(t, attributes), topic) for t in topics):
                    return rule.allow
        return False


def _fits(who: Any, name: str) -> bool:
    match who:
        case Atom("all"):
            return True
        case (Atom("username"), (Atom("re"), str() as pattern)):
            return re.search(pattern, name) is not None
        case (Atom("username"), str() as wanted) if type(wanted) is str:
            return wanted == name
        case (Atom("or"), list() as some):
            # All of them are looked at: what is unknown is a fault, wherever it stands.
            return True in [_fits(one, name) for one in some]
    raise ValueError(f"nobody: {who}")


def _filled(topic: str, attributes: Mapping[str, str]) -> str | None:
    wanted = {attributes.get(name, "/") for name in _VARIABLE.findall(topic)}
    if any(set(value) & set("+#/") for value in wanted):
        return None
    return _VARIABLE.sub(lambda hit: attributes[hit[1]], topic)


def _covers(pattern: str | None, topic: str) -> bool:
    """Whether a filter covers a topic, or a filter that is no wider than itself."""
    if pattern is None:
        return False
    wanted, given = pattern.split("/"), topic.split("/")
    for place, word in enumerate(wanted):
        if word == "#":
            return True
        if place >= len(given) or given[place] == "#":
            return False
        if word not in {"+", given[place]}:
            return False
    return len(wanted) == len(given)
