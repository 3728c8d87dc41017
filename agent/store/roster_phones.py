"""The telephone numbers of a roster's file: whose they are, in the order of the file.

Rules kept here:
- numbers belong to the holder of a card and to the unit, however many cards the holder has;
- what one line says and another contradicts is a fault, and never the later one.
"""

import re
from collections.abc import Callable

from agent.core.form import Fault, Form
from agent.core.model import CardKind
from agent.core.residents import MOST, Resident, resident
from agent.store.rows import COLUMNS, Row

PHONES = "phones"
_PARTED = re.compile("[;,；，、]")
_HOLDERS = (CardKind.RESIDENT, CardKind.VEHICLE)


class Holders:
    """Gathers them row by row. ``fault`` is told line, column, its text, and the problem."""

    def __init__(self, fault: Callable[[int, str, str, str], None]) -> None:
        self._fault = fault
        self._found: dict[tuple[str, str], tuple[int, Resident]] = {}

    def take(self, line: int, row: Row, text: str) -> None:
        """A row in its travelling form, and what stands in its column of numbers."""
        phones = [phone.strip() for phone in _PARTED.split(text) if phone.strip()]
        if not phones:
            return
        kind, name, unit = row[2], row[4], row[5]
        if kind not in _HOLDERS:
            only = " and ".join(_HOLDERS)
            self._fault(line, PHONES, text, f"only cards of {only} have numbers: leave it empty")
            return
        try:
            one = resident(Form({"unit": unit, "name": name, "phones": phones}))
        except Fault as fault:
            self._refuse(line, row, text, fault)
            return
        first, known = self._found.setdefault((one.unit, one.name), (line, one))
        if known.phones != one.phones:
            problem = f"other numbers than in line {first}: write the same, or leave one empty"
            self._fault(line, PHONES, text, problem)

    def found(self) -> list[Resident]:
        """All of them, each once."""
        if len(self._found) > MOST:
            problem = f"{len(self._found)} holders have numbers: {MOST} at most"
            self._fault(0, PHONES, "", problem)
        return [one for _, one in self._found.values()]

    def _refuse(self, line: int, row: Row, text: str, fault: Fault) -> None:
        if fault.field == PHONES:
            advice = "write +86 138 0013 8000; 8120 (a spreadsheet keeps them whole as text)"
            self._fault(line, PHONES, text, f"{fault}: {advice}")
            return
        column = "holder" if fault.field == "name" else fault.field
        says = f"{fault}, since there are telephone numbers in this line"
        self._fault(line, column, row[COLUMNS.index(column)], says)
