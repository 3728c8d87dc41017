"""A real GPIO character device: the same pins as on a Pi, in a guest (nightly profile)."""

from pathlib import Path

import pytest

from tests.guest import kernel
from tests.guest.guest import pytest_in_guest, run


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lacking = kernel.lacking()
    if lacking:
        pytest.fail(lacking)
    folder = tmp_path_factory.mktemp("kernel")
    kernel.build_modules(folder)
    return folder


def test_the_chip_is_a_real_one(modules: Path, tmp_path: Path) -> None:
    ran = run("cat /sys/kernel/config/gpio-sim/header/dev_name", tmp_path, modules, persist=True)
    assert (ran.code, ran.said.strip()) == (0, "gpio-sim.0"), ran.said


@pytest.mark.parametrize("persist", [True, False], ids=["held", "let-go"])
def test_pins_on_the_chip(modules: Path, tmp_path: Path, persist: bool) -> None:
    ran = pytest_in_guest("check_pins.py", tmp_path, modules, persist=persist)
    assert ran.code == 0, ran.said
    assert "skipped" not in ran.said


def test_killed_with_a_relay_on(modules: Path, tmp_path: Path) -> None:
    ran = pytest_in_guest("check_killed.py", tmp_path, modules, persist=True)
    assert ran.code == 0, ran.said
    assert "skipped" not in ran.said


def test_wiegand_on_the_chip(modules: Path, tmp_path: Path) -> None:
    ran = pytest_in_guest("check_wiegand.py", tmp_path, modules, persist=True)
    assert ran.code == 0, ran.said
    assert "skipped" not in ran.said
