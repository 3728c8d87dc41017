"""Commands as the bench gives them: who may give them, and their bodies."""

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.bench import site

CLIENT = "bench"
KEYID = "k1"
TTL_MS = 10_000
_KEY_BYTES = 32


def body(args: Mapping[str, object]) -> bytes:
    """The body of a command that counts from now on."""
    told = {
        "cmd_id": secrets.token_hex(16),
        "issued_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "ttl_ms": TTL_MS,
        "actor": "bench",
        "reason": "bench",
        "args": args,
    }
    return json.dumps(told).encode()


def make_key(file: Path) -> bytes:
    """A key for signatures, in this file."""
    key = secrets.token_bytes(_KEY_BYTES)
    file.write_bytes(key)
    return key


def served(page: site.Page, key: Path) -> site.Page:
    """The same settings of a gate, and `CLIENT` may open with a signature, and have replays."""
    uplink: dict[str, Any] = {
        **page["uplink"],
        "clients": {CLIENT: {"group": "bench", "keys": {KEYID: {"file": str(key)}}}},
        "groups": {"bench": {"may": ["open", "replay"], "signed": ["open"]}},
    }
    return {**page, "uplink": uplink}
