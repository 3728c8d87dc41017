"""How an order of the books reaches the gate, from the command line.

Rules kept here:
- the form goes as it was written; only a time of day is made a date with time;
- a refusal is one sentence that names the field it is about.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.cli.house import reach
from agent.cli.ordering import when
from agent.errors import GateError
from agent.settings import Settings
from agent.settings.here import load

TIMES = ("from", "until")
"""Fields that may be a time of day."""


def give(
    config_path: Path,
    kind: str,
    form: Mapping[str, object],
    *,
    args: Mapping[str, str] | None = None,
    actor: str = "",
) -> Mapping[str, Any]:
    """Give an order, and its answer ``{status, code, detail, result}`` when it is done.

    Through the daemon; where none runs, what moves nothing is written all the same. Raises
    GateError with code, field and reason when it is refused.
    """
    settings = load(config_path)
    form, args = _timed(settings, form), _timed(settings, args or {})
    order_id = f"cli-{secrets.token_hex(8)}"
    with reach(settings) as ask:
        answer: Mapping[str, Any] = ask(
            "order", order_id=order_id, kind=kind, args=args, form=form, actor=actor
        )
    if answer["status"] != "done":
        field = str(dict(answer.get("result") or {}).get("field") or "")
        told = f"{field}: {answer['detail']}" if field else answer["detail"]
        raise GateError(f"{answer['status']} ({answer['code']}): {told}")
    return answer


def _timed(settings: Settings, told: Mapping[str, Any]) -> dict[str, Any]:
    now = datetime.now(ZoneInfo(settings.timezone))
    return {
        name: when(value, now) if name in TIMES and _is_time(value) else value
        for name, value in told.items()
    }


def _is_time(value: object) -> bool:
    return isinstance(value, str) and len(value) <= 5 and ":" in value
