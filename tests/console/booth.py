"""A guard at the visitors' pages of a whole house, without a browser."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.console.browsing import Browser
from tests.patience import LIMIT_S
from tests.rigs.screen import GUARD, PINS, ScreenHouse

OUT = "out-1"
LICENCE = {"deposits.0.kind": "driving_licence"}
CASH = {"deposits.0.kind": "cash", "deposits.0.amount": "100.50"}


class Booth(Browser):
    """A guard at the visitors' pages."""

    def __init__(self, house: ScreenHouse, language: str = "en") -> None:
        cookies = {"gate_language": language}
        super().__init__(
            httpx.Client(base_url=house.console.address, timeout=LIMIT_S, cookies=cookies)
        )
        self.house = house

    def sign(self) -> "Booth":
        """Sign on."""
        answer = self.send("/sign-on", guard=GUARD, pin=PINS[GUARD])
        assert answer.status_code == 303, answer.text
        return self

    def text(self, path: str) -> str:
        """A page that is there."""
        answer = self.see(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.text

    def sends(self, path: str, fields: Mapping[str, str]) -> httpx.Response:
        """Send a form, with the session's token."""
        data = {"csrf": self.csrf(), **fields}
        return self.client.post(path, data=data, follow_redirects=False)

    def done(self, path: str, **fields: str) -> str:
        """Send a form that is to be done; gives where it leads."""
        answer = self.sends(path, fields)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    def refused(self, path: str, name: str, **fields: str) -> str:
        """Send a form that is to come back with a fault beside this field; gives the page."""
        answer = self.sends(path, fields)
        assert answer.status_code == 422, answer.status_code
        assert re.search(rf'id="fault-field-[a-z-]*{re.escape(name)}"', answer.text), answer.text
        return answer.text

    def look(self, path: str, **typed: str) -> dict[str, list[dict[str, str]]]:
        """What is found while this is typed, by the heading."""
        answer = self.sends(path, typed)
        assert answer.status_code == 200, answer.text
        return {group["title"]: group["items"] for group in answer.json()["groups"]}

    def admit(self, name: str, deposit: dict[str, str], **more: str) -> str:
        """Write a visitor down with a card of the stock; gives the visit."""
        fields = {
            "do": "open",
            "kind": "company",
            "visitor": name,
            "host": "陈经理",
            "answer": "host_agreed",
            "card": self.house.roster.draw("visitor"),
        }
        led = self.done("/visitor-in", **{**fields, **deposit, **more})
        return parse_qs(urlsplit(led).query)["visit"][0]
