"""The control socket: one JSON object a line in, one a line out.

Requests are objects with ``op``; the answer has ``ok`` true, or false with ``error``. Ops:

    tap {reader, bytes: hex | em4100: digits, baud?} -> ns, just before the last byte was written
    drive {lane, car, kind?, polite?, approach_ms?, enter_ms?, under_ms?}
    release {lane}          person {lane, ms}        input {pin, active: true | false | null}
    unplug {reader}         replug {reader}          heard -> what was written to the readers
    arms -> lanes           pins -> level and function of every pin
    trace {since?, limit?} -> records, next, dropped, recorded    story {since_ns?} -> notes
    wait {for: {...}, limit_ms} -> met               stop

A wait is for all of: ``lane`` with ``arm`` (``up``, ``down``, ``rising``, ``falling``,
``between``), ``loop`` (bool), ``cars`` (count), ``passed`` (at least), ``hits`` (at least); or
``pin`` with ``level`` and ``function``; or ``records`` (trace at least that long).
"""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from drivers.sim.board import PINS
from drivers.sim.gate import Gate
from drivers.sim.lines import Lines, em4100_frame
from drivers.sim.physics import Car, Kind, Lane
from drivers.sim.spec import MS

PAGE = 5_000
LONGEST_LINE = 1_000_000
LONGEST_WAIT_MS = 120_000
Answer = dict[str, Any]


def arm_word(lane: Lane) -> str:
    """Where the arm is, in one word."""
    if lane.moving:
        return "rising" if lane.moving > 0 else "falling"
    return "up" if lane.opened else "down" if lane.closed else "between"


class Control:
    """Serves the ops, one thread for each connection, until `stop`."""

    def __init__(self, gate: Gate, lines: Lines, path: Path) -> None:
        self._gate = gate
        self._board = gate.board
        self._lines = lines
        self._path = path
        self._clients: set[socket.socket] = set()
        self._told_to_end = False
        self.ended = threading.Event()
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(path))
        self._socket.listen(8)
        self._ops: Mapping[str, Callable[[Mapping[str, Any]], Answer]] = {
            "tap": self._tap,
            "drive": self._drive,
            "release": self._release,
            "person": self._person,
            "input": self._input,
            "unplug": self._unplug,
            "replug": self._replug,
            "heard": self._heard,
            "arms": self._arms,
            "pins": self._pins,
            "trace": self._trace,
            "story": self._story,
            "wait": self._wait,
            "stop": self._stop,
        }

    def start(self) -> None:
        """Begin to accept."""
        threading.Thread(target=self._accept, name="sim-control", daemon=True).start()

    def stop(self) -> None:
        """End every connection."""
        for one in (self._socket, *self._clients):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            self._clients.add(client)
            threading.Thread(
                target=self._serve, args=(client,), name="sim-control-client", daemon=True
            ).start()

    def _serve(self, client: socket.socket) -> None:
        with client, client.makefile("rb") as lines, contextlib.suppress(OSError):
            while line := lines.readline(LONGEST_LINE):
                client.sendall(json.dumps(self._answer(line)).encode() + b"\n")
                if self._told_to_end:
                    self.ended.set()
        self._clients.discard(client)

    def _answer(self, line: bytes) -> Answer:
        try:
            request = json.loads(line)
            answer = self._ops[request["op"]](request)
        except KeyError as error:
            return {"ok": False, "error": f"unknown or missing: {error}"}
        except (ValueError, TypeError, OSError) as error:
            return {"ok": False, "error": str(error)}
        return {"ok": True, **answer}

    def _tap(self, request: Mapping[str, Any]) -> Answer:
        digits = request.get("em4100")
        frame = bytes.fromhex(request["bytes"]) if digits is None else em4100_frame(digits)
        return {"ns": self._lines.tap(request["reader"], frame, int(request.get("baud", 0)))}

    def _drive(self, request: Mapping[str, Any]) -> Answer:
        car = Car(
            str(request["car"]),
            Kind(request.get("kind", "through")),
            approach_ns=int(request.get("approach_ms", 0) * MS),
            enter_ns=int(request.get("enter_ms", 300) * MS),
            under_ns=int(request.get("under_ms", 1000) * MS),
            polite=bool(request.get("polite", False)),
        )
        self._gate.drive(request["lane"], car)
        return {}

    def _release(self, request: Mapping[str, Any]) -> Answer:
        self._gate.release(request["lane"])
        return {}

    def _person(self, request: Mapping[str, Any]) -> Answer:
        self._gate.person(request["lane"], int(request["ms"]))
        return {}

    def _input(self, request: Mapping[str, Any]) -> Answer:
        active = request["active"]
        if active is not None and not isinstance(active, bool):
            raise TypeError("active is true, false or null")
        self._gate.force(request["pin"], active)
        return {}

    def _unplug(self, request: Mapping[str, Any]) -> Answer:
        self._lines.unplug(request["reader"])
        return {}

    def _replug(self, request: Mapping[str, Any]) -> Answer:
        self._lines.plug(request["reader"])
        return {}

    def _heard(self, _request: Mapping[str, Any]) -> Answer:
        heard = [(ns, reader, raw.hex()) for ns, reader, raw in tuple(self._lines.heard)]
        return {"heard": heard}

    def _arms(self, _request: Mapping[str, Any]) -> Answer:
        with self._board.lock:
            self._gate.look()
            return {"arms": {name: self._lane(lane) for name, lane in self._gate.lanes.items()}}

    def _lane(self, lane: Lane) -> Answer:
        return {
            "arm": arm_word(lane),
            "place": round(lane.place / lane.span, 3),
            "loop": lane.loop,
            "beam": lane.beam,
            "hits": lane.hits,
            "passed": lane.passed,
            "cars": [{"car": car.name, "phase": car.phase} for car in lane.cars],
        }

    def _pins(self, _request: Mapping[str, Any]) -> Answer:
        with self._board.lock:
            return {
                "pins": [
                    {"pin": number, "level": pin.level, "output": pin.output}
                    for number, pin in enumerate(self._board.pins)
                ]
            }

    def _trace(self, request: Mapping[str, Any]) -> Answer:
        since = int(request.get("since", 0))
        limit = min(int(request.get("limit", PAGE)), PAGE)
        with self._board.lock:
            trace = self._board.trace
            dropped = self._board.recorded - len(trace)
            first = max(0, since - dropped)
            records = list(islice(trace, first, first + limit))
            recorded = self._board.recorded
        end = dropped + first + len(records)
        return {"records": records, "next": end, "dropped": dropped, "recorded": recorded}

    def _story(self, request: Mapping[str, Any]) -> Answer:
        since = int(request.get("since_ns", 0))
        with self._board.lock:
            told = [note for lane in self._gate.lanes.values() for note in lane.story]
        notes = [(one.ns, one.lane, one.what) for one in told if one.ns > since]
        return {"notes": sorted(notes)}

    def _wait(self, request: Mapping[str, Any]) -> Answer:
        limit_ms = min(float(request.get("limit_ms", 5_000)), LONGEST_WAIT_MS)
        wanted = request["for"]
        unknown = set(wanted) - {*_OF_LANE, "lane", "pin", "level", "function", "records"}
        if unknown:
            raise ValueError(f"a wait knows nothing of {', '.join(sorted(unknown))}")
        with self._board.lock:
            met = self._board.changed.wait_for(lambda: self._met(wanted), limit_ms / 1000)
        return {"met": bool(met), "ns": time.monotonic_ns()}

    def _met(self, wanted: Mapping[str, Any]) -> bool:
        if "records" in wanted and self._board.recorded < wanted["records"]:
            return False
        if "pin" in wanted:
            if not 0 <= wanted["pin"] < PINS:
                raise ValueError(f"there is no GPIO{wanted['pin']}")
            pin = self._board.pins[wanted["pin"]]
            function = "output" if pin.output else "input"
            if pin.level != wanted.get("level", pin.level):
                return False
            if function != wanted.get("function", function):
                return False
        if "lane" not in wanted:
            return True
        lane = self._gate.lanes[wanted["lane"]]
        return all(holds(lane, wanted[name]) for name, holds in _OF_LANE.items() if name in wanted)

    def _stop(self, _request: Mapping[str, Any]) -> Answer:
        self._told_to_end = True  # after the answer has left
        return {}


_OF_LANE: Mapping[str, Callable[[Lane, Any], bool]] = {
    "arm": lambda lane, word: arm_word(lane) == word,
    "loop": lambda lane, on: lane.loop is on,
    "cars": lambda lane, count: len(lane.cars) == count,
    "passed": lambda lane, count: lane.passed >= count,
    "hits": lambda lane, count: lane.hits >= count,
}
