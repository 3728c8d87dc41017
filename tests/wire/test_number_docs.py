"""docs/readers: the tables of numbers are made by the code, and every page is there."""

import re
import subprocess
import sys
from pathlib import Path

from agent.settings.readers import DRIVERS
from agent.settings.words import ByteOrder, Keep

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "readers"
README = PAGES / "README.md"


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
