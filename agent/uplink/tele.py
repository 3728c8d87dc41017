"""`tele`: how the gate and its line are, in figures; plain JSON, QoS 0, not retained.

Rules kept here:
- it carries the live end of the journal, so that a tail that was removed is noticed;
- what cannot be known (no thermometer, no consumer that is named, nothing sent yet) is null;
- how long something took is counted on the monotonic clock: a step of the wall clock is no delay;
- looking at the machine never raises, and costs well below a millisecond.

Its fields are those of `agent.contract.messages`, which is loaded by none but type checkers.
"""

import json
import os
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.core.entries import StoredEntry
from agent.core.model import Moment
from agent.ports import Head
from agent.uplink.envelope import rfc3339
from agent.uplink.feed import Feed
from agent.uplink.report import Report

if TYPE_CHECKING:
    from agent.contract import messages

THERMAL = Path("/sys/class/thermal")
SAMPLES = 512
_ZONES = 16


@dataclass(frozen=True, slots=True)
class Machine:
    """What the machine says of itself: °C of its hottest zone, bytes of the ledger's disk."""

    temperature_c: float | None
    disk_free_bytes: int | None
    disk_size_bytes: int | None


class Sampler:
    """Looks at the machine. ``disk`` is a directory on the ledger's disk."""

    def __init__(self, disk: Path, thermal: Path = THERMAL) -> None:
        self._disk = disk
        self._thermal = thermal

    def look(self) -> Machine:
        """How it is now; never raises."""
        try:
            found = os.statvfs(self._disk)
        except OSError:
            return Machine(self._temperature(), None, None)
        free, size = found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
        return Machine(self._temperature(), free, size)

    def _temperature(self) -> float | None:
        """The hottest of the zones that can be read (Linux, thermal sysfs: thousandths of a °C)."""
        zones = (self._thermal / f"thermal_zone{n}" / "temp" for n in range(_ZONES))
        found = [degrees for zone in zones if (degrees := _thousandths(zone)) is not None]
        return max(found) / 1000 if found else None


class Delays:
    """How long events took from their happening to the broker's PUBACK, the last `SAMPLES`.

    One event is followed at a time, so that it costs the same however many there are. What was
    history when it was sent is not for here. Times in ms on the monotonic clock.
    """

    def __init__(self) -> None:
        self._samples: deque[int] = deque(maxlen=SAMPLES)
        self._sequence = 0
        self._happened_ms = 0

    def sent(self, sequence: int, happened_ms: int) -> None:
        """An event of this boot is on its way."""
        if not self._sequence:
            self._sequence, self._happened_ms = sequence, happened_ms

    def acknowledged(self, sequence: int, now_ms: int) -> None:
        """The broker has this event."""
        if sequence and sequence == self._sequence:
            self._samples.append(max(0, now_ms - self._happened_ms))
            self._sequence = 0

    def lost(self) -> None:
        """The session is over, and with it the wait for an acknowledgement."""
        self._sequence = 0

    def figures(self) -> "messages.Delays | None":
        """``count``, ``p50``, ``p99``, ``max`` in ms; None when nothing was measured yet."""
        ordered = sorted(self._samples)
        if not ordered:
            return None
        return {
            "count": len(ordered),
            "p50": _at(ordered, 0.50),
            "p99": _at(ordered, 0.99),
            "max": ordered[-1],
        }


class Gauge:
    """What the uplink's thread looks at about once a second, for `health` and for `tele`.

    ``boot`` is the present boot's id; ``delays`` are to be told of what is sent.
    """

    def __init__(self, feed: Feed, report: Report, sampler: Sampler, boot: str) -> None:
        self._feed = feed
        self._report = report
        self._sampler = sampler
        self._boot = boot
        self.delays = Delays()

    def look(self, head: Head, published: int, confirmed: int | None, now: Moment) -> None:
        """Note how far the centre has come, and since when the oldest entry waits.

        Raises StoreError when the journal cannot be read.
        """
        report, sequence = self._report, max(published + 1, head.first)
        report.confirmed = confirmed
        if sequence <= head.sequence and report.oldest[0] != sequence:
            row = self._feed.peek(sequence)
            report.oldest = (sequence, happened_ms(row, now, self._boot))

    def payload(self, head: Head, published: int, confirmed: int | None, now: Moment) -> bytes:
        """The next message of figures; else as `look`."""
        self.look(head, published, confirmed, now)
        backlog = max(0, head.sequence - published)
        return payload(
            head,
            published=published,
            confirmed=confirmed,
            backlog=backlog,
            age_s=self._report.waiting_s(published) if backlog else 0,
            delays=self.delays.figures(),
            machine=self._sampler.look(),
            now=now,
        )


def happened_ms(row: StoredEntry, now: Moment, boot: str) -> int:
    """When an entry was written, in ms of the present boot's uptime; before it, 0 or below."""
    if row.boot == boot:
        return row.uptime_ms
    age_us = max(0, now.wall_us - row.recorded_us)
    return min(0, now.mono_ns // 1_000_000 - age_us // 1000)


def payload(
    head: Head,
    *,
    published: int,
    confirmed: int | None,
    backlog: int,
    age_s: float,
    delays: "messages.Delays | None",
    machine: Machine,
    now: Moment,
) -> bytes:
    """One message of figures; ``age_s`` is how long the oldest event waits for the broker."""
    told: messages.Tele = {
        "time": rfc3339(now.wall_us),
        "timequality": now.quality.value,
        "bootid": head.boot,
        "uptimems": str(now.mono_ns // 1_000_000),
        "streamid": head.stream,
        "firstseq": head.first,
        "headseq": head.sequence,
        "headhash": head.hash.hex(),
        "published": published,
        "confirmed": confirmed,
        "backlog": backlog,
        "age_s": age_s,
        "delay_ms": delays,
        "temperature_c": machine.temperature_c,
        "disk_free_bytes": machine.disk_free_bytes,
        "disk_size_bytes": machine.disk_size_bytes,
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _thousandths(path: Path) -> int | None:
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):
        return None


def _at(ordered: Sequence[int], part: float) -> int:
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
