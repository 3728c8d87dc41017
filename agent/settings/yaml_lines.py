"""YAML 1.2 as a tree of nodes that know where they stand.

Rules kept here:
- the events of ruamel.yaml's parser become nodes; no object is ever made from a tag;
- scalars are read as the core schema of YAML 1.2.2 (section 10.3) has them: ``off`` is text;
- what stands before a syntax fault is still a tree, so that more than one fault can be told;
- size, depth and number of values are bounded, with anchors written out.
"""

import re
from dataclasses import dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from agent.settings.syntax import sound_until, syntax_troubles
from agent.settings.tree import Node, Scalar, Span, Trouble

MAX_BYTES = 256 * 1024
MAX_DEPTH = 24
MAX_NODES = 20_000

_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null")}
_STR = "tag:yaml.org,2002:str"
_INT = re.compile(r"[-+]?[0-9]{1,400}|0o[0-7]{1,400}|0x[0-9a-fA-F]{1,400}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,99}|[0-9]{1,99}(\.[0-9]{0,99})?)([eE][-+]?[0-9]{1,9})?")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(slots=True)
class Reading:
    """What came out of a file.

    ``sound`` is the line (from 0) from which on the tree cannot be believed, because the file could
    not be read any further; None when it was read to its end.
    """

    root: Node | None
    troubles: list[Trouble]
    sound: int | None

    @property
    def whole(self) -> bool:
        """Whether the file was read to its end."""
        return self.sound is None


def scalar(text: str) -> Scalar:
    """The value of a plain scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text, 0) if text.startswith(("0o", "0x")) else int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet."""

    node: Node
    path: str
    anchor: str | None
    key: str | None = None
    key_span: Span | None = None
    merges: list[Node] = field(default_factory=list)


class _Abandon(Exception):  # noqa: N818 -- ends the reading from within, never leaves this module
    """The rest of the file is not worth reading."""


class _Composer:
    def __init__(self) -> None:
        self.root: Node | None = None
        self.troubles: list[Trouble] = []
        self.stack: list[_Open] = []
        self.anchors: dict[str, Node] = {}
        self.documents = 0
        self.nodes = 0
        self.bounded = True
        self.last_line = 0
        """Line of the last scalar: it may have swallowed what was meant as something else."""

    def take(self, event: Event) -> None:
        if isinstance(event, DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                problem = "a second document begins here"
                self._abandon(_span(event), problem, "one document in one file")
        elif isinstance(event, AliasEvent):
            self._alias(event)
        elif isinstance(event, NodeEvent):
            self._node(event)
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            self._close(self.stack.pop())

    def finish(self) -> None:
        """Close what a syntax fault left open, so that it can be looked at."""
        self.bounded = False
        while self.stack:
            self._close(self.stack.pop())

    def _abandon(self, span: Span, problem: str, allowed: str) -> None:
        self.troubles.append(Trouble(span, problem, allowed))
        raise _Abandon

    def _node(self, event: NodeEvent) -> None:
        span = _span(event)
        if len(self.stack) >= MAX_DEPTH:
            self._abandon(span, "this is nested too deeply", f"at most {MAX_DEPTH} levels")
        if not isinstance(event, ScalarEvent | SequenceStartEvent | MappingStartEvent):
            return
        tag = str(event.tag) if event.tag is not None else ""
        if isinstance(event, ScalarEvent):
            self.last_line = span.line
            if tag and tag != "!" and tag not in _TAGS:
                self._refuse_tag(span, tag)
            plain = event.implicit[0] and not tag
            convert = plain or (tag in _TAGS and tag != _STR)
            node = Node(span, scalar(event.value) if convert else event.value, event.value)
            self._add(node, event.anchor)
            return
        if tag and tag not in ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            self._refuse_tag(span, tag)
        path = self._path()
        node = Node(span, {} if isinstance(event, MappingStartEvent) else [])
        self.stack.append(_Open(node, path, event.anchor))

    def _refuse_tag(self, span: Span, tag: str) -> None:
        problem = f"the tag {tag[:40]} has no meaning here"
        self.troubles.append(Trouble(span, problem, "plain values without tags", path=self._path()))

    def _alias(self, event: AliasEvent) -> None:
        span, name = _span(event), str(event.anchor)
        known = self.anchors.get(name)
        if known is None:
            problem = f"no anchor &{name[:40]} stands above"
            allowed = "the name of an anchor above, as in *name"
            self.troubles.append(Trouble(span, problem, allowed, path=self._path()))
            known = Node(span, None, f"*{name}")
        self._add(known, None)

    def _close(self, done: _Open) -> None:
        node = done.node
        if isinstance(node.value, dict):
            for merged in done.merges:
                for key, child in merged.items():
                    if key not in node.value:
                        node.value[key], node.keys[key] = child, merged.keys[key]
                        node.size += child.size
        self._add(node, done.anchor)

    def _add(self, node: Node, anchor: str | None) -> None:
        """Put a finished node where it belongs."""
        self.nodes += node.size if not isinstance(node.value, dict | list) else 1
        if anchor:
            self.anchors[anchor] = node
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        if isinstance(parent.node.value, list):
            parent.node.value.append(node)
        elif parent.key_span is None:
            self._key(parent, node)
            return
        else:
            self._entry(parent, node)
        parent.node.size += node.size
        if self.bounded and max(parent.node.size, self.nodes) > MAX_NODES:
            problem = "there are too many values"
            self._abandon(node.span, problem, f"at most {MAX_NODES}, anchors written out")

    def _key(self, parent: _Open, node: Node) -> None:
        if isinstance(node.value, dict | list):
            problem = "a key cannot be a list or a mapping"
            self.troubles.append(Trouble(node.span, problem, "text", path=parent.path))
            parent.key = None
        else:
            parent.key = node.text
        parent.key_span = node.span

    def _entry(self, parent: _Open, node: Node) -> None:
        key, span = parent.key, parent.key_span
        parent.key, parent.key_span = None, None
        if key is None or span is None or not isinstance(parent.node.value, dict):
            return
        if key == "<<":
            self._merge(parent, node)
        elif key in parent.node.keys:
            first = parent.node.keys[key].line + 1
            problem = f"{key[:40]} is here twice; the first is in line {first}"
            path = f"{parent.path}.{key}" if parent.path else key
            self.troubles.append(Trouble(span, problem, "each key once", path=path))
        else:
            parent.node.value[key], parent.node.keys[key] = node, span

    def _merge(self, parent: _Open, node: Node) -> None:
        for merged in node.each():
            if isinstance(merged.value, dict):
                parent.merges.append(merged)
            else:
                problem = "only mappings can be merged with <<"
                trouble = Trouble(node.span, problem, "<<: *name of a mapping", path=parent.path)
                self.troubles.append(trouble)

    def _path(self) -> str:
        if not self.stack:
            return ""
        parent = self.stack[-1]
        if isinstance(parent.node.value, list):
            step = str(len(parent.node.value))
        else:
            step = parent.key or ""
        return f"{parent.path}.{step}" if parent.path and step else parent.path or step


def _span(event: Event) -> Span:
    start, end = event.start_mark, event.end_mark
    return Span(start.line, start.column, end.line, end.column)


def read_yaml(text: str) -> Reading:
    """Read one document; never raises for what stands in it."""
    composer = _Composer()
    sound: int | None = None
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            composer.take(event)
    except _Abandon:
        sound = composer.troubles[-1].span.line
    except YAMLError as error:
        composer.troubles.extend(syntax_troubles(error, text))
        sound = min(sound_until(error), composer.last_line)
    composer.finish()
    return Reading(composer.root, composer.troubles, sound)
