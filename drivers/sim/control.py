"""The control socket: one JSON object a line in, one a line out.

Requests are objects with ``op``; the answer has ``ok`` true, or false with ``error``. Ops:

    tap {reader, bytes: hex | em4100: digits, baud?} -> ns, just before the last byte was written
    wiegand {reader, bits, apart_us?} -> ns of the last bit       rest {reader, level}
    drive {lane, car, kind?, polite?, shy?, outward?, approach_ms?, enter_ms?, under_ms?, leave_ms?,
           gap_ms?, pause_ms?, behind_ms?, turn_ms?}       wave {lane, car}      release {lane}
    person {lane, ms}       hand {lane, way: 1 | 0 | -1 | null}    reach {lane, low?, high?}
    power {lane, on}        input {pin, active: true | false | null}
    cut {pin}               chatter {pin, ms}              mend {pin}
    unplug {reader}         replug {reader}          heard -> what was written to the lines
    arms -> lanes           pins -> level and function of every pin
    trace {since?, limit?} -> records, next, dropped, recorded    story {since_ns?} -> notes
    wait {for: {...}, limit_ms} -> met               stop

A ``pin`` of an input is its number or its name (`drivers.sim.spec`). What a wait can be for stands
in `drivers.sim.waits`.
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

from drivers.sim.door import Passage
from drivers.sim.gate import Gate
from drivers.sim.lines import Lines, em4100_frame
from drivers.sim.road import Car, Kind
from drivers.sim.spec import MS
from drivers.sim.waits import arm_word, check, holds

PAGE = 5_000
LONGEST_LINE = 1_000_000
LONGEST_WAIT_MS = 120_000
LOOK_S = 0.01
Answer = dict[str, Any]


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
            "wiegand": self._wiegand,
            "rest": self._rest,
            "drive": self._drive,
            "wave": self._wave,
            "release": self._release,
            "person": self._person,
            "hand": self._hand,
            "reach": self._reach,
            "power": self._power,
            "input": self._input,
            "cut": self._cut,
            "chatter": self._chatter,
            "mend": self._mend,
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

    def _wiegand(self, request: Mapping[str, Any]) -> Answer:
        bits, apart_ns = str(request["bits"]), int(request.get("apart_us", 2_000)) * 1_000
        if not bits or not {"0", "1"}.issuperset(bits):
            raise ValueError(f"{bits[:40]!r} are no bits: 0 and 1")
        return {"ns": self._gate.wiegand(request["reader"], bits, apart_ns)}

    def _rest(self, request: Mapping[str, Any]) -> Answer:
        self._gate.rest(request["reader"], int(bool(request["level"])))
        return {}

    def _drive(self, request: Mapping[str, Any]) -> Answer:
        self._gate.drive(request["lane"], _car(request))
        return {}

    def _wave(self, request: Mapping[str, Any]) -> Answer:
        car = str(request["car"])
        self._gate.act(request["lane"], lambda lane, now: lane.wave(car, now))
        return {}

    def _release(self, request: Mapping[str, Any]) -> Answer:
        self._gate.act(request["lane"], lambda lane, now: lane.release(now))
        return {}

    def _person(self, request: Mapping[str, Any]) -> Answer:
        for_ns = int(request["ms"]) * MS
        self._gate.act(request["lane"], lambda lane, now: lane.person(for_ns, now))
        return {}

    def _hand(self, request: Mapping[str, Any]) -> Answer:
        way = request["way"]
        if way not in (None, -1, 0, 1):
            raise ValueError("way is 1 (lifts), 0 (holds), -1 (pulls down) or null (lets go)")
        self._gate.act(request["lane"], lambda lane, now: lane.hand(way, now))
        return {}

    def _reach(self, request: Mapping[str, Any]) -> Answer:
        low, high = float(request.get("low", 0)), float(request.get("high", 1))
        if not 0 <= low <= high <= 1:
            raise ValueError(f"an arm reaches from 0 to 1 at most, not from {low} to {high}")
        self._gate.act(request["lane"], lambda lane, now: lane.reach(low, high, now))
        return {}

    def _power(self, request: Mapping[str, Any]) -> Answer:
        on = bool(request["on"])
        self._gate.act(request["lane"], lambda lane, now: lane.power(on, now))
        return {}

    def _input(self, request: Mapping[str, Any]) -> Answer:
        pin, active = self._gate.pin_of(request["pin"]), request["active"]
        if active is None:
            self._gate.hurt(lambda wires, _now: wires.mend(pin))
        elif isinstance(active, bool):
            self._gate.hurt(lambda wires, _now: wires.stick(pin, active))
        else:
            raise TypeError("active is true, false or null")
        return {}

    def _cut(self, request: Mapping[str, Any]) -> Answer:
        pin = self._gate.pin_of(request["pin"])
        self._gate.hurt(lambda wires, _now: wires.cut(pin))
        return {}

    def _chatter(self, request: Mapping[str, Any]) -> Answer:
        pin, period = self._gate.pin_of(request["pin"]), int(request["ms"] * MS)
        self._gate.hurt(lambda wires, now: wires.chatter(pin, period, now))
        return {}

    def _mend(self, request: Mapping[str, Any]) -> Answer:
        pin = self._gate.pin_of(request["pin"])
        self._gate.hurt(lambda wires, _now: wires.mend(pin))
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
            return {
                "arms": {name: self._lane(name, lane) for name, lane in self._gate.lanes.items()}
            }

    def _lane(self, name: str, lane: Passage) -> Answer:
        return {
            "arm": arm_word(lane),
            "place": round(lane.height, 3),
            "loop": lane.loop,
            "beam": lane.beam,
            "hits": lane.hits,
            "passed": lane.passed,
            "cars": [{"car": car.name, "phase": car.phase} for car in lane.cars],
            "lamps": self._gate.lamps(name),
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
        check(wanted)
        ends = time.monotonic() + limit_ms / 1000
        # Between two events an arm moves and nobody is woken for it.
        longest = LOOK_S if {"above", "below"} & set(wanted) else limit_ms / 1000
        with self._board.lock:
            while not (met := holds(self._gate, wanted)):
                left = ends - time.monotonic()
                if left <= 0:
                    break
                self._board.changed.wait(min(left, longest))
                if longest == LOOK_S:
                    self._gate.look()
        return {"met": met, "ns": time.monotonic_ns()}

    def _stop(self, _request: Mapping[str, Any]) -> Answer:
        self._told_to_end = True  # after the answer has left
        return {}


def _car(request: Mapping[str, Any]) -> Car:
    def ns(name: str, usual: int) -> int:
        return int(request.get(f"{name}_ms", usual) * MS)

    return Car(
        str(request["car"]),
        Kind(request.get("kind", "through")),
        approach_ns=ns("approach", 0),
        enter_ns=ns("enter", 300),
        under_ns=ns("under", 1000),
        leave_ns=ns("leave", 0),
        gap_ns=ns("gap", 0),
        pause_ns=ns("pause", 300),
        behind_ns=ns("behind", 0) if "behind_ms" in request else None,
        turn_ns=ns("turn", 0) if "turn_ms" in request else None,
        polite=bool(request.get("polite", False)),
        shy=bool(request.get("shy", False)),
        outward=bool(request.get("outward", False)),
    )
