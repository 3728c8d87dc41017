"""Takes a picture of every page of the guard's screen in the middle of a day, in both languages.

Run from the top of the tree as ``PYTHONPATH=. .venv/bin/python docs/screenshots.py [page ...]``.
Those that the documents show go to docs/screens, all others to build/screens.
Needs Chromium and fonts with Chinese characters: apt install chromium fonts-noto-cjk. The day is
lived by a simulated gate and the real programs; only the names are made up.
"""

import sys
import tempfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser

from agent.console.pages import PAGES
from tests.rigs.browser import LANGUAGES, SIZES, Eyes, chromium
from tests.rigs.calling import CallingHouse
from tests.rigs.house import IN, OUT
from tests.rigs.screen import DESK, GUARD, GUARD_TAGS, PINS, ScreenHouse
from tests.screen.ways import referred

SHOWN = Path(__file__).with_name("screens")
OTHERS = Path(__file__).parents[1] / "build" / "screens"
KEPT = {
    "gate-zh",
    "gate-en",
    "visitor-in-zh",
    "visitor-out-open-zh",
    "deposits-zh",
    "call-zh",
    "call-en",
}
CALL = "call"
ZONE = ZoneInfo("Asia/Shanghai")
SCALE = 0.75
VISITORS: tuple[tuple[str, str, Mapping[str, object]], ...] = (
    ("company", "李建国", {"company": "海港物流", "host": "陈经理", "plate": "粤B·D12345"}),
    ("resident", "赵敏", {"unit": "8-1203", "host": "王女士"}),
    ("contractor", "周师傅", {"company": "安居装修", "unit": "6-402", "hours": "48"}),
    ("delivery", "刘师傅", {"plate": "粤B·54321", "unit": "2-1501", "truck": True}),
)
DEPOSITS = (
    {"kind": "driving_licence", "pocket": "12", "description": "尾号 1234"},
    {"kind": "cash", "amount": "10000"},
    {"kind": "work_card", "pocket": "7", "description": "安居装修"},
    {"kind": "cash", "amount": "20000"},
)
NAMED: Mapping[str, str] = {"/": "gate"}


def local(hours: float) -> str:
    """A local time of the gate, so many hours from now."""
    return (datetime.now(ZONE) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")


def day(house: ScreenHouse) -> str:
    """What has happened so far; gives the card that waits at the exit."""
    house.tap_desk(f"G-{GUARD_TAGS[GUARD]}")
    shown = house.wait_entry("gate.card.presented.v1").sequence
    token = house.ask("sign_on", desk=DESK, guard=GUARD, pin=PINS[GUARD], presented=shown)["token"]
    for entry, kind, name, unit, phone, signs in (
        ("d-1", "emergency", "火警", "", "119", False),
        ("d-2", "emergency", "物业值班", "", "0755-2680 1234", False),
        ("d-3", "department", "工程部", "", "8017", False),
        ("d-4", "resident", "王女士", "8-1203", "13800001234", True),
    ):
        form = {"entry": entry, "kind": kind, "name": name, "unit": unit, "signs": signs}
        house.act("directory.put", form | {"phones": [phone]})
    for kind, visitor, more, deposit in ((*v, d) for v, d in zip(VISITORS, DEPOSITS, strict=True)):
        stock = "contractor" if kind == "contractor" else "visitor"
        stock = "visitor_vehicle" if "plate" in more else stock
        card = house.roster.draw(stock)
        visit = {"kind": kind, "visitor": visitor, "card": card, "deposits": [deposit], **more}
        house.act("visit.open", visit | {"answer": "host_agreed"}, token=token)
        house.tap_lane(IN, card)
        house.through(IN, f"car-{card}")
    card = house.rows("visits", kind="company")[0]["card"]
    for kind, said in (
        ("notice.post", {"text": "今天 15:00 至 18:00 停水", "audience": "all"}),
        ("help.ask", {"kind": "flood", "unit": "6-402", "description": "厨房漏水"}),
        ("ban.set", {"visitor": "张三", "reason": "上门推销,多次劝离"}),
        ("appointment.make", {"kind": "company", "visitor": "钱教授", "host": "陈经理"}),
        ("appointment.make", {"kind": "resident", "visitor": "孙阿姨", "unit": "2-1501"}),
        ("duty.note", {"text": "06:58 接班,钥匙三把,对讲机两部"}),
    ):
        if kind == "appointment.make":
            said |= {"from": local(0.5), "until": local(2.5)}
        house.act(kind, said, token=token)
    lines = [{"name": "双人沙发", "quantity": 1}, {"name": "纸箱", "quantity": 12}]
    slip = {"number": "FX-20417", "unit": "8-1203", "signatory": "王女士", "owner": "搬家公司"}
    house.act(
        "slip.receive", slip | {"plate": "粤B·66881", "stamp": True, "lines": lines}, token=token
    )
    house.tap_lane(IN, house.roster.draw("resident"))
    house.through(IN, "car-resident")
    house.tap_lane(OUT, house.roster.draw("vehicle"))
    house.through(OUT, "car-vehicle")
    return str(card)


def name_of(path: str) -> str:
    """The file's name of a page."""
    return NAMED.get(path, path.strip("/").replace("/", "-"))


def shoot(eyes: Eyes, path: str, name: str) -> None:
    """One page, as it is seen without scrolling."""
    eyes.go(path)
    eyes.hears()
    # As by day, at whatever hour it is made.
    eyes.page.evaluate("document.documentElement.dataset.scheme = 'light'")
    file = f"{name}-{eyes.language}"
    eyes.page.screenshot(path=(SHOWN if file in KEPT else OTHERS) / f"{file}.png")


def main(wanted: list[str]) -> None:
    """Make all pictures, or those whose names are given."""
    for place in (SHOWN, OTHERS):
        place.mkdir(parents=True, exist_ok=True)
    if not wanted or CALL in wanted:
        calling()
    if wanted == [CALL]:
        return
    with tempfile.TemporaryDirectory(prefix="gs") as folder, ScreenHouse(Path(folder)) as house:
        house.open()
        card = day(house)
        visit, slip = house.rows("visits", card=card)[0]["visit"], house.rows("slips")[0]["slip"]
        paths = {name_of(page.path): page.path for page in PAGES} | {
            "bans": "/bans",
            "visitor-out-open": f"/visitor-out?visit={visit}",
            "goods-slip": f"/goods?slip={slip}",
            "receipt": f"/receipt?visit={visit}",
            "search-found": "/search?q=D12345",
        }
        chosen = {name: path for name, path in paths.items() if not wanted or name in wanted}
        with chromium() as browser:
            for language in LANGUAGES:
                pictures(browser, house, language, chosen, card)


def calling() -> None:
    """The Gate page while a visitor calls: a second gate, with an intercom and real telephones."""
    with tempfile.TemporaryDirectory(prefix="gs") as folder:
        made = CallingHouse(Path(folder), make=lambda at, told: ScreenHouse(at, changes=told))
        with made as gate:
            house = gate.house
            if not isinstance(house, ScreenHouse):
                raise TypeError(house)
            house.open_screen()
            with chromium() as browser:
                for language in LANGUAGES:
                    with Eyes(browser, house, language, SIZES["wide"], SCALE) as eyes:
                        eyes.sign_on(GUARD)
                        before = house.head()
                        gate.press()
                        house.wait_entry("gate.call.rang.v1", after=before)
                        eyes.shows("#calls button")
                        shoot(eyes, "/", CALL)
                        for row in house.rows("calls", state="open"):
                            gate.order("call.end", call=row["call"])


def pictures(
    browser: Browser, house: ScreenHouse, language: str, paths: Mapping[str, str], card: str
) -> None:
    """All pages in one language; at the exit this card waits."""
    with Eyes(browser, house, language, SIZES["wide"], SCALE) as eyes:
        if "sign-on" in paths:
            shoot(eyes, "/sign-on", "sign-on")
        eyes.sign_on(GUARD)
        referred(eyes, card, "deposit_due")
        eyes.shows(f"#lane-{OUT} [data-next]")
        for name, path in paths.items():
            if name != "sign-on":
                shoot(eyes, path, name)


if __name__ == "__main__":
    main(sys.argv[1:])
