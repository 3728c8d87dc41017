"""Pins on a real GPIO character device: what the ioctls and lgpio do, and what a death leaves."""

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest

from agent.core.ids import OutputId
from agent.errors import DeviceError
from drivers import pin_chip
from drivers.lines import OutputSpec
from drivers.pin_factory import open_factory
from drivers.pins import PinFactory
from drivers.safe import relays_safe
from tests.guest.inside.chip import LIMIT_S, Chip

DEVICE = Path("/dev/gpiochip0")
PERSIST = Path("/sys/module/gpio_sim/parameters/persist").read_text().strip() == "Y"
HOLDER = (
    "import signal, sys\n"
    "from drivers.pin_factory import open_factory\n"
    "factory = open_factory('auto')\n"
    "factory.pin(f'GPIO{sys.argv[1]}').output_with_state(int(sys.argv[2]))\n"
    "print('driven', flush=True)\n"
    "signal.pause()\n"
)


@pytest.fixture
def chip() -> Chip:
    return Chip()


@pytest.fixture
def factory() -> Iterator[PinFactory]:
    made = open_factory("auto")
    yield made
    made.close()


class Holder:
    """Another process that drives a line, until it is killed."""

    def __init__(self, line: int, level: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(line), str(level)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=tempfile.gettempdir(),  # lgpio writes a FIFO where it runs
            env={"PYTHONPATH": str(Path(__file__).resolve().parents[3])},
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "driven\n"

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(LIMIT_S)


def test_the_headers_chip_is_found_by_its_label() -> None:
    assert pin_chip.find_chip() == 0
    assert pin_chip.find_chip(("pinctrl-nothing",)) is None


def test_a_line_that_nobody_drives_says_nothing() -> None:
    assert pin_chip.standing(DEVICE, 10) is None


@pytest.mark.parametrize("level", [0, 1])
def test_an_output_has_its_level_from_its_first_moment(
    chip: Chip, factory: PinFactory, level: int
) -> None:
    line = 11 + level
    chip.pull(line, level)
    factory.pin(f"GPIO{line}").output_with_state(level)
    assert chip.level(line) == level
    factory.pin(f"GPIO{line}").state = 1 - level
    assert chip.level(line) == 1 - level
    assert factory.pin(f"GPIO{line}").state == 1 - level


def test_a_line_in_other_hands_is_told() -> None:
    holder = Holder(13, 1)
    try:
        with pytest.raises(DeviceError, match="GPIO13 is held by another process"):
            pin_chip.standing(DEVICE, 13)
    finally:
        holder.kill()


@pytest.mark.parametrize("level", [0, 1])
def test_what_a_death_leaves(chip: Chip, level: int) -> None:
    line = 14 + level
    chip.pull(line, 1 - level)
    holder = Holder(line, level)
    assert chip.level(line) == level
    holder.kill()
    if PERSIST:
        chip.stays(line, level)
        assert pin_chip.standing(DEVICE, line) is bool(level)
    else:
        # An upstream kernel lets go: the level is that of the pull again. Whether "as is" still
        # calls it an output differs; the level it reads must be the truth.
        chip.wait(line, 1 - level)
        assert pin_chip.standing(DEVICE, line) in (None, bool(1 - level))


def test_what_stands_is_claimed_without_a_glitch(factory: PinFactory) -> None:
    if not PERSIST:
        return  # nothing stands here after a death
    holder = Holder(16, 1)
    holder.kill()
    assert factory.standing(16) is True
    watcher = subprocess.Popen(
        [sys.executable, "-c", WATCHER, "16"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(Path(__file__).resolve().parents[3])},
    )
    assert watcher.stdout is not None
    assert watcher.stdout.readline() == "looking\n"
    factory.pin("GPIO16").output_with_state(1)
    said, _ = watcher.communicate("", LIMIT_S)
    looks, lows = map(int, said.split())
    assert looks > 20
    assert lows == 0


WATCHER = (
    "import select, sys\n"
    "from tests.guest.inside.chip import Chip\n"
    "chip, looks, lows = Chip(), 0, 0\n"
    "print('looking', flush=True)\n"
    "while not select.select([sys.stdin], [], [], 0)[0] or looks < 50:\n"
    "    looks += 1\n"
    "    lows += chip.level(int(sys.argv[1])) == 0\n"
    "print(looks, lows)\n"
)


def test_edges_of_an_input_arrive(chip: Chip, factory: PinFactory) -> None:
    chip.pull(18, 0)
    seen: SimpleQueue[int] = SimpleQueue()

    def changed(_ticks: object, state: int) -> None:
        seen.put(state)

    pin = factory.pin("GPIO18")
    pin.input_with_pull("floating")
    pin.when_changed = changed
    for level in (1, 0, 1):
        chip.pull(18, level)
        assert seen.get(timeout=LIMIT_S) == level
        assert pin.state == level


def test_relays_to_safety(chip: Chip) -> None:
    for line in (20, 21):
        Holder(line, 1).kill()
    found = relays_safe(
        open_factory("auto"),
        (OutputSpec(OutputId("pulse"), 20), OutputSpec(OutputId("held"), 21, on_exit="keep")),
    )
    assert chip.level(20) == 0
    assert found[OutputId("pulse")] is False
    if PERSIST:
        assert found[OutputId("held")] is True
        chip.stays(21, 1)
