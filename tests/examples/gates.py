"""Gates that tell the example's database what a test wants: events as they come over `evt`."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from examples.central import Store

ESTATE = "gate/v1/garden"
NORTH, SOUTH = f"{ESTATE}/north", f"{ESTATE}/south"
STREAM = "5d1c0a9e2b77"
NORTHERN, SOUTHERN = f"{NORTH}/{STREAM}", f"{SOUTH}/{STREAM}"
PASSED, OPENED, ENDED = "gate.passage.ended.v1", "gate.visit.opened.v1", "gate.visit.ended.v1"
ISSUED, GRANTED = "gate.pass.issued.v1", "gate.access.granted.v1"
_BEGAN = datetime(2026, 11, 22, 8, tzinfo=UTC)


def event(
    gate: str, sequence: int, type_: str, second: float, stream: str = STREAM, **data: Any
) -> dict[str, Any]:
    """An event that happened some seconds after the beginning; ``cause`` is a number before it."""
    cause = data.pop("cause", 0)
    when = (_BEGAN + timedelta(seconds=second)).isoformat(timespec="microseconds")
    told = {
        "specversion": "1.0",
        "id": f"/{gate}/{stream}/{sequence:020d}",
        "source": f"/{gate}",
        "type": type_,
        "time": f"{when[:-6]}Z",
        "streamid": stream,
        "sequence": f"{sequence:020d}",
        "timequality": "synced",
    }
    if cause:
        told["causationid"] = f"/{gate}/{stream}/{cause:020d}"
    return {**told, "data": data}


def passed(
    gate: str, sequence: int, second: float, card: str, to: str, **more: Any
) -> dict[str, Any]:
    """A card went through a lane of this gate."""
    data = {"lane": "x-1", "card": card, "kind": "resident", "outcome": "passed", "to": to}
    return event(gate, sequence, PASSED, second, **{**data, **more})


def cursors(store: Store) -> Mapping[str, tuple[int, int]]:
    """By stream, without what all have in common: up to where all is there, and the head."""
    rows = store.run("SELECT stream, through, head FROM cursors").fetchall()
    return {stream.removeprefix("/"): (through, head) for stream, through, head in rows}


def everybody(store: Store) -> dict[str, str]:
    """Who is in which zone."""
    return {row["who"]: row["zone"] for row in store.inside()}
