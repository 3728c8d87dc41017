"""Makes the tables of docs/readers/README.md: what readers make of one card, and what is printed.

Run from the top of the tree as ``python docs/reader_numbers.py``; with ``--check`` it only says
whether the file is current (tests/wire/test_number_docs.py asks the same).
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from drivers.wire.credential import Form, agree, printed

TARGET = Path(__file__).parent / "readers" / "README.md"
PART = re.compile(r"<!-- table: ([a-z-]+) -->\n.*?<!-- end -->", re.DOTALL)

EM, FOUR, SEVEN = "em4100:0112CDA4EC", "uid:26DEFAE7", "uid:04112233445566"
CASES = (
    ("EM4100", EM, "26 bits", "w26:CDA4EC"),
    ("EM4100", EM, "34 bits", "w34:12CDA4EC"),
    ("EM4100", EM, "converter, ten decimal digits, of 26 bits", "w32:00CDA4EC"),
    ("UID of 4 bytes", FOUR, "34 bits, first byte first", "w34:26DEFAE7"),
    ("UID of 4 bytes", FOUR, "34 bits, first byte lowest", "w34:E7FADE26"),
    ("UID of 4 bytes", FOUR, "26 bits, the last three bytes", "w26:DEFAE7"),
    ("UID of 4 bytes", FOUR, "26 bits, the first three, first byte lowest", "w26:FADE26"),
    ("UID of 4 bytes", FOUR, "26 bits, the last three, first byte lowest", "w26:E7FADE"),
    ("UID of 4 bytes", FOUR, "26 bits, the first three bytes", "w26:26DEFA"),
    ("UID of 7 bytes", SEVEN, "34 bits, the first four bytes", "w34:04112233"),
    ("UID of 7 bytes", SEVEN, "34 bits, the first four, first byte lowest", "w34:33221104"),
    ("UID of 7 bytes", SEVEN, "34 bits, the last four bytes", "w34:33445566"),
    ("UID of 7 bytes", SEVEN, "34 bits, the last four, first byte lowest", "w34:66554433"),
    ("UID of 7 bytes", SEVEN, "34 bits, cascade level 1", "w34:88041122"),
    ("UID of 7 bytes", SEVEN, "34 bits, cascade level 1, first byte lowest", "w34:22110488"),
    ("UID of 7 bytes", SEVEN, "26 bits, the last three bytes", "w26:445566"),
)
"""Card, what the reader of the desk reads, what another reader does, and what comes out of it."""

PRINTED = (EM, "em4100:01026F6C3A", FOUR, Form("reversed").text(FOUR))


def page(text: str) -> str:
    """The file with every table made anew."""
    tables = {"readers": readers, "printed": numbers}
    return PART.sub(lambda found: part(found[1], tables[found[1]]()), text)


def part(name: str, rows: Iterator[str]) -> str:
    """One table between its marks."""
    return "\n".join((f"<!-- table: {name} -->", *rows, "<!-- end -->"))


def readers() -> Iterator[str]:
    """Which settings make another reader find what the desk's reader put into the roster."""
    yield "| card | at the desk | another reader | delivers | desk | other reader | bits |"
    yield "|---|---|---|---|---|---|---|"
    for card, desk, how, other in CASES:
        best = agree([(desk, other)])[0]
        first, second = keys(best.first, ""), keys(best.second, best.match)
        yield f"| {card} | `{desk}` | {how} | `{other}` | {first} | {second} | {best.bits} |"


def keys(form: Form, match: str) -> str:
    """The lines of a reader's settings, or that there are none."""
    told = [f"`matching: {match}`"] if match not in ("", "exact") else []
    told += [f"`byte_order: {form.byte_order}`"] if form.byte_order != "as_read" else []
    told += [f"`keep: {form.keep}`"] if form.keep != "all" else []
    told += [f"`as_scheme: {form.scheme}`"] if form.scheme else []
    return ", ".join(told) or "as it is"


def numbers() -> Iterator[str]:
    """What stands on cards."""
    forms = list(printed(EM.partition(":")[2]))
    yield f"| number | {' | '.join(f'`{form}`' for form in forms)} |"
    yield "|---" * (1 + len(forms)) + "|"
    for text in PRINTED:
        told = printed(text.partition(":")[2])
        yield f"| `{text}` | {' | '.join(told.get(form, '') for form in forms)} |"


def main() -> int:
    """Write the file, or look whether it is current."""
    text = TARGET.read_text(encoding="utf-8")
    new = page(text)
    if "--check" in sys.argv:
        if new != text:
            print(f"{TARGET} is not current: run python docs/reader_numbers.py", file=sys.stderr)
        return int(new != text)
    TARGET.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
