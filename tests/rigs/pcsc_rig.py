"""A private pcscd with virtual readers, and virtual cards to hold to them.

Rules kept here:
- one pcscd in a mount namespace of its own: its /run/pcscd is a directory of ours, so that neither
  a pcscd of the machine nor that of another test is met. Clients find it by PCSCLITE_CSOCK_NAME;
- libpcsclite reads that variable once in a process: tests inside one process share `HERE` and
  start one pcscd after the other there; other processes get ``Pcscd(...).environment``;
- vpcd has no hot-plug: readers come and go by restarting pcscd (`Pcscd.restart`);
- pcscd looks for cards every 400 ms: hold a card until something was seen, and at least 500 ms;
- everything ends by pid, at the latest when its ``with`` block ends.
"""

import contextlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.parts import VPCD
from tests.patience import LIMIT_S, until
from tests.rigs.ports import free_port

ACR122U = "ACS ACR122U PICC Interface"
ATR = bytes.fromhex("3B8F8001804F0CA000000306030001000000006A")
"""MIFARE Classic 1K at a reader that follows PC/SC part 3."""

GET_UID = bytes.fromhex("FFCA000000")
GET_FIRMWARE = bytes.fromhex("FF00480000")


@dataclass(frozen=True)
class VirtualReader:
    """A reader of two slots. pcscd calls it ``{name} 0N 00``, its second slot ``{name} 0N 01``."""

    name: str
    port: int


def virtual_reader(name: str = "Virtual PCD") -> VirtualReader:
    """A reader on two neighbouring ports that are free now."""
    return VirtualReader(name, free_port(2))


class Pcscd:
    """A pcscd of our own. ``directory`` must be short: its socket's path has 107 bytes at most."""

    def __init__(self, *readers: VirtualReader, directory: Path) -> None:
        self.readers: Sequence[VirtualReader] = readers
        self.directory = directory
        self.socket = directory / "run" / "pcscd.comm"
        self._process: subprocess.Popen[bytes] | None = None
        (directory / "run").mkdir(parents=True, exist_ok=True)

    @property
    def environment(self) -> Mapping[str, str]:
        """What a client process needs to find this pcscd."""
        return {"PCSCLITE_CSOCK_NAME": str(self.socket)}

    @property
    def pid(self) -> int:
        assert self._process is not None, "pcscd is not started"
        return self._process.pid

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _configure(self) -> Path:
        # pcscd parses every file of its configuration directory: the copies lie elsewhere.
        config, drivers = self.directory / "config", self.directory / "drivers"
        for each in (config, drivers):
            shutil.rmtree(each, ignore_errors=True)
            each.mkdir()
        for number, reader in enumerate(self.readers):
            # One copy for each reader: two of the same file would share their slots.
            library = drivers / f"libifdvpcd{number}.so"
            shutil.copyfile(VPCD / "libifdvpcd.so", library)
            (config / f"reader{number}").write_text(
                f'FRIENDLYNAME "{reader.name}"\n'
                f"DEVICENAME /dev/null:0x{reader.port:04X}\n"
                f"LIBPATH {library}\n"
                f"CHANNELID 0x{reader.port:04X}\n"
            )
        return config

    def start(self) -> None:
        """Start it and wait until clients are served and every reader's port is open."""
        assert self._process is None, "pcscd runs already"
        run = self.directory / "run"
        for left in run.iterdir():
            left.unlink()
        config = self._configure()
        script = 'mkdir -p /run/pcscd && mount --bind "$1" /run/pcscd && exec pcscd -f -i -c "$2"'
        command = ("unshare", "--mount", "--propagation", "private", "sh", "-ec", script, "sh")
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                (*command, str(run), str(config)), stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        until(self._ready, f"pcscd ready; its log is {self.directory / 'log'}")

    def _ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.directory / "log").read_text(errors="replace")
        with socket.socket(socket.AF_UNIX) as client:
            if client.connect_ex(str(self.socket)) != 0:
                return False
        listening = Path("/proc/net/tcp").read_text()
        return all(f":{each.port:04X} 00000000:0000 0A" in listening for each in self.readers)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it; safe to call twice."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(LIMIT_S)
        for left in (self.directory / "run").iterdir():
            left.unlink()

    def restart(self, *readers: VirtualReader) -> None:
        """Stop and start, with these readers from now on."""
        self.stop()
        self.readers = readers
        self.start()


HERE = Path(tempfile.gettempdir()) / f"pcsc-{os.getpid()}"
"""Where the one pcscd of this very process runs."""


@contextlib.contextmanager
def pcscd_here(*readers: VirtualReader) -> Iterator[Pcscd]:
    """A pcscd for PC/SC calls made by this process itself."""
    daemon = Pcscd(*readers, directory=HERE)
    os.environ.update(daemon.environment)
    try:
        with daemon:
            yield daemon
    finally:
        shutil.rmtree(HERE, ignore_errors=True)


@contextlib.contextmanager
def pcscd_apart(*readers: VirtualReader) -> Iterator[Pcscd]:
    """A pcscd for other processes; give them its ``environment``."""
    with (
        tempfile.TemporaryDirectory(prefix="pcsc-") as directory,
        Pcscd(*readers, directory=Path(directory)) as daemon,
    ):
        yield daemon


@dataclass
class VirtualCard:
    """A card that is held to a virtual reader: a TCP client of vpcd.

    Knobs: ``mute`` (takes commands and never answers), ``slow_s`` (answers them that much later),
    ``torn`` (leaves as soon as it has one), ``no_uid`` (6A81), ``answers`` (by command), ``applet``
    (what the card itself can do, asked last); what none of them knows gets 6D00. With ``spared``
    so many commands are answered before the card is mute, or torn away.
    ``firmware`` is what the reader says of itself, whoever makes it, and no command to the card.
    Seen: ``asked_ns`` (monotonic time at which the card was first asked for its ATR) and
    ``commands``, in their order.
    """

    port: int
    uid: bytes
    atr: bytes = ATR
    mute: bool = False
    slow_s: float = 0
    torn: bool = False
    no_uid: bool = False
    answers: Mapping[bytes, bytes] = field(default_factory=dict)
    applet: Callable[[bytes], bytes] | None = None
    spared: int = 0
    firmware: bytes = b"ACR122U207"
    commands: list[bytes] = field(default_factory=list)
    asked_ns: int | None = None
    _socket: socket.socket | None = None
    _leaving: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.insert()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.remove()

    @property
    def inside(self) -> bool:
        """The card is in the field, as far as it knows itself."""
        return self._thread is not None and self._thread.is_alive()

    def insert(self) -> None:
        """Hold the card to the reader."""
        assert self._socket is None, "the card is in the field already"
        self.asked_ns = None
        self._leaving.clear()
        self._socket = socket.create_connection(("127.0.0.1", self.port), LIMIT_S)
        self._socket.settimeout(None)
        self._thread = threading.Thread(
            target=self._serve, args=(self._socket,), name=f"card-{self.port}", daemon=True
        )
        self._thread.start()

    def remove(self) -> None:
        """Take the card away; safe to call twice. vpcd sees it at its next look (400 ms)."""
        line, self._socket = self._socket, None
        if line is None:
            return
        self._leaving.set()
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
        line.close()
        assert self._thread is not None
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive(), "the card's thread did not end"

    def _serve(self, line: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                # vpcd writes length and body apart: without a quick ack each command waits 44 ms.
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
                (length,) = struct.unpack(">H", self._take(line, 2))
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
                message = self._take(line, length)
                answer = self._control(message[0]) if length == 1 else self._command(message)
                if answer is not None:
                    line.sendall(struct.pack(">H", len(answer)) + answer)
                elif self.torn and length > 1 and len(self.commands) > self.spared:
                    line.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _take(line: socket.socket, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = line.recv(count - len(data))
            if not part:
                raise ConnectionResetError("vpcd closed the line")
            data += part
        return data

    def _control(self, what: int) -> bytes | None:
        if what != 4:  # off, on, reset: nothing is said
            return None
        if self.asked_ns is None:
            self.asked_ns = time.monotonic_ns()
        return self.atr

    def _command(self, message: bytes) -> bytes | None:
        if message == GET_FIRMWARE and not (self.mute or self.torn):
            return self.firmware
        self.commands.append(message)
        silent = (self.mute or self.torn) and len(self.commands) > self.spared
        if silent or self._leaving.wait(self.slow_s):
            return None
        if message in self.answers:
            return self.answers[message]
        if message == GET_UID:
            return b"\x6a\x81" if self.no_uid else self.uid + b"\x90\x00"
        return b"\x6d\x00" if self.applet is None else self.applet(message)
