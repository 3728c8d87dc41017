"""The bench at tiny sizes: it runs, keeps its promises of names, and leaves nothing behind."""

import json
import os
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.bench.figures import TABLE, Figure, percentile
from agent.bench.place import a_place, file_system, in_memory
from agent.bench.screen import PAGES
from agent.bench.suite import BY_BROKER, Sizes, run
from agent.cli.bench import bench
from agent.store.reading import Reading
from drivers.wire.registry import EVERY
from tests.parts import require
from tests.patience import until
from tests.rigs.contract import judge_stored

TINY = {
    "taps": 30,
    "edges": 6,
    "events": 3000,
    "starts": 1,
    "entries": 2000,
    "live": 200,
    "passages": 4,
    "cards": 600,
    "movements": 800,
    "rounds": 3,
    "seen": 12,
    "backlog": 4000,
    "commands": 6,
    "gates": 3,
    "frames": 200,
}
ARGUMENTS = [f"--{name}={value}" for name, value in TINY.items()]
PROMISED = {
    "tap": {"p50_us", "p99_us", "floor_p50_us", "floor_p99_us", "ratio_p50", "ratio_p99"},
    "safety": {
        *("stop_p50_us", "stop_p99_us", "lift_p50_us", "lift_p99_us"),
        *("floor_p50_us", "floor_p99_us", "ratio_p50", "ratio_p99"),
    },
    "replay": {"rate", "bare_rate", "ratio", "peak_mb"},
    "start": {"seconds"},
    "memory": {"idle_mb", "after_mb", "warm_mb"},
    "bytes": {"per_passage"},
    "decision": {"p50_us", "p99_us", "import_s"},
    "decode": {
        *(f"{name}_{what}" for name in EVERY for what in ("us", "per_s", "floor_us")),
        *("slowest_per_s", "ratio"),
    },
    "search": {
        *("name_p50_us", "name_p90_us", "plate_p50_us", "plate_p90_us", "unit_p50_us"),
        *("unit_p90_us", "floor_p50_us", "floor_p90_us", "ratio", "fill_s", "size_mb"),
    },
    "screen": {
        *(f"{page}_p{n}_ms" for page in ("floor", *PAGES, "search") for n in (50, 99)),
        *(f"tap_{way}_p{n}_us" for way in ("alone", "watched") for n in (50, 99)),
        *("pages_ratio", "tap_ratio_p50", "tap_ratio_p99", "console_mb"),
    },
    "event": {
        *(f"{way}_p{n}_us" for way in ("alone", "floor", "replay", "state") for n in (50, 99)),
        *("ratio_p50", "ratio_p99", "behind_p50_ms", "behind_p99_ms"),
    },
    "command": {"p50_us", "p99_us", "floor_p50_us", "floor_p99_us", "ratio_p50", "ratio_p99"},
    "fleet": {
        *("gates", "broker_us", "centre_us", "floor_us", "ratio", "gate_kb"),
        *("back_p50_s", "back_last_s", "busiest_share"),
    },
    "tags": {
        *("rate", "taps", "read_us", "cpu_percent", "floor_cpu_percent"),
        *("p50_us", "p99_us", "floor_p50_us", "floor_p99_us", "ratio_p50", "ratio_p99"),
    },
}

UNSEEN = {"gate_kb", "centre_us", "read_us"}


def children() -> set[int]:
    found: set[int] = set()
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        # A thread that ends between the listing and the reading has no children any more.
        with suppress(FileNotFoundError, ProcessLookupError):
            found.update(int(pid) for pid in (task / "children").read_text().split())
    return found


def judged(folder: Path) -> int:
    """How many entries the gates have written, each of them as the contract says.

    Their events are made of these alone.
    """
    ledgers = [*folder.rglob("ledger.db"), *folder.glob("fleet/*/*.db")]
    count = 0
    for ledger in ledgers:
        with Reading.open(ledger) as reading:
            after = 0
            while rows := reading.after(after, 1000):
                judge_stored(rows)
                after = rows[-1].sequence
                count += len(rows)
    return count


@pytest.mark.parametrize("name", PROMISED)
def test_a_benchmark_prints_what_is_promised(name: str, tmp_path: Path) -> None:
    if name in BY_BROKER:
        require("mosquitto")
    before = children()
    with a_place(tmp_path) as place:
        told = run([name], place, Sizes(**TINY)).figures
        assert (judged(place.folder) > 0) == (name != "decode"), "only decoding needs no journal"
    assert set(told) == {name}
    assert set(told[name]) == PROMISED[name]
    # What three gates add to a broker's memory or time may be less than can be seen.
    assert all(value > 0 or key in UNSEEN for key, value in told[name].items()), told
    assert min(told[name].values()) >= 0, told
    until(lambda: children() <= before, "the end of every process that was started")
    assert not list(tmp_path.iterdir())


def test_programs_read_the_figures_as_json(tmp_path: Path) -> None:
    result = CliRunner().invoke(bench, ["start", "--json", f"--dir={tmp_path}", *ARGUMENTS])
    assert result.exit_code == 0, (result.output, result.exception)
    assert set(json.loads(result.stdout)["start"]) == PROMISED["start"]


def test_the_table_has_every_promised_name() -> None:
    assert {name: {each.name for each in rows} for name, rows in TABLE.items()} == PROMISED


@pytest.mark.parametrize("name", sorted(BY_BROKER))
def test_without_mosquitto_it_is_left_out_and_says_why(name: str, tmp_path: Path) -> None:
    with a_place(tmp_path) as place:
        result = run([name], place, Sizes(), mosquitto=lambda: None)
    assert not result.figures
    assert "not installed" in result.left_out[name]


def test_people_see_the_aim_and_the_machine(tmp_path: Path) -> None:
    result = CliRunner().invoke(bench, ["start", f"--dir={tmp_path}", *ARGUMENTS])
    assert result.exit_code == 0, result.output
    assert "at most 1 s" in result.stdout
    assert file_system(tmp_path)[0] in result.stdout
    assert "Python" in result.stdout


def test_the_folder_is_gone_also_after_a_failure(tmp_path: Path) -> None:
    def fail() -> None:
        with a_place(tmp_path) as place:
            (place.folder / "ledger.db").write_text("x")
            raise OSError(place.sockets)

    with pytest.raises(OSError) as caught:  # noqa: PT011 - its argument is what is looked at
        fail()
    assert not list(tmp_path.iterdir())
    assert not Path(str(caught.value)).exists()


def test_a_file_system_in_memory_is_known_as_such() -> None:
    if not Path("/dev/shm").is_dir():  # noqa: S108 - looked at, not written to
        pytest.skip("no /dev/shm")
    assert in_memory(Path("/dev/shm"))  # noqa: S108
    assert not in_memory(Path("/proc"))


def test_nearest_rank() -> None:
    values = [float(n) for n in range(1, 101)]
    assert percentile(values, 0.5) == 51
    assert percentile(values, 0.99) == 100
    assert percentile([7.0], 0.99) == 7


@pytest.mark.parametrize(
    ("figure", "value", "met"),
    [
        (Figure("a", "", most=2), 2.0, True),
        (Figure("a", "", most=2), 2.1, False),
        (Figure("a", "", least=1), 0.9, False),
        (Figure("a", "", least=1), 1.0, True),
        (Figure("a", ""), 1.0, None),
    ],
)
def test_an_aim(figure: Figure, value: float, met: bool | None) -> None:
    assert figure.met(value) is met
