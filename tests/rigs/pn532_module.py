"""A PN532 on a serial line, the module's side of it, written from UM0701-02 for itself.

`Module` is the chip: bytes in, bytes out. Run as a program (``python -m tests.rigs.pn532_module
LINK``) it is the chip at the end of a pty whose other end is linked as LINK, and does what standard
input says, one order a line, each answered by a line:

    card HEX [SAK [ATS]]   a card of type A lies in the field (another one goes)
    secure KIND UID KEY [SHOWN]   one of tests.rigs.secure_cards; it may show another number
    tear N                 the card leaves when it is sent the N-th command from now on
    split N                answers of the card come in pieces of N bytes
    mute N                 the next N commands to the card are acknowledged and not answered
    proved                 how often the card told its number to somebody who knew the key
    cardb HEX              one of type B, with this PUPI
    gone                   no card is there
    sleep                  the module falls asleep, as after a dip of its power
    hang N                 it hears nothing for the next N frames
    lose N                 its next N ACKs get lost
    damage N               one byte of each of the next N answers is another
    noise N                N bytes of noise come before each answer
    slow MS                every byte is that much later
    unplug / plug          the line goes, and comes again under the old name
    told                   the commands heard so far, in hexadecimal

Rules kept here:
- it shares no code with the driver;
- asleep it hears nothing but a byte 55, and after that it takes SAMConfiguration first: every other
  command before it is answered by the error frame;
- a card that was listed is silent until the field was off, as a real one is;
- commands (InDataExchange) reach only a card that was listed and has an ATS.
"""

import os
import random
import select
import sys
import time
import tty
from collections.abc import Callable
from pathlib import Path

from tests.rigs.secure_cards import SecureCard

ACK = b"\x00\x00\xff\x00\xff\x00"
ATS = bytes.fromhex("75778102")
"""Of a DESFire: frames of 64 bytes, 77 ms to answer."""
ERROR = b"\x00\x00\xff\x01\xff\x7f\x81\x00"


class Module:
    """The chip. `heard` takes bytes and gives what it says to them, in pieces."""

    def __init__(self) -> None:
        self.asleep = True
        self.ready = False
        self.card = b""
        self.sak, self.ats = 0x08, b""
        self.type_b = False
        self.active = False
        self.last = b""
        self.told: list[int] = []
        self.hang = self.lose = self.damage = self.noise = 0
        self.applet: Callable[[bytes], bytes] | None = None
        self.tear = self.split = self.mute = 0
        self._sent = self._waiting = b""
        self._random = random.Random(532)  # noqa: S311 - reproducible on purpose
        self._buffer = b""

    def put(self, card: bytes, sak: int = 0x08, ats: bytes = b"", *, type_b: bool = False) -> None:
        """This card lies in the field now, instead of any other."""
        self.card, self.sak, self.ats, self.type_b = card, sak, ats, type_b
        self.active, self.applet = False, None

    def sleep(self) -> None:
        """The power dipped."""
        self.asleep, self.ready, self.active, self._buffer = True, False, False, b""

    def heard(self, data: bytes) -> list[bytes]:
        """Bytes came; what is said, an ACK and an answer apart."""
        if self.asleep:
            at = data.find(b"\x55")
            if at < 0:
                return []
            self.asleep, data = False, data[at:]
        self._buffer += data
        said: list[bytes] = []
        while True:
            at = self._buffer.find(b"\x00\xff")
            if at < 0 or len(self._buffer) < at + 4:
                return said
            size, check = self._buffer[at + 2 : at + 4]
            if (size, check) in ((0, 255), (255, 0)):
                self._buffer = self._buffer[at + 4 :]
                if size and self.last:
                    said.append(self._out(self.last))
            elif size + check & 255:
                self._buffer = self._buffer[at + 2 :]
            elif len(self._buffer) <= at + 4 + size:
                return said
            else:
                body = self._buffer[at + 4 : at + 4 + size]
                summed = sum(body) + self._buffer[at + 4 + size]
                self._buffer = self._buffer[at + 5 + size :]
                if summed & 255 == 0 and size > 1 and body[0] == 0xD4:
                    said += self._command(body[1], body[2:])

    def _command(self, code: int, data: bytes) -> list[bytes]:
        if self.hang:
            self.hang -= 1
            return []
        self.told.append(code)
        said = [] if self.lose else [ACK]
        self.lose = max(0, self.lose - 1)
        if code == 0x14:
            self.ready = True
        if not self.ready:
            return [*said, ERROR]
        if code == 0x40 and self.mute:
            self.mute -= 1
            return said
        answer = self._answer(code, data)
        if answer is None:
            return [*said, ERROR]
        body = bytes((0xD5, code + 1)) + answer
        head = b"\x00\x00\xff" + bytes((len(body), 256 - len(body)))
        self.last = head + body + bytes((-sum(body) % 256, 0))
        return [*said, self._out(self.last)]

    def _answer(self, code: int, data: bytes) -> bytes | None:
        if code == 0x14:
            return b""
        if code == 0x02:
            return b"\x32\x01\x06\x07"
        if code == 0x32:
            if data == b"\x01\x00":
                self.active, self._sent, self._waiting = False, b"", b""
            return b""
        if code == 0x40:
            return self._exchange(data)
        return self._list(data) if code == 0x4A else None

    def _exchange(self, data: bytes) -> bytes:
        """InDataExchange: a piece of a command, or nothing for the next piece of an answer."""
        if self.tear:
            self.tear -= 1
            if not self.tear:
                self.put(b"")
                return b"\x01"
        if not self.active or not self.ats or self.applet is None or data[0] & 0x3F != 1:
            return b"\x27"
        self._sent += data[1:]
        if data[0] & 0x40:
            return b"\x00"
        if self._sent:
            self._sent, self._waiting = b"", self.applet(self._sent)
        size = self.split or len(self._waiting)
        piece, self._waiting = self._waiting[:size], self._waiting[size:]
        return bytes((0x40 if self._waiting else 0,)) + piece

    def _list(self, data: bytes) -> bytes:
        if not self.card or self.active or self.type_b is not (data[1] == 3):
            return b"\x00"
        self.active = True
        if self.type_b:
            return b"\x01\x01\x50" + self.card + bytes(7) + b"\x01\x00"
        ats = bytes((len(self.ats) + 1,)) + self.ats if self.ats else b""
        return b"\x01\x01\x00\x04" + bytes((self.sak, len(self.card))) + self.card + ats

    def _out(self, frame: bytes) -> bytes:
        raw = bytearray(frame)
        if self.damage:
            self.damage -= 1
            raw[5 + self._random.randrange(len(raw) - 7)] ^= 1 << self._random.randrange(8)
        return self._random.randbytes(self.noise) + bytes(raw)


class Line:
    """A pty with a name."""

    def __init__(self, link: Path) -> None:
        self._link = link
        self.master = -1
        self._slave = -1

    def plug(self) -> None:
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self._link.symlink_to(os.ttyname(self._slave))

    def unplug(self) -> None:
        self._link.unlink(missing_ok=True)
        os.close(self._slave)
        os.close(self.master)
        self.master = -1


def obey(order: str, module: Module, line: Line) -> str:
    """One order of standard input; gives the answer."""
    name, *words = order.split()
    if name in ("card", "cardb"):
        raw = [bytes.fromhex(word) for word in words]
        sak = raw[1][0] if len(raw) > 1 else 0x08
        module.put(raw[0], sak, raw[2] if len(raw) > 2 else b"", type_b=name == "cardb")
    elif name == "secure":
        uid, key, shown = bytes.fromhex(words[1]), bytes.fromhex(words[2]), words[-1]
        module.put(bytes.fromhex(shown) if len(words) > 3 else uid, 0x20, ATS)
        module.applet = SecureCard(words[0], uid, key)
    elif name == "proved":
        return str(module.applet.proved if isinstance(module.applet, SecureCard) else -1)
    elif name == "gone":
        module.put(b"")
    elif name == "sleep":
        module.sleep()
    elif name in ("hang", "lose", "damage", "noise", "tear", "split", "mute"):
        setattr(module, name, int(words[0]))
    elif name == "told":
        return bytes(module.told).hex()
    elif name == "unplug":
        line.unplug()
    elif name == "plug":
        module.sleep()
        line.plug()
    else:
        return f"? {name}"
    return "ok"


def say(answer: str) -> None:
    """A line on standard output, at once."""
    sys.stdout.write(f"{answer}\n")
    sys.stdout.flush()


def main() -> None:
    """Serve the line until standard input ends."""
    module, line, slow_s = Module(), Line(Path(sys.argv[1])), 0.0
    line.plug()
    say("ready")
    while True:
        watched = [sys.stdin.fileno(), *([line.master] if line.master >= 0 else [])]
        readable, _, _ = select.select(watched, [], [])
        if line.master in readable:
            for piece in module.heard(os.read(line.master, 4096)):
                for at in range(len(piece)) if slow_s else (0,):
                    time.sleep(slow_s)
                    os.write(line.master, piece[at : at + 1] if slow_s else piece)
        if sys.stdin.fileno() in readable:
            order = sys.stdin.readline().strip()
            if not order:
                return
            if order.startswith("slow "):
                slow_s = float(order.split()[1]) / 1000
                say("ok")
            else:
                say(obey(order, module, line))


if __name__ == "__main__":
    main()
