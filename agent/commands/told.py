"""What the gate tells of itself when the centre asks: that it is there, what it has, how it is set.

Rules kept here:
- nothing here looks at anything that takes time.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from agent.core.model import Moment

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ping(now: Moment) -> Mapping[str, object]:
    """``{time, timequality, uptimems}``, as they stand in an event's envelope."""
    time = _EPOCH + timedelta(microseconds=now.wall_us)
    return {
        "time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "timequality": now.quality.value,
        "uptimems": str(now.mono_ns // 1_000_000),
    }
