"""What the centre sends is on the guard's screen at once: every page that it belongs to is open."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from tests.parts import require
from tests.rigs.broker import Mosquitto
from tests.rigs.browser import Eyes, expect
from tests.rigs.commander import Commander
from tests.rigs.house import IN
from tests.rigs.screen import ScreenHouse
from tests.screen.conftest import Look

require("mosquitto")

MAY = [
    *("appointment.put", "appointment.cancel", "notice.put", "notice.end", "release_slip.put"),
    *("ban.put", "ban.lift", "help.announce", "priority.announce", "hold_open", "release_hold"),
]
HALL = {"visitor": "李雷", "unit": "8-1203", "kind": "resident"}
SOFA = {"name": "沙发", "quantity": 2}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path_factory.mktemp("broker")) as made:
        yield made


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, broker: Mosquitto) -> Iterator[ScreenHouse]:
    uplink = {
        "host": broker.host,
        "port": broker.port,
        "tls": False,
        "groups": {"office": {"may": MAY}},
        "clients": {"centre": {"group": "office"}},
    }
    with ScreenHouse(tmp_path_factory.mktemp("t"), each=5, changes={"uplink": uplink}) as made:
        yield made.open()


@pytest.fixture
def centre(house: ScreenHouse, broker: Mosquitto) -> Iterator[Commander]:
    settings = house.gate.settings
    with Commander(broker, f"gate/v1/{settings.estate}/{settings.gate}") as made:
        made.online()
        yield made


def done(centre: Commander, name: str, args: Mapping[str, object]) -> dict[str, str]:
    told = centre.ask(name, args, ttl_ms=60_000)
    assert told["status"] == "done", told
    result: dict[str, str] = told.get("result", {})
    return result


def later(minutes: int) -> str:
    """So far from now that it is the gate's day still, as a centre writes it."""
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat(timespec="seconds")


def at(look: Look, path: str) -> Eyes:
    """Somebody at this page, who hears what happens."""
    return look(path=path).hears()


def test_a_notice(look: Look, centre: Commander) -> None:
    gate, list_ = at(look, "/"), at(look, "/notices")
    made = done(centre, "notice.put", {"text": "今天十五点停水", "audience": "booth"})
    for eyes in (gate, list_):
        eyes.sees("今天十五点停水")
    done(centre, "notice.put", {**made, "text": "停水改到十六点"})
    for eyes in (gate, list_):
        eyes.sees("停水改到十六点")
        eyes.misses("今天十五点停水")
    list_.sees("centre/Li")
    done(centre, "notice.end", made)
    gate.misses("停水改到十六点")


def test_an_appointment(look: Look, centre: Commander) -> None:
    eyes = at(look, "/appointments")
    made = done(centre, "appointment.put", HALL)
    eyes.sees("李雷")
    done(centre, "appointment.put", {**HALL, **made, "visitor": "韩梅梅"})
    eyes.sees("韩梅梅")
    eyes.misses("李雷")
    done(centre, "appointment.cancel", made)
    eyes.sees("已取消")


def test_a_release_slip(look: Look, centre: Commander) -> None:
    eyes = at(look, "/goods")
    slip = {"number": "C-77", "unit": "8-1203", "lines": [SOFA], "until": later(60)}
    made = done(centre, "release_slip.put", slip)
    eyes.sees("2 × 沙发")
    done(centre, "release_slip.put", {**slip, **made, "lines": [{**SOFA, "quantity": 3}]})
    eyes.sees("3 × 沙发")


def test_a_ban(look: Look, centre: Commander) -> None:
    eyes = at(look, "/bans")
    made = done(centre, "ban.put", {"visitor": "张三", "plate": "粤B·C0001"})
    eyes.sees("粤B·C0001")
    done(centre, "ban.put", {**made, "plate": "粤B·C0002"})
    eyes.sees("粤B·C0002")
    eyes.misses("粤B·C0001")
    done(centre, "ban.lift", made)


def test_help_and_an_ambulance(look: Look, centre: Commander) -> None:
    gate, help_ = at(look, "/"), at(look, "/help")
    done(centre, "help.announce", {"kind": "illness", "unit": "6-0402"})
    for eyes in (gate, help_):
        eyes.sees("6-0402")
    ambulance = {"kind": "ambulance", "route": "进门左转第二个路口", "unit": "6-0403"}
    done(centre, "priority.announce", ambulance)
    for eyes in (gate, help_):
        eyes.sees("进门左转第二个路口")
    expect(gate.page.locator("#todo")).to_contain_text("救护车")


def test_what_a_guard_types_is_not_thrown_away(look: Look, centre: Commander) -> None:
    """A page with typing in it says that there is news, and waits."""
    eyes = at(look, "/appointments")
    eyes.field("visitor").fill("王小明")
    done(centre, "appointment.put", {**HALL, "visitor": "后来的人"})
    expect(eyes.page.locator("[data-news]")).to_be_visible()
    assert eyes.field("visitor").input_value() == "王小明"
    assert "后来的人" not in eyes.text()


def test_an_arm_that_the_centre_holds_open(look: Look, centre: Commander) -> None:
    eyes = at(look, "/")
    lane = eyes.page.locator(f"#lane-{IN}")
    before = lane.inner_text()
    assert "常开" not in before
    done(centre, "hold_open", {"lane": IN})
    expect(lane).to_contain_text("常开")
    done(centre, "release_hold", {"lane": IN})
