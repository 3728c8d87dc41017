"""What is shipped beside the code: locks, metadata, units; and words the tree must not hold."""

import importlib
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import agent
from tests.patience import LIMIT_S

ROOT = Path(__file__).resolve().parent.parent
TOP = {
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "agent",
    "config",
    "docs",
    "drivers",
    "examples",
    "pyproject.toml",
    "requirements-test.lock",
    "requirements.lock",
    "systemd",
    "tests",
}
LOCKS = ("requirements.lock", "requirements-test.lock")
UNIT = ROOT / "systemd" / "gate-agent.service"
# What the sandbox reaches, times ten: 1.5 of 10, where a bare service has 9.6. What is left are
# devices, the network and the groups that the gate is about.
EXPOSURE = 15


def project() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        metadata: dict[str, Any] = tomllib.load(file)["project"]
    return metadata


def shipped() -> Iterator[Path]:
    """Every file of the tree that is ours: no caches, no environment."""
    for name in sorted(TOP):
        path = ROOT / name
        if path.is_file():
            yield path
        for folder, folders, files in os.walk(path):
            folders[:] = [each for each in folders if each != "__pycache__"]
            yield from (Path(folder, file) for file in files)


def pins(lock: str) -> dict[str, tuple[str, int]]:
    """Name to version and number of hashes, for each requirement of a lock file."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=[a-z])", text)
    found = {}
    for block in blocks:
        head = re.match(r"([a-z0-9][a-z0-9.-]*)==([^\s;\\]+)", block)
        assert head, f"{lock}: not a pinned requirement: {block.splitlines()[0]}"
        found[head[1]] = (head[2], len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", block)))
    return found


def wanted(*extras: str) -> list[Requirement]:
    metadata = project()
    lines = list(metadata["dependencies"])
    for extra in extras:
        lines += metadata["optional-dependencies"][extra]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes(lock: str) -> None:
    assert {name for name, (_, hashes) in pins(lock).items() if hashes == 0} == set()


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_hold_no_address_and_no_path(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert re.findall(r"\S*(?:://|find-links|index-url|file:|@ )\S*", text) == []


def test_locks_agree() -> None:
    run, test = pins("requirements.lock"), pins("requirements-test.lock")
    assert {name: test.get(name) for name in run} == run


@pytest.mark.parametrize(
    ("lock", "extras"),
    [
        ("requirements.lock", ("build", "gpio")),
        ("requirements-test.lock", ("build", "gpio", "pcsc", "test")),
    ],
)
def test_locks_satisfy_the_metadata(lock: str, extras: tuple[str, ...]) -> None:
    locked = pins(lock)
    for requirement in wanted(*extras):
        name = canonicalize_name(requirement.name)
        assert name in locked, f"{lock} lacks {name}: run make lock"
        assert requirement.specifier.contains(locked[name][0]), f"{name}: run make lock"


def test_a_gate_needs_no_compiler() -> None:
    assert "pyscard" not in pins("requirements.lock")


def test_scripts_lead_somewhere() -> None:
    for target in project()["scripts"].values():
        module, _, function = target.partition(":")
        assert callable(getattr(importlib.import_module(module), function)), target


def test_version_is_one() -> None:
    assert project()["version"] == agent.__version__
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(agent.__version__)}\b", changelog, re.MULTILINE)


def test_licence() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("MIT License\n")
    assert "The gate-agent authors" in text


# Written in two halves, so that this file does not hold what it forbids.
FORBIDDEN = re.compile(
    "|".join(
        [
            "py" + r"pi\.org",
            "python" + r"hosted\.org",
            "pi" + r"wheels\.org",
            "npm" + r"js\.(?:org|com)",
            r"\.\./" + "shared",
            r"(?<![\w./-])/" + r"work\b(?!flow)",
        ]
    )
)


def test_the_tree_names_no_registry_and_no_workshop() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {hit[0]}"
        for path in shipped()
        for hit in FORBIDDEN.finditer(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []


def test_the_top_level_is_fixed() -> None:
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("needs git: this is not a checkout")
    # The checkout may belong to somebody else than the one who tests it.
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    ).stdout
    assert {name.partition("/")[0] for name in listed.split("\0") if name} - TOP == set()


@pytest.mark.parametrize("script", sorted((ROOT / ".ci").iterdir()), ids=lambda path: path.name)
def test_ci_scripts_parse_and_can_be_run(script: Path) -> None:
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True, timeout=LIMIT_S)


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        reason = "needs systemd-analyze: apt install systemd"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that exists here in the place of ours."""
    text = UNIT.read_text(encoding="utf-8")
    assert text.count("/opt/gate-agent/bin/gate-agent") >= 3
    copy = tmp_path / UNIT.name
    copy.write_text(text.replace("/opt/gate-agent/bin/gate-agent", "/bin/true"), encoding="utf-8")
    return copy


def test_unit_has_no_fault(unit: Path) -> None:
    done = analyze("verify", "--man=no", str(unit))
    assert (done.returncode, done.stderr) == (0, "")


def test_unit_check_sees_an_unknown_key(unit: Path) -> None:
    """An unknown key is a warning with status 0: the empty stderr is what counts above."""
    text = unit.read_text(encoding="utf-8")
    unit.write_text(text.replace("WatchdogSec=", "WatchdogSeconds="), encoding="utf-8")
    assert "WatchdogSeconds" in analyze("verify", "--man=no", str(unit)).stderr


def test_unit_sandbox(unit: Path) -> None:
    done = analyze("security", "--offline=true", f"--threshold={EXPOSURE}", str(unit))
    assert done.returncode == 0, done.stdout + done.stderr


def test_unit_makes_relays_safe_and_starts_checked() -> None:
    text = UNIT.read_text(encoding="utf-8")
    settings = "/etc/gate-agent/gate.yaml"
    for key, command in (
        ("ExecStartPre", f"check {settings}"),
        ("ExecStart", f"run --config {settings}"),
        ("ExecStopPost", f"relays-safe --config {settings}"),
    ):
        assert f"\n{key}=/opt/gate-agent/bin/gate-agent {command}\n" in text
