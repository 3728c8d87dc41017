"""``gate-agent pass``: a key pair, a pass by hand, and what is said of it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from agent.cli import gate_agent
from agent.cli.house import reach
from agent.errors import GateError
from agent.settings.reading import read
from drivers.wire.qr_pass import parse
from tests.settings.pages import CONFIG

EXAMPLE = (CONFIG / "qr-passes.yaml").read_text()
ZONE = ZoneInfo("Asia/Shanghai")


def run(*words: str) -> Result:
    return CliRunner().invoke(gate_agent, ["pass", *words])


def fault(*words: str) -> str:
    """What a command says that fails."""
    done = run(*words)
    assert done.exit_code != 0
    return str(done.exception) if isinstance(done.exception, GateError) else done.output


@pytest.fixture
def key(tmp_path: Path) -> Path:
    done = run("key", str(tmp_path / "k1"))
    assert done.exit_code == 0, done.output
    return tmp_path / "k1.key"


def config(folder: Path) -> Path:
    text = EXAMPLE.replace("/etc/gate-agent/qr-k1.pem", str(folder / "k1.pem"))
    paths = f"paths: {{state: {folder / 'state'}, run: {folder / 'run'}}}\n"
    file = folder / "gate.yaml"
    file.write_text(text + paths)
    return file


def made(key: Path, *more: str, ends: str = "2099-01-01 18:00") -> str:
    words = ["--private", str(key), "--key", "k1", "--estate", "green-garden", "--gate", "north"]
    times = ["--begins", "2020-01-01 09:00", "--ends", ends, "--timezone", "Asia/Shanghai"]
    done = run("make", *words, *times, *more)
    assert done.exit_code == 0, done.output
    return done.output.strip()


def test_a_private_key_is_for_its_owner_and_nothing_is_overwritten(key: Path) -> None:
    assert key.stat().st_mode & 0o777 == 0o600
    assert b"PRIVATE" in key.read_bytes()
    assert key.with_suffix(".pem").read_bytes().startswith(b"-----BEGIN PUBLIC KEY")
    before = key.read_bytes()
    assert "is there already" in fault("key", str(key.with_suffix("")))
    assert key.read_bytes() == before
    assert "cannot be written" in fault("key", "/proc/no/such/key")
    assert "cannot be written: there is no directory /proc/no/such" in fault(
        "key", "/proc/no/such/key"
    )


def test_half_of_a_pair_is_never_made(tmp_path: Path) -> None:
    (tmp_path / "k2.pem").write_text("of another pair", encoding="utf-8")
    assert "k2.pem is there already" in fault("key", str(tmp_path / "k2"))
    assert not (tmp_path / "k2.key").exists()


def test_a_pass_says_what_was_asked_for(key: Path) -> None:
    text = made(key, "--lane", "in-1", "--lane", "out-1", "--appointment", "n-1", "--vehicle")
    says = parse(text).says
    told = [says.key, says.estate, says.gate, says.appointment]
    assert told == ["k1", "green-garden", "north", "n-1"]
    assert says.lanes == ("in-1", "out-1")
    assert (says.enters, says.leaves, says.vehicle) == (True, True, True)
    begins = datetime.fromtimestamp(says.begins * 60, ZONE)
    assert begins == datetime(2020, 1, 1, 9, 0, tzinfo=ZONE)
    assert parse(made(key)).says.identity != says.identity
    fixed = parse(made(key, "--identity", "ab" * 16, "--way", "out")).says
    assert (fixed.identity, fixed.enters) == (b"\xab" * 16, False)
    zoned = parse(made(key, ends="2099-01-01T18:00+09:00")).says
    assert datetime.fromtimestamp(zoned.ends * 60, ZONE).hour == 17


def test_times_without_a_zone_are_those_of_this_machine(key: Path) -> None:
    words = ["--private", str(key), "--key", "k1", "--estate", "e"]
    done = run("make", *words, "--begins", "2026-01-01 09:00", "--ends", "2026-01-01 10:00")
    there = datetime.fromtimestamp(parse(done.output.strip()).says.begins * 60, UTC).astimezone()
    assert there.isoformat(timespec="minutes").startswith("2026-01-01T09:00")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--ends", "2019-01-01"), "begins before it ends"),
        (("--ends", "soon"), "'soon' is no time"),
        (("--timezone", "Moon/Sea"), "no time zone"),
        (("--identity", "zz"), "no pass"),
        (("--estate", "Fuli Hupan"), "small letters"),
        (("--private", "/none"), "cannot be read"),
    ],
)
def test_what_cannot_be_is_said(key: Path, more: tuple[str, str], says: str) -> None:
    words = ["--private", str(key), "--key", "k1", "--estate", "e", "--begins", "2020-01-01"]
    assert says in fault("make", *words, "--ends", "2020-01-02", *more)


def test_only_a_private_key_signs(key: Path) -> None:
    words = ["--key", "k1", "--estate", "e", "--begins", "2020-01-01", "--ends", "2020-01-02"]
    pem = str(key.with_suffix(".pem"))
    assert "no private key" in fault("make", "--private", pem, *words)


def test_what_a_pass_says_and_whether_it_would_pass(key: Path, tmp_path: Path) -> None:
    file = str(config(tmp_path))
    text = made(key, "--lane", "in-1")
    done = run("show", text, "-c", file)
    assert done.exit_code == 0, done.output
    assert "2020-01-01T09:00+08:00" in done.output
    assert "good for this gate" in done.output
    # The gate is asked over its ledger: there has to be one.
    assert "there is no ledger here" in fault("show", text, "-c", file, "--lane", "in-1")
    shown = run("show", text, "-c", file, "--lane", "in-1").output
    assert "signature    good for this gate" in shown
    with reach(read(Path(file))):
        pass
    for lane, at, decision in (
        ("in-1", "2026-03-04 12:00", "granted"),
        ("out-1", "2026-03-04 12:00", "lane_not_allowed"),
        ("in-1", "2019-12-31 12:00", "not_yet_valid"),
    ):
        done = run("show", text, "-c", file, "--lane", lane, "--at", at, "--json")
        assert done.exit_code == 0, done.output
        told = json.loads(done.output)
        assert told["answer"].get("reason", told["answer"]["decision"]) == decision
        assert told["label"] == told["answer"].get("card")
    done = run("show", text, "-c", file, "--lane", "in-1", "--at", "2026-03-04 12:00")
    assert "granted: this card may pass" in done.output


def test_without_a_gate_times_are_utc_and_nothing_is_judged(key: Path, tmp_path: Path) -> None:
    text = made(key).lower()
    done = run("show", text, "-c", str(tmp_path / "none.yaml"), "--json")
    told = json.loads(done.output)
    assert told["begins"] == "2020-01-01T01:00+00:00"
    assert "signature" not in told
    assert told["lanes"] == ["all"]
    assert "not the text of a pass" in fault("show", text[:-4])
