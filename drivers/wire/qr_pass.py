"""QR passes: a visitor's permission as a line of text, signed by the centre; docs/readers/qr.md.

Rules kept here:
- a text is ``GP1:`` and the base32 (RFC 4648, without padding) of the content and its signature;
- the signature (Ed25519, 64 bytes) is over ``GP1:`` and the content; nobody checks it here;
- there is one text for one pass: what has unknown bits, bytes too many or a padding is none;
- nothing personal has a place in it, and no time needs a time zone.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

from drivers.wire.frame import Fault, Frame, Reason
from drivers.wire.line import Encoding, LineReader
from drivers.wire.lines import CR_LF, Line, Lines

PROTOCOL = "qr-pass"
SCHEME = "pass"
PREFIX = "GP1:"
VERSION = 1
SIGNATURE = 64
ID = 16
LONGEST = 516
"""Characters of the longest text: the prefix and 320 bytes."""
LANES = 8

_WORD = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
_APPOINTMENT = re.compile(r"[a-z0-9-]{1,96}")
_TEXT = re.compile(PREFIX + r"[A-Z2-7]+")
_ENTERS, _LEAVES, _VEHICLE = 1, 2, 4
_MINUTES = 541_728_000
"""The year 3000 has begun: no calendar of a gate has to go further."""


class NoPass(ValueError):  # noqa: N818 - it says what the text is: no pass
    """A text that is no pass, or a pass that cannot be written; says why without repeating it."""


@dataclass(frozen=True, slots=True)
class QrPass:
    """What a pass says. ``begins`` and ``ends`` are minutes since 1970 UTC, both included.

    ``identity`` is `ID` bytes that no other pass of the estate has. ``gate`` empty means any gate
    of the estate, ``lanes`` empty any lane. ``enters`` and ``leaves`` are the ways that it is good
    for, once each; ``vehicle``: the visitor comes in one. ``appointment`` may be empty.
    """

    key: str
    identity: bytes
    estate: str
    begins: int
    ends: int
    gate: str = ""
    lanes: tuple[str, ...] = ()
    appointment: str = ""
    enters: bool = True
    leaves: bool = True
    vehicle: bool = False

    @property
    def credential(self) -> str:
        """The pass as a credential, ``pass:HEX``."""
        return f"{SCHEME}:{self.identity.hex().upper()}"

    def fields(self) -> Mapping[str, object]:
        """What it says, as JSON values."""
        return {
            "pass": self.identity.hex(),
            "key": self.key,
            "estate": self.estate,
            "gate": self.gate,
            "lanes": list(self.lanes),
            "appointment": self.appointment,
            "begins": self.begins,
            "ends": self.ends,
            "enters": self.enters,
            "leaves": self.leaves,
            "vehicle": self.vehicle,
        }


@dataclass(frozen=True, slots=True)
class SignedPass:
    """A pass with its signature, of which nobody knows yet whether it is right."""

    says: QrPass
    signature: bytes


def content(told: QrPass) -> bytes:
    """The bytes that a pass consists of; raises `NoPass` for what has no place in one."""
    if len(told.identity) != ID:
        raise NoPass(f"a pass has an identity of {ID} bytes")
    if not 0 <= told.begins <= told.ends < _MINUTES:
        raise NoPass("a pass begins before it ends, in minutes since 1970, before 3000")
    if not (told.enters or told.leaves):
        raise NoPass("a pass is good for the way in, the way out, or both")
    if len(told.lanes) > LANES:
        raise NoPass(f"a pass names {LANES} lanes at most; none means every lane")
    flags = _ENTERS * told.enters | _LEAVES * told.leaves | _VEHICLE * told.vehicle
    return b"".join(
        (
            bytes((VERSION, flags)),
            told.identity,
            told.begins.to_bytes(4),
            told.ends.to_bytes(4),
            _packed(told.key),
            _packed(told.estate),
            _packed(told.gate, empty=True),
            bytes((len(told.lanes),)),
            *map(_packed, told.lanes),
            _packed(told.appointment, _APPOINTMENT, empty=True),
        )
    )


def message(told: QrPass) -> bytes:
    """What is signed; raises `NoPass` as `content` does."""
    return PREFIX.encode() + content(told)


def encode(signed: SignedPass) -> str:
    """The text of a pass, for a QR code in alphanumeric mode; raises `NoPass`."""
    if len(signed.signature) != SIGNATURE:
        raise NoPass(f"a signature has {SIGNATURE} bytes")
    text = PREFIX + _base32(content(signed.says) + signed.signature)
    if len(text) > LONGEST:
        raise NoPass(f"the pass is longer than {LONGEST} characters: name fewer lanes")
    return text


def begun(text: str) -> bool:
    """Does the text begin as a pass does? Scanners may have the wrong case."""
    return text[: len(PREFIX)].upper() == PREFIX


def parse(text: str) -> SignedPass:
    """Read the text of a pass, in capitals or not; raises `NoPass`."""
    text = text.strip().upper() if text.isascii() else ""
    if len(text) > LONGEST or _TEXT.fullmatch(text) is None:
        raise NoPass(f"no pass: {PREFIX} and A-Z 2-7, {LONGEST} characters at most")
    body = text.removeprefix(PREFIX)
    try:
        data = base64.b32decode(body + "=" * (-len(body) % 8))
    except binascii.Error:
        raise NoPass("part of the text is missing") from None
    if _base32(data) != body or len(data) <= SIGNATURE:
        raise NoPass("part of the text is missing")
    says = _Rest(data[:-SIGNATURE]).read()
    return SignedPass(says, data[-SIGNATURE:])


class QrPasses:
    """Decoder for ``qr-pass``: passes, and all other lines as the protocol ``line`` reads them."""

    silence_ms = None

    def __init__(
        self,
        pattern: str = "",
        scheme: str = "qr",
        encoding: Encoding = "text",
        ends: bytes = CR_LF,
    ) -> None:
        self._others = LineReader(pattern, scheme, encoding, ends)
        self._lines = Lines(LONGEST, ends)

    @property
    def pending(self) -> bool:
        """True while a line has begun."""
        return self._lines.pending

    def feed(self, data: bytes) -> list[Frame | Fault]:
        """Take the next bytes; see `drivers.wire.frame.Decoder`."""
        return [self._decode(line) for line in self._lines.feed(data)]

    def flush(self) -> list[Frame | Fault]:
        """What is left is a line as well; see `drivers.wire.frame.Decoder`."""
        return [self._decode(line) for line in self._lines.flush()]

    def _decode(self, line: Line) -> Frame | Fault:
        text = line.text.decode("ascii", "replace").strip()
        if not begun(text):
            return self._others.decode(line)
        if line.cut:
            detail = f"more than {LONGEST} characters without a line end"
            return Fault(Reason.TOO_LONG, line.text, detail)
        try:
            says = parse(text).says
        except NoPass as fault:
            return Fault(Reason.INCOMPLETE, line.text, str(fault))
        return Frame(PROTOCOL, says.credential, says.fields(), line.text)


class _Rest:
    """The bytes of a pass that are still to be read."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self) -> QrPass:
        version, flags = self._take(2)
        if version != VERSION:
            raise NoPass(f"a pass of version {version}, and this software knows {VERSION}")
        if flags & ~(_ENTERS | _LEAVES | _VEHICLE):
            raise NoPass("a pass with flags that this software does not know")
        identity = self._take(ID)
        begins, ends = int.from_bytes(self._take(4)), int.from_bytes(self._take(4))
        told = QrPass(
            key=self._word(),
            identity=identity,
            estate=self._word(),
            begins=begins,
            ends=ends,
            gate=self._word(),
            lanes=tuple(self._word() for _ in range(self._take(1)[0])),
            appointment=self._word(),
            enters=bool(flags & _ENTERS),
            leaves=bool(flags & _LEAVES),
            vehicle=bool(flags & _VEHICLE),
        )
        if self._data:
            raise NoPass("a pass with bytes behind its end")
        content(told)
        return told

    def _take(self, count: int) -> bytes:
        if len(self._data) < count:
            raise NoPass("a pass that ends too early")
        found, self._data = self._data[:count], self._data[count:]
        return found

    def _word(self) -> str:
        return self._take(self._take(1)[0]).decode("ascii", "replace")


def _packed(word: str, form: re.Pattern[str] = _WORD, *, empty: bool = False) -> bytes:
    if not (empty and not word) and form.fullmatch(word) is None:
        raise NoPass("a name in a pass has small letters, digits and hyphens: 1 to 32 of them")
    return bytes((len(word),)) + word.encode()


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=")
