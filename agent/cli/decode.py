"""``gate-agent decode``: what the bytes of a strange reader say.

Rules kept here:
- one JSON object a line for each frame and each fault, as soon as it is whole;
- spaces, line ends, ``0x``, colons, commas and dashes in the input do not matter;
- with ``--raw`` standard input is the bytes themselves, as a port delivers them;
- exit 0: at least one frame and no fault; 1: a fault, or nothing found; 2: the call is wrong.
"""

import codecs
import difflib
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator
from typing import cast

import click

from agent.cli.as_credential import looked_up_as
from drivers.wire.frame import Decoder, Fault, Frame
from drivers.wire.line import Encoding
from drivers.wire.registry import CUSTOM, EVERY, BitDecoder, Options, make_decoder

_IGNORED = frozenset(" \t\r\n\v\f:,;-_")
_HEX = frozenset("0123456789abcdefABCDEF")
_BITS = frozenset("01")
_NEXT_CARD = frozenset("\r\n,;")
_SHORTEST_BITS = 20
_PIECE = 4096


class Hexadecimal:
    """Hexadecimal digits out of text that comes in pieces.

    Raises click.BadParameter at the first character that belongs to no hexadecimal text.
    """

    def __init__(self) -> None:
        self._half = ""
        self._place = 0
        self._line = 1

    def take(self, text: str) -> bytes:
        """The bytes that ``text`` completes."""
        digits = []
        for letter in text:
            self._place += 1
            if letter in _HEX:
                digits.append(letter)
            elif letter in "xX" and self._last(digits) == "0":
                self._drop(digits)
            elif letter not in _IGNORED:
                raise click.BadParameter(self._complaint(letter))
            if letter == "\n":
                self._line, self._place = self._line + 1, 0
        whole = self._half + "".join(digits)
        even = len(whole) - len(whole) % 2
        self._half = whole[even:]
        return bytes.fromhex(whole[:even])

    def end(self) -> None:
        """Nothing more comes; raises click.BadParameter when half a byte is left."""
        if self._half:
            raise click.BadParameter(
                f"the digit {self._half!r} at the end is half a byte: a byte is two hexadecimal "
                "digits, so one is missing or too many"
            )

    def _last(self, digits: list[str]) -> str:
        return digits[-1] if digits else self._half[-1:]

    def _drop(self, digits: list[str]) -> None:
        if digits:
            digits.pop()
        else:
            self._half = self._half[:-1]

    def _complaint(self, letter: str) -> str:
        line = f" of line {self._line}" if self._line > 1 else ""
        return (
            f"character {letter!r} at position {self._place}{line} is not hexadecimal: write bytes "
            "as two digits 0-9, A-F each"
        )


class Report:
    """Prints what is found, and remembers how it went."""

    def __init__(self, protocol: str, *, looked_up: bool = False) -> None:
        self._protocol = protocol
        self._looked_up = looked_up
        self.frames = 0
        self.faults = 0

    def tell(self, found: Iterable[Frame | Fault]) -> None:
        """One line for each."""
        for one in found:
            if isinstance(one, Fault):
                self.faults += 1
                row: dict[str, object] = {"protocol": self._protocol, "fault": str(one.reason)}
                row |= {"raw": one.raw.hex().upper(), "detail": one.detail}
            else:
                self.frames += 1
                row = {"protocol": one.protocol}
                if one.credential:
                    row |= {"credential": one.credential}
                if one.credential and self._looked_up:
                    row |= {"looked_up": looked_up_as(one.credential)}
            click.echo(json.dumps(row | dict(one.fields)))
            sys.stdout.flush()

    def status(self) -> int:
        """The exit status."""
        if not self.frames and not self.faults:
            click.echo(f"nothing found: no {self._protocol} frame in the input", err=True)
        return 0 if self.frames and not self.faults else 1


def _show_list(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    width = max(map(len, EVERY))
    for name, entry in EVERY.items():
        click.echo(f"{name:{width}}  {entry.meaning}")
    context.exit(0)


def known_protocol(
    _context: click.Context, _parameter: click.Parameter, name: str | None
) -> str | None:
    """The protocol as it was named; click.BadParameter says which one may be meant."""
    if name is None or name in EVERY:
        return name
    begun = [each for each in EVERY if name and each.startswith(name.lower())][:3]
    near = begun or difflib.get_close_matches(name.lower(), EVERY, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "see them all with --list"
    raise click.BadParameter(f"protocol {name!r} is not known; {hint}")


def _input() -> Iterator[bytes]:
    """Standard input as it comes."""
    stream = cast("io.BufferedIOBase", sys.stdin.buffer)
    while piece := stream.read1(_PIECE):
        yield piece


def _pieces(data: str) -> Iterator[str]:
    """The argument itself, or standard input as it comes when it is ``-``."""
    if data != "-":
        yield data
        return
    text = codecs.getincrementaldecoder("utf-8")(errors="replace")
    for piece in _input():
        yield text.decode(piece)


def _cards(pieces: Iterable[str]) -> Iterator[str]:
    """Bit strings, one card each; raises click.BadParameter at what is no bit."""
    card: list[str] = []
    place = 0
    for piece in pieces:
        for letter in piece:
            place += 1
            if letter in _BITS:
                card.append(letter)
            elif letter in _NEXT_CARD:
                if card:
                    yield "".join(card)
                card = []
            elif letter not in _IGNORED:
                raise click.BadParameter(
                    f"character {letter!r} at position {place} is no bit: write 0 and 1, and a new "
                    "line or a comma between two cards"
                )
    if card:
        yield "".join(card)


def _plain(text: str) -> str:
    letters = "".join(letter for letter in text if letter not in _IGNORED)
    return re.sub("0[xX]", "", letters)


def _is_bits(decoder: BitDecoder, plain: str) -> bool:
    """True when these digits can only be meant as bits: as bytes they would never be a card."""
    if not _BITS.issuperset(plain) or len(plain) in decoder.digits:
        return False
    return len(plain) == decoder.bits or (bool(decoder.digits) and len(plain) >= _SHORTEST_BITS)


def _is_number(decoder: BitDecoder, plain: str) -> bool:
    """True when these digits are the text of one card, not bytes."""
    return len(plain) in decoder.digits and _HEX.issuperset(plain)


def _decode_bits(decoder: Decoder, pieces: Iterable[str], report: Report) -> None:
    if not isinstance(decoder, BitDecoder):
        raise click.UsageError("--bits is for the Wiegand protocols; give this one bytes")
    for card in _cards(pieces):
        report.tell(decoder.feed_bits(card))


def _decode_bytes(decoder: Decoder, pieces: Iterable[str], report: Report) -> None:
    digits = Hexadecimal()
    for piece in pieces:
        report.tell(decoder.feed(digits.take(piece)))
    digits.end()
    report.tell(decoder.flush())


@click.command(name="decode")
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_list,
    help="List the protocols and what each is, then end.",
)
@click.option("--bits", is_flag=True, help="The input is bits (0 and 1), for Wiegand.")
@click.option("--raw", is_flag=True, help="Standard input is the bytes themselves; needs -.")
@click.option(
    "--checksum",
    type=click.Choice(["strict", "ignore"]),
    default="strict",
    show_default=True,
    help="em4100-ascii: some RDM6300 modules always send wrong checksums.",
)
@click.option(
    "--format",
    "written",
    default="",
    help="wiegand-custom: layout and parities, as in the settings; wiegand-37: h10302 or h10304.",
)
@click.option("--pattern", default="", help="line: regular expression, group `credential`.")
@click.option("--scheme", default="qr", show_default=True, help="line: scheme of the credential.")
@click.option(
    "--encoding",
    type=click.Choice(["text", "hex", "decimal"]),
    default="text",
    show_default=True,
    help="line: what the credential is written in.",
)
@click.option(
    "--as-credential",
    is_flag=True,
    help="Show what the gate looks up, by byte order and matching, and what cards have printed.",
)
@click.argument("protocol", callback=known_protocol)
@click.argument("data", metavar="HEX|-")
@click.pass_context
def decode(
    context: click.Context,
    protocol: str,
    data: str,
    *,
    bits: bool,
    raw: bool,
    checksum: str,
    written: str,
    pattern: str,
    scheme: str,
    encoding: Encoding,
    as_credential: bool,
) -> None:
    r"""Show what the bytes of a reader say, one JSON object for each frame or fault.

    HEX is the bytes in hexadecimal; spaces, colons and 0x do not matter. With - the same text is
    read from standard input, and each frame is shown as it comes. For Wiegand a string of bits, or
    the number in hexadecimal digits, is understood as well.

    \b
    A reader that is plugged in, with the daemon stopped:
      stty -F /dev/ttyUSB0 9600 raw -echo
      gate-agent decode --raw em4100-ascii - < /dev/ttyUSB0
    """
    if raw and (bits or data != "-"):
        raise click.UsageError("--raw reads bytes from standard input: give - and no --bits")
    options = Options(
        checksum="ignore" if checksum == "ignore" else "strict",
        format=written,
        pattern=pattern,
        scheme=scheme,
        encoding=encoding,
    )
    if protocol == CUSTOM and not written:
        raise click.UsageError(
            f"{CUSTOM} needs --format: the layout of the bits and a line for each parity "
            "(docs/readers/wiegand.md)"
        )
    try:
        decoder = make_decoder(protocol, options)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    report = Report(protocol, looked_up=as_credential)
    plain = _plain(data)
    if raw:
        for piece in _input():
            report.tell(decoder.feed(piece))
        report.tell(decoder.flush())
    elif bits or (isinstance(decoder, BitDecoder) and _is_bits(decoder, plain)):
        _decode_bits(decoder, _pieces(data), report)
    elif isinstance(decoder, BitDecoder) and _is_number(decoder, plain):
        report.tell(decoder.feed(plain.encode()))
        report.tell(decoder.flush())
    else:
        _decode_bytes(decoder, _pieces(data), report)
    context.exit(report.status())
