"""Files that are hardly files of settings: each is told in a sentence, none hangs the check."""

import os
import resource
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF

import pytest

from agent.settings.faults import Fault
from agent.settings.reading import check, read
from agent.settings.yaml_lines import MAX_BYTES
from tests.settings.pages import GOOD, changed, faults_of

SECONDS = 20
"""Far above what the slowest machine needs; without bounds these files take hours."""


def only(faults: list[Fault]) -> Fault:
    assert len(faults) == 1, "\n".join(map(str, faults))
    return faults[0]


def of_bytes(folder: Path, content: bytes) -> list[Fault]:
    file = folder / "config.yaml"
    file.write_bytes(content)
    return check(file)


def test_a_file_that_does_not_exist(tmp_path: Path) -> None:
    fault = only(check(tmp_path / "none.yaml"))
    assert (fault.line, fault.problem) == (0, "there is no such file")


def test_a_folder(tmp_path: Path) -> None:
    assert "cannot be read: Is a directory" in only(check(tmp_path)).problem


def test_a_file_that_may_not_be_read() -> None:
    # Reading another process's memory file without its permission fails even for root.
    fault = only(check(Path("/proc/self/mem")))
    assert "cannot be read" in fault.problem


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "---\n", "null\n"])
def test_an_empty_file(tmp_path: Path, text: str) -> None:
    assert only(faults_of(tmp_path, text)).problem == "the file is empty"


@pytest.mark.parametrize("text", ["- a\n- b\n", "just words\n", "17\n"])
def test_a_file_that_is_no_mapping(tmp_path: Path, text: str) -> None:
    fault = only(faults_of(tmp_path, text))
    assert (fault.line, fault.column) == (1, 1)
    assert fault.problem == "the settings must be a mapping"


def test_a_binary_file(tmp_path: Path) -> None:
    fault = only(of_bytes(tmp_path, b"estate: a\nga\x00te: \x7fELF"))
    assert (fault.line, fault.column) == (2, 3)
    assert "U+0000" in fault.problem


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    fault = only(of_bytes(tmp_path, b"estate: a\nname: \xc8\xeb\xbf\xda\n"))
    assert (fault.line, fault.column, fault.problem) == (2, 7, "this is not UTF-8 text")


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("\n", "\r\n").encode(),
        ("%YAML 1.2\n---\n" + GOOD + "...\n").encode(),
    ],
    ids=["byte-order-mark", "crlf", "document-marks"],
)
def test_other_ways_to_write_the_same(tmp_path: Path, content: bytes) -> None:
    assert of_bytes(tmp_path, content) == []


def test_lines_are_counted_with_crlf(tmp_path: Path) -> None:
    text = changed("pin: 17", "pin: 99").replace("\n", "\r\n")
    assert only(of_bytes(tmp_path, text.encode())).line == 10


def test_every_line_with_a_tab_is_told(tmp_path: Path) -> None:
    text = GOOD.replace("    direction", "\tdirection").replace("      open:", "\topen:")
    faults = faults_of(tmp_path, text)
    assert [fault.line for fault in faults] == [6, 10, 16, 19]
    assert all("tab" in fault.problem for fault in faults)


def work_s() -> float:
    """Seconds of work of this process and of its children that have ended: no load lengthens it."""
    mine, theirs = resource.getrusage(RUSAGE_SELF), resource.getrusage(RUSAGE_CHILDREN)
    return mine.ru_utime + mine.ru_stime + theirs.ru_utime + theirs.ru_stime


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x-a: " + "[" * 100_000, "nested too deeply"),
        ("x-a: " + "{a: " * 50_000, "nested too deeply"),
        ("x-a:\n" + "".join(" " * n + "a:\n" for n in range(1, 600)), "nested too deeply"),
        ("- " * 50_000, "nested too deeply"),
        ("x-a: [" + "1," * 60_000 + "1]", "too many values"),
        ("".join(f"k{n}: {n}\n" for n in range(12_000)), "too many values"),
        ("x: " + "9" * 100_000, ""),
        ("x: '" + "a " * 100_000 + "'", ""),
        ("? " * 40_000, ""),
        ("a: &a " * 20_000, ""),
        ("# " + "x" * MAX_BYTES, "too large"),
    ],
    ids=["lists", "mappings", "block", "dashes", "items", "keys", "digits", "text", "questions",
         "anchors", "size"],
)  # fmt: skip
def test_a_hostile_file_does_not_hang(tmp_path: Path, text: str, problem: str) -> None:
    before_s = work_s()
    faults = faults_of(tmp_path, text)
    assert work_s() - before_s < SECONDS
    assert any(problem in fault.problem for fault in faults)
    assert all(len(str(fault)) < 2_000 for fault in faults[:50])


def test_anchors_that_multiply_do_not_hang(tmp_path: Path) -> None:
    rows = ["x-0: &x0 [1, 2, 3, 4, 5, 6, 7, 8, 9]"]
    rows += [f"x-{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]" for n in range(1, 20)]
    fault = only(faults_of(tmp_path, "\n".join(rows)))
    assert fault.problem == "there are too many values"


def test_an_anchor_within_itself(tmp_path: Path) -> None:
    faults = faults_of(tmp_path, GOOD + "x-a: &a [1, *a]\n")
    assert "no anchor &a stands above" in only(faults).problem


def test_anchors_merges_and_lists(tmp_path: Path) -> None:
    text = changed(
        "  in-1-rdm: {driver: serial, port: /dev/ttyUSB0, protocol: em4100-ascii}",
        "  in-1-rdm:\n    <<: [*slow, *serial]\n    port: /dev/ttyUSB0",
    )
    shared = (
        "x-one: &serial {driver: serial, baud: 9600, protocol: line}\nx-two: &slow {baud: 1200}\n"
    )
    file = tmp_path / "config.yaml"
    file.write_text(shared + text, encoding="utf-8")
    reader = read(file).readers["in-1-rdm"]
    assert (reader.driver, getattr(reader, "baud", None)) == ("serial", 1200)


def test_a_fault_in_what_was_merged_points_at_the_anchor(tmp_path: Path) -> None:
    text = changed("{driver: serial, port", "{<<: *serial, driver: serial, port")
    fault = only(faults_of(tmp_path, "x-one: &serial {baud: fast}\n" + text))
    assert (fault.line, fault.column, fault.path) == (1, 23, "readers.in-1-rdm.baud")


def test_relative_paths_start_at_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    text = changed(
        "gpio: {backend: mock}", "gpio: {backend: socket, socket: run:pins}\npaths: {run: r}"
    )
    file.write_text(text, encoding="utf-8")
    settings = read(Path(os.path.relpath(file)))
    assert settings.gpio.socket == tmp_path / "r" / "pins"
    assert settings.paths.control == tmp_path / "r" / "control.sock"
    assert settings.uplink is not None
    assert settings.uplink.tls is not None
    assert settings.uplink.tls.ca == tmp_path / "ca.pem"
