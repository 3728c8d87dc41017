"""Wiegand as packed bytes: the first bit received is the highest bit of the first byte.

So do forwarders in the manner of Leosac and Rpleth: 26 bits are four bytes whose last six bits are
zero, 32 bits are four bytes and nothing else. The length does not travel with the bytes: the same
four bytes are another card in the other protocol, and the installer must know which.

Rules kept here:
- a frame is four bytes, counted from the first byte after silence: nothing in them marks a begin,
  so a lost byte shifts everything until the line is quiet for `SILENCE_MS`;
- bytes are never searched for a card at other offsets: with two parity bits, noise would give one;
- 32 bits carry no check whatever. Where the reader can do 34 bits, use them.
"""

from drivers.wire.frame import Fault, Frame, Reason
from drivers.wire.wiegand import Format, judge

SIZE = 4
SILENCE_MS = 200


class WiegandPacked:
    """Decoder for ``wiegand-26-left-justified`` and ``wiegand-32-left-justified``."""

    silence_ms = SILENCE_MS

    def __init__(self, form: Format) -> None:
        self._form = form
        self._name = f"wiegand-{form.bits}-left-justified"
        self._buffer = bytearray()
        self.bits = form.bits
        self.digits: tuple[int, ...] = ()

    @property
    def pending(self) -> bool:
        """True while fewer than four bytes wait."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[Frame | Fault]:
        """Take the next bytes; see `drivers.wire.frame.Decoder`."""
        self._buffer += data
        whole = len(self._buffer) - len(self._buffer) % SIZE
        cards = bytes(self._buffer[:whole])
        del self._buffer[:whole]
        return [self._decode(cards[start : start + SIZE]) for start in range(0, whole, SIZE)]

    def feed_bits(self, bits: str) -> list[Frame | Fault]:
        """One card as a string of 0 and 1."""
        size = -(-len(bits) // 8)
        raw = int(bits.ljust(size * 8, "0"), 2).to_bytes(size, "big")
        return [self._judge(bits, raw)]

    def flush(self) -> list[Frame | Fault]:
        """Give up on what is pending; see `drivers.wire.frame.Decoder`."""
        if not self._buffer:
            return []
        raw = bytes(self._buffer)
        self._buffer.clear()
        return [Fault(Reason.TOO_SHORT, raw, f"{len(raw)} bytes where a card is {SIZE}")]

    def _decode(self, raw: bytes) -> Frame | Fault:
        bits = f"{int.from_bytes(raw, 'big'):032b}"
        if "1" in bits[self.bits :]:
            detail = f"there are ones after the first {self.bits} bits: another format, or shifted"
            return Fault(Reason.BAD_PADDING, raw, detail)
        return self._judge(bits[: self.bits], raw)

    def _judge(self, bits: str, raw: bytes) -> Frame | Fault:
        extra: dict[str, object] = {"bit_string": bits, "raw_int": int(bits, 2)}
        if len(bits) == self.bits and self._form.span:
            extra["parity_ok"] = all(self._form.parity(bits))
        elif len(bits) == self.bits:
            extra["rpleth_bytes"] = raw.rjust(8, b"\x00").hex().upper()
        return judge(self._name, self._form, bits, raw, extra)
