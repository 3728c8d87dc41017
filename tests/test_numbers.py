"""The form of numbers is put on between a reader and whoever hears of its taps."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.core.effects import Verdict
from agent.core.events import CardRead, FrameFaulted, ReaderFound
from agent.core.ids import ReaderId
from agent.numbers import Shaped
from agent.ports import CardReader, Condition
from agent.readers import make_readers
from agent.settings.reading import read
from drivers.clock import SystemClock
from tests.patience import until
from tests.wire.makers import em4100

TAG = "0100CDA4EC"


def settings_text(port: str, more: str) -> str:
    return (
        "estate: green-garden\ngate: north\ntimezone: Asia/Shanghai\n"
        "lanes:\n  in-1: {direction: in, readers: [r], arm: {open: {pin: 17}, close: {pin: 27}}}\n"
        f"readers:\n  r: {{driver: serial, port: {port}, protocol: em4100-ascii{more}}}\n"
        "gpio: {backend: mock}\n"
    )


@contextmanager
def a_reader(tmp_path: Path, more: str) -> Iterator[tuple[CardReader, int]]:
    """The reader that this configuration makes, and the other end of its line."""
    far, near = os.openpty()
    file = tmp_path / "gate.yaml"
    file.write_text(settings_text(os.ttyname(near), more), encoding="utf-8")
    readers = make_readers(read(file), SystemClock(), lambda _reader: None)
    try:
        yield readers[ReaderId("r")], far
    finally:
        readers[ReaderId("r")].stop()
        os.close(near)
        os.close(far)


def test_a_tap_arrives_in_the_configured_form(tmp_path: Path) -> None:
    heard: list[object] = []
    with a_reader(tmp_path, ", byte_order: reversed, keep: last4, as_scheme: uid") as (reader, far):
        assert isinstance(reader, Shaped)
        reader.start(heard.append)
        until(lambda: any(isinstance(each, ReaderFound) for each in heard), "the port is open")
        os.write(far, b"\x02nonsense\x03" + em4100(TAG))
        until(lambda: any(isinstance(each, CardRead) for each in heard), "the tap is told")
        assert reader.health().condition is Condition.OK
        reader.show(Verdict.GRANTED)
    (tap,) = [each for each in heard if isinstance(each, CardRead)]
    assert str(tap.credential) == "uid:ECA4CD00"
    assert any(isinstance(each, FrameFaulted) for each in heard)


def test_a_reader_without_a_form_takes_no_detour(tmp_path: Path) -> None:
    with a_reader(tmp_path, "") as (reader, _far):
        assert not isinstance(reader, Shaped)
