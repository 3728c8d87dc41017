"""The machine's clocks, and how far the wall clock can be believed.

The kernel says by adjtimex(2) whether a time daemon keeps the clock (STA_UNSYNC clear). Once kept
in this boot and then left alone, the clock is in ``holdover`` for a day: a Pi's crystal drifts
less than 10 s in that time. A clock that was never kept in this boot is ``estimated`` (it may come
from a battery or from the last shutdown), and ``unknown`` when it shows a time before this software
was written.
"""

import ctypes
import os
import time
from pathlib import Path

from agent.core.model import ClockQuality, Moment

_STA_UNSYNC = 0x40
_TIMEX_BYTES = 512
_STATUS_OFFSET = 40 if ctypes.sizeof(ctypes.c_long) == 8 else 20
_WRITTEN_US = 1_760_000_000 * 1_000_000
_HOLDOVER_NS = 24 * 3600 * 1_000_000_000
_ASK_EVERY_NS = 1_000_000_000


class SystemClock:
    """Implements `agent.ports.Clock`; may be asked from any thread.

    ``assume_synced`` is for gates whose clock is kept by means that the kernel does not know of.
    A clock before the year 2025 is unknown all the same.
    """

    def __init__(self, *, assume_synced: bool = False) -> None:
        self._assume_synced = assume_synced
        # The interpreter itself has adjtimex linked; looking for libc would start ldconfig.
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._quality = ClockQuality.ESTIMATED
        self._asked_ns = -_ASK_EVERY_NS
        self._kept_ns: int | None = None

    def now(self) -> Moment:
        """Wall time, monotonic time and quality; the kernel is asked once a second at most."""
        mono_ns = time.monotonic_ns()
        wall_us = time.time_ns() // 1000
        if mono_ns - self._asked_ns >= _ASK_EVERY_NS:
            self._asked_ns = mono_ns
            self._quality = self._judge(mono_ns)
        if wall_us < _WRITTEN_US:
            return Moment(wall_us, mono_ns, ClockQuality.UNKNOWN)
        return Moment(wall_us, mono_ns, self._quality)

    def _judge(self, mono_ns: int) -> ClockQuality:
        if self._assume_synced or self._kernel_keeps_time():
            self._kept_ns = mono_ns
            return ClockQuality.SYNCED
        if self._kept_ns is not None and mono_ns - self._kept_ns < _HOLDOVER_NS:
            return ClockQuality.HOLDOVER
        return ClockQuality.ESTIMATED

    def _kernel_keeps_time(self) -> bool:
        timex = ctypes.create_string_buffer(_TIMEX_BYTES)
        if self._libc.adjtimex(timex) < 0:
            return False
        status = int.from_bytes(timex.raw[_STATUS_OFFSET : _STATUS_OFFSET + 4], "little")
        return not status & _STA_UNSYNC


def boot_id() -> str:
    """The kernel's id of this boot: it tells two uptimes apart."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return f"unknown-{os.getpid()}"
