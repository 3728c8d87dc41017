"""Whatever happens to a file of settings, the check ends with faults that lie inside it."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from agent.settings.faults import Fault, FaultySettingsError
from agent.settings.models import Settings
from agent.settings.reading import read
from tests.settings.pages import CONFIG, GOOD

EXAMPLES = [GOOD, *(path.read_text(encoding="utf-8") for path in sorted(CONFIG.glob("*.yaml")))]
TREES = [json.dumps(YAML(typ="safe", pure=True).load(text), default=str) for text in EXAMPLES]

keys = st.sampled_from(
    ["pin", "arm", "open", "readers", "lanes", "driver", "serial", "side", "tls", "file", "<<",
     "x-a", "drive", "on_exit", "inputs", "safety", "in-1", "[key]", "0", "", "port", "name",
     "personal"]
)  # fmt: skip
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["both", "in", "off", "keep", "full", "maintained", "socket", "line", "5 s"]),
    st.sampled_from(["run:x", "/dev/ttyUSB0", "17", "*", "in-1-rdm", "Asia", "..", "2026-02-30"]),
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3)
)


def containers(tree: Any) -> list[Any]:
    """All lists and mappings of a tree, itself first."""
    found = [tree] if isinstance(tree, dict | list) else []
    for child in tree.values() if isinstance(tree, dict) else tree if found else ():
        found += containers(child)
    return found


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """An example as JSON (which is YAML), with a few things deleted, renamed, or of other kind."""
    tree = json.loads(draw(st.sampled_from(TREES)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.sampled_from(containers(tree)))
        if not at:
            continue
        key = draw(st.sampled_from(list(at) if isinstance(at, dict) else list(range(len(at)))))
        what = draw(st.sampled_from(["delete", "rename", "replace", "wrap", "add"]))
        if what == "replace":
            at[key] = draw(values)
        elif what == "wrap":
            at[key] = [at[key]]
        elif what == "add" and isinstance(at, dict):
            at[draw(keys)] = draw(values)
        elif what == "rename" and isinstance(at, dict):
            at[draw(keys | st.just(f"{key}x") | st.just(key[1:]))] = at.pop(key)
        else:
            del at[key]
    return json.dumps(
        tree, indent=draw(st.sampled_from([None, 1])), ensure_ascii=draw(st.booleans())
    )


def settle(text: str) -> None:
    """Read the text; every fault has to lie inside of it."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "config.yaml"
        file.write_text(text, encoding="utf-8", newline="")
        try:
            found: Settings | tuple[Fault, ...] = read(file)
        except FaultySettingsError as error:
            found = error.faults
    if isinstance(found, Settings):
        return
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert found
    for fault in found:
        assert 1 <= fault.line <= len(lines)
        assert 1 <= fault.column <= len(lines[fault.line - 1]) + 1
        assert fault.problem
        assert "Input should" not in fault.problem
        json.dumps(fault.as_json())


@given(mutated())
def test_a_changed_example_is_told_or_taken(text: str) -> None:
    settle(text)


@given(st.sampled_from(EXAMPLES), st.data())
def test_a_damaged_example_is_told_or_taken(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    until = data.draw(st.integers(at, min(len(text), at + 40)))
    piece = data.draw(
        st.text(st.sampled_from(" \n\t:-{}[]&*!|>'\"#%@,?<=x0é入\u0085\u2028\x1b"), max_size=6)
    )
    settle(text[:at] + piece + text[until:])


@given(st.text(max_size=60))
def test_any_text_is_told(text: str) -> None:
    encodable = text.encode("utf-8", "ignore").decode("utf-8")
    settle(encodable.lstrip("\ufeff"))
