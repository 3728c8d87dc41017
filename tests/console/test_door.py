"""Who may ask, with which headers, how often; what was filled in is not lost."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from agent.console.app import make_app
from agent.console.security import BODY, COOKIE, HEADERS
from tests.console.browsing import BASE, Browser, browsing, field
from tests.console.gate_end import GateEnd, site


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GateEnd]:
    with GateEnd(tmp_path) as made:
        yield made


@pytest.fixture
def browser(gate: GateEnd, tmp_path: Path) -> Iterator[Browser]:
    assert gate.path.exists()
    with browsing(make_app(site(tmp_path))) as made:
        yield made


@pytest.mark.parametrize(
    "path", ["/", "/nowhere", "/health", "/csrf", "/static/gate.css", "/shift"]
)
def test_every_answer_has_the_strict_headers(browser: Browser, path: str) -> None:
    answer = browser.see(path)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "http" not in policy


def test_no_page_has_code_or_style_inside_or_an_outside_address(browser: Browser) -> None:
    page = browser.see("/").text
    assert "<style" not in page
    assert " style=" not in page
    assert " onclick=" not in page
    assert "<script src=" in page
    assert page.count("<script") == 1
    assert "http://" not in page
    assert "https://" not in page


def test_pages_are_not_kept_and_our_files_are(browser: Browser) -> None:
    assert browser.see("/").headers["Cache-Control"] == "no-store"
    assert "immutable" in browser.see("/static/gate.js").headers["Cache-Control"]


def test_another_name_is_not_answered(browser: Browser) -> None:
    assert browser.see("/", headers={"Host": "gate.example"}).status_code == 421
    assert browser.see("/", headers={"Host": "localhost:8480"}).status_code == 200


def test_the_cookie_is_opaque_and_strict(browser: Browser, gate: GateEnd) -> None:
    told = browser.see("/").headers["Set-Cookie"]
    assert told.startswith(COOKIE)
    assert "HttpOnly" in told
    assert "SameSite=Strict" in told
    assert "Secure" not in told
    before = browser.client.cookies[COOKIE]
    assert browser.sign_on().status_code == 303
    assert gate.asked == ["sign_on"]
    after = browser.client.cookies[COOKIE]
    assert after != before, "the id is made anew when the session changes hands"
    assert "secret-token" not in browser.see("/").text + str(browser.client.cookies)


def test_over_tls_the_cookie_says_so(gate: GateEnd, tmp_path: Path) -> None:
    assert gate.path.exists()
    from dataclasses import replace  # noqa: PLC0415

    secured = make_app(replace(site(tmp_path), secure=True, hosts=("gate.local",)))
    with TestClient(secured, base_url="https://gate.local") as client:
        answer = client.get("/")
    assert "; Secure" in answer.headers["Set-Cookie"]
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_nothing_is_done_without_the_token(browser: Browser, gate: GateEnd) -> None:
    browser.see("/")
    answer = browser.send("/gate/act", csrf="wrong", kind="stop", lane="in-1")
    assert answer.status_code == 303
    told = browser.send(
        "/gate/act", {"Accept": "application/json"}, csrf="wrong", kind="stop", lane="in-1"
    )
    assert told.status_code == 403
    assert told.json()["status"] == "lost"
    assert gate.orders == []
    assert browser.order(kind="stop", lane="in-1")["status"] == "done"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": BASE, "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_nothing_is_done_for_another_page(
    browser: Browser, gate: GateEnd, headers: dict[str, str]
) -> None:
    answer = browser.send("/gate/act", headers, kind="stop", lane="in-1")
    assert answer.status_code == 403
    assert gate.orders == []


def test_our_own_page_may(browser: Browser, gate: GateEnd) -> None:
    headers = {"Origin": BASE, "Sec-Fetch-Site": "same-origin"}
    assert browser.send("/gate/act", headers, kind="stop", lane="in-1").status_code == 303
    assert len(gate.orders) == 1


def test_a_page_with_names_needs_a_guard(browser: Browser) -> None:
    answer = browser.see("/shift?x=1")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/sign-on?next=%2Fshift%3Fx%3D1"
    told = browser.see("/desk/card/5", headers={"Accept": "application/json"})
    assert told.status_code == 401


def test_what_was_filled_in_waits_for_the_sign_on(browser: Browser, gate: GateEnd) -> None:
    sent = browser.send("/notices", text="停水", pin="4711")
    assert sent.headers["Location"].startswith("/sign-on?next=%2Fnotices")
    page = browser.see("/sign-on").text
    assert "请先签到" in page
    assert "停水" not in page
    assert browser.sign_on(next="/notices").headers["Location"] == "/notices"
    session = next(iter(browser.client.app.state.sessions._sessions.values()))  # type: ignore[attr-defined]
    assert session.drafts["/notices"] == {"text": "停水"}, "the token and PINs are not kept"
    assert gate.orders == []


def test_a_session_that_is_gone_is_no_loss_of_what_was_filled_in(browser: Browser) -> None:
    browser.see("/")
    browser.client.cookies.clear()
    old = {"Cookie": f"{COOKIE}=of-a-console-that-ended"}
    answer = browser.send("/notices", old, csrf="old", text="停电")
    assert answer.headers["Location"] == "/notices"
    assert browser.see("/notices").headers["Location"] == "/sign-on?next=%2Fnotices"
    session = list(browser.client.app.state.sessions._sessions.values())[-1]  # type: ignore[attr-defined]
    assert session.drafts["/notices"] == {"text": "停电"}


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "/\\evil.example", "https://evil.example", "x"]
)
def test_the_sign_on_leads_to_our_own_pages_only(browser: Browser, wanted: str) -> None:
    assert browser.sign_on(next=wanted).headers["Location"] == "/"


def test_what_is_no_form_is_refused(browser: Browser, gate: GateEnd) -> None:
    token = browser.csrf()
    answer = browser.client.post(
        "/gate/act", json={"kind": "stop"}, headers={"X-CSRF-Token": token}
    )
    assert answer.status_code == 415
    long = browser.client.post("/gate/act", data={"csrf": token, "reason": "x" * BODY})
    assert long.status_code == 413
    many = "&".join(f"f{n}=1" for n in range(2000))
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-CSRF-Token": token}
    assert browser.client.post("/gate/act", content=many, headers=headers).status_code == 400
    broken = browser.client.post("/gate/act", content=b"kind=%ff", headers=headers)
    assert broken.status_code == 400
    assert gate.orders == []


def test_who_asks_too_often_waits(browser: Browser) -> None:
    token = browser.csrf()

    def change() -> httpx.Response:
        return browser.client.post("/language", data={"csrf": token}, follow_redirects=False)

    assert change().status_code == 303
    refused = next(one for one in (change() for _ in range(2000)) if one.status_code == 429)
    assert int(refused.headers["Retry-After"]) >= 1
    assert "操作太频繁" in refused.text


def test_wrong_pins_are_said_and_do_not_sign_on(browser: Browser) -> None:
    answer = browser.sign_on(pin="111111")
    assert answer.status_code == 422
    assert "人员或密码错误" in answer.text
    assert "111111" not in answer.text
    assert browser.see("/shift").status_code == 303


def test_signing_off_ends_it_for_the_daemon_too(browser: Browser, gate: GateEnd) -> None:
    browser.sign_on()
    before = browser.client.cookies[COOKIE]
    assert browser.send("/sign-on/off").status_code == 303
    assert gate.asked[-1] == "sign_off"
    assert browser.client.cookies[COOKIE] != before
    assert browser.see("/shift").status_code == 303


def test_a_shift_that_ended_elsewhere_leads_to_the_sign_on(browser: Browser, gate: GateEnd) -> None:
    browser.sign_on()
    gate.ended = True
    answer = browser.see("/")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/sign-on")
    assert "无人签到" in browser.see("/").text


def test_the_language_is_kept_beyond_the_session(browser: Browser) -> None:
    assert 'lang="zh-Hans"' in browser.see("/").text
    assert browser.send("/language", language="en", next="/health").headers["Location"] == "/health"
    assert 'lang="en"' in browser.see("/").text
    browser.client.cookies.delete(COOKIE)
    assert 'lang="en"' in browser.see("/").text
    browser.send("/language", language="xx")
    assert 'lang="en"' in browser.see("/").text


def test_a_fragment_makes_no_session(browser: Browser) -> None:
    answer = browser.see("/gate/now", headers={"X-Fragment": "1"})
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers


def test_an_unknown_page_is_one_of_ours(browser: Browser) -> None:
    browser.sign_on()
    answer = browser.see("/nowhere")
    assert answer.status_code == 404
    assert "没有这个页面" in answer.text
    assert field(answer.text, "csrf")
    assert browser.see("/gate/act").headers["Location"] == "/"


def test_what_cannot_be_read_is_said_and_what_was_filled_in_stays(
    browser: Browser, gate: GateEnd
) -> None:
    browser.sign_on()
    answer = browser.see("/deposits")
    assert answer.status_code == 503
    assert "现在无法显示" in answer.text
    assert answer.headers["Content-Security-Policy"]
    told = browser.see("/desk/card/1", headers={"Accept": "application/json"})
    assert (told.status_code, told.json()["status"]) == (503, "failed")
    gate.answer = lambda _: {"status": "rejected", "code": 409, "detail": "no", "result": {}}
    assert browser.send("/notices", do="post", text="停水").status_code == 503
    session = list(browser.client.app.state.sessions._sessions.values())[-1]  # type: ignore[attr-defined]
    assert session.drafts["/notices"]["text"] == "停水"


def test_a_script_hears_that_a_page_is_not_there(browser: Browser) -> None:
    browser.sign_on()
    told = browser.see("/nowhere", headers={"Accept": "application/json"})
    assert (told.status_code, told.json()["status"]) == (404, "refused")


def test_a_fault_of_ours_tells_nothing_and_keeps_its_headers(gate: GateEnd, tmp_path: Path) -> None:
    assert gate.path.exists()
    app = make_app(site(tmp_path))
    app.state.templates.clear()
    with TestClient(app, base_url=BASE, raise_server_exceptions=False) as client:
        answer = client.get("/")
    assert answer.status_code == 500
    assert "KeyError" not in answer.text
    assert answer.headers["Content-Security-Policy"]


def test_no_daemon_is_said_at_the_sign_on(browser: Browser, gate: GateEnd) -> None:
    gate.away()
    answer = browser.sign_on(presented="5")
    assert answer.status_code == 422
    assert "没有执行" in answer.text


def test_who_tries_to_sign_on_too_often_waits(browser: Browser, gate: GateEnd) -> None:
    tries = 0
    while "操作太频繁" not in browser.sign_on(pin="111111").text:
        tries += 1
        assert tries < 40
    assert len(gate.asked) == tries
