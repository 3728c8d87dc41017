"""The Health page in a real browser: how far the centre has come, in the guard's language."""

import json
from collections.abc import Iterator

import pytest

from agent.store.reading import Reading
from tests.parts import require
from tests.patience import LIMIT_S
from tests.rigs.broker import Mosquitto
from tests.rigs.browser import Eyes, expect
from tests.rigs.screen import ScreenHouse
from tests.rigs.speaker import Speaker

ROOT = "gate/v1/green-garden/demo"
SAYS = {
    "zh": ("中心线路", "已发送", "中心已确认", "待发送"),
    "en": ("line to the centre", "sent", "confirmed by the centre", "waiting to be sent"),
}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    require("mosquitto")
    with Mosquitto(tmp_path_factory.mktemp("broker")) as made:
        yield made


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, broker: Mosquitto) -> Iterator[ScreenHouse]:
    uplink = {"host": broker.host, "port": broker.port, "tls": False, "consumers": ["centre"]}
    with ScreenHouse(tmp_path_factory.mktemp("t"), changes={"uplink": uplink}) as made:
        yield made.open()


def test_how_far_the_centre_has_come(
    desk: Eyes, language: str, house: ScreenHouse, broker: Mosquitto
) -> None:
    name, sent, confirmed, waiting = SAYS[language]
    desk.go("/health")
    line = desk.page.locator("tr", has=desk.page.locator("th", has_text=name))
    expect(line).to_contain_text(sent)
    expect(line).to_contain_text(f"{waiting} 0", timeout=LIMIT_S * 1000)
    expect(line).to_contain_text(confirmed)
    # It comes to the page by itself.
    through = house.head()
    with Reading.open(house.ledger) as reading:
        (row,) = reading.rows("SELECT stream FROM streams")
    ack = {"streamid": row["stream"], "throughseq": through}
    with Speaker(broker) as speaker:
        speaker.say(f"{ROOT}/ack/centre", json.dumps(ack).encode(), retain=True)
    expect(line).to_contain_text(f"{confirmed} {through}", timeout=LIMIT_S * 1000)
    for counter in ("published", "backlog", "age_s", "inflight", "pulses", "frames"):
        expect(desk.page.locator("main")).not_to_contain_text(counter)
