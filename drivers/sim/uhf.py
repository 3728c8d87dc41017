"""``python -m drivers.sim.uhf LINK PROTOCOL``: a long-range reader on a pty, a process of its own.

LINK is the name that it gets in the file system. Prints ``ready``, then one JSON object for each
line of JSON that comes on its standard input: what to change (fields of
`drivers.sim.uhf_reader.Mood`; tags as ``[{"epc": "E200…", "dbm": -50, "antenna": 1}]``, and
``plugged``), answered with what it has done. Ends with its standard input.

`UhfSim` is the other end, for tests and for the bench.
"""

import argparse
import json
import os
import selectors
import subprocess
import sys
import termios
import time
import tty
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agent.errors import DeviceError
from drivers.sim.uhf_reader import FieldReader, FieldTag
from drivers.wire.uhf_families import FAMILIES

PATIENCE_S = 60.0
_CHUNK = 4096


class _Pty:
    """A pty behind a link; unplugging takes both away."""

    def __init__(self, link: Path, selector: selectors.BaseSelector) -> None:
        self._link = link
        self._selector = selector
        self._slave = -1
        self.master = -1

    def plug(self) -> None:
        if self.master >= 0:
            return
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave, termios.TCSANOW)
        os.set_blocking(self.master, False)
        self._selector.register(self.master, selectors.EVENT_READ)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(os.ttyname(self._slave))

    def unplug(self) -> None:
        if self.master < 0:
            return
        self._selector.unregister(self.master)
        self._link.unlink(missing_ok=True)
        os.close(self._slave)
        os.close(self.master)
        self.master = self._slave = -1

    def send(self, data: bytes) -> None:
        """What does not go in gets lost, as on a line that nobody reads."""
        if data and self.master >= 0:
            try:
                os.write(self.master, data)
            except BlockingIOError:
                return


def serve(link: Path, reader: FieldReader) -> None:
    """Be that reader until standard input ends."""
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ)
    pty = _Pty(link, selector)
    pty.plug()
    _tell({"ready": True})
    orders = b""
    while True:
        now_s = time.monotonic()
        pty.send(reader.due(now_s))
        ready = selector.select(max(0.0, reader.due_s(now_s) - now_s))
        for key, _ in ready:
            data = os.read(key.fd, _CHUNK)
            if key.fd == pty.master:
                reader.heard(data, time.monotonic())
            elif not data:
                pty.unplug()
                return
            else:
                *lines, orders = (orders + data).split(b"\n")
                for line in lines:
                    _obey(reader, pty, line)


def _obey(reader: FieldReader, pty: _Pty, line: bytes) -> None:
    """Do what a line says; one that cannot be done is answered with ``fault``."""
    try:
        _change(reader, pty, json.loads(line))
    except (ValueError, TypeError, KeyError, AttributeError) as fault:
        _tell({"fault": f"{line.decode(errors='replace')[:80]}: {fault}"})


def _change(reader: FieldReader, pty: _Pty, wanted: dict[str, Any]) -> None:
    if "plugged" in wanted:
        (pty.plug if wanted.pop("plugged") else pty.unplug)()
    for name, value in wanted.items():
        setattr(reader.mood, name, _tags(value) if name == "tags" else value)
    counts = reader.counts
    commands = {f"{code:02X}": count for code, count in counts.commands.items()}
    _tell(
        {
            "reads": counts.reads,
            "rounds": counts.rounds,
            "commands": commands,
            "power": reader.power,
            "antenna": reader.antenna,
        }
    )


def _tags(listed: Sequence[Mapping[str, Any]]) -> Sequence[FieldTag]:
    return [FieldTag(bytes.fromhex(it["epc"]), it["dbm"], it["antenna"]) for it in listed]


def _tell(what: Mapping[str, object]) -> None:
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


class UhfSim:
    """A simulated long-range reader, as a context; `change` returns when it has changed."""

    def __init__(self, link: Path, protocol: str, address: int = 1, **mood: object) -> None:
        self.link = link
        arguments = [str(link), protocol, f"--address={address}"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "drivers.sim.uhf", *arguments],
            cwd=Path(__file__).parents[2],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._answer()
        self.change(**mood)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def change(self, **mood: object) -> dict[str, Any]:
        """See `drivers.sim.uhf_reader.Mood`; gives what the reader has done so far.

        Raises DeviceError when it has ended, does not answer, or cannot do that.
        """
        stdin = self._process.stdin
        if stdin is not None:
            try:
                stdin.write(json.dumps(mood).encode() + b"\n")
            except OSError as error:
                raise DeviceError(f"the simulated reader at {self.link} has ended") from error
        return self._answer()

    def show(self, *tags: tuple[str, int] | tuple[str, int, int]) -> dict[str, Any]:
        """Put these into the field, and nothing else: EPC, dBm, and antenna (1)."""
        listed = [
            {"epc": epc, "dbm": dbm, "antenna": rest[0] if rest else 1} for epc, dbm, *rest in tags
        ]
        return self.change(tags=listed)

    def close(self) -> None:
        """End it; safe to call twice."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(PATIENCE_S)

    def _answer(self) -> dict[str, Any]:
        out = self._process.stdout
        if out is None:
            raise DeviceError("the simulated reader has no standard output")
        with selectors.DefaultSelector() as selector:
            selector.register(out, selectors.EVENT_READ)
            line = out.readline() if selector.select(PATIENCE_S) else b""
        if not line:
            raise DeviceError(f"the simulated reader at {self.link} does not answer")
        found: dict[str, Any] = json.loads(line)
        if "fault" in found:
            raise DeviceError(f"the simulated reader at {self.link} cannot do that: {found}")
        return found


def main(arguments: Sequence[str]) -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m drivers.sim.uhf")
    parser.add_argument("link", type=Path)
    parser.add_argument("protocol", choices=list(FAMILIES))
    parser.add_argument("--address", type=int, default=1)
    chosen = parser.parse_args(arguments)
    serve(chosen.link, FieldReader(chosen.protocol, chosen.address))


if __name__ == "__main__":
    main(sys.argv[1:])
