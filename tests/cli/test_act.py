"""``gate-agent act``: every kind of order, as it reaches the daemon."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.cli.act import kinds
from agent.core.books import ACTS
from agent.core.remote import KINDS
from agent.core.roles import INNER, MAY
from tests.cli.test_orders import ROOT, Desk
from tests.control.rig import serving
from tests.patience import LIMIT_S

VISIT = {
    "status": "done",
    "code": 200,
    "detail": "visit.open is written down",
    "result": {"visit": "north-1-7-1", "deposits": ["north-1-7-2"], "receipt": 17},
}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    with serving(made.control, {"order": made.order}):
        yield made


def test_every_order_that_somebody_may_give_is_told_with_its_form() -> None:
    told = kinds()
    assert set(MAY) <= set(told)
    assert set(ACTS) - INNER - KINDS <= set(told)
    assert not KINDS & set(told), "what only the centre asks would be written down, and not done"
    for kind, says in told.items():
        assert len(says) > 5, kind


def test_the_help_tells_every_kind(desk: Desk) -> None:
    text = desk.run("act", "--help").stdout
    for kind in kinds():
        assert re.search(rf"^  {re.escape(kind)} ", text, re.MULTILINE), kind


def test_words_become_the_form(desk: Desk) -> None:
    desk.answer = VISIT
    goods = [{"name": "sofa", "quantity": 1}]
    done = desk.run(
        "act", "slip.receive", "number=77", "unit=8-1203", "until=18:00", "stamp:=true",
        f"lines:={json.dumps(goods)}", "--form", '{"unit": "1-1", "owner": "Li"}',
        "--name", "Li Na",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "visit.open is written down",
        "visit: north-1-7-1",
        'deposits: ["north-1-7-2"]',
        "receipt: 17",
    ]
    (order,) = desk.orders
    form = order["form"]
    assert (order["kind"], order["args"], order["actor"]) == ("slip.receive", {}, "Li Na")
    assert form.pop("until").endswith("T18:00:00")
    assert form == {
        "number": "77", "unit": "8-1203", "owner": "Li", "stamp": True, "lines": goods,
    }  # fmt: skip


def test_an_order_for_a_lane_goes_by_its_arguments(desk: Desk) -> None:
    done = desk.run("act", "priority", "lane=in-1", "count:=3", "--json")
    assert json.loads(done.stdout)["status"] == "done"
    (order,) = desk.orders
    assert (order["args"], order["form"]) == ({"lane": "in-1", "count": "3"}, {})


def test_an_identity_number_may_be_written_where_its_hash_is_kept(desk: Desk) -> None:
    assert desk.run("act", "visit.open", "visitor=Li", "idnumber=1").returncode == 0
    assert desk.orders[0]["form"] == {"visitor": "Li", "idnumber": "1"}
    done = desk.run("act", "visit.decline", "visitor=Li", "idnumber=1")
    assert done.returncode == 1
    assert "has no field idnumber" in done.stderr


def test_a_form_from_standard_input(desk: Desk) -> None:
    command = [sys.executable, "-m", "agent", "act", "duty.note", "--form", "-"]
    done = subprocess.run(
        [*command, "--config", str(desk.config)],
        input='{"text": "all quiet"}',
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert desk.orders[0]["form"] == {"text": "all quiet"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("visit.opne",), "there is no order 'visit.opne'"),
        (("shift.begin",), "there is no order 'shift.begin'"),
        (("duty.note", "text"), "'text' is not NAME=VALUE"),
        (("duty.note", "=x"), "is not NAME=VALUE"),
        (("duty.note", "text:={"), "text: this is not JSON"),
        (("duty.note", "--form", "[]"), "needs a JSON object"),
        (
            ("deposit.end", "deposit=d", "end=returned", "recipt_lost:=true"),
            "deposit.end has no field recipt_lost; did you mean receipt_lost or deposit?",
        ),
        (("duty.note", "text=x", "zzz=1"), "has no field zzz (nothing was done; it knows text)"),
        (
            ("visit.open", "kind=company", 'deposits:=[{"kind": "cash", "amout": 5000}]'),
            "visit.open has no field deposits.0.amout; did you mean amount?",
        ),
        (("priority", "lane=in-1", "cuont=3"), "has no field cuont; did you mean count?"),
        (("shift.hand_over", "shift=s", "signed:={}"), "has no field signed"),
        (("guard.pin", "guard=g-1", "pin=471193"), "a PIN does not stand in a command"),
    ],
)
def test_what_is_no_order_reaches_nobody(desk: Desk, words: tuple[str, ...], says: str) -> None:
    done = desk.run("act", *words)
    assert done.returncode == 1
    assert says in done.stderr
    assert desk.orders == []


def test_a_refusal_names_the_field(desk: Desk) -> None:
    desk.answer = {
        "status": "rejected",
        "code": 422,
        "detail": "this is needed",
        "result": {"says": "this is needed", "with": {}, "field": "text"},
    }
    done = desk.run("act", "duty.note")
    assert done.returncode == 1
    assert done.stderr == "gate-agent: rejected (422): text: this is needed\n"


def test_what_needs_a_running_gate_says_so(tmp_path: Path) -> None:
    done = Desk(tmp_path).run("act", "duty.note", "text=x")
    assert done.returncode == 1
    assert "start gate-agent" in done.stderr
