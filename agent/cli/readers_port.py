"""A serial port of which nothing is known: what its reader speaks, how fast, and what it says.

Rules kept here:
- every speed is tried in turn, one card each, until protocol and speed are sure;
- whoever ends it earlier, by Ctrl-C too, is told what fits best so far;
- nothing is sent but the harmless questions of `drivers.wire.identify`, and only when that is asked
  for.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.cli.readers_told import End, Told, settings_lines, stable
from drivers.listening import Line
from drivers.plugged import ports, users_of
from drivers.wire.frame import Decoder, Fault
from drivers.wire.guess import BAUDS, Certainty, Guess, bits_of_lines, guess
from drivers.wire.identify import (
    ADDRESSES,
    OSDP,
    QUESTIONS,
    Question,
    address_of,
    who,
    who_at,
)
from drivers.wire.registry import Options, make_decoder
from drivers.wire.uhf_families import FAMILIES

_LINE = "line"
_AMBIGUOUS, _H10302 = "wiegand-37", "h10302"
_LOOK_S = 0.5
_SILENT_S = 5.0
_ANSWER_S = 0.6
_ADDRESS_S = 0.2
"""A device on an OSDP line begins its answer within this time (IEC 60839-11-5)."""

_TRIES = 3
"""So many bursts are heard at one speed before the next is tried, where something fits."""

_CHECK = (
    "is it powered? TX of the reader belongs to RX here, and RX to TX (on RS-485 A to A and B to "
    "B; swap the two if nothing helps)"
)


def notes(port: str) -> Iterator[str]:
    """What stands in the way of listening there, as far as it can be seen from outside."""
    device = str(Path(port).resolve())
    if any(one.console for one in ports() if one.device == device):
        yield f"{port} is the kernel's console: take console= for it out of cmdline.txt before use"
    for name, number in users_of(Path(port)):
        if number != os.getpid():
            yield f"{name} (process {number}) has {port} open too, and may take bytes away"


def find_out(line: Line, bauds: Sequence[int], told: Told, end: End) -> bool:
    """Guess, then show cards as they come; True when a protocol was recognised."""
    heard: dict[int, list[bytes]] = {baud: [] for baud in bauds or BAUDS}
    try:
        settled = _settled(line, heard, told, end)
    except KeyboardInterrupt:
        told.say("")
        settled = None
    if settled is None:
        return _at_the_end(line.port, heard, told)
    checksum = Options(checksum="ignore" if settled.ignore else "strict")
    live(line, make_decoder(settled.protocol, checksum), told, end)
    return True


def live(line: Line, decoder: Decoder, told: Told, end: End) -> None:
    """Show cards as they come, until the end or Ctrl-C."""
    try:
        while not end.over(told.cards):
            burst = line.burst(min(_LOOK_S, max(0.0, end.at - time.monotonic())))
            for one in (*decoder.feed(burst), *(decoder.flush() if burst else ())):
                if isinstance(one, Fault):
                    told.fault(line.port, one.reason, one.raw, one.detail)
                elif one.credential:
                    told.card(line.port, one.credential, one.credential)
    except KeyboardInterrupt:
        told.say("")


def ask(line: Line, bauds: Sequence[int], told: Told) -> bool:
    """Every question at every speed that its reader may have, until one is answered."""
    chosen = list(bauds or dict.fromkeys(baud for one in QUESTIONS for baud in one.bauds))
    try:
        for baud in chosen:
            told.say(f"asking on {line.port} at {baud}")
            for send in dict.fromkeys(one.send for one in QUESTIONS if bauds or baud in one.bauds):
                data = _reply(line, baud, send, _ANSWER_S)
                if send == OSDP.send and data.replace(send, b"", 1):
                    _addresses(line, baud, told)
                    continue
                answers = who(send, data)
                for question in answers:
                    _tell_answer(line.port, question, baud, told)
                if len(answers) > 1:
                    told.say("they answer alike: its manual says which one it is")
            if told.answers:
                return True
    except KeyboardInterrupt:
        told.say("")
        return told.answers > 0
    speeds = ", ".join(map(str, chosen))
    told.say(
        f"nothing on {line.port} answers to a question, at {speeds}: {_CHECK}; readers that speak "
        "by themselves are found without --ask, with a card"
    )
    return False


def _settled(line: Line, heard: Mapping[int, list[bytes]], told: Told, end: End) -> Guess | None:
    """Listen at one speed after the other until it is sure; None when the time is over."""
    bauds = list(heard)
    place = tries = 0
    silent_at: float | None = time.monotonic() + _SILENT_S
    _turn(line, bauds[0], told)
    while not end.over(0):
        burst = line.burst(min(_LOOK_S, max(0.0, end.at - time.monotonic())))
        if not burst:
            if silent_at is not None and time.monotonic() >= silent_at:
                told.say(f"not a byte yet: {_CHECK}; a reader that speaks only when asked: --ask")
                silent_at = None
            continue
        silent_at = None
        baud = bauds[place]
        heard[baud].append(burst)
        told.say(f"  {len(burst)} bytes: {burst[:24].hex(' ').upper()}")
        found = guess(heard)
        if found and found[0].certainty is Certainty.SURE:
            _tell_guess(line.port, found[0], told, heard)
            if found[0].baud != baud:
                line.turn(found[0].baud)
            return found[0]
        tries += 1
        fits = [one for one in found if one.baud == baud]
        if tries >= _TRIES or not fits:
            place, tries = (place + 1) % len(bauds), 0
            _turn(line, bauds[place], told)
        else:
            best = fits[0]
            told.say(f"  {best.protocol} is {best.certainty.value} so far: hold another card")
    return None


def _at_the_end(port: str, heard: Mapping[int, Sequence[bytes]], told: Told) -> bool:
    """Tell what fits best; True when that is more than possible."""
    found = guess(heard)
    for one in found[:3]:
        _tell_guess(port, one, told, heard)
    if found:
        return found[0].certainty is not Certainty.POSSIBLE
    said = "nothing was said" if not any(heard.values()) else "nothing fits what was said"
    told.say(f"{said}: does the reader speak only when asked (--ask)? {_CHECK}")
    return False


def _turn(line: Line, baud: int, told: Told) -> None:
    line.turn(baud)
    told.say(f"listening on {line.port} at {baud}: hold a card to the reader (Ctrl-C ends)")


def _reply(line: Line, baud: int, send: bytes, wait_s: float) -> bytes:
    line.turn(baud)
    line.send(send)
    return line.burst(wait_s, wait_s / 4)


def _addresses(line: Line, baud: int, told: Told) -> None:
    """Tell every reader of an OSDP line: to a question to all their answers may collide."""
    told.say("  something answers, perhaps OSDP: asking every address, half a minute (Ctrl-C ends)")
    for address in ADDRESSES:
        send = who_at(address)
        found = address_of(_reply(line, baud, send, _ADDRESS_S).replace(send, b"", 1))
        if found == address:
            _tell_answer(line.port, OSDP, baud, told, address)


def _tell_answer(
    port: str, question: Question, baud: int, told: Told, address: int | None = None
) -> None:
    settings: dict[str, Any] = {"driver": question.driver, "port": stable(port)}
    settings |= {"protocol": question.protocol} if question.protocol else {}
    settings |= {"address": address} if address is not None else {}
    settings["baud"] = baud
    name = question.protocol or question.driver
    row = {"port": port, "answers": name, "settings": settings}
    lines = [f"{name} answers at {baud}", *settings_lines(settings)]
    if address is not None:
        lines[0] += f", address {address}"
        lines.append(
            "    key: {file: ...}    # made by: gate-agent osdp key (docs/readers/osdp.md)"
        )
    told.answers += 1
    told.row(row, "\n".join(lines))


def _tell_guess(port: str, one: Guess, told: Told, heard: Mapping[int, Sequence[bytes]]) -> None:
    settings: dict[str, Any] = {
        "driver": "uhf" if one.protocol in FAMILIES else "serial",
        "port": stable(port),
        "protocol": one.protocol,
        "baud": one.baud,
    }
    settings |= {"checksum": "ignore"} if one.ignore else {}
    settings |= {"format": _H10302} if one.protocol == _AMBIGUOUS else {}
    row = {
        "port": port,
        "protocol": one.protocol,
        "baud": one.baud,
        "certainty": one.certainty.value,
        "cards": one.cards,
        "swapped": one.swapped,
        "settings": settings,
    }
    count = "one card" if one.cards == 1 else f"{one.cards} different cards"
    how = f"{one.protocol} at {one.baud}: {one.certainty.value}, from {count}"
    lines = [how, *settings_lines(settings)]
    if one.swapped:
        lines.insert(1, "the wires D0 and D1 are swapped: change them over")
    if one.protocol == _AMBIGUOUS:
        lines.append(f"37 bits are {_H10302} or h10304: compare with the number on the card")
    bits = bits_of_lines(heard[one.baud]) if one.protocol == _LINE else 0
    if bits:
        lines.append(
            f"each line is {bits} bits: protocol wiegand-custom, with the format of your cards "
            "(docs/readers/wiegand.md)"
        )
    elif one.protocol == _LINE:
        lines.append(
            "the whole line is taken for the number; pattern takes a part of it, scheme names it "
            "(docs/readers/serial.md)"
        )
    told.row(row, "\n".join(lines))
