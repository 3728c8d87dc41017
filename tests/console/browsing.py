"""A browser without a screen: keeps its cookie, reads the form's fields, sends them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.testclient import TestClient

BASE = "http://127.0.0.1:8480"
_FIELD = r'name="{}" value="([^"]*)"'


def field(page: str, name: str) -> str:
    """The value of the first hidden field with this name."""
    found = re.search(_FIELD.format(name), page)
    assert found is not None, f"no field {name}"
    return found[1]


class Browser:
    """Around any httpx client, also the one of Starlette's tests."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def see(self, path: str = "/", **more: Any) -> httpx.Response:
        """Open a page."""
        return self.client.get(path, follow_redirects=False, **more)

    def csrf(self) -> str:
        """The token of the session."""
        return str(self.client.get("/csrf").json()["csrf"])

    def send(
        self, path: str, headers: dict[str, str] | None = None, **fields: str
    ) -> httpx.Response:
        """Send a form, with the session's token unless the fields have another."""
        data = {"csrf": self.csrf(), **fields} if "csrf" not in fields else fields
        return self.client.post(path, data=data, headers=headers or {}, follow_redirects=False)

    def order(self, **fields: str) -> dict[str, Any]:
        """Send an order as the script does; gives its answer."""
        answer = self.send("/gate/act", {"Accept": "application/json"}, **fields)
        found: dict[str, Any] = answer.json()
        return found

    def sign_on(self, pin: str = "135790", **fields: str) -> httpx.Response:
        """As a guard."""
        return self.send("/sign-on", None, pin=pin, **{"guard": "g-1", **fields})


@contextmanager
def browsing(app: Starlette, address: str = "127.0.0.1") -> Iterator[Browser]:
    """A browser at an application in this process, which comes from this address."""
    with TestClient(app, base_url=BASE, client=(address, 50_000)) as client:
        yield Browser(client)
