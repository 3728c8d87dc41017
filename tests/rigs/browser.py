"""The guard's screen in a real browser: Chromium, and somebody who looks at a page of it.

Rules kept here:
- one browser for a process of tests, while tests that need it run one after the other; everybody
  who looks has a context of its own: cookies, language, size;
- nothing from outside is asked for, and nothing that a page did wrong goes unseen: script errors,
  broken content rules, answers of 500 and more fail the test that looked (`Eyes.content`);
- fields are found by their names and buttons by what they do, so that a language changes nothing.
"""

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)

from tests.patience import LIMIT_S
from tests.rigs.screen import PINS, ScreenHouse

CHROMIUM = Path("/usr/bin/chromium")
SHELL = Path("/usr/bin/chromium-headless-shell")
"""The same pages by the same engine without a desktop around them: a third of the work."""

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LANGUAGES: Mapping[str, str] = {"zh": "zh-CN", "en": "en-GB"}
SIZES: Mapping[str, tuple[int, int]] = {"wide": (1280, 800), "small": (1024, 600)}
SERIOUS = ("serious", "critical")
HOLD_MS = 1_500
"""Longer than what is to be held for a second."""

_LIMIT_MS = float(os.environ.get("SCREEN_LIMIT_S", LIMIT_S)) * 1000
# Unless told otherwise it waits for five seconds, which a busy machine oversteps.
expect.set_options(timeout=_LIMIT_MS)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """The browser. While it is there this thread has an event loop: no other may be run in it."""
    with sync_playwright() as play:
        program = SHELL if SHELL.exists() else CHROMIUM
        browser = play.chromium.launch(executable_path=program, args=FLAGS, timeout=_LIMIT_MS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Eyes:
    """Somebody at one page of the screen. Ends as a context."""

    browser: Browser
    house: ScreenHouse
    language: str = "zh"
    size: tuple[int, int] = SIZES["wide"]
    scale: float = 1.0
    faults: list[str] = field(default_factory=list)
    forgiven: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        width, height = self.size
        self.context: BrowserContext = self.browser.new_context(
            viewport={"width": width, "height": height},
            device_scale_factor=self.scale,
            locale=LANGUAGES[self.language],
            timezone_id="Asia/Shanghai",
            base_url=self.house.console.address,
            reduced_motion="reduce",
        )
        self.context.add_cookies(
            [
                {
                    "name": "gate_language",
                    "value": self.language,
                    "url": self.house.console.address,
                }
            ]
        )
        self.context.set_default_timeout(_LIMIT_MS)
        self.context.on("console", self._said)
        self.context.on("weberror", lambda error: self.faults.append(f"script: {error.error}"))
        self.context.on("request", self._asked)
        self.context.on("response", self._answered)
        self.page: Page = self.context.new_page()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self.content()
        finally:
            self.context.close()

    # What went wrong behind the page

    def forgive(self, *patterns: str) -> None:
        """Faults that this test provokes itself, as regular expressions."""
        self.forgiven += patterns

    def content(self) -> None:
        """Nothing went wrong behind the page that the test did not provoke."""
        left = [
            fault
            for fault in self.faults
            if not any(re.search(each, fault) for each in self.forgiven)
        ]
        assert not left, left

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            where = message.location.get("url", "")
            self.faults.append(f"{message.type}: {message.text} ({where})")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.house.console.address, "data:", "blob:")):
            self.faults.append(f"an outside address was asked: {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 500:
            self.faults.append(f"{response.status} of {response.url}")

    # Going and looking

    def go(self, path: str) -> None:
        """Open a page."""
        answer = self.page.goto(path)
        assert answer is not None
        assert answer.status < 400, f"{path}: {answer.status} {self.text()[:400]}"

    @property
    def path(self) -> str:
        """Where the browser is, with its query."""
        parts = urlsplit(self.page.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def text(self) -> str:
        """All that can be read."""
        return self.page.locator("body").inner_text()

    def sees(self, text: str | re.Pattern[str]) -> None:
        """Wait until this can be read somewhere."""
        expect(self.page.locator("body")).to_contain_text(
            text, timeout=_LIMIT_MS, use_inner_text=True
        )

    def misses(self, text: str) -> None:
        """Wait until this can be read nowhere."""
        expect(self.page.locator("body")).not_to_contain_text(
            text, timeout=_LIMIT_MS, use_inner_text=True
        )

    def complaints(self) -> list[str]:
        """What the page says is wrong, beside a field or above all."""
        found = self.page.locator(".error, .fault, .say.bad, .say.wait, .law")
        return [text for each in found.all() if each.is_visible() and (text := each.inner_text())]

    def shows(self, selector: str) -> Locator:
        """Wait until this can be seen; the first of them."""
        found = self.page.locator(selector).first
        found.wait_for(state="visible")
        return found

    def hears(self) -> Self:
        """Wait until the page hears what happens at the gate: its clock is the gate's then."""
        clock = self.page.locator("[data-clock]")
        expect(clock).to_have_text(re.compile(r"\d\d:\d\d:\d\d"), timeout=_LIMIT_MS)
        return self

    # Filling and pressing

    def field(self, name: str) -> Locator:
        """The field of this name that can be used."""
        return self.page.locator(f'[name="{name}"]:not([type=hidden])').first

    def fill(self, fields: Mapping[str, str | bool], within: str = "") -> None:
        """Fill in fields by their names: text, a choice, a tick, one of several."""
        for name, value in fields.items():
            self._fill(name, value, within)

    def _fill(self, name: str, value: str | bool, within: str) -> None:
        scope = f"{within} " if within else ""
        found = self.page.locator(f'{scope}[name="{name}"]:not([type=hidden])')
        first = found.first
        first.wait_for(state="attached")
        kind = str(first.evaluate("e => e.tagName === 'SELECT' ? 'select' : e.type"))
        if kind == "radio":
            chosen = self.page.locator(f'{scope}[name="{name}"][value="{value}"]')
            self._tick(chosen, on=True)
        elif kind == "checkbox":
            self._tick(first, on=bool(value))
        elif kind == "select":
            first.select_option(str(value))
        else:
            first.fill(str(value))

    def _tick(self, box: Locator, *, on: bool) -> None:
        """By its label where it is hidden behind one, as a finger would."""
        if box.is_checked() is on:
            return
        label = box.locator("xpath=ancestor::label")
        (label if label.count() else box).first.click()
        expect(box).to_be_checked(checked=on, timeout=_LIMIT_MS)

    def pick_reason(self, within: str) -> None:
        """The first of the reasons that are offered."""
        self.shows(f"{within} label.option").click()

    def unfold(self, selector: str) -> None:
        """Open the part behind a summary."""
        details = self.page.locator(selector).first
        if details.get_attribute("open") is None:
            details.locator("summary").first.click()

    def button(self, does: str, within: str = "") -> Locator:
        """The button that does this: its name is ``do``."""
        scope = f"{within} " if within else ""
        return self.page.locator(f'{scope}button[name="do"][value="{does}"]').first

    def press(self, does: str, within: str = "") -> None:
        """Press the button that does this, held where it has to be held, and wait for the page."""
        button = self.button(does, within)
        button.wait_for(state="visible")
        with self.page.expect_navigation():
            if button.get_attribute("data-hold") is None:
                button.click()
            else:
                button.click(delay=HOLD_MS)

    def submit(self, selector: str) -> None:
        """Press a button that is found otherwise, and wait for the page."""
        with self.page.expect_navigation():
            self.shows(selector).click()

    def write(
        self, does: str, fields: Mapping[str, str | bool], row: Mapping[str, str] | None = None
    ) -> None:
        """Fill in the form that does this (about this row), and send it.

        Its ``do`` is a hidden field; a part of the page that holds it is opened.
        """
        about = {"do": does, **(row or {})}
        marks = "".join(f':has([type=hidden][name="{n}"][value="{v}"])' for n, v in about.items())
        scope = f"form{marks}"
        form = self.page.locator(scope).first
        form.wait_for(state="attached")
        for details in form.locator("xpath=ancestor::details[not(@open)]").all():
            details.locator("summary").first.click()
        self.fill(fields, scope)
        button = form.locator('button[type="submit"]').first
        held = button.get_attribute("data-hold") is not None
        with self.page.expect_navigation():
            button.click(delay=HOLD_MS if held else 0)

    def type(self, *keys: str) -> None:
        """Keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    # Who it is

    def sign_on(self, guard: str, path: str = "/") -> Self:
        """Sign on with guard and PIN, and go on to a page."""
        self.go("/sign-on")
        self.fill({"guard": guard, "pin": PINS[guard]})
        with self.page.expect_navigation():
            self.page.locator('form:has([name="pin"]) button:not([type="button"])').first.click()
        if path != self.path:
            self.go(path)
        return self

    # What everybody can use

    def barriers(self) -> list[str]:
        """What axe-core finds that is serious: rule, and where."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{each['id']} ({each['impact']}): {node['html'][:160]}"
            for each in found
            if each["impact"] in SERIOUS
            for node in each["nodes"][:3]
        ]

    def small_targets(self, least: int = 44) -> list[str]:
        """What can be pressed or filled in, and is lower or narrower than ``least`` px."""
        script = """least => [...document.querySelectorAll(
                'button, a.button, nav a, select, input:not([type=hidden]):not([type=checkbox])'
                + ':not([type=radio])')]
            .filter(e => e.checkVisibility() && e.getClientRects().length)
            .map(e => [e, e.getBoundingClientRect()])
            .filter(([e, r]) => r.height < least - 0.5 || r.width < least - 0.5)
            .map(([e, r]) => `${e.outerHTML.slice(0, 100)} ${r.width}x${r.height}`)"""
        found: Sequence[str] = self.page.evaluate(script, least)
        return list(found)

    def overflows(self) -> int:
        """By how many px the page is wider than the window."""
        wide: int = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return wide


__all__ = ["LANGUAGES", "SIZES", "Error", "Eyes", "chromium", "expect"]
