"""docs/wiring.md: its tables are made from the examples, and every wiring is in it."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS, CONFIG = ROOT / "docs", ROOT / "config"
OTHERS = {"demo", "mqtt-tls", "osdp", "pn532", "proved-cards", "qr-passes", "uhf"} | {
    "wiegand-pcsc",
    "wiegand-pins",
}
"""Examples of other things than wirings."""


def run(script: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(script), *words],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_tables_are_current() -> None:
    ran = run(DOCS / "wiring_tables.py", "--check")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_table_that_is_not_current_is_told_and_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (tmp_path / "config").symlink_to(CONFIG)
    for name in ("wiring.md", "wiring_tables.py"):
        (folder / name).write_text((DOCS / name).read_text("utf-8"), "utf-8")
    text = (DOCS / "wiring.md").read_text("utf-8")
    (folder / "wiring.md").write_text(text.replace("| 17 | 11 |", "| 18 | 11 |"), "utf-8")
    assert run(folder / "wiring_tables.py", "--check").returncode == 1
    assert run(folder / "wiring_tables.py").returncode == 0
    assert (folder / "wiring.md").read_text("utf-8") == text


def test_every_wiring_has_its_section_and_its_picture() -> None:
    text = (DOCS / "wiring.md").read_text("utf-8")
    examples = {path.stem for path in CONFIG.glob("*.yaml")} - OTHERS
    for name in examples:
        assert f"(../config/{name}.yaml)" in text, name
        section = next(part for part in text.split("\n## ") if f"<!-- table: {name} -->" in part)
        assert section.count("```") >= 2, f"{name} has no picture"
        heading = section.partition("\n")[0]
        told = (CONFIG / f"{name}.yaml").read_text("utf-8")
        assert f'docs/wiring.md, "{heading}"' in told, f"{name}.yaml does not name its section"
    assert "docs/wiring.md" in (ROOT / "README.md").read_text("utf-8")


def test_every_wire_of_an_example_has_a_row() -> None:
    text = (DOCS / "wiring.md").read_text("utf-8")
    for path in CONFIG.glob("*.yaml"):
        if path.stem in OTHERS:
            continue
        table = text.partition(f"<!-- table: {path.stem} -->")[2].partition("<!-- end -->")[0]
        pins = re.findall(r"pin: ([0-9]+)", re.sub(r"#.*", "", path.read_text("utf-8")))
        assert pins
        for pin in pins:
            assert re.search(rf"\| {pin} \| [0-9]+ \|", table), f"{path.stem}: GPIO{pin}"
        assert len(re.findall(r"^\| `", table, re.MULTILINE)) >= len(pins)
