"""A visitor who came by a QR pass, as the guard sees him, and how the guard lets him out."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.qr_passes import label_of
from drivers.wire.qr_pass import parse
from tests.console.booth import Booth
from tests.patience import until
from tests.rigs.house import DENIED, GRANTED, IN, OUT
from tests.rigs.passes import Signer
from tests.rigs.screen import DESK_READER, ScreenHouse


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer(tmp_path_factory.mktemp("keys"), "k1", "green-garden", "demo")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, centre: Signer) -> Iterator[ScreenHouse]:
    readers = {
        name: {"driver": "serial", "port": f"run:{name}", "protocol": protocol, "quiet": "0 s"}
        for name, protocol in (
            (f"{IN}-rdm", "qr-pass"),
            (f"{OUT}-rdm", "em4100-ascii"),
            (DESK_READER, "em4100-ascii"),
        )
    }
    passes = {"keys": {"k1": {"file": str(centre.place)}}}
    changes = {"readers": readers, "qr_passes": passes}
    with ScreenHouse(Path(tmp_path_factory.mktemp("t")), each=1, changes=changes) as made:
        yield made.open()


def test_the_guard_sees_who_came_by_a_pass_and_ends_his_visit(
    house: ScreenHouse, centre: Signer
) -> None:
    text = centre.text()
    label = label_of(parse(text).says)
    line = f"{text}\r\n".encode()
    house.sim.tap(f"{IN}-rdm", line)
    house.wait_entry(GRANTED, card=label)
    house.sim.drive(IN, "guest", enter_ms=200, under_ms=300)
    house.wait(lane=IN, passed=1)
    until(lambda: not house.lane(IN)["waiting"], "the end of the passage")
    house.sim.tap(f"{IN}-rdm", line)
    house.wait_entry(DENIED, card=label, reason="pass_used")
    visit = str(house.row("visits", card=label)["visit"])
    desk = Booth(house)
    with closing(desk.client):
        booth = desk.sign()
        reason = "this pass was used already"
        until(lambda: reason in booth.text("/"), "the reason in words", step_s=0.25)
        page = booth.text(f"/visitor-out?visit={visit}")
        assert "Came by a QR pass: there is no card." in page
        assert 'name="card_back"' not in page
        assert "end card_lost" not in page
        assert booth.done("/visitor-out", do="end", visit=visit) == "/visitor-out"
    assert house.row("visits", visit=visit)["outcome"] == "left"
    assert house.ask("inside")["inside"] == []
