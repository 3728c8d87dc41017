"""What is said besides events: `status`, `info`, `state/{lane}`; plain JSON, all retained.

Their fields are those of `agent.contract.messages`, which is loaded by none but type checkers.

Rules kept here:
- numbers of entries are JSON integers, hashes lower-case hexadecimal;
- a status names the session that says it, so that a late will can be told from the truth.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from agent.core.view import LaneView
from agent.ports import Head
from agent.uplink.topics import VERSION

if TYPE_CHECKING:
    from agent.contract.messages import State, Status

CONTENT_TYPE = "application/json"


class Presence(StrEnum):
    """What `status` can say. ``lost`` is the broker's word for us: the will."""

    ONLINE = "online"
    OFFLINE = "offline"
    LOST = "lost"


def _dump(content: Mapping[str, object]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def status(presence: Presence, session: int, head: Head) -> bytes:
    """The agent's presence in one session, and the end of its journal as known then."""
    told: Status = {
        "status": presence.value,
        "contract": VERSION,
        "session": session,
        "bootid": head.boot,
        "streamid": head.stream,
        "firstseq": head.first,
        "headseq": head.sequence,
        "headhash": head.hash.hex(),
    }
    return _dump(told)


def info(content: Mapping[str, object]) -> bytes:
    """What this gate has: lanes, readers, inputs, outputs, capabilities, versions."""
    return _dump({"contract": VERSION, **content})


def state(view: LaneView, stream: str, as_of: int) -> bytes:
    """One lane now. ``as_of`` is the last entry that this picture includes."""
    told: State = {
        "lane": view.lane,
        "position": view.position,
        "proof": view.proof,
        "mode": view.mode,
        "emergency": view.emergency,
        "approach": view.approach,
        "loop": view.loop,
        "exit": view.exit,
        "waiting": view.waiting,
        "alarm": view.alarm,
        "text": view.text,
        "faults": list(view.faults),
        "streamid": stream,
        "asofseq": as_of,
    }
    return _dump(told)
