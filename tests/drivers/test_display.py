"""The text line on real pseudo-terminals."""

import os
import select
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.ids import LaneId
from agent.core.signals import width
from agent.errors import DeviceError
from agent.ports import Condition, Display
from drivers import display
from drivers.display import END, TextLine, written

LIMIT_S = 60.0
LANE = LaneId("in-1")
ENCODINGS = ("gb18030", "gb2312", "utf-8", "ascii")


class Panel:
    """A display behind a link, as a USB adapter behind its udev name; it can be pulled out."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self._ends: list[int] = []
        self._seen = b""

    def plug(self) -> None:
        master, slave = os.openpty()
        self._ends = [master]
        self._seen = b""
        self.link.symlink_to(os.ttyname(slave))
        os.close(slave)

    def unplug(self) -> None:
        self.link.unlink(missing_ok=True)
        while self._ends:
            os.close(self._ends.pop())

    def line(self) -> bytes:
        """The next whole line that was sent."""
        ends = time.monotonic() + LIMIT_S
        while END not in self._seen:
            assert time.monotonic() < ends, f"no line came: {self._seen!r}"
            if select.select(self._ends, [], [], 0.1)[0]:
                try:
                    self._seen += os.read(self._ends[0], 4096)
                except OSError:  # nobody has the other end open yet
                    threading.Event().wait(0.01)
        found, _, self._seen = self._seen.partition(END)
        return found

    def shows(self, wanted: bytes) -> None:
        """Wait until the display shows a text; its line may come again."""
        while self.line().rstrip() != wanted:
            pass


def until(look: Callable[[], bool], what: str) -> None:
    ends = time.monotonic() + LIMIT_S
    while not look():
        assert time.monotonic() < ends, what
        threading.Event().wait(0.01)


@pytest.fixture
def panel(tmp_path: Path) -> Iterator[Panel]:
    made = Panel(tmp_path / "text")
    yield made
    made.unplug()


@pytest.fixture
def line(panel: Panel) -> Iterator[TextLine]:
    made = TextLine(LANE, str(panel.link), 9_600, "gb18030", 20)
    yield made
    made.stop()


def test_it_is_a_display(line: TextLine) -> None:
    port: Display = line
    assert port.health().condition is Condition.UNKNOWN


def test_a_text_fills_its_line(panel: Panel, line: TextLine) -> None:
    panel.plug()
    line.start()
    line.show("请刷卡 TAP CARD")
    sent = panel.line().decode("gb18030")
    assert sent == "请刷卡 TAP CARD" + " " * 5
    assert width(sent) == 20
    line.show("停")
    panel.shows("停".encode("gb18030"))
    health = line.health()
    assert health.part == "display in-1"
    assert health.condition is Condition.OK
    assert "停" not in health.detail


def test_it_waits_for_a_display_that_is_not_there(panel: Panel, line: TextLine) -> None:
    line.start()
    line.show("one")
    until(lambda: line.health().condition is Condition.DOWN, "the fault")
    assert "is the adapter plugged in?" in line.health().detail
    line.show("two")
    panel.plug()
    assert panel.line().rstrip() == b"two", "what is old by now is never shown"
    counters = line.health().counters
    assert counters is not None
    assert counters["replaced"] == 1


def test_it_comes_back_with_the_text_of_now(panel: Panel, line: TextLine) -> None:
    panel.plug()
    line.start()
    line.show("one")
    panel.shows(b"one")
    panel.unplug()
    line.show("two")
    until(lambda: line.health().condition is Condition.DOWN, "the pulled adapter")
    panel.plug()
    panel.shows(b"two")
    until(lambda: line.health().condition is Condition.OK, "the adapter that is back")


def test_stopping_empties_the_line(panel: Panel, line: TextLine) -> None:
    panel.plug()
    line.start()
    line.show("open")
    panel.shows(b"open")
    line.stop()
    while (last := panel.line()).startswith(b"open"):  # its line may have come again
        pass
    assert last == b" " * 20
    line.stop()
    assert all(thread.name != "display-in-1" for thread in threading.enumerate())


def test_nothing_is_sent_before_there_is_a_text(panel: Panel, line: TextLine) -> None:
    panel.plug()
    line.start()
    until(lambda: line.health().condition is Condition.OK, "the port")
    line.show("now")
    assert panel.line().rstrip() == b"now"


def test_a_display_that_takes_nothing_holds_nobody_up(panel: Panel, line: TextLine) -> None:
    panel.plug()
    line.start()
    began = time.monotonic()
    for number in range(5_000):
        line.show(f"text {number}")
    assert time.monotonic() - began < 10
    panel.shows(b"text 4999")


def test_it_is_started_once(line: TextLine) -> None:
    line.start()
    with pytest.raises(DeviceError, match="started already"):
        line.start()


def test_it_can_be_stopped_without_a_port_and_before_it_is_started(tmp_path: Path) -> None:
    never = TextLine(LANE, str(tmp_path / "none"), 9_600, "ascii", 16)
    never.stop()
    absent = TextLine(LANE, str(tmp_path / "none"), 9_600, "ascii", 16)
    absent.start()
    absent.stop()


def test_the_line_is_sent_again(panel: Panel, line: TextLine) -> None:
    assert display.AGAIN_S <= 15, "a display that was off for a moment says the truth soon"
    panel.plug()
    line.start()
    line.show("same")
    panel.shows(b"same")
    panel.shows(b"same")


@pytest.mark.parametrize(
    ("text", "encoding", "columns", "sent"),
    [
        ("请刷卡 TAP CARD", "ascii", 20, b"TAP CARD            "),
        ("停", "ascii", 4, b"    "),
        ("已满 FULL", "gb2312", 9, "已满 FULL".encode("gb2312")),
        ("请通行", "gb2312", 5, "请通 ".encode("gb2312")),
        ("a\x1b[2J\r\nb", "utf-8", 6, b"a[2Jb "),
    ],
)
def test_what_is_written(text: str, encoding: str, columns: int, sent: bytes) -> None:
    assert written(text, encoding, columns) == sent + END


@given(st.text(max_size=60), st.sampled_from(ENCODINGS), st.integers(4, 80))
def test_a_line_is_exactly_as_wide_as_the_display(text: str, encoding: str, columns: int) -> None:
    sent = written(text, encoding, columns)
    assert sent.endswith(END)
    assert sent.count(b"\n") == 1
    line = sent.removesuffix(END).decode(encoding)
    assert width(line) == columns
    assert line.isprintable()
