"""``gate-agent inside, amnesty, count`` as a guard calls them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from agent.app import open_ledger
from agent.core.entries import Entry, EntryType
from agent.settings.here import load
from tests.cli.test_orders import Desk
from tests.control.rig import serving
from tests.patience import LIMIT_S
from tests.store.build import PERSON, at
from tests.store.test_books import forgiven, passed

ROOT = Path(__file__).parents[2]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The two-way lane to a garage, with a ledger in which three came in and one is forgiven."""
    yaml = YAML()
    page = yaml.load(ROOT / "config" / "two-way-lane.yaml")
    page["paths"] = {"state": str(tmp_path / "state"), "run": str(tmp_path / "run")}
    yaml.dump(page, tmp_path / "gate.yaml")
    ways: dict[str, Any] = {"to": "garage", "lane": "garage"}
    grant = Entry(EntryType.ACCESS_GRANTED, "l", at(), {"lane": "l", "passage": "p"}, PERSON)
    with open_ledger(load(tmp_path / "gate.yaml")) as ledger:
        head = ledger.append([grant], at())
        cause = f"/x/{head.stream}/{head.sequence:020d}"
        ledger.append([passed("V-1", 1, cause, **ways), passed("V-2", 2, **ways)], at(2))
        ledger.append([forgiven(3, card="V-2")], at(3))
        ledger.append([passed("V-3", 60, outcome="unobserved", **ways)], at(60))
    return tmp_path / "gate.yaml"


def gate_agent(config: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agent", *words, "--config", str(config)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def test_who_is_inside_is_listed_by_zone(config: Path) -> None:
    done = gate_agent(config, "inside")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "garage: 3 cards, 3 vehicles in 60 bays, 57 free",
        "  V-1            vehicle         2023-11-15 06:13  garage   京A12345  王**  3-1201",
        "  V-2            vehicle         2023-11-15 06:13  garage   (forgiven)",
        "  V-3            vehicle         2023-11-15 06:14? garage",
    ]


def test_names_and_json_for_who_asks_for_them(config: Path) -> None:
    assert "王小明" in gate_agent(config, "inside", "--names").stdout
    told = json.loads(gate_agent(config, "inside", "--json", "--zone", "garage").stdout)
    assert [each["card"] for each in told["inside"]] == ["V-1", "V-2", "V-3"]
    done = gate_agent(config, "inside", "--zone", "cellar")
    assert done.returncode == 1
    assert "the zones are garage" in done.stderr


def test_a_gate_that_never_ran_has_nobody_inside(config: Path, tmp_path: Path) -> None:
    load(config).paths.ledger.unlink()
    done = gate_agent(config, "inside")
    assert done.returncode == 1
    assert "there is no ledger here yet" in done.stderr
    assert not load(config).paths.ledger.exists()
    assert tmp_path.exists()


ORDERS = [
    (("amnesty", "--reason", "drill"), "amnesty", {"reason": "drill"}),
    (("amnesty", "--zone", "garage", "--reason", "x"), "amnesty",
     {"zone": "garage", "reason": "x"}),
    (("amnesty", "--card", "V-1", "--reason", "x"), "amnesty", {"card": "V-1", "reason": "x"}),
    (("count", "garage", "0", "--reason", "walked round"), "zone.count",
     {"zone": "garage", "count": "0", "reason": "walked round"}),
]  # fmt: skip


def test_amnesty_and_count_are_orders(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    with serving(desk.control, {"order": desk.order}):
        for words, kind, args in ORDERS:
            done = desk.run(*words, "--name", "Wang")
            assert done.returncode == 0, done.stderr
            order = desk.orders.pop()
            assert (order["kind"], order["args"], order["actor"]) == (kind, args, "Wang")
        for words in (("amnesty",), ("count", "garage", "--reason", "x"), ("count", "garage", "3")):
            assert desk.run(*words).returncode == 2
        assert desk.run("count", "garage", "-3", "--reason", "x").returncode == 2
        assert desk.orders == []
