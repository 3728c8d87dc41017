#!/usr/bin/env python3
"""The broker's access list, made of the list of members. Runs with nothing but Python 3.9.

    acl.py mosquitto MEMBERS [FILE]     an acl_file of mosquitto
    acl.py emqx MEMBERS [FILE]          an acl.conf of EMQX (5.8 or newer)

mosquitto cannot take `{estate}.{gate}` apart in a pattern, and neither broker knows which client
may see which estate: so both get a file made of the same list, on standard output or in FILE.

Rules kept here:
- a name that is not in the list may do nothing; what is not allowed below is forbidden;
- a member publishes only under its own name, in whatever topic it publishes;
- with any fault in the list nothing is written, and all faults are told, by line.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

ROOT = "gate/v1"
ID = re.compile(r"[a-z0-9-]{1,32}")
EVERYWHERE = "*"

# What a gate writes and reads below its own root; {me} is its id.
GATE_WRITES = ("status", "info", "state/+", "evt", "tele", "reply/+", "replay/+")
GATE_READS = ("cmd/+/+", "ack/+")
# What it may do below the root of every gate of its estate: read along, and ask for a replay. It is
# one of them itself: on MQTT 3.1.1 it has to hear its own events, since a broker does not say there
# that it denies.
SIBLING_WRITES = ("cmd/{me}/replay",)
SIBLING_READS = ("evt", "status", "reply/{me}", "replay/{me}")

# What clients do below the roots of the gates that they are for; {me} is the client's name.
PICTURE = ("status", "info", "state/+", "evt", "tele")
ANSWERS = ("reply/{me}", "replay/{me}")
CLIENTS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "client": (("cmd/{me}/+", "ack/{me}"), PICTURE + ANSWERS),
    "consumer": (
        ("cmd/{me}/replay", "cmd/{me}/ping", "cmd/{me}/info", "ack/{me}"),
        PICTURE + ANSWERS,
    ),
    "reader": ((), PICTURE),
    "home": (("ha/+/set",), ("status", "state/+")),
}
# Where there is a Home Assistant: each gate tells it what it has, and hears what it asks for.
HOME = "homeassistant"
GATE_TELLS_HOME = HOME + "/+/gate_{estate}_{me}/+/config"
GATE_HEARS_HOME = "ha/+/set"
HOME_WRITES, HOME_READS = (f"{HOME}/status",), (f"{HOME}/#",)

# PCRE takes patterns of 64 KiB; one pattern holds the gates of one estate, or as many as fit here.
PATTERN = 16_384


class Members:
    """The list, read. ``clients`` maps names to kind, places and the number of the line."""

    def __init__(self) -> None:
        self.gates: defaultdict[str, list[str]] = defaultdict(list)
        self.clients: dict[str, tuple[str, list[str], int]] = {}
        self.faults: list[tuple[int, str]] = []

    @property
    def home(self) -> bool:
        """Whether there is a Home Assistant among them."""
        return any(kind == "home" for kind, _, _ in self.clients.values())

    def gate(self, estate: str, gate: str) -> tuple[list[str], list[str]]:
        """What a gate may write and read; also for placeholders that the broker fills in."""
        own, siblings = f"{ROOT}/{estate}/{gate}", f"{ROOT}/{estate}/+"
        writes = [f"{own}/{leaf}" for leaf in GATE_WRITES]
        writes += [f"{siblings}/{leaf.format(me=gate)}" for leaf in SIBLING_WRITES]
        reads = [f"{own}/{leaf}" for leaf in GATE_READS]
        reads += [f"{siblings}/{leaf.format(me=gate)}" for leaf in SIBLING_READS]
        if self.home:
            writes.append(GATE_TELLS_HOME.format(estate=estate, me=gate))
            reads.append(f"{own}/{GATE_HEARS_HOME}")
        return writes, reads

    def client(self, name: str) -> tuple[list[str], list[str]]:
        """What a client may write and read."""
        kind, wheres, _ = self.clients[name]
        writes, reads = (
            [f"{root(where)}/{leaf.format(me=name)}" for where in wheres for leaf in leaves]
            for leaves in CLIENTS[kind]
        )
        if kind == "home":
            return [*writes, *HOME_WRITES], [*reads, *HOME_READS]
        return writes, reads

    def read(self, text: str) -> Members:
        """Take in the text of a list; what is wrong goes to ``faults``."""
        wheres = []
        for number, line in enumerate(text.splitlines(), 1):
            words = line.partition("#")[0].split()
            if not words:
                continue
            kind, *rest = words
            if kind == "gate":
                self._gate(number, rest)
            elif kind in CLIENTS:
                self._client(number, kind, rest)
                wheres += [(number, where) for where in rest[1:]]
            else:
                known = ", ".join(("gate", *CLIENTS))
                self._fault(number, f"{kind!r} is none of {known}")
        self._check(wheres)
        return self

    def _fault(self, number: int, sentence: str) -> None:
        self.faults.append((number, sentence))

    def _gate(self, number: int, rest: list[str]) -> None:
        parts = rest[0].split(".") if len(rest) == 1 else []
        if len(parts) != 2 or not all(ID.fullmatch(part) for part in parts):
            told = " ".join(rest)
            self._fault(number, f"{told!r} is no gate: write ESTATE.GATE, each of a-z, 0-9, -")
        elif parts[1] in self.gates[parts[0]]:
            self._fault(number, f"{rest[0]} is here twice")
        else:
            self.gates[parts[0]].append(parts[1])

    def _client(self, number: int, kind: str, rest: list[str]) -> None:
        name = rest[0] if rest else ""
        if not ID.fullmatch(name):
            self._fault(number, f"{name!r} is no name of a client: write 1 to 32 of a-z, 0-9, -")
        elif name in self.clients:
            self._fault(number, f"{name} is here twice")
        elif len(rest) < 2:
            self._fault(number, f"{name} is for no gate: add an estate, a gate or {EVERYWHERE}")
        else:
            self.clients[name] = (kind, rest[1:], number)

    def _check(self, wheres: Iterable[tuple[int, str]]) -> None:
        full = {f"{estate}.{gate}" for estate, gates in self.gates.items() for gate in gates}
        ids = {gate for gates in self.gates.values() for gate in gates}
        for name, (_, _, number) in self.clients.items():
            if name in ids:
                self._fault(number, f"{name} is called like a gate, which asks under that name")
        for number, where in wheres:
            if where != EVERYWHERE and where not in full and where not in self.gates:
                self._fault(number, f"there is no estate and no gate {where!r} in this list")


def root(where: str) -> str:
    """The root of the topics of a place, with wildcards for what it leaves open."""
    estate, _, gate = where.partition(".")
    if where == EVERYWHERE:
        estate = "+"
    return f"{ROOT}/{estate}/{gate or '+'}"


def mosquitto(members: Members) -> Iterator[str]:
    """The lines of an acl_file."""
    yield "# Made by acl.py from the list of members: change that one."
    for estate in sorted(members.gates):
        for gate in sorted(members.gates[estate]):
            yield from _user(f"{estate}.{gate}", *members.gate(estate, gate))
    for name in sorted(members.clients):
        yield from _user(name, *members.client(name))


def _user(name: str, writes: Iterable[str], reads: Iterable[str]) -> Iterator[str]:
    yield ""
    yield f"user {name}"
    yield from (f"topic write {topic}" for topic in writes)
    yield from (f"topic read {topic}" for topic in reads)


def emqx(members: Members) -> Iterator[str]:
    """The lines of an acl.conf: two rules for all gates, however many, and two for each client.

    The attributes estate and agent of a client are parts of its common name (emqx.conf).
    """
    yield "%% Made by acl.py from the list of members: change that one."
    patterns = list(_patterns(members.gates))
    if patterns:
        names = ",\n    ".join(f'{{username, {{re, "{pattern}"}}}}' for pattern in patterns)
        allowed = members.gate("${client_attrs.estate}", "${client_attrs.agent}")
        yield from _rules(f"{{'or', [\n    {names}]}}", *allowed)
    for name in sorted(members.clients):
        yield from _rules(f'{{username, "{name}"}}', *members.client(name))
    yield ""
    yield "{deny, all}."


def _rules(who: str, writes: Iterable[str], reads: Iterable[str]) -> Iterator[str]:
    for action, allowed in (("publish", writes), ("subscribe", reads)):
        listed = ",\n    ".join(f'"{topic}"' for topic in allowed)
        if listed:
            yield ""
            yield f"{{allow, {who}, {action}, [\n    {listed}]}}."


def _patterns(gates: Mapping[str, list[str]]) -> Iterator[str]:
    for estate in sorted(gates):
        few: list[str] = []
        for gate in sorted(gates[estate]):
            few.append(gate)
            if sum(map(len, few)) > PATTERN:
                yield _pattern(estate, few)
                few = []
        if few:
            yield _pattern(estate, few)


def _pattern(estate: str, gates: Iterable[str]) -> str:
    return f"^{estate}\\\\.({'|'.join(gates)})$"


BROKERS = {"mosquitto": mosquitto, "emqx": emqx}


def main(arguments: list[str]) -> int:
    """Exit status 0, or 2 when nothing was written."""
    if len(arguments) not in (2, 3) or arguments[0] not in BROKERS:
        sys.stderr.write(__doc__ or "")
        return 2
    broker, source, *target = arguments
    try:
        members = Members().read(Path(source).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as fault:
        sys.stderr.write(f"{source} cannot be read: {fault}\n")
        return 2
    for number, sentence in sorted(members.faults):
        sys.stderr.write(f"{source}:{number}: {sentence}\n")
    if members.faults:
        return 2
    text = "\n".join(BROKERS[broker](members)) + "\n"
    if target:
        # In place, so that owner and mode stay as they are; the broker reads it when it is told to.
        Path(target[0]).write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
