"""docs/readers: the tables of numbers are made by the code, and every page is there."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from agent.settings.readers import DRIVERS
from agent.settings.reading import read
from agent.settings.words import ByteOrder, Keep

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "readers"
README = PAGES / "README.md"
ONE = "  in-1:\n    driver: serial\n    port: /dev/ttyUSB0\n"
GATE = """\
estate: green-garden
gate: north
timezone: Asia/Shanghai
lanes:
  in-1:
    direction: in
    readers: [{readers}]
    arm: {{open: {{pin: 17}}, close: {{pin: 27}}}}
"""


def run(*words: str, folder: Path = ROOT / "docs") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(folder / "reader_numbers.py"), *words],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
        timeout=90,
    )


def test_the_tables_are_current() -> None:
    ran = run("--check")
    assert ran.returncode == 0, ran.stderr


def test_a_table_that_is_not_current_is_told_and_made_anew(tmp_path: Path) -> None:
    (tmp_path / "readers").mkdir()
    text = README.read_text("utf-8")
    changed = text.replace("0652147431", "0652147432")
    assert changed != text
    (tmp_path / "readers" / "README.md").write_text(changed, "utf-8")
    (tmp_path / "reader_numbers.py").write_text(
        (ROOT / "docs" / "reader_numbers.py").read_text("utf-8"), "utf-8"
    )
    assert run("--check", folder=tmp_path).returncode == 1
    assert run(folder=tmp_path).returncode == 0
    assert (tmp_path / "readers" / "README.md").read_text("utf-8") == text


def test_every_page_that_is_named_is_there() -> None:
    names = re.findall(r"\]\((?!http)([^)#]+)\)", README.read_text("utf-8"))
    assert [name for name in names if not (PAGES / name).exists()] == []
    pages = {page.name for page in PAGES.glob("*.md")} - {"README.md"}
    assert pages <= set(names), "a page that the index does not name"


def test_every_driver_and_word_is_in_the_index() -> None:
    text = README.read_text("utf-8")
    words = [*DRIVERS.models, *(word.value for word in (*ByteOrder, *Keep))]
    assert [word for word in words if f"`{word}`" not in text] == []


MORE: Mapping[str, Sequence[str]] = {
    "serial": ("wiegand.md", "qr.md"),
    "pcsc": ("secure.md",),
    "pn532": ("secure.md",),
    "wiegand": (),
    "osdp": (),
    "uhf": (),
}
"""The pages of a family beside its own."""


KEYS = re.compile(r"^  ([a-z0-9-]+):\n    +driver:", re.MULTILINE)
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("driver", DRIVERS.models)
def test_every_setting_of_a_reader_is_told(driver: str) -> None:
    pages = (f"{driver}.md", *MORE[driver], "README.md")
    text = "".join((PAGES / page).read_text("utf-8") for page in pages)
    model: Any = DRIVERS.models[driver]
    names = [one.name for one in fields(model)]
    told = {name for name in names if re.search(rf"`{name}[`:]|(?m:^)\s*{name}:", text)}
    assert told == set(names)


def pieces() -> Iterator[tuple[str, str]]:
    """The settings in the pages, each with the name of its page and its number there."""
    for page in sorted(PAGES.glob("*.md")):
        found = BLOCK.findall(page.read_text("utf-8"))
        yield from ((f"{page.stem}-{number}", piece) for number, piece in enumerate(found, 1))


@pytest.mark.parametrize(("name", "piece"), [pytest.param(*one, id=one[0]) for one in pieces()])
def test_the_settings_in_the_pages_are_right(tmp_path: Path, name: str, piece: str) -> None:
    if not piece.startswith("readers:"):
        indented = piece if re.match(r"  [a-z]", piece) else f"{ONE}{piece}"
        piece = f"readers:\n{indented}"
    readers = KEYS.findall(piece)
    file = tmp_path / f"{name}.yaml"
    file.write_text(GATE.format(readers=", ".join(readers)) + piece, "utf-8")
    assert list(read(file).readers) == readers
