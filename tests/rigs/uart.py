"""A serial line as it is: levels over time, and a receiver that may listen at the wrong speed.

One start bit (low), eight data bits, lowest first, one stop bit (high), high when idle. A receiver
waits for a falling edge and looks at the middle of each of its own bits; whatever stands where its
stop bit should be, the byte is handed over, as a serial port does that was told to ignore errors.
"""

from collections.abc import Sequence


def heard(data: bytes, sent_baud: int, heard_baud: int) -> bytes:
    """What a receiver at one speed makes of bytes that were sent at another, without a pause."""
    levels = _levels(data)
    per_bit = sent_baud / heard_baud
    found, at = bytearray(), 0.0
    while (start := _falls(levels, at)) is not None:
        bits = [_level(levels, start + (number + 1.5) * per_bit) for number in range(8)]
        found.append(sum(bit << place for place, bit in enumerate(bits)))
        at = start + 9.5 * per_bit
        while not _level(levels, at) and at < len(levels):
            at += per_bit / 2
    return bytes(found)


def _levels(data: bytes) -> Sequence[int]:
    levels = [1, 1]
    for byte in data:
        levels += [0, *(byte >> place & 1 for place in range(8)), 1]
    return [*levels, 1, 1]


def _level(levels: Sequence[int], when: float) -> int:
    return levels[int(when)] if when < len(levels) else 1


def _falls(levels: Sequence[int], since: float) -> int | None:
    first = max(1, int(since))
    return next((n for n in range(first, len(levels)) if levels[n - 1] and not levels[n]), None)
