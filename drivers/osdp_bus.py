"""An OSDP line: one serial port (RS-485, two wires) with several devices, and the thread that asks.

Rules kept here:
- one device is asked at a time, the one that is due first; the next is asked when it has answered;
- a frame without an answer, or with a damaged one, is sent again as it was, byte for byte: so the
  document wants it (IEC 60839-11-5, 5.7), and so no card is lost with a damaged reply;
- a device that is not up is asked once, so that the others wait for `REPLY_S` at most;
- losing the port is told to every device; it is opened again with a jittered back-off;
- what comes unasked, from others or as our own echo, is thrown away.
"""

import errno
import os
import select
import termios
import threading
import time
from pathlib import Path
from typing import Final, Literal

import serial
from serial.rs485 import RS485Settings

from agent.errors import DeviceError
from drivers.osdp_device import Device
from drivers.serial_port import back_off, why
from drivers.wire.osdp_frame import OsdpFrames, Packet
from drivers.worker import Worker

REPLY_S: Final = 0.2
"""A device has to begin its reply within this (IEC 60839-11-5, 5.7)."""
TRIES: Final = 3

_CHUNK: Final = 4096
_PAUSE_S: Final = 0.05
_LONGEST_S: Final = 0.8
_STEADY_S: Final = 5.0
_DRAINS: Final = 16
_BITS: Final = 10
_GONE = (OSError, termios.error, TypeError, ValueError)

Direction = Literal["own", "rts", "rts_inverted"]
"""Who turns the line round: the adapter itself, or RTS by the kernel's driver."""


class OsdpBus:
    """The line at ``port``; its thread runs while it has devices. Eight bits, no parity."""

    def __init__(self, port: str, baud: int, direction: Direction = "own") -> None:
        self.port = port
        self.baud = baud
        self.opened = 0
        self._direction = direction
        self._lock = threading.Lock()
        self._devices: tuple[Device, ...] = ()
        self._worker = self._made()
        self._noise = False

    def add(self, device: Device) -> None:
        """Begin to ask a device; raises DeviceError when its address is taken."""
        with self._lock:
            if any(one.address == device.address for one in self._devices):
                raise DeviceError(f"address {device.address} is used twice on {self.port}")
            device.begin(time.monotonic())
            self._devices = (*self._devices, device)
            if self._worker.started:
                self._worker.wake()
            else:
                self._worker.start()

    def remove(self, device: Device) -> None:
        """Leave a device alone; with the last one the thread ends. Safe to call twice.

        Raises DeviceError when the thread does not end within `drivers.worker.STOP_S` seconds.
        """
        with self._lock:
            self._devices = tuple(one for one in self._devices if one is not device)
            if not self._devices and self._worker.started:
                self._worker.stop()
                self._worker = self._made()

    def wake(self) -> None:
        """Something waits for a device; from any thread."""
        self._worker.wake()

    def _made(self) -> Worker:
        name = f"osdp-{Path(self.port).name}"
        return Worker(name, f"the OSDP line {self.port}", self._run)

    def _run(self) -> None:
        tries = 0
        while not self._worker.stopping:
            began = time.monotonic()
            try:
                with self._open() as line:
                    self.opened += 1
                    for device in self._devices:
                        device.begin(time.monotonic())
                    self._pump(line.fileno())
            except _GONE as error:
                detail = why(self.port, error)
                for device in self._devices:
                    device.line_lost(detail)
            if time.monotonic() - began >= _STEADY_S:
                tries = 0
            self._worker.pause(back_off(tries))
            tries += 1

    def _open(self) -> serial.Serial:
        line = serial.Serial(self.port, self.baud, exclusive=True)
        if self._direction != "own":
            high = self._direction == "rts"
            try:
                line.rs485_mode = RS485Settings(rts_level_for_tx=high, rts_level_for_rx=not high)
            except _GONE as error:
                line.close()
                raise OSError(
                    errno.ENOTTY,
                    f"its driver cannot turn the line round by RTS ({error}): write direction: own "
                    "and use an adapter that does it by itself",
                ) from error
        return line

    def _pump(self, line: int) -> None:
        """Ask until told to stop; raises OSError when the port is gone."""
        while not self._worker.stopping:
            devices = self._devices
            now = time.monotonic()
            due = {one: (now if one.waiting else one.due) for one in devices}
            device = min(devices, key=lambda one: due[one], default=None)
            if device is None or due[device] > now:
                self._worker.rest(min(due[device] - now, 1.0) if device is not None else 1.0)
                continue
            away = sum(not one.up for one in devices)
            frame = device.command(now, away)
            if frame:
                self._exchange(line, device, frame, away)

    def _exchange(self, line: int, device: Device, frame: bytes, away: int) -> None:
        self._noise = False
        for _ in range(TRIES if device.up else 1):
            self._drain(line)
            self._send(line, frame)
            reply = self._reply(line, device.address, len(frame))
            if reply is not None:
                device.answered(reply, time.monotonic(), away)
                return
            if self._worker.stopping:
                return
        device.unanswered(time.monotonic(), away, noise=self._noise)

    def _send(self, line: int, frame: bytes) -> None:
        try:
            os.write(line, frame)
        except BlockingIOError:
            # Nobody takes what we send; what waits is of no use any more.
            termios.tcflush(line, termios.TCOFLUSH)

    def _reply(self, line: int, address: int, sent: int) -> Packet | None:
        """The whole, undamaged reply of this device; None when none comes in time."""
        frames = OsdpFrames()
        now = time.monotonic()
        until = now + REPLY_S + sent * _BITS / self.baud
        last = now + _LONGEST_S
        while (left := min(until, last) - time.monotonic()) > 0:
            data = self._read(line, left)
            if not data:
                continue
            for one in frames.packets(data):
                if isinstance(one, Packet) and one.reply and one.address == address:
                    return one
                self._noise = self._noise or not isinstance(one, Packet)
            if frames.pending:
                until = max(until, time.monotonic() + _PAUSE_S)
        self._noise = self._noise or frames.pending
        return None

    def _drain(self, line: int) -> None:
        """Throw away what nobody asked for."""
        for _ in range(_DRAINS):
            if not self._read(line, 0.0):
                return

    def _read(self, line: int, seconds: float) -> bytes:
        """What comes within this time, nothing else; raises OSError when the port is gone."""
        wait = select.poll()
        wait.register(line, select.POLLIN)
        if not wait.poll(seconds * 1000):
            return b""
        data = os.read(line, _CHUNK)
        if not data:
            raise OSError(errno.EIO, "the line ended: unplugged, or a second program reads it")
        return data
