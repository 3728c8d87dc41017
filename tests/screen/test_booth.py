"""The booth: shifts, duty log, notices, directory, cards, acts by hand, in both languages."""

import pytest

from tests.patience import LIMIT_S, until
from tests.rigs.browser import HOLD_MS, Eyes, expect
from tests.rigs.house import IN, ORDERED, OUT
from tests.rigs.screen import GUARD, GUARD_TAGS, LEADER, NAMES, PINS, ROLES, ScreenHouse
from tests.screen.conftest import Look
from tests.screen.ways import hold_to_desk

DENIED, GRANTED = "gate.access.denied.v1", "gate.access.granted.v1"


@pytest.fixture
def leader(look: Look, language: str) -> Eyes:
    return look(language, LEADER)


def test_sign_on_with_card_and_pin(look: Look, language: str, house: ScreenHouse) -> None:
    """A wrong PIN is written down; the card shown at the desk, and the PIN, begin a shift."""
    desk = look(language, guard="")
    desk.forgive("422", "401")  # the wrong PIN; and of a card nothing is told to who is nobody yet
    desk.go("/sign-on")
    desk.fill({"guard": GUARD, "pin": "000000"})
    after = house.head()
    desk.submit('main form:has([name="pin"]) button:not([type="button"])')
    house.wait_entry("gate.signon.failed.v1", after=after)
    desk.hears()
    house.tap_desk(f"G-{GUARD_TAGS[GUARD]}")
    expect(desk.field("card")).to_have_value(f"G-{GUARD_TAGS[GUARD]}", timeout=LIMIT_S * 1000)
    desk.fill({"guard": "", "pin": PINS[GUARD]})
    desk.submit('main form:has([name="pin"]) button:not([type="button"])')
    desk.sees(NAMES[GUARD])
    began = house.data(house.wait_entry("gate.shift.began.v1", after=after))
    assert not began.get("withoutcard")
    desk.go("/sign-on")
    desk.submit('main form[action="/sign-on/off"] button')
    house.wait_entry("gate.shift.ended.v1", after=after)
    desk.go("/")
    desk.misses(NAMES[GUARD])


def test_handover(look: Look, language: str, house: ScreenHouse) -> None:
    """Counts against the books, both sign; a difference is written down and stops nobody."""
    desk = look(language)
    desk.go("/shift")
    desk.page.locator('a[href="/shift/handover"]').click()
    desk.page.wait_for_url("**/shift/handover")
    fields: dict[str, str | bool] = {}
    for number, box in enumerate(desk.page.locator("[data-booked]").all()):
        fields[str(box.get_attribute("name"))] = str(number + 1)
    fields |= {"to": LEADER, "note": "一切正常"}
    fields |= {"pins.from": PINS[GUARD], "pins.to": PINS[LEADER]}
    after = house.head()
    desk.write("hand_over", fields)
    assert not desk.complaints(), desk.complaints()
    handed = house.data(house.wait_entry("gate.shift.handed.v1", after=after))
    assert {one["what"] for one in handed["differences"]} >= {"documents", "cards"}
    assert handed["to"] == LEADER


def test_duty_log(desk: Eyes) -> None:
    house = desk.house
    desk.go("/shift")
    text = f"巡逻按时到达 {desk.language}"
    after = house.head()
    desk.write("note", {"text": text})
    house.wait_entry("gate.duty.noted.v1", after=after)
    desk.go("/shift")
    desk.sees(text)
    # The supervisor is no name that is typed: he holds his card to the reader.
    hold_to_desk(desk, "P-1", "shown")
    desk.write("check", {"note": f"在岗 {desk.language}"})
    checked = house.wait_entry("gate.supervisor.checked.v1", after=after)
    assert (house.data(checked)["card"], checked.actor) == ("P-1", GUARD)
    desk.sees(f"在岗 {desk.language}")


def test_notice(desk: Eyes) -> None:
    """Posted, shown on the Gate page, ended."""
    house, text = desk.house, f"今天 15:00 停水 {desk.language}"
    desk.go("/notices")
    after = house.head()
    desk.write("post", {"text": text, "audience": "booth"})
    notice = house.data(house.wait_entry("gate.notice.posted.v1", after=after))
    desk.go("/")
    expect(desk.page.locator("[data-notices]")).to_contain_text(text, timeout=LIMIT_S * 1000)
    desk.go("/notices")
    desk.write("end", {}, {"notice": str(notice["notice"])})
    house.wait_entry("gate.notice.ended.v1", after=after)


def test_directory(leader: Eyes) -> None:
    house, name = leader.house, f"物业中心{leader.language}"
    leader.go("/directory")
    after = house.head()
    leader.write("put", {"kind": "department", "name": name, "phones": "0755-1234567，13800000000"})
    house.wait_entry("gate.directory.changed.v1", after=after)
    leader.go(f"/directory?q={name}")
    leader.sees("0755-1234567")
    leader.page.locator('a[href*="call="]').first.click()
    leader.page.wait_for_url("**/directory?call=*")
    leader.write("call", {"answer": "agreed", "note": "请上来"})
    house.wait_entry("gate.call.noted.v1", after=after)


def test_card_desk(leader: Eyes) -> None:
    """Issued, blocked, replaced, lost: refused at once; unblocked or found it is good again."""
    house = leader.house
    tag = 700 if leader.language == "zh" else 701
    new = tag + 10
    label = f"N-{tag}"
    house.roster.tags[label] = tag
    leader.go("/cards")
    form = leader.page.locator('form:has(input[name="do"][value="issue"])').first
    form.wait_for(state="attached")
    after = house.head()
    credential = f"em4100:{tag:010X}"
    leader.write(
        "issue",
        {
            "credential": credential,
            "label": label,
            "kind": "resident",
            "holder": f"新住户{tag}",
            "unit": "5-0101",
        },
    )
    house.wait_entry("gate.card.changed.v1", after=after)
    house.tap_lane(IN, label)
    house.wait_entry(GRANTED, after=after, card=label)
    house.through(IN, f"car-{tag}")

    def turn(does: str, status: str, **fields: str) -> None:
        """Do this with the card; it is so then."""
        leader.go(f"/cards?card={label}")
        leader.write(does, {"reason": "试验", **fields}, {"label": label})
        assert not (wrong := leader.complaints()), wrong
        assert house.row("cards", label=label, status=status)

    def denied(number: int, reason: str) -> None:
        after = house.head()
        house.tap(IN, number)
        house.wait_entry(DENIED, after=after, reason=reason)

    turn("block", "blocked")
    denied(tag, "card_blocked")
    turn("unblock", "active")
    turn("replace", "active", credential=f"em4100:{new:010X}")
    denied(tag, "card_retired")
    turn("lost", "lost")
    denied(new, "card_lost")
    turn("found", "active")
    after = house.head()
    house.tap(OUT, new)
    house.wait_entry(GRANTED, after=after, card=label)
    house.through(OUT, f"car-{new}")


def test_manual_opening(desk: Eyes) -> None:
    """Needs a reason and leaves a name."""
    house = desk.house
    desk.go("/")
    desk.shows(f"#lane-{IN}").click()
    desk.type("F5")
    desk.shows("#open-lane[open]")
    after = house.head()
    desk.pick_reason("#open-lane")
    desk.page.locator("#open-lane button.good").click()
    entry = house.wait_entry(ORDERED, after=after, order="open", lane=IN)
    assert entry.actor == GUARD
    house.through(IN, f"car-{after}")


def test_hold_open(desk: Eyes) -> None:
    house = desk.house
    desk.go("/")
    desk.page.locator(f"#lane-{OUT} [data-in-lane=F5]").click()
    desk.pick_reason("#open-lane")
    after = house.head()
    desk.page.locator('#open-lane button[value="hold_open"]').click(delay=HOLD_MS)
    house.wait_entry(ORDERED, after=after, order="hold_open", lane=OUT)
    house.wait(lane=OUT, arm="up")
    desk.shows(f'#lane-{OUT} form:has([value="release_hold"]) button').click()
    house.wait(lane=OUT, arm="down")


def test_stop_unsigned(look: Look, language: str, house: ScreenHouse) -> None:
    """At once, by anybody; name and reason are asked afterwards."""
    stranger = look(language, guard="")
    stranger.go("/")
    after = house.head()
    stranger.shows(f"#lane-{IN}").click()
    stranger.type("F6")
    stopped = house.wait_entry(ORDERED, after=after, order="stop", lane=IN)
    assert house.data(stopped)["unsigned"]
    desk = look(language)
    desk.shows(f'#todo a[href*="act={stopped.sequence}"]').click()
    desk.page.wait_for_url("**/shift?**")
    desk.write("sign", {"reason": "孩子跑进车道"}, {"act": str(stopped.sequence)})
    house.wait_entry("gate.act.signed.v1", after=after)
    house.ask("order", order_id=f"o-{after}", kind="close", args={"lane": IN, "reason": "ok"})
    until(lambda: house.lane(IN)["position"] == "closed", "the lane is as before")


def test_guards(leader: Eyes, look: Look) -> None:
    """Somebody new, a forgotten PIN, a lost card, somebody who leaves: each leaves a trace."""
    house, name = leader.house, f"新人{leader.language}"
    leader.go("/guards")
    after = house.head()
    leader.write("enrol", {"name": name, "role": "guard", "pin": "135791", "pin_again": "135791"})
    enrolled = house.data(house.wait_entry("gate.guard.enrolled.v1", after=after))
    guard = str(enrolled["guard"])
    again = {"pin": "246802", "pin_again": "246802", "reason": "忘记密码"}
    leader.write("pin", again, {"guard": guard})
    house.wait_entry("gate.guard.changed.v1", after=after, guard=guard, change="pin")
    leader.write("card", {"reason": "卡丢失"}, {"guard": guard})
    house.wait_entry("gate.guard.changed.v1", after=after, guard=guard, change="card")
    new = look(leader.language, guard="")
    new.go("/sign-on")
    new.fill({"guard": guard, "pin": "246802"})
    new.submit('main form:has([name="pin"]) button:not([type="button"])')
    new.sees(name)
    # Whoever has the machine needs no screen for it: what he changes is written down too.
    done = house.command("guard", "leave", guard, "--reason", "离职")
    assert done.returncode == 0, done.stderr
    house.wait_entry("gate.guard.left.v1", after=after, guard=guard)
    house.wait_entry("gate.shift.ended.v1", after=after, guard=guard)


def test_nobody_leads(look: Look, language: str, house: ScreenHouse) -> None:
    """A shift without a shift leader: a guard leads, says why, and that is written down."""
    for guard, role in ROLES.items():  # whoever is on, or leads already, is signed off
        house.act("guard.role", {"guard": guard, "role": role, "reason": "换班"})
    desk = look(language, path="/shift")
    after = house.head()
    desk.write("lead", {"reason": "班长请假"})
    house.wait_entry("gate.guard.changed.v1", after=after, change="leads")
