"""A card held to the desk's PC/SC reader fills in the form as one at the serial reader does."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.parts import require
from tests.patience import LIMIT_S, until
from tests.rigs.browser import Eyes, expect
from tests.rigs.house import IN
from tests.rigs.pcsc_rig import VirtualCard, VirtualReader, pcscd_apart, virtual_reader
from tests.rigs.screen import CONTACTLESS, GUARD, ScreenHouse
from tests.screen.ways import CASH, OPENED, drives_in

UID = bytes.fromhex("04A1B2C3")
NAME = "Desk Reader"


@pytest.fixture(scope="module")
def slot() -> Iterator[tuple[VirtualReader, dict[str, str]]]:
    require("root", "pcscd")
    reader = virtual_reader(NAME)
    with pcscd_apart(reader) as daemon:
        yield reader, dict(daemon.environment)


@pytest.fixture(scope="module")
def house(
    slot: tuple[VirtualReader, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ScreenHouse]:
    folder = tmp_path_factory.mktemp("t")
    with ScreenHouse(folder, each=5, contactless=NAME, environment=slot[1]) as made:
        made.open()
        part = f"reader {CONTACTLESS}"
        until(lambda: made.part(part)["condition"] == "ok", "the reader of the desk")
        yield made


@pytest.mark.parametrize("language", ["zh", "en"])
def test_card_at_the_desk(
    browser: Browser,
    house: ScreenHouse,
    slot: tuple[VirtualReader, dict[str, str]],
    language: str,
) -> None:
    uid = UID + bytes([ord(language[0]), 2, 3])
    label = f"U-{language}"
    issued = {"credential": f"uid:{uid.hex().upper()}", "label": label, "kind": "visitor"}
    house.act("card.issue", issued | {"stock": True})
    with Eyes(browser, house, language) as desk:
        desk.sign_on(GUARD, "/visitor-in")
        desk.fill({"kind": "resident", "visitor": f"客人{label}", "unit": "8-1203"})
        desk.fill({"answer": "host_agreed"} | CASH)
        desk.hears()
        with VirtualCard(slot[0].port, uid):
            expect(desk.field("card")).to_have_value(label, timeout=LIMIT_S * 1000)
        after = house.head()
        desk.press(f"open {IN}")
        house.wait_entry(OPENED, after=after)
        assert house.row("passes", card=label)["state"] == "out"
        drives_in(desk)
