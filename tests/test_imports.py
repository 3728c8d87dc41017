"""What import-linter cannot say: the wire decoders use the standard library and each other only."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
WIRE = sorted((ROOT / "drivers" / "wire").glob("*.py"))


def imported(source: str) -> Iterator[str]:
    """The modules a file imports; a relative import counts as one inside drivers.wire."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom(level=0, module=str(module)):
                yield module
            case ast.ImportFrom(level=1):
                yield "drivers.wire"
            case ast.ImportFrom():
                yield "drivers"


def foreign(source: str) -> list[str]:
    return [
        name
        for name in imported(source)
        if name.partition(".")[0] not in sys.stdlib_module_names
        and name != "drivers.wire"
        and not name.startswith("drivers.wire.")
    ]


@pytest.mark.parametrize("path", WIRE, ids=lambda path: path.name)
def test_wire_decoders_stand_alone(path: Path) -> None:
    assert foreign(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "import serial",
        "from drivers import clock",
        "import drivers.clock",
        "from agent.core.ids import LaneId",
        "def f():\n    from .. import clock",
    ],
)
def test_a_foreign_import_is_seen(line: str) -> None:
    assert foreign(line)


def test_there_are_decoders() -> None:
    assert len(WIRE) > 1
