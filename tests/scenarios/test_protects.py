"""What protects waits for neither disk nor queue, and what of it survives a hang of everything."""

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.errors import GateError
from drivers.sim.board import Record
from tests.parts import require
from tests.patience import LIMIT_S, QUIET_S, until
from tests.rigs.cards import residents
from tests.rigs.forgetful_fs import ForgetfulDisk
from tests.rigs.house import ENDED, IN, OUT, House, demo_lanes

PROTECTED = "gate.arm.protected.v1"
LIMIT_MS = int(LIMIT_S * 1000)
BLOCKED_S = 10.0
FIRE_PIN = 26


class Asker:
    """Somebody at the control socket who does not wait for the answer."""

    def __init__(self, rig: House) -> None:
        self._rig = rig
        self.answers: list[object] = []

    def order(self, order_id: str, kind: str, lane: str) -> None:
        """Send an order; what is answered comes into `answers`."""

        def send() -> None:
            args = {"lane": lane, "reason": "test"}
            try:
                with self._rig.gate.control() as client:
                    answer: object = client.ask("order", order_id=order_id, kind=kind, args=args)
            except GateError as fault:
                answer = str(fault)
            self.answers.append(answer)

        threading.Thread(target=send, name="asker", daemon=True).start()


def opened_and_falling(rig: House, lane: str) -> None:
    """Open the lane by order, and order it closed: the arm is on its way down."""
    for kind, arm in (("open", "up"), ("close", "falling")):
        rig.ask("order", order_id=f"{kind}-{lane}", kind=kind, args={"lane": lane, "reason": "x"})
        rig.sim.wait(lane=lane, arm=arm, limit_ms=LIMIT_MS)
        if kind == "open":
            rig.sim.wait(pin=rig.relay(lane), level=1, limit_ms=LIMIT_MS)
            position = f"{lane} is seen to be open"
            until(lambda: rig.lane(lane)["position"] == "open", position)


def edges(rig: House, since: int) -> list[tuple[str, bool]]:
    """What the arms' relays did since a record, in the order of the simulated gate's process."""
    names = {
        rig.relay(lane, role): f"{lane}.{role}"
        for lane, roles in ((IN, ("open", "close", "stop")), (OUT, ("open", "close")))
        for role in roles
    }
    records: list[Record] = rig.sim.trace(None, since)
    return [
        (names[one.pin], one.level == 0)
        for one in records
        if one.kind == "pin" and one.pin in names
    ]


def test_what_protects_acts_while_the_disk_blocks_for_ten_seconds(tmp_path: Path) -> None:
    require("root", "fuse")
    lanes = demo_lanes()
    for lane in lanes.values():
        lane["arm"] = {**lane["arm"], "travel": "1 min"}
    changes = {"lanes": lanes, "emergency": {"fire": {"pin": FIRE_PIN}}}
    state, gate = tmp_path / "disk", tmp_path / "gate"
    with (
        ForgetfulDisk(tmp_path) as disk,
        House(gate, residents(3), state=state, falls_ms=60_000, changes=changes) as rig,
    ):
        rig.start()
        asker = Asker(rig)
        for lane in (IN, OUT):
            opened_and_falling(rig, lane)
        for lane in (IN, OUT):
            rig.sim.wait(pin=rig.relay(lane, "close"), level=1, limit_ms=LIMIT_MS)
        head = rig.head()
        since = rig.recorded()
        with disk.stalled():
            blocked = time.monotonic()
            rig.tap(IN, 1)
            until(lambda: disk.held_up() > 0, "the loop is stuck in the commit of a tap")

            # The guard's stop, over the control socket; and the same order a second time.
            asker.order("stop-1", "stop", IN)
            rig.sim.wait(lane=IN, arm="between", limit_ms=LIMIT_MS)
            rig.sim.wait(pin=rig.relay(IN, "stop"), level=1, limit_ms=LIMIT_MS)  # its pulse ended
            asker.order("stop-1", "stop", IN)
            # Somebody walks under the other arm.
            rig.sim.input(rig.input(OUT), True)
            rig.sim.wait(lane=OUT, arm="up", limit_ms=LIMIT_MS)
            rig.sim.wait(pin=rig.relay(OUT), level=1, limit_ms=LIMIT_MS)  # its pulse ended
            # It burns.
            rig.sim.input(FIRE_PIN, True)
            rig.sim.wait(lane=IN, arm="up", limit_ms=LIMIT_MS)
            for lane in (IN, OUT):
                rig.sim.wait(pin=rig.relay(lane), level=1, limit_ms=LIMIT_MS)  # pulses end
            acted = edges(rig, since)
            until(lambda: len(asker.answers) == 2, "nobody waits for ever for an answer")
            until(lambda: time.monotonic() - blocked > BLOCKED_S, "ten seconds of a blocked disk")
            assert disk.held_up() > 0, "all of it came while the loop was stuck"
            assert edges(rig, since) == acted, "and nothing else moved"
        assert acted[:4] == [
            (f"{IN}.stop", True),
            (f"{IN}.stop", False),
            (f"{OUT}.open", True),
            (f"{OUT}.open", False),
        ]
        assert sorted(acted[4:]) == [
            (f"{IN}.open", False),
            (f"{IN}.open", True),
            (f"{OUT}.open", False),
            (f"{OUT}.open", True),
        ]
        # What happened is written down as soon as it can be, in its order.
        rig.wait_entry(PROTECTED, after=head, what="fire", output=f"{OUT}.open")
        told = [rig.data(one) for one in rig.entries(PROTECTED, after=head)]
        assert [(one["what"], one["output"]) for one in told] == [
            ("stopped", f"{IN}.stop"),
            ("raised", f"{OUT}.open"),
            ("fire", f"{IN}.open"),
            ("fire", f"{OUT}.open"),
        ]
        assert rig.stop() == 0
        rig.verified()


@contextlib.contextmanager
def service_manager(folder: Path) -> Iterator[tuple[str, Any]]:
    """The end of NOTIFY_SOCKET that systemd would hold: its address, and the last sign of life."""
    path = folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(path))
        listening.settimeout(0.1)
        ended = threading.Event()
        signs: list[float] = []

        def hear() -> None:
            while not ended.is_set():
                try:
                    message = listening.recv(4096)
                except TimeoutError:
                    continue
                if b"WATCHDOG=1" in message:
                    signs.append(time.monotonic())

        thread = threading.Thread(target=hear, name="notify", daemon=True)
        thread.start()
        yield str(path), signs
        ended.set()
        thread.join(10)


def test_a_hang_of_the_whole_process_ends_with_the_watchdog(tmp_path: Path) -> None:
    """A stopped process can end no pulse: the service's watchdog and ``relays-safe`` do."""
    watchdog_s = 4.0
    lanes = demo_lanes()
    lanes[IN]["arm"] = {**lanes[IN]["arm"], "open": {**lanes[IN]["arm"]["open"], "pulse": "10 s"}}
    with (
        service_manager(tmp_path) as (address, signs),
        House(
            tmp_path / "gate",
            changes={"lanes": lanes},
            environment={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": str(int(watchdog_s * 1e6))},
        ) as rig,
    ):
        rig.start()
        until(lambda: signs, "the daemon gives signs of life")
        pin = rig.relay(IN)
        rig.ask("order", order_id="o", kind="open", args={"lane": IN, "reason": "x"})
        rig.sim.wait(pin=pin, level=0, limit_ms=LIMIT_MS)
        os.kill(rig.pid, signal.SIGSTOP)
        until(lambda: time.monotonic() - signs[-1] > watchdog_s, "the watchdog's time is over")
        assert rig.relays_on() == [pin], "a stopped process ends nothing"
        rig.kill()
        rig.relays_safe()
        assert rig.strokes(OUT) == []
        assert len(rig.strokes(IN)) == 1
        rig.start()
        assert len(rig.strokes(IN)) == 1, "and the next start moves nothing"
        rig.wait_entry(ENDED, outcome="interrupted")
        rig.sim.wait(pin=pin, level=1, limit_ms=LIMIT_MS)
        threading.Event().wait(QUIET_S)
        assert rig.relays_on() == []
