"""A whole gate with an intercom: the daemon, its baresip as it configures it, and telephones.

Rules kept here:
- the gate's baresip runs with the files that ``gate-agent intercom configure`` has written;
- lane in-1 has a button that calls unit 3-1, whose one number is the resident's telephone.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.patience import QUIET_S, until
from tests.rigs.broker import Mosquitto
from tests.rigs.house import IN, House, demo_lanes
from tests.rigs.phone import Phone, silence
from tests.rigs.ports import free_port

BUTTON = 21
NUMBER = "13800000001"
UNIT = "3-1"
QUIET = "3-9"
"""Not to be called at any hour."""
_HELD_S = 3.0


def held(pid: int) -> tuple[int, int]:
    """File handles and resident memory (kB) of a process (proc(5))."""
    status = Path(f"/proc/{pid}/status").read_text()
    handles = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return handles, int(status.split("VmRSS:")[1].split()[0])


class CallingHouse:
    """Starts everything as a context. ``more`` are further keys of ``intercom:``.

    ``make`` makes the house of a folder and the changes to its settings, if not a plain one.
    """

    def __init__(
        self,
        folder: Path,
        *,
        broker: Mosquitto | None = None,
        make: Callable[[Path, Mapping[str, Any]], House] | None = None,
        more: Mapping[str, Any] | None = None,
        auto: bool = False,
    ) -> None:
        self.folder = folder
        self._ends = ExitStack()
        # All at once: nobody listens at them yet, so that the same could be drawn twice.
        sip = free_port(6)
        control = sip + 2
        self.resident = Phone(folder / "resident", NUMBER, auto=auto, sip=sip + 3)
        folder.mkdir(parents=True, exist_ok=True)
        sound = silence(folder / "silence.wav")
        lanes = demo_lanes(open_for="5 min", buttons={})
        lanes[IN]["buttons"] = {"call": {"pin": BUTTON}}
        intercom = {
            "dial": f"sip:{{number}}@127.0.0.1:{self.resident.sip}",
            "lanes": {IN: [{"call": "unit", "unit": UNIT, "ring": "30 s"}]},
            "account": {"address": f"sip:gate@127.0.0.1:{sip}"},
            "audio": {
                "driver": "files",
                "microphone": str(sound),
                "speaker": str(folder / "heard.wav"),
                "codecs": ["g711"],
            },
            "listen": f"127.0.0.1:{sip}",
            "interface": "127.0.0.1",
            "control_port": control,
            # A machine that stands still is no telephone that fell silent.
            "silence": "1 min",
            "quiet": {QUIET: "24/7"},
            **(more or {}),
        }
        changes = {"lanes": lanes, "intercom": intercom}
        if make is None:
            self.house = House(folder / "gate", broker=broker, travel_ms=150, changes=changes)
        else:
            self.house = make(folder / "gate", changes)
        config = folder / "baresip"
        self.baresip = Phone(folder / "log", "gate", config=config, sip=sip, control=control)
        self._orders = 0

    def __enter__(self) -> Self:
        with ExitStack() as ends:
            ends.enter_context(self.house)
            done = self.house.command("intercom", "configure", "--out", str(self.baresip.directory))
            assert done.returncode == 0, done.stderr
            ends.enter_context(self.baresip)
            ends.enter_context(self.resident)
            self.resident.take_control()
            self.house.start()
            self.there()
            self.order(
                "directory.put",
                entry="d-1",
                kind="resident",
                name="王小明",
                unit=UNIT,
                phones=[NUMBER],
            )
            self._ends = ends.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ends.close()

    def there(self) -> None:
        """Wait until the intercom is well."""
        until(lambda: self.house.part("intercom")["condition"] == "ok", "the intercom is well")

    def order(self, kind: str, /, **form: Any) -> Mapping[str, Any]:
        """Give an order that is done; gives its result."""
        self._orders += 1
        told: Mapping[str, Any] = self.house.ask(
            "order", order_id=f"o-{self._orders}", kind=kind, args={}, form=form
        )
        assert told["status"] == "done", told
        result: Mapping[str, Any] = told["result"]
        return result

    def press(self) -> None:
        """The visitor presses the button until it was seen, and again if nothing comes of it.

        Where he let it go only a moment ago, that was shorter than what is taken for a release.
        """
        before = self.house.head()
        first = time.monotonic()

        def began() -> bool:
            # In turns: the button is held for some seconds, and let go for a moment.
            down = (time.monotonic() - first) % (_HELD_S + QUIET_S) < _HELD_S
            self.house.sim.input(BUTTON, active=down)
            return bool(self.house.entries("gate.call.began.v1", after=before))

        until(began, "a call begins")
        self.house.sim.input(BUTTON, active=False)

    def talk(self) -> None:
        """The visitor presses, and the resident takes it."""
        self.press()
        self.resident.wait("CALL_INCOMING")
        self.resident.command("accept")
        self.house.wait_entry("gate.call.answered.v1")
        self.resident.wait("CALL_ESTABLISHED")
