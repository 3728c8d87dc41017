"""The setting of the code of duress: where it lies, how near to a card, and who has keys."""

from datetime import timedelta
from pathlib import Path

import pytest

from agent import planning
from agent.planning_calls import with_duress
from agent.settings.masked import masked
from agent.settings.reading import examine, read
from agent.settings.summary import summary

PAGE = """\
estate: green-garden
gate: north
timezone: Asia/Shanghai
lanes:
  in-1: {direction: in, readers: [near], arm: {open: {pin: 17}}}
readers:
  near: {READER}
gpio: {backend: mock}
duress: {DURESS}
"""
WIEGAND = "{driver: wiegand, d0: 2, d1: 3, protocol: wiegand-26}"
PIN = "471108"


def page(folder: Path, duress: str = "{pin: {file: code}}", reader: str = WIEGAND) -> Path:
    file = folder / "gate.yaml"
    file.write_text(PAGE.replace("{READER}", reader).replace("{DURESS}", duress), "utf-8")
    (folder / "code").write_text(f"{PIN}\n")
    return file


def test_what_is_understood(tmp_path: Path) -> None:
    settings = read(page(tmp_path, "{pin: {file: code}, within: 15 s}"))
    assert settings.duress is not None
    assert settings.duress.within == timedelta(seconds=15)
    plan = planning.gate_plan(settings)
    assert plan.duress is None, "it is read where the daemon is put together"
    whole = with_duress(plan, settings).duress
    assert whole is not None
    assert (whole.pin, whole.within_ns) == (PIN, 15_000_000_000)
    assert masked(settings)["duress"] == {"pin": "***", "within": "15 s"}
    assert any(line.startswith("duress: ") and "15 s" in line for line in summary(settings))
    assert PIN not in f"{settings}{whole}{list(summary(settings))}"


def test_without_it_nothing_is_read(tmp_path: Path) -> None:
    file = page(tmp_path)
    file.write_text(file.read_text("utf-8").partition("duress:")[0], "utf-8")
    settings = read(file)
    plan = planning.gate_plan(settings)
    assert with_duress(plan, settings) is plan
    assert not any("duress" in line for line in summary(settings))


@pytest.mark.parametrize(
    ("duress", "path", "problem"),
    [
        ("{}", "duress.pin", "pin is missing here"),
        ("{pin: {}}", "duress.pin", "a secret needs one place"),
        ("{pin: {file: a, credential: b}}", "duress.pin", "one place, not two"),
        ('{pin: "471108"}', "duress.pin", "a mapping must"),
        ("{pin: {file: code}, within: 1 s}", "duress.within", ""),
        ("{pin: {file: code}, within: 2 min}", "duress.within", ""),
        ("{pni: {file: code}}", "duress.pni", "unknown key"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, duress: str, path: str, problem: str) -> None:
    (fault,) = examine(page(tmp_path, duress)).faults
    assert fault.path == path
    assert problem in fault.problem
    assert PIN not in fault.problem


@pytest.mark.parametrize(
    ("reader", "heard"),
    [
        (WIEGAND, True),
        ("{driver: osdp, port: /dev/ttyUSB0, address: 1, secure: 'off'}", True),
        ("{driver: serial, port: /dev/ttyUSB0, protocol: wiegand-uart-ascii10}", True),
        ("{driver: serial, port: /dev/ttyUSB0, protocol: line}", True),
        ("{driver: serial, port: /dev/ttyUSB0, protocol: em4100-ascii}", False),
        ("{driver: pcsc}", False),
    ],
)
def test_somewhere_it_can_be_typed(tmp_path: Path, reader: str, heard: bool) -> None:
    faults = examine(page(tmp_path, reader=reader)).faults
    found = [fault.problem for fault in faults if fault.path == "duress"]
    assert found == ([] if heard else [found[0]])
    assert all("no reader here has keys" in problem for problem in found)
