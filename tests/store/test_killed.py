import os
import signal
import subprocess
import sys
from pathlib import Path

from agent.store.reading import Reading
from agent.store.verify import parse_anchor, verify
from tests.patience import LIMIT_S
from tests.store.build import open_ledger

ROUNDS = 200 if os.environ.get("GATE_PROFILE") == "nightly" else 8
ROOT = Path(__file__).parents[2]


def lines_until_killed(path: Path, lines: int) -> list[str]:
    """What a writing process reported before it was killed with -9, at least so many lines."""
    command = [sys.executable, "-m", "tests.store.writer_child", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
        assert child.stdout is not None
        told = []
        for line in child.stdout:
            told.append(line)
            if len(told) == lines:
                child.send_signal(signal.SIGKILL)
        assert child.wait(LIMIT_S) == -signal.SIGKILL
    return [line for line in told if line.endswith("\n")]


def test_nothing_that_was_reported_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    last = 0
    for turn in range(ROUNDS):
        told = lines_until_killed(path, 5 + turn * 13 % 97)
        anchor = parse_anchor(told[-1].strip().replace(" ", ":"))
        assert anchor[0] > last
        verdict = verify(path, anchor)
        assert verdict.ok, verdict
        assert verdict.last >= anchor[0]
        # Half of the time the next writer finds the file as it is, otherwise it was opened between.
        if turn % 2:
            with open_ledger(path) as ledger:
                assert ledger.head().sequence == verdict.last
                assert ledger.published() <= verdict.last
                live = ledger.open_passages()
                ledger.rebuild()
                assert ledger.open_passages() == live
        last = verdict.last
    with Reading.open(path) as reading:
        assert reading.counts()["entries"] == last
