"""The units that cut the journal: without fault, closed in, run as the gate's own user."""

from pathlib import Path

from tests.test_packaging import analyze

SYSTEMD = Path(__file__).resolve().parent.parent / "systemd"
EXPOSURE = 8
"""What the sandbox reaches, times ten: one socket, and no network."""


def test_the_units_have_no_fault_and_are_closed_in(tmp_path: Path) -> None:
    for name in ("gate-retention.service", "gate-retention.timer"):
        text = (SYSTEMD / name).read_text("utf-8")
        text = text.replace("/opt/gate-agent/bin/gate-agent", "/bin/true")
        (tmp_path / name).write_text(text, "utf-8")
    service, timer = tmp_path / "gate-retention.service", tmp_path / "gate-retention.timer"
    done = analyze("verify", "--man=no", str(service), str(timer))
    assert (done.returncode, done.stderr) == (0, "")
    done = analyze("security", "--offline=true", f"--threshold={EXPOSURE}", str(service))
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_is_the_gates_own_user() -> None:
    told = (SYSTEMD / "gate-retention.service").read_text("utf-8")
    daemon = (SYSTEMD / "gate-agent.service").read_text("utf-8")
    for line in ("User=gate-agent", "StateDirectory=gate-agent"):
        assert f"\n{line}\n" in told
        assert f"\n{line}\n" in daemon
