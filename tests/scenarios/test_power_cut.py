"""The power goes, again and again, on a disk that forgets what was not fsynced."""

import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts import require
from tests.patience import until
from tests.rigs import house
from tests.rigs.broker import Mosquitto
from tests.rigs.forgetful_fs import ForgetfulDisk
from tests.rigs.house import House
from tests.rigs.listener import Listener
from tests.rigs.load import Load, load_cards, prove
from tests.rigs.told import events, same_as_stored

CUTS = house.size(10, 500)
FIRST_SYNCS = house.size(6, 12)
VERIFY_EVERY = house.size(2, 25)
SEED = int(os.environ.get("GATE_SEED", "20261122"))
ROWS = 40


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[ForgetfulDisk]:
    require("root", "fuse")
    with ForgetfulDisk(tmp_path) as disk:
        yield disk


def _said_and_kept(disk: ForgetfulDisk, synchronous: str, keep: float) -> tuple[int, int]:
    """How many commits a program was promised, and how many are there after the cut."""
    file = disk.mount / "rows.db"
    command = [sys.executable, "-m", "tests.rigs.commits", str(file), synchronous]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        said = [int(program.stdout.readline()) for _ in range(ROWS)]
        program.kill()
        said += [int(line) for line in program.stdout]
    disk.cut(seed=1, keep=keep)
    conn = sqlite3.connect(file)
    kept = {n for (n,) in conn.execute("SELECT n FROM rows")}
    assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    conn.close()
    return len(said), len(kept & set(said))


@pytest.mark.parametrize("keep", [0.0, 0.5])
def test_this_disk_keeps_what_was_synced(disk: ForgetfulDisk, keep: float) -> None:
    said, kept = _said_and_kept(disk, "FULL", keep)
    assert said >= ROWS
    assert kept == said


@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
def test_this_disk_forgets_what_was_not(disk: ForgetfulDisk, synchronous: str) -> None:
    said, kept = _said_and_kept(disk, synchronous, 0.0)
    assert said >= ROWS
    assert kept == 0


def test_a_name_is_there_only_after_its_directory_was_synced(disk: ForgetfulDisk) -> None:
    for name in ("with", "without"):
        handle = os.open(disk.mount / name, os.O_WRONLY | os.O_CREAT)
        os.write(handle, b"x" * 5000)
        os.fsync(handle)
        os.close(handle)
        if name == "with":
            directory = os.open(disk.mount, os.O_RDONLY)
            os.fsync(directory)
            os.close(directory)
    disk.cut()
    assert [one.name for one in disk.mount.iterdir()] == ["with"]
    assert (disk.mount / "with").read_bytes() == b"x" * 5000
    (disk.mount / "with").rename(disk.mount / "other")
    disk.cut()
    assert [one.name for one in disk.mount.iterdir()] == ["with"]


def test_what_was_promised_survives_every_power_cut(disk: ForgetfulDisk, tmp_path: Path) -> None:
    require("mosquitto")
    chance = random.Random(SEED)  # noqa: S311 - reproducible on purpose
    with (
        Mosquitto(tmp_path / "broker") as broker,
        Listener(broker, "gate/v1/#") as listener,
        House(
            tmp_path / "gate",
            load_cards(),
            broker=broker,
            state=disk.mount,
            travel_ms=100,
            changes={"lanes": house.busy_lanes()},
        ) as rig,
    ):
        rig.start()
        key = (disk.mount / "card-reference.key").read_bytes()
        with Load(rig, SEED):
            for number in range(CUTS):
                if number:
                    rig.start()
                rig.wait(records=rig.recorded() + chance.randrange(3, 40))
                rig.kill()
                keep = chance.choice((0.0, 0.5, 0.9))
                disk.cut(chance.randrange(1 << 30), keep)
                assert (disk.mount / "card-reference.key").read_bytes() == key
                if number % VERIFY_EVERY == 0:
                    rig.verified()
                    same_as_stored(events(listener.on("/evt")), rig.entries())
                print(f"cut {number} of seed {SEED}, kept {keep}")  # noqa: T201 - shown on failure
        rig.start()
        assert rig.relays_on() == []
        until(lambda: rig.part("uplink")["counters"]["backlog"] == 0, "everything is published")
        rig.verified()
        entries = rig.entries()
        listener.wait(lambda them: len(events(them.on("/evt"))) >= len(entries))
        same_as_stored(events(listener.on("/evt")), rig.entries())
        proof = prove(rig)
        print(f"{len(entries)} entries, {proof}")  # noqa: T201
        assert rig.stop() == 0
    assert proof.granted >= CUTS, "the load was too small to prove anything"


@pytest.mark.parametrize("keep", [0.0, 0.5])
def test_a_cut_in_each_sync_of_the_first_start(
    disk: ForgetfulDisk, tmp_path: Path, keep: float
) -> None:
    """However far the making of the ledger had come: the next start makes or finds a good one."""
    with House(tmp_path / "gate", state=disk.mount) as rig:
        for syncs in range(FIRST_SYNCS):
            disk.expire(syncs, SEED + syncs, keep)
            rig.start_and_kill(lambda: disk.gone)
            disk.recover()
        rig.start()
        assert rig.part("ledger")["condition"] == "ok"
        rig.verified()
