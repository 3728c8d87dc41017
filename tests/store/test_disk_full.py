import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.errors import StoreError
from agent.ports import Condition, KeptResult
from agent.store.ballast import Ballast
from agent.store.ledger import Ledger
from agent.store.reading import Reading
from agent.store.verify import verify
from tests.parts import require
from tests.store.build import at, card, granted, open_ledger, switched

BALLAST = 512 * 1024


@pytest.fixture(params=["tmpfs", "ext4"])
def small_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    require("root")
    place = tmp_path / "disk"
    place.mkdir()
    if request.param == "tmpfs":
        command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)]
    else:
        image = tmp_path / "disk.img"
        with image.open("wb") as file:
            file.truncate(6 * 1024 * 1024)
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(image)], check=True)
        command = ["mount", "-o", "loop", str(image), str(place)]
    mounted = subprocess.run(command, check=False, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"cannot mount {request.param} here: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def hog(place: Path) -> Path:
    """Take all the room that is left."""
    path = place / "hog"
    with path.open("wb", buffering=0) as file:
        for size in (65536, 4096, 512):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
    return path


def until_filled(ledger: Ledger) -> None:
    for n in range(20_000):
        ledger.append([granted(f"p{n}")], at(n))
        ledger.housekeeping(at(n))
        if ledger.full:
            return
    pytest.fail("the disk never became full")


def until_refused(ledger: Ledger) -> int:
    for n in range(20_000):
        before = ledger.head()
        try:
            ledger.append([granted(f"q{n}")], at(n), [KeptResult(f"o{n}", "done", 200, "")])
        except StoreError:
            assert ledger.head() == before
            return n
        ledger.housekeeping(at(n))
    pytest.fail("the disk never refused")


def types(path: Path) -> list[str]:
    with Reading.open(path) as reading:
        return [entry.type for entry in reading.after(0, 100_000)]


def test_full_released_refused_and_freed_again(small_disk: Path) -> None:
    path = small_disk / "gate.db"
    with open_ledger(path, ballast=BALLAST) as ledger:
        ledger.append([granted("first")], at())
        ballast = path.with_name("gate.db.ballast")
        assert ballast.stat().st_size == BALLAST
        assert ledger.health().condition is Condition.OK
        full = hog(small_disk)
        until_filled(ledger)
        assert not ballast.exists()
        assert ledger.health().condition is Condition.DOWN
        assert types(path)[-2:] == ["gate.access.granted.v1", "gate.disk.filled.v1"]
        # The reserve lasts for more entries; then it is loud and nothing is half written.
        assert until_refused(ledger) > 20
        before = ledger.head()
        assert types(path).count("gate.disk.filled.v1") == 1
        # Room again: the same connection goes on, the reserve is laid, an entry says so.
        full.unlink()
        after = ledger.append([granted("yes")], at())
        assert after.sequence == before.sequence + 1
        ledger.housekeeping(at())
        assert ledger.head().sequence == after.sequence + 1
        assert types(path)[-1] == "gate.disk.freed.v1"
        assert ballast.stat().st_size == BALLAST
        assert not ledger.full
        assert ledger.health().condition is Condition.OK
        ledger.housekeeping(at())
        assert ledger.head().sequence == after.sequence + 1
    assert verify(path).ok


def test_a_restart_on_a_full_disk_remembers(small_disk: Path) -> None:
    path = small_disk / "gate.db"
    with open_ledger(path, ballast=BALLAST) as ledger:
        full = hog(small_disk)
        until_filled(ledger)
    with open_ledger(path, ballast=BALLAST) as ledger:
        assert ledger.full
        ledger.housekeeping(at())
        full.unlink()
        ledger.housekeeping(at())
        assert not ledger.full
    assert types(path)[-1] == "gate.disk.freed.v1"
    assert verify(path).ok


def test_a_roster_that_does_not_fit_leaves_the_old_one(small_disk: Path) -> None:
    path = small_disk / "gate.db"
    with open_ledger(path, ballast=BALLAST) as ledger:
        generation = ledger.roster_begin()
        hog(small_disk)
        cards = [card(n, holder="h" * 100) for n in range(50_000)]
        with pytest.raises(StoreError, match="not staged"):
            ledger.roster_stage(generation, cards, 10**12)
        assert not ledger.full, "the reserve is for entries"
        ledger.append([granted("p")], at())
        head = ledger.head()
        with pytest.raises(StoreError, match="were announced"):
            ledger.roster_switch(generation, 50_000, b"", switched(), at())
        assert ledger.head() == head
    assert verify(path).ok


def test_no_room_for_a_reserve_is_said(small_disk: Path) -> None:
    with open_ledger(small_disk / "gate.db", ballast=64 * 1024 * 1024) as ledger:
        assert ledger.health().condition is Condition.DEGRADED
        assert not (small_disk / "gate.db.ballast").exists()
        ledger.append([granted("p")], at())


def test_a_ballast_is_released_once(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path / "gate.db", 8192)
    assert not ballast.release()
    assert ballast.lay()
    assert Ballast(tmp_path / "gate.db", 8192).lay(), "one that is there is taken over"
    assert ballast.release()
    assert not ballast.release()
    assert list(tmp_path.iterdir()) == []


def test_a_ballast_that_cannot_be_written(tmp_path: Path) -> None:
    assert not Ballast(tmp_path / "none" / "gate.db", 8192).lay()
    assert list(tmp_path.iterdir()) == []
