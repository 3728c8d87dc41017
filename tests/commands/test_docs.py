"""``docs/commands.md`` lists every command with what it takes, and its examples are taken."""

import json
import re
import subprocess
import sys
from pathlib import Path

from agent.centre import permits_of
from agent.commands.serve import ROSTER_JOBS
from agent.commands.taken import taken
from agent.contract.args import ARGS
from agent.core.commands import Command, Name
from agent.core.model import CardKind, CardStatus, Direction
from agent.settings.reading import read
from agent.store.rows import COLUMNS, digest_of, row_of
from agent.uplink.hearing import A_SECOND, BURST
from agent.uplink.permits import sign
from tests.commands.test_rosters import cards
from tests.settings.pages import GOOD

TEXT = (Path(__file__).parents[2] / "docs" / "commands.md").read_text("utf-8")
ROWS = re.findall(r"^\| `([a-z_.]+)` \|(.*)\|(.*)\|(.*)\| `(\{.*\})` \|$", TEXT, re.MULTILINE)


def test_every_command_is_listed_once() -> None:
    names = [row[0] for row in ROWS]
    assert sorted(names) == sorted(Name)


def test_all_arguments_are_named_and_which_may_be_left_out() -> None:
    for name, args, *_ in ROWS:
        told = dict(re.findall(r"`([a-z_]+)`(\?|)", args))
        schema = ARGS[name].model_json_schema()
        needed = set(schema.get("required", ()))
        assert set(told) == set(schema.get("properties", {})), name
        if " or " not in args:
            assert {each for each, mark in told.items() if not mark} == needed, name


def test_the_examples_are_taken() -> None:
    for name, *_, example in ROWS:
        taken(Command("centre", name, "c-1", "", "", json.loads(example), "", 0))


def test_what_a_row_holds() -> None:
    part = " ".join(TEXT.split("A row is a list of thirteen texts")[1].split())
    assert tuple(re.findall(r"`([a-z_]+)`", part.split(".")[0])) == COLUMNS
    for words in (CardKind, CardStatus, Direction):
        for word in words:
            assert f"`{word.value}`" in part


def test_the_code_of_the_digest_runs(tmp_path: Path) -> None:
    code = snippet("def digest")
    some = cards(1, 0x0100CDA4EC, 0x1FF000002, 0x02000001)
    rows = [list(row_of(card)) for card in some][::-1]
    told = run(tmp_path, f"{code}\nprint(digest({rows!r}))\n")
    assert told == digest_of(some)[1].hex()


def test_the_code_of_the_signature_runs(tmp_path: Path) -> None:
    given = (b"a key", "gate/v1/a/b/cmd/centre/open", "k1", b'{"cmd_id": "1"}')
    code = snippet("def signature")
    assert run(tmp_path, f"{code}\nprint(signature(*{given!r}))\n") == sign(*given)


def test_the_settings_are_settings(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\nuplink:\n(.*?)```", TEXT, re.DOTALL)
    file = tmp_path / "gate.yaml"
    key = tmp_path / "key"
    key.write_text("a key that only the tests know, of some length\n")
    text = text.replace("/etc/gate-agent/centre.key", str(key))
    page, mark, _ = GOOD.partition("uplink:\n")
    file.write_text(f"{page}{mark}{text}", encoding="utf-8")
    permits = permits_of(read(file))
    assert permits["centre"].signed == {Name.OPEN}
    assert Name.NOTICE_PUT in permits["office"].may


def snippet(holds: str) -> str:
    """The one piece of code with this text."""
    (code,) = (one for one in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL) if holds in one)
    return str(code)


def run(folder: Path, code: str) -> str:
    """What a program prints."""
    program = folder / "program.py"
    program.write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


def test_the_bounds_are_those_of_the_code() -> None:
    assert f"{ROSTER_JOBS} wait at the gate at most" in TEXT
    assert (
        f"{A_SECOND:.0f} commands a second are taken of one client, {BURST:.0f} in a burst" in TEXT
    )
