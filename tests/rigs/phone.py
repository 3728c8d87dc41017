"""A real telephone on loopback: a baresip process with its own ports, sound from a file.

Rules kept here:
- it has no sound card and no registrar; its sound is a minute of silence, said again and again;
- what it hears of calls is kept in ``heard``; it presses keys and answers as a person would.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
import wave
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from drivers.wire.baresip import Answered, Decoder, Told, encode
from tests.patience import LIMIT_S, until
from tests.rigs.ports import free_port

_MODULES = Path("/usr/lib/baresip/modules")
_LOADED = ("g711", "aufile", "aubridge", "account", "menu", "ctrl_tcp")
_RATE = 8_000
_READY = "baresip is ready"
_PRESS_S = 0.2


def silence(path: Path, seconds: int = 120) -> Path:
    """A file of sound: 8 kHz, one channel, nothing to be heard."""
    if not path.exists():
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(_RATE)
            file.writeframes(bytes(2 * _RATE * seconds))
    return path


class Phone:
    """``user`` is whom it answers for; ``answers`` by itself when ``auto``. Keeps its ports.

    ``control`` is the port of its control connection: of `command` unless ``mine`` is false.
    ``voice`` is what is said there (a file of sound, silence unless told), with ``echo`` what is
    heard there. ``config`` is a directory with a configuration of its own, made by somebody else.
    """

    def __init__(
        self,
        directory: Path,
        user: str,
        *,
        auto: bool = False,
        voice: Path | None = None,
        echo: bool = False,
        lines: Sequence[str] = (),
        config: Path | None = None,
        sip: int = 0,
        control: int = 0,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = config or directory
        self.user = user
        # The one after that of SIP is for SIP over TLS.
        first = sip or free_port(3)
        self.sip = first
        self.control = control or first + 2
        self.heard: list[Told] = []
        self.answered: list[Answered] = []
        self._log = directory / "baresip.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._conn: socket.socket | None = None
        self._thread: threading.Thread | None = None
        if config is None:
            self._configure(auto, lines, voice, echo=echo)

    @property
    def address(self) -> str:
        """Where it is called."""
        return f"sip:{self.user}@127.0.0.1:{self.sip}"

    def _configure(
        self, auto: bool, lines: Sequence[str], voice: Path | None, *, echo: bool
    ) -> None:
        sound = voice or silence(self.directory / "silence.wav")
        player, source = ("aubridge,echo",) * 2 if echo else ("aubridge,ear", f"aufile,{sound}")
        mode = "auto" if auto else "manual"
        account = f"<sip:{self.user}@127.0.0.1>;regint=0;answermode={mode}\n"
        (self.directory / "accounts").write_text(account)
        config = [
            f"sip_listen 127.0.0.1:{self.sip}",
            f"audio_player {player}",
            f"audio_source {source}",
            "audio_alert aubridge,alert",
            "audio_srate 8000-8000",
            "audio_channels 1-1",
            "net_interface 127.0.0.1",
            "call_max_calls 20",
            f"module_path {_MODULES}",
            *(f"module {name}.so" for name in _LOADED),
            f"ctrl_tcp_listen 127.0.0.1:{self.control}",
            *lines,
        ]
        (self.directory / "config").write_text("\n".join(config) + "\n")

    def start(self) -> None:
        """Start it and wait until it is ready.

        Its control port is not tried: whoever connects there takes the connection over.
        """
        program = shutil.which("baresip") or "/usr/bin/baresip"
        before = self.log().count(_READY)
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                [program, "-f", str(self.directory)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.directory,
                start_new_session=True,
            )
        until(lambda: self._ready(before), f"baresip is ready; its log is {self._log}")

    def _ready(self, before: int) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"baresip ended at once:\n{self.log()}"
        return self.log().count(_READY) > before

    def log(self) -> str:
        """What it wrote."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @property
    def pid(self) -> int:
        """The process id of the running phone."""
        assert self._process is not None, "the phone does not run"
        return self._process.pid

    def kill(self) -> None:
        """End it without a word: no BYE is sent."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order; nothing happens when it does not run."""
        self._end(signal.SIGTERM)

    def freeze(self, *, on: bool) -> None:
        """Let it stand still, or go on."""
        os.kill(self.pid, signal.SIGSTOP if on else signal.SIGCONT)

    def _end(self, number: signal.Signals) -> None:
        self._hang_up_control()
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)
        try:
            process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(LIMIT_S)

    # What the person at this phone does

    def take_control(self) -> None:
        """Listen to what it says, from now on."""
        self._conn = socket.create_connection(("127.0.0.1", self.control), LIMIT_S)
        self._conn.settimeout(None)
        self._thread = threading.Thread(target=self._listen, args=(self._conn,), daemon=True)
        self._thread.start()

    def command(self, name: str, params: str = "") -> None:
        """Give a command over the control connection."""
        if self._conn is None:
            self.take_control()
        assert self._conn is not None
        self._conn.sendall(encode(name, params, name))

    def wait(self, kind: str, count: int = 1) -> Told:
        """Wait for the ``count``-th event of this kind, and give it."""

        def look() -> Told | None:
            found = [told for told in list(self.heard) if told.kind == kind]
            return found[count - 1] if len(found) >= count else None

        if self._conn is None:
            self.take_control()
        return until(look, f"{self.user}: {kind}, {count} times") or Told("")

    def press(self, keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.command("sndcode", key)
            pause = threading.Event()
            pause.wait(_PRESS_S)
            self.command("sndcode")
            pause.wait(_PRESS_S)

    def _listen(self, conn: socket.socket) -> None:
        decoder = Decoder()
        with contextlib.suppress(OSError):
            while data := conn.recv(16_384):
                for message in decoder.feed(data):
                    if isinstance(message, Told):
                        self.heard.append(message)
                    elif isinstance(message, Answered):
                        self.answered.append(message)

    def _hang_up_control(self) -> None:
        conn, self._conn = self._conn, None
        if conn is not None:
            with contextlib.suppress(OSError):
                conn.shutdown(socket.SHUT_RDWR)
            conn.close()
        if self._thread is not None:
            self._thread.join(LIMIT_S)
            self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # In order it would wait half a minute for a peer that is gone.
        self.kill()
