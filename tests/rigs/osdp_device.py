"""OSDP readers as a process on a pty: libosdp's own peripheral devices, all on one line.

    python -m tests.rigs.osdp_device LINK '[{"address": 5, "key": "00...", "mode": "required"}]'

``mode``: ``required`` (only the key), ``install`` (the default key is taken until a key is stored),
``plain`` (no secure channel). What to do comes as JSON lines on standard input, what the devices
were told goes out as JSON lines; ``OsdpLine`` is the side of the test.
"""

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import tty
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import osdp_sys

from tests.patience import LIMIT_S, until

LED, BUZZER = osdp_sys.CMD_LED, osdp_sys.CMD_BUZZER
TEXT, KEYSET = osdp_sys.CMD_TEXT, osdp_sys.CMD_KEYSET
GREEN, RED, AMBER = (
    osdp_sys.LED_COLOR_GREEN,
    osdp_sys.LED_COLOR_RED,
    osdp_sys.LED_COLOR_AMBER,
)
_FLAGS = {
    "required": osdp_sys.FLAG_ENFORCE_SECURE,
    "install": osdp_sys.FLAG_INSTALL_MODE,
    "plain": 0,
}
_STEP_MS = 10


class Line:
    """The pty with the devices on its far end."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self.master = -1
        self.damaged = 0

    def plug(self) -> None:
        self.master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(self.master, False)
        name = os.ttyname(slave)
        os.close(slave)
        fresh = self.link.with_suffix(".new")
        fresh.symlink_to(name)
        fresh.rename(self.link)

    def unplug(self) -> None:
        self.link.unlink(missing_ok=True)
        os.close(self.master)
        self.master = -1

    def send(self, data: bytes) -> None:
        if self.damaged:
            self.damaged -= 1
            data = data[:-1] + bytes((data[-1] ^ 0xFF,))
        with contextlib.suppress(OSError):
            os.write(self.master, data)

    def take(self) -> bytes:
        try:
            return os.read(self.master, 4096)
        except OSError:
            return b""


class Reader:
    """One device: the channel that libosdp reads and writes, and what it was told."""

    def __init__(self, line: Line, told: Mapping[str, Any]) -> None:
        self.address = int(told["address"])
        self.silent = False
        self._line = line
        self._come = b""
        self._has = told.get("has", [])
        kinds = [
            osdp_sys.CAP_READER_LED_CONTROL,
            osdp_sys.CAP_READER_AUDIBLE_OUTPUT,
            osdp_sys.CAP_READER_TEXT_OUTPUT,
        ]
        wanted = told.get("capabilities", kinds)
        self.device = osdp_sys.PeripheralDevice(
            {
                "name": f"pd-{self.address}",
                "address": self.address,
                "flags": _FLAGS[told["mode"]],
                "scbk": bytes.fromhex(told.get("key", "")) or None,
                "channel": self,
                "version": 1,
                "model": 2,
                "vendor_code": 0x00A1B2,
                "serial_number": 0x01020304,
                "firmware_version": 0x010203,
            },
            capabilities=[
                {"function_code": kind, "compliance_level": 1, "num_items": 1} for kind in wanted
            ],
        )
        self.device.set_command_callback(self._told)

    def _told(self, command: dict[str, Any]) -> tuple[int, None]:
        plain = {
            key: (value.hex() if isinstance(value, bytes) else value)
            for key, value in command.items()
        }
        say({"address": self.address, "told": plain})
        return 0, None

    def hear(self, data: bytes) -> None:
        if not self.silent:
            self._come += data

    def read(self, most: int) -> bytes:
        data, self._come = self._come[:most], self._come[most:]
        return data

    def write(self, data: bytes) -> int:
        if not self.silent:
            self._line.send(data)
        return len(data)

    def flush(self) -> None:
        self._come = b""


def say(row: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


def _event(row: Mapping[str, Any]) -> dict[str, Any]:
    if row["do"] == "card":
        return {
            "event": osdp_sys.EVENT_CARDREAD,
            "reader_no": 0,
            "format": row.get("format", osdp_sys.CARD_FMT_RAW_WIEGAND),
            "direction": 0,
            "length": row["bits"],
            "data": bytes.fromhex(row["data"]),
        }
    if row["do"] == "keys":
        data = row["keys"].encode()
        return {"event": osdp_sys.EVENT_KEYPRESS, "reader_no": 0, "data": data}
    report = bytes((row["tamper"], row["power"]))
    kind = osdp_sys.STATUS_REPORT_LOCAL
    return {"event": osdp_sys.EVENT_STATUS, "type": kind, "report": report}


def _obey(row: Mapping[str, Any], line: Line, readers: Mapping[int, Reader]) -> None:
    if row["do"] == "plug":
        line.plug()
    elif row["do"] == "unplug":
        line.unplug()
    elif row["do"] == "damage":
        line.damaged = row["count"]
    elif row["do"] == "silent":
        readers[row["address"]].silent = row["on"]
    elif row["do"] == "babble":
        line.send(bytes.fromhex(row["data"]))
    else:
        readers[row["address"]].device.submit_event(_event(row))
    say({"done": row["do"]})


def main() -> None:
    """Until standard input ends."""
    osdp_sys.set_loglevel(osdp_sys.LOG_EMERG)
    line = Line(Path(sys.argv[1]))
    readers = {int(told["address"]): Reader(line, told) for told in json.loads(sys.argv[2])}
    line.plug()
    say({"done": "ready"})
    wanted = b""
    while True:
        wait = select.poll()
        wait.register(0, select.POLLIN)
        if line.master >= 0:
            wait.register(line.master, select.POLLIN)
        states = dict(wait.poll(_STEP_MS))
        ready = {number for number, state in states.items() if state & select.POLLIN}
        if 0 in states:
            data = os.read(0, 65536)
            if not data:
                return
            *lines, wanted = (wanted + data).split(b"\n")
            for text in lines:
                _obey(json.loads(text), line, readers)
        data = line.take() if line.master in ready else b""
        for reader in readers.values():
            reader.hear(data)
            for _ in range(2):
                reader.device.refresh()
        if line.master >= 0 and not ready:
            # Nobody has the other end open: poll says so at once, and again, and again.
            threading.Event().wait(_STEP_MS / 1000)


class OsdpLine:
    """The process, as a context: `do` gives an order, `told` is what the devices were told."""

    def __init__(self, link: Path, *readers: Mapping[str, Any]) -> None:
        self.link = link
        self._readers = readers
        self._rows: list[dict[str, Any]] = []
        self._process: subprocess.Popen[str] | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", __name__, str(self.link), json.dumps(self._readers)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        self._thread = threading.Thread(target=self._listen, name="osdp-line", daemon=True)
        self._thread.start()
        self._wait_done("ready", 1)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._thread is not None
        self._process.stdin.close()
        self._process.wait(LIMIT_S)
        self._thread.join(LIMIT_S)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self.link.unlink(missing_ok=True)

    def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for text in self._process.stdout:
            self._rows.append(json.loads(text))

    def _done(self, what: str) -> int:
        return sum(row.get("done") == what for row in list(self._rows))

    def _wait_done(self, what: str, count: int) -> None:
        until(lambda: self._done(what) >= count, f"the OSDP devices did {what}")

    def do(self, what: str, **more: object) -> None:
        """Give an order, and wait until it is carried out."""
        assert self._process is not None
        assert self._process.stdin is not None
        before = self._done(what)
        self._process.stdin.write(json.dumps({"do": what, **more}) + "\n")
        self._process.stdin.flush()
        self._wait_done(what, before + 1)

    def told(self, address: int, command: int) -> list[dict[str, Any]]:
        """The commands of this number that the device got, in order."""
        rows = [row["told"] for row in list(self._rows) if row.get("address") == address]
        return [row for row in rows if row["command"] == command]


if __name__ == "__main__":
    main()
