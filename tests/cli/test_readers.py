"""``gate-agent readers`` as an installer types it, on ptys with readers at their other ends."""

import itertools
import json
import os
import queue
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from agent.cli.readers import readers
from agent.cli.readers_told import MEANINGS, Troubles, meaning
from agent.control.server import ControlServer
from agent.core.ids import ReaderId
from agent.errors import GateError
from agent.numbers import form_of
from agent.ports import Condition, Health
from agent.settings.here import load
from drivers.clock import SystemClock
from drivers.serial_reader import SerialReader
from drivers.sim.uhf import UhfSim
from drivers.wire.credential import looked_up
from drivers.wire.em4100 import Em4100
from drivers.wire.frame import Reason
from tests.parts import require
from tests.patience import LIMIT_S, until
from tests.rigs.osdp_device import OsdpLine
from tests.rigs.pcsc_rig import ACR122U, pcscd_apart, virtual_reader
from tests.rigs.uart import heard
from tests.wire.makers import em4100, wiegand

ROOT = Path(__file__).parents[2]
TAGS = ("0100CDA4EC", "62E3086CED", "0F00123ABC", "010CAB3377")
TRIES = 5
SPEEDS = {getattr(termios, f"B{baud}"): baud for baud in (9600, 115200, 19200, 38400, 57600, 4800)}


def w26(number: int) -> bytes:
    return wiegand(f"{number & 0xFFFFFF:024b}", 12).encode() + b"\r\n"


class Pty:
    """A line with its far end in our hands."""

    def __init__(self) -> None:
        self.far, self._near = os.openpty()
        self.port = os.ttyname(self._near)

    def send(self, data: bytes) -> None:
        os.write(self.far, data)

    @property
    def speed(self) -> int:
        """The speed that the near end is set to; 0: one that is not known here."""
        return SPEEDS.get(termios.tcgetattr(self.far)[4], 0)

    def close(self) -> None:
        os.close(self._near)
        os.close(self.far)


@pytest.fixture
def line() -> Iterator[Pty]:
    pty = Pty()
    yield pty
    pty.close()


@pytest.fixture
def other() -> Iterator[Pty]:
    pty = Pty()
    yield pty
    pty.close()


class Cards:
    """Cards held to a reader of this speed, one after the other, for as long as the block lasts."""

    def __init__(self, pty: Pty, baud: int, frames: Sequence[bytes]) -> None:
        self._pty = pty
        self._baud = baud
        self._frames = frames
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._hold, name="cards", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(LIMIT_S)

    def _hold(self) -> None:
        number = 0
        while not self._over.wait(0.45):
            speed = self._pty.speed
            if speed:
                frame = self._frames[number % len(self._frames)]
                self._pty.send(heard(frame, self._baud, speed))
                number += 1


class Talk:
    """The command as a process: lines that it says to people and to machines."""

    def __init__(self, *words: str, environment: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            # Whoever runs the tests in the background has SIGINT ignored, and hands that down.
            ["env", "--default-signal=INT", sys.executable, "-m", "agent", "readers", *words],
            cwd=ROOT,
            env={**os.environ, "COLUMNS": "200", **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._said: queue.Queue[str] = queue.Queue()
        self._ended = 0
        self.out: list[str] = []
        self.err: list[str] = []
        self._threads = [
            threading.Thread(target=self._read, args=pair, name="talk", daemon=True)
            for pair in ((self._process.stdout, self.out), (self._process.stderr, self.err))
        ]
        for thread in self._threads:
            thread.start()

    def _read(self, stream: Any, kept: list[str]) -> None:
        for text in stream:
            kept.append(text.rstrip("\n"))
            self._said.put(kept[-1])
        self._said.put("")

    def hears(self, words: str) -> str:
        """The next line with these words in it; what comes before is passed over."""
        while True:
            try:
                text = self._said.get(timeout=LIMIT_S)
            except queue.Empty:
                text, self._ended = "", 2
            self._ended += not text
            if self._ended >= 2:
                pytest.fail(f"{words!r} was not said: {self.out} {self.err}")
            if words in text:
                return text

    @property
    def over(self) -> bool:
        """It has ended by itself."""
        return self._process.poll() is not None

    def interrupt(self) -> None:
        """Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def ends(self) -> int:
        """The exit status, with everything read."""
        try:
            status = self._process.wait(LIMIT_S)
        finally:
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            thread.join(LIMIT_S)
        return status

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.out]


@contextmanager
def talk(*words: str, environment: Mapping[str, str] | None = None) -> Iterator[Talk]:
    one = Talk(*words, environment=environment)
    try:
        yield one
    finally:
        one._process.kill()
        one.ends()


def all_or_over(told: Talk, count: int) -> bool:
    return told.over or len(told.out) >= count


def run(*words: str) -> tuple[int, str, str]:
    """The command within this process: exit status, and what it says to machines and people."""
    result = CliRunner().invoke(readers, words)
    fault = f"{result.exception}\n" if isinstance(result.exception, GateError) else ""
    assert fault or result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr + fault


def configuration(folder: Path, wired: Mapping[str, Mapping[str, object]]) -> Path:
    page = {
        "estate": "green-garden",
        "gate": "north",
        "timezone": "Asia/Shanghai",
        "lanes": {
            "in-1": {
                "direction": "in",
                "readers": list(wired)[1:],
                "arm": {"open": {"pin": 17}, "close": {"pin": 27}},
            }
        },
        "desks": {"booth": {"readers": list(wired)[:1]}},
        "readers": dict(wired),
        "gpio": {"backend": "mock"},
        "paths": {"state": str(folder / "state"), "run": str(folder / "run")},
    }
    file = folder / "gate.yaml"
    with file.open("w", encoding="utf-8") as out:
        YAML().dump(page, out)
    return file


def two_readers(folder: Path, line: Pty, other: Pty) -> Path:
    return configuration(
        folder,
        {
            "desk": {"driver": "serial", "port": line.port, "protocol": "em4100-ascii"},
            "in-1-w26": {"driver": "serial", "port": other.port, "protocol": "wiegand-26"},
        },
    )


def test_list_tells_what_uses_a_port_and_what_is_absent(tmp_path: Path, line: Pty) -> None:
    file = configuration(
        tmp_path,
        {
            "desk": {"driver": "serial", "port": line.port, "protocol": "em4100-ascii"},
            "gone": {"driver": "serial", "port": "/dev/ttyUSB77", "protocol": "em4100-ascii"},
            "nfc": {"driver": "pcsc", "name": "No such reader*"},
            "w26": {"driver": "wiegand", "d0": 5, "d1": 6, "protocol": "wiegand-26"},
        },
    )
    with talk("list", "--json", "--config", str(file)) as told:
        assert told.ends() == 0, told.err
    (found,) = told.rows
    (mine,) = [port for port in found["ports"] if port["device"] == line.port]
    assert mine["used_for"] == ["reader desk"]
    assert os.getpid() in [user["pid"] for user in mine["open_in"]]
    assert {one["used_for"]: one["place"] for one in found["absent"]} == {
        "reader gone": "/dev/ttyUSB77",
        "reader nfc": "PC/SC No such reader*",
    }
    assert found["pins"] == [{"used_for": "reader w26", "place": "GPIO5/GPIO6"}]
    with talk("list", "--config", str(file)) as told:
        assert told.ends() == 0
    page = "\n".join(told.out)
    assert f"{line.port}  <- reader desk" in page
    assert "/dev/ttyUSB77: reader gone" in page


def test_list_works_without_a_configuration(tmp_path: Path) -> None:
    with talk("list", "--config", str(tmp_path / "none.yaml")) as told:
        assert told.ends() == 0
    assert told.out[0] == "serial ports"
    assert "no configuration is used" in told.err[0]


def test_list_knows_the_readers_of_pcscd(tmp_path: Path) -> None:
    require("root", "pcscd")
    file = configuration(
        tmp_path,
        {"desk": {"driver": "pcsc", "name": "ACS*"}, "gone": {"driver": "pcsc", "name": "Omni*"}},
    )
    with pcscd_apart(virtual_reader(ACR122U)) as pcscd:
        environment = pcscd.environment
        with talk("list", "--json", "--config", str(file), environment=environment) as told:
            assert told.ends() == 0, told.err
    (found,) = told.rows
    assert found["card_readers_fault"] == ""
    assert all(ACR122U in reader["name"] for reader in found["card_readers"])
    assert found["card_readers"][0]["used_for"] == ["reader desk"]
    assert [one["used_for"] for one in found["absent"]] == ["reader gone"]


def test_watch_finds_protocol_and_speed(line: Pty) -> None:
    baud = 38_400
    with (
        Cards(line, baud, [em4100(tag) for tag in TAGS]),
        talk("watch", line.port, "--json", "--count", "2") as told,
    ):
        assert told.ends() == 0, (told.out, told.err)
    guess, *cards = [row for row in told.rows if "fault" not in row]
    assert (guess["protocol"], guess["baud"], guess["certainty"]) == ("em4100-ascii", baud, "sure")
    assert guess["settings"] == {
        "driver": "serial",
        "port": line.port,
        "protocol": "em4100-ascii",
        "baud": baud,
    }
    numbers = {f"em4100:{tag}" for tag in TAGS}
    assert len(cards) == 2
    assert {card["credential"] for card in cards} <= numbers
    assert all(len(card["printed"]["8H10D"]) == 10 for card in cards)


def test_watch_shows_lines_for_the_configuration(line: Pty) -> None:
    with (
        Cards(line, 9_600, [em4100(tag) for tag in TAGS]),
        talk("watch", line.port, "--baud", "9600", "--count", "1") as told,
    ):
        assert told.ends() == 0, (told.out, told.err)
    page = "\n".join(told.out)
    assert "em4100-ascii at 9600: sure" in page
    assert f"    port: {line.port}\n    protocol: em4100-ascii\n    baud: 9600" in page
    assert "card em4100:" in page


def test_watch_says_that_37_bits_need_a_format(line: Pty) -> None:
    cards = [wiegand(f"{number:035b}", 18).encode() + b"\r\n" for number in (0x345678901, 0x9A)]
    words = ("watch", line.port, "--baud", "9600", "--count", "1")
    with Cards(line, 9_600, cards), talk(*words) as told:
        assert told.ends() == 0, told.err
    assert "    format: h10302" in told.out
    assert "37 bits are h10302 or h10304" in "\n".join(told.out)


def test_watch_knows_bits_of_another_format(line: Pty) -> None:
    cards = [f"{number:040b}\r\n".encode() for number in (0xA345678901, 0x9ABCDEF012)]
    words = ("watch", line.port, "--baud", "9600", "--count", "1")
    with Cards(line, 9_600, cards), talk(*words) as told:
        assert told.ends() == 0, told.err
    assert "each line is 40 bits: protocol wiegand-custom" in "\n".join(told.out)


def test_watch_with_a_protocol_shows_frames_and_faults(line: Pty) -> None:
    words = ("watch", line.port, "--protocol", "em4100-ascii", "--json", "--count", "2")
    bad = em4100(TAGS[0])[:-3] + b"00\x03"
    with Cards(line, 9_600, [bad, em4100(TAGS[1])]), talk(*words) as told:
        assert told.ends() == 0, told.err
    # Between two good ones there is a bad one, whatever was lost before the port was open.
    assert {"bad_checksum", None} <= {row.get("fault") for row in told.rows}
    assert told.rows[-1]["credential"] == f"em4100:{TAGS[1]}"


def test_whoever_ends_the_guessing_is_told_what_fits_best(line: Pty) -> None:
    cards = [b"HELLO123\r\n", b"HELLO456\r\n"]
    words = ("watch", line.port, "--baud", "9600")
    with Cards(line, 9_600, cards), talk(*words) as told:
        told.hears("line is likely so far: hold another card")
        told.interrupt()
        assert told.ends() == 0, (told.out, told.err)
    page = "\n".join(told.out)
    assert "line at 9600: likely, from 2 different cards" in page
    assert f"    port: {line.port}\n    protocol: line\n    baud: 9600" in page
    assert "pattern takes a part of it" in page


def test_swapped_wires_are_recognised_also_when_no_card_follows(line: Pty) -> None:
    cards = [bytes(byte ^ 1 if byte in b"01" else byte for byte in w26(n)) for n in (0x1, 0x2F3)]
    with Cards(line, 9_600, cards), talk("watch", line.port, "--baud", "9600") as told:
        told.hears("the wires D0 and D1 are swapped: change them over")
        told.hears("d0_d1_swapped (the bits are wrong")
        told.interrupt()
        assert told.ends() == 0, (told.out, told.err)


def test_watch_with_a_format_of_ones_own(line: Pty) -> None:
    layout = "FFFFCCCCCCCCCCCP\nXXXXXXXXXXXXXXXE"
    words = ("watch", line.port, "--protocol", "wiegand-custom", "--format", layout)
    with Cards(line, 9_600, [b"0001000000000111\r\n"]), talk(*words, "--count", "1") as told:
        assert told.ends() == 0, (told.out, told.err)
    assert "card w16:0803" in told.out[-1]
    assert f"listening on {line.port} at 9600 for wiegand-custom (Ctrl-C ends)" in told.err


def test_watch_says_who_else_reads_and_that_nothing_came(line: Pty) -> None:
    with talk("watch", line.port) as told:
        told.hears(f"(process {os.getpid()}) has {line.port} open too, and may take bytes away")
        told.hears("not a byte yet: is it powered?")
        told.interrupt()
        assert told.ends() == 1
    assert "nothing was said" in told.err[-1]


def test_watch_says_when_nothing_is_said(line: Pty) -> None:
    status, _, err = run("watch", line.port, "--seconds", "0.5")
    assert status == 1
    assert "nothing was said" in err


def test_watch_refuses_a_port_that_a_reader_holds(line: Pty) -> None:
    reader = SerialReader(ReaderId("r"), line.port, 9_600, Em4100(), SystemClock())
    reader.start(lambda _event: None)
    try:
        until(lambda: reader.health().condition is Condition.OK, "the reader has its port")
        with talk("watch", line.port) as told:
            assert told.ends() == 1
    finally:
        reader.stop()
    assert f"{line.port} is busy" in told.err[0]
    assert f"(process {os.getpid()}) has it open; stop that first" in told.err[0]


def test_watch_asks_a_long_range_reader(tmp_path: Path) -> None:
    link = tmp_path / "uhf"
    with UhfSim(link, "r2000"):
        with talk("watch", str(link), "--ask", "--baud", "115200", "--json") as told:
            assert told.ends() == 0, (told.out, told.err)
        (row,) = told.rows
        assert row["answers"] == "r2000"
        assert row["settings"]["driver"] == "uhf"
        assert row["settings"]["baud"] == 115_200


def test_watch_asks_in_vain(line: Pty) -> None:
    status, _, err = run("watch", line.port, "--ask", "--baud", "9600")
    assert status == 1
    assert f"nothing on {line.port} answers to a question, at 9600: is it powered?" in err


def test_watch_asks_an_osdp_line_for_its_addresses(tmp_path: Path) -> None:
    link = tmp_path / "osdp"
    readers = [{"address": number, "mode": "plain"} for number in (1, 3)]
    with OsdpLine(link, *readers):
        found: list[int] = []
        # A machine that stands still lets an answer come too late: then it is asked again.
        for _ in range(TRIES):
            with talk("watch", str(link), "--ask", "--baud", "9600", "--json") as told:
                until(partial(all_or_over, told, 2), "both answered")
                told.interrupt()
                told.ends()
            found = [row["settings"]["address"] for row in told.rows]
            if found == [1, 3]:
                break
    assert found == [1, 3]
    assert all(row["answers"] == "osdp" for row in told.rows)


def test_watch_tells_what_health_says_of_a_reader(tmp_path: Path, line: Pty, other: Pty) -> None:
    file = two_readers(tmp_path, line, other)
    with talk("watch", "desk", "--config", str(file)) as told:
        told.hears("desk: /dev/pts")
        line.send(b"\x02nothing\x03" * 6)
        told.hears("check baud rate, protocol and wiring")
        told.interrupt()
        assert told.ends() == 1
    assert len([text for text in told.err if "faults in a row" in text]) == 1


def test_watch_shows_a_configured_reader_as_it_is_looked_up(
    tmp_path: Path, line: Pty, other: Pty
) -> None:
    file = two_readers(tmp_path, line, other)
    text = file.read_text(encoding="utf-8")
    old = "protocol: em4100-ascii"
    file.write_text(text.replace(old, f"{old}\n    keep: last4"), encoding="utf-8")
    with talk("watch", "desk", "--count", "1", "--config", str(file)) as told:
        told.hears("desk: /dev/pts")
        line.send(b"\x02nothing\x03" + em4100(TAGS[0]))
        assert told.ends() == 0, told.err
    assert told.out[0].startswith("desk: too_short (shorter than a card")
    assert "card em4100:0100CDA4EC, looked up as em4100:00CDA4EC (printed 0013477100" in told.out[1]


def test_nothing_is_opened_while_the_gate_runs(tmp_path: Path, line: Pty, other: Pty) -> None:
    file = two_readers(tmp_path, line, other)
    (tmp_path / "run").mkdir()
    server = ControlServer(load(file).paths.control, {})
    server.start()
    try:
        for words in (("watch", "desk"), ("learn", "desk", "in-1-w26")):
            status, _, err = run(*words, "--config", str(file))
            assert status == 1
            assert "the gate is running and holds its readers" in err
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("watch", "dsk"), 1, "did you mean desk?"),
        (("watch", "/dev/nothing"), 1, "is not there"),
        (("watch", "desk", "--ask"), 2, "are for a port"),
        (("watch", "ttyUSB7"), 2, "a port is written with its whole path: /dev/ttyUSB7"),
        (("watch", "null"), 2, "a port is written with its whole path: /dev/null"),
        (("watch", "/dev/null"), 1, "/dev/null is no serial port"),
        (("watch", "/dev/nothing", "--protocol", "wiegnd-26"), 2, "did you mean wiegand-26"),
        (("watch", "/dev/nothing", "--protocol", "wiegand-custom"), 2, "needs --format"),
        (("watch", "/dev/nothing", "--protocol", "wiegand-custom", "--format", "PF"), 2, "layout"),
        (("watch", "/dev/nothing", "--format", "PF"), 2, "--format needs --protocol"),
        (("watch", "/dev/nothing", "--protocol", "osdp", "--ask"), 2, "leave out --protocol"),
        (("watch", "/dev/nothing", "--baud", "96000"), 1, "is 9600 meant?"),
        (("learn", "desk", "desk"), 2, "two readers are needed"),
        (("learn", "desk", "lane"), 1, "there are desk, in-1-w26"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(
    tmp_path: Path, line: Pty, other: Pty, words: tuple[str, ...], status: int, says: str
) -> None:
    file = two_readers(tmp_path, line, other)
    found, _, err = run(*words, "--config", str(file))
    assert found == status
    assert says in err


def hold(told: Talk, first: Callable[[], None], second: Callable[[], None]) -> None:
    """Hold one card to both readers, as the wizard asks for it."""
    first()
    told.hears("now hold the same card to in-1-w26")
    second()
    told.hears("in-1-w26 reads")


def test_learn_proposes_settings_that_work(tmp_path: Path, line: Pty, other: Pty) -> None:
    file = two_readers(tmp_path, line, other)
    numbers = [int(tag, 16) for tag in TAGS]
    with talk("learn", "desk", "in-1-w26", "--json", "--config", str(file)) as told:
        for _ in range(2):
            told.hears("/dev/pts")
        other.send(w26(numbers[0]))
        told.hears("hold the card to desk before")
        for number in (0, 1):
            # A card that lies at the first reader is read over and over.
            again = em4100(TAGS[max(0, number - 1)])
            hold(
                told,
                partial(line.send, again + em4100(TAGS[number])),
                partial(other.send, w26(numbers[number])),
            )
        assert told.ends() == 0, told.err
    (found,) = told.rows
    assert found["bits"] == 24
    assert found["readers"] == {"desk": {}, "in-1-w26": {"matching": "low24"}}
    assert found["cards"][0] == [f"em4100:{TAGS[0]}", f"w26:{TAGS[0][-6:]}"]

    yaml = YAML()
    page = yaml.load(file)
    for name, keys in found["readers"].items():
        page["readers"][name].update(keys)
    yaml.dump(page, file)
    settings = load(file)
    desk, lane = settings.readers["desk"], settings.readers["in-1-w26"]
    stored = form_of(desk).text(f"em4100:{TAGS[2]}")
    asked = form_of(lane).text(f"w26:{TAGS[2][-6:]}")
    digits = [looked_up(text, lane.matching.value).partition(":")[2] for text in (stored, asked)]
    assert digits[0] == digits[1]


def test_learn_begins_a_pair_anew_with_another_card(tmp_path: Path, line: Pty, other: Pty) -> None:
    file = two_readers(tmp_path, line, other)
    words = ("learn", "desk", "in-1-w26", "--cards", "1", "--config", str(file))
    with talk(*words) as told:
        for _ in range(2):
            told.hears("/dev/pts")
        line.send(em4100(TAGS[0]))
        told.hears(f"desk reads em4100:{TAGS[0]}")
        line.send(em4100(TAGS[1]))
        told.hears(f"desk reads em4100:{TAGS[1]}")
        reversed_ = int.from_bytes(bytes.fromhex(TAGS[1])[-3:], "little")
        other.send(w26(reversed_))
        assert told.ends() == 0, told.err
    page = "\n".join(told.out)
    assert "  desk:  # as it is\n  in-1-w26:\n    matching: low24\n    byte_order: reversed" in page
    assert "one card leaves room for chance" in page
    assert "denied as ambiguous" in page


def test_learn_says_why_nothing_fits(tmp_path: Path, line: Pty, other: Pty) -> None:
    file = two_readers(tmp_path, line, other)
    words = ("learn", "desk", "in-1-w26", "--cards", "1", "--config", str(file))
    with talk(*words) as told:
        for _ in range(2):
            told.hears("/dev/pts")
        line.send(em4100(TAGS[0]))
        told.hears("now hold")
        other.send(w26(int(TAGS[0], 16) ^ 0xFFFFFF))
        assert told.ends() == 1
    assert told.out == []
    assert "D0 and D1 are swapped" in told.err[-1]


def test_learn_gives_up_when_no_card_comes(tmp_path: Path, line: Pty, other: Pty) -> None:
    file = two_readers(tmp_path, line, other)
    words = ("learn", "desk", "in-1-w26", "--seconds", "1", "--config", str(file))
    status, _, err = run(*words)
    assert status == 1
    assert "no card came to desk within 1 s" in err


def test_learn_says_what_to_change_at_a_reader(tmp_path: Path, line: Pty, other: Pty) -> None:
    file = two_readers(tmp_path, line, other)
    swapped = bytes(byte ^ 1 if byte in b"01" else byte for byte in w26(0xCDA4EC))
    with talk("learn", "desk", "in-1-w26", "--config", str(file)) as told:
        told.hears("in-1-w26: /dev/pts")
        other.send(swapped * 3)
        told.hears("d0_d1_swapped (D0 and D1 are swapped: change the two wires over)")
        told.hears("in-1-w26: D0 and D1 are swapped at the converter")


def test_every_fault_has_words() -> None:
    assert set(MEANINGS) == set(Reason)
    assert meaning("d0_d1_swapped") == MEANINGS[Reason.D0_D1_SWAPPED]
    assert meaning("the card was taken away") == ""


def health(condition: Condition, detail: str) -> dict[str, Health]:
    return {"r": Health("reader r", condition, detail)}


def test_what_health_says_is_told_when_it_stands_and_once() -> None:
    said: list[str] = []
    seconds = itertools.count()
    troubles = Troubles(said.append, lambda: float(next(seconds)))

    def stand(condition: Condition, detail: str, looks: int) -> None:
        """One look a second."""
        for number in range(looks):
            troubles.look(health(condition, f"{detail} {number}"))

    troubles.look(health(Condition.DOWN, "for a moment"))
    stand(Condition.DOWN, "no answer", 5)
    assert len(said) == 1
    assert said[0].startswith("r: no answer ")
    stand(Condition.OK, "there", 2)
    stand(Condition.DOWN, "no answer", 5)
    assert len(said) == 2
    stand(Condition.OK, "there", 2)
    troubles.heard("r", "unplugged 0")
    stand(Condition.DOWN, "unplugged", 5)
    stand(Condition.UNKNOWN, "not started", 5)
    assert len(said) == 2
