"""Makes what stands between the marks in docs/arm.md, from the tables of `agent.core.arm`.

Run from the top of the tree as ``python docs/arm_diagram.py``; with ``--check`` it only says
whether the file is current (tests/core/test_arm_docs.py asks the same).
"""

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from agent.core.arm import REFUSES, TABLE, Act, Aim, Lock, Move, State, Trigger

TARGET = Path(__file__).with_name("arm.md")
BEGIN, END = "<!-- made by docs/arm_diagram.py -->", "<!-- end -->"


def diagram() -> Iterator[str]:
    """Every row that leads to another state; one arrow for all triggers between two states."""
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield "    [*] --> unknown"
    leading = [(was, row.to, by) for (was, by), row in TABLE.items() if row.to is not was]
    for (was, to), rows in groupby(sorted(leading), key=lambda each: each[:2]):
        yield f"    {was} --> {to}: {', '.join(by for *_, by in rows)}"
    yield "```"


def table() -> Iterator[str]:
    """Every row of the table."""
    yield "| in | comes | then | drives | meant from now on | besides |"
    yield "|---|---|---|---|---|---|"
    for (was, by), row in TABLE.items():
        cells = (was, f"`{by}`", _next(was, row), _word(row.act), _word(row.aim), _more(row))
        yield f"| {' | '.join(cells)} |"


def locks() -> Iterator[str]:
    """What each lock refuses."""
    yield "| lock | refuses |"
    yield "|---|---|"
    for lock in (Lock.FIRE, Lock.LOCKDOWN, Lock.ENTRY):
        refused = ", ".join(f"`{trigger}`" for trigger in Trigger if trigger in REFUSES[lock])
        yield f"| {lock} | {refused} |"


def _next(was: State, row: Move) -> str:
    return "stays" if row.to is was else f"**{row.to}**"


def _word(word: Act | Aim) -> str:
    return "" if word.value == "-" else word.value


def _more(row: Move) -> str:
    kind = row.writes.removeprefix("gate.").removesuffix(".v1") if row.writes else ""
    return ", ".join(filter(None, ("counts as a try" if row.again else "", kind)))


def made(text: str) -> str:
    """The file with what stands between the marks made anew."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    parts = ("\n".join(diagram()), "\n".join(table()), "\n".join(locks()))
    return f"{before}{BEGIN}\n\n" + "\n\n".join(parts) + f"\n\n{END}{after}"


def main() -> int:
    """Write the file, or say whether it is current."""
    now = TARGET.read_text("utf-8")
    wanted = made(now)
    if "--check" not in sys.argv:
        TARGET.write_text(wanted, "utf-8")
        return 0
    if now != wanted:
        print(f"{TARGET} is not what the tables say: run python {Path(__file__).name}")
    return int(now != wanted)


if __name__ == "__main__":
    sys.exit(main())
