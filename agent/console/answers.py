"""What became of an order, in words.

Rules kept here:
- ``done``, ``rejected`` and ``failed`` are the daemon's; ``unknown`` is ours: nobody answered in
  time, and it settles by itself (`agent.console.settle`);
- a sentence of the daemon is shown in the guard's language where there is one, and as it came
  otherwise; it stands beside the field that it is about.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.console.said import translated
from agent.console.words import N_, Words

UNKNOWN = N_("Not known yet: the gate has not answered. This settles by itself; look first.")
AWAY = N_("The gate's program is not running: nothing was done.")

ELSEWHERE = N_("From here this needs a guard: sign on first, or do it in the booth.")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to `agent.console.desk.act`. ``code`` as in HTTP; ``result`` is the act's own."""

    order_id: str
    status: str
    code: int = 0
    detail: str = ""
    result: Mapping[str, object] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """It was done."""
        return self.status == "done"

    @property
    def unknown(self) -> bool:
        """Nobody knows yet whether it was done."""
        return self.status == "unknown"

    @property
    def field(self) -> str:
        """The field of the form that a rejection is about; empty when it is about none."""
        return "" if self.done else str(self.result.get("field", ""))

    @property
    def tone(self) -> str:
        """``good``, ``bad`` or ``wait``."""
        return {"done": "good", "unknown": "wait"}.get(self.status, "bad")

    def says(self, words: Words) -> str:
        """The sentence, in the guard's language."""
        template, values = self.result.get("says"), self.result.get("with")
        if isinstance(template, str) and isinstance(values, Mapping):
            told = {name: translated(words, str(value)) for name, value in values.items()}
            return words.filled(template, told) if told else words(template)
        return translated(words, self.detail)


def of(order_id: str, told: Mapping[str, object]) -> Answer:
    """The daemon's answer."""
    result = told.get("result")
    code = told.get("code")
    return Answer(
        order_id,
        str(told["status"]),
        code if isinstance(code, int) else 0,
        str(told.get("detail", "")),
        result if isinstance(result, Mapping) else {},
    )
