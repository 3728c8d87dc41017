"""Every command that is an order, at a real loop: what comes of it, what is answered and kept."""

import json
from dataclasses import replace
from typing import Any

import pytest

from agent.core.commands import Name
from agent.core.entries import EntryType
from agent.core.events import InputChanged
from agent.core.model import CardKind, CardStatus
from tests.commands.test_args import GOOD
from tests.core.builders import BEAM, CLOSED, LANE, LOOP, OPENED, WALL_US, a_card
from tests.rigs.commanding import CONFIG, INFO, Commanding

ANSWERED = EntryType.COMMAND_ANSWERED
HOUR_US = 3_600_000_000


def last(centre: Commanding, kind: EntryType) -> Any:
    return centre.booth.entries(kind)[-1]


def data(centre: Commanding, kind: EntryType) -> Any:
    return json.loads(last(centre, kind).data)


def test_an_arm_is_opened_for_a_person_who_is_named(centre: Commanding) -> None:
    args = {"lane": LANE, "for": "王小明"}
    reply = centre.ask("open", args, actor="Li", reason="ambulance", cmd_id="x-1")
    assert (reply.status, reply.code, reply.duplicate) == ("done", 200, False)
    ordered = last(centre, EntryType.ARM_ORDERED)
    assert (ordered.actor, ordered.cause) == ("mqtt:centre/Li", "x-1")
    told = json.loads(ordered.data)
    assert (told["order"], told["origin"], told["reason"]) == ("open", "mqtt", "ambulance")
    assert told["holder"] == "王**"
    noted = last(centre, ANSWERED)
    assert (noted.actor, noted.cause, noted.subject) == ("mqtt:centre/Li", "x-1", "client/centre")
    assert json.loads(noted.data) == {
        "client": "centre",
        "command": "open",
        "status": "done",
        "code": 200,
        "reason": "ambulance",
    }
    assert centre.booth.gate.trace.count("pulse open 500") == 1


def test_a_repeat_is_answered_again_and_moves_nothing(centre: Commanding) -> None:
    first = centre.command("open", {"lane": LANE}, cmd_id="x-1")
    assert not centre.give(first).duplicate
    assert centre.give(first).duplicate
    other = centre.ask("open", {"lane": LANE}, cmd_id="x-1", reason="something else")
    assert (other.status, other.code) == ("rejected", 409)
    stranger = centre.ask("open", {"lane": LANE}, cmd_id="x-1", client="office")
    assert (stranger.status, stranger.duplicate) == ("done", False)
    assert len(centre.booth.entries(EntryType.ARM_ORDERED)) == 2


def test_all_that_an_arm_can_be_told(centre: Commanding) -> None:
    for sensor in (LOOP, BEAM, OPENED, CLOSED):
        now = centre.booth.now
        centre.booth.loop._apply(InputChanged(sensor, sensor == CLOSED, 1, now))
    centre.done("hold_open", {"lane": LANE, "until": "2026-03-04T15:00:00+01:00"})
    assert data(centre, EntryType.ARM_ORDERED)["untilus"] == WALL_US + 2 * HOUR_US
    centre.done("release_hold", {"lane": LANE})
    centre.done("close", {"lane": LANE})
    centre.done("stop", {"lane": LANE})
    assert centre.booth.protected == ["hold_open", "release_hold", "close", "stop"]
    reply = centre.ask("fault.clear", {"lane": LANE})
    assert (reply.status, reply.code) == ("rejected", 409)
    centre.done("lockdown")
    assert centre.refused("close", {"lane": "x"}) == (404, "")
    centre.done("lift_lockdown")
    given = [json.loads(each.data)["command"] for each in centre.booth.entries(ANSWERED)]
    assert given == [
        "hold_open",
        "release_hold",
        "close",
        "stop",
        "fault.clear",
        "lockdown",
        "close",
        "lift_lockdown",
    ]


def test_what_needs_a_reason_takes_it_from_the_command(centre: Commanding) -> None:
    reply = centre.ask("open", {"lane": LANE}, reason="")
    assert (reply.status, reply.code) == ("rejected", 422)
    reply = centre.ask("ban.put", {"plate": "粤B1"}, reason="")
    assert (reply.code, reply.result) == (422, {"field": "reason"})


def test_presence_is_forgiven(centre: Commanding) -> None:
    centre.done("amnesty")
    assert centre.refused("amnesty", {"zone": "x"}) == (404, "")
    assert centre.refused("amnesty", {"zone": "x", "card": "y"}) == (422, "")
    assert data(centre, EntryType.PRESENCE_FORGIVEN)["reason"] == "asked"


def test_an_appointment_is_put_and_put_again_and_cancelled(centre: Commanding) -> None:
    args = {"visitor": "王小明", "from": "2026-03-04T14:00:00Z", "until": "2026-03-04T15:30:00Z"}
    made = centre.done("appointment.put", args)["appointment"]
    (row,) = centre.booth.rows("appointments")
    assert (row["appointment"], row["from_us"]) == (made, WALL_US + 2 * HOUR_US)
    again = {**args, "appointment": made, "visitor": "李雷", "kind": "viewing"}
    assert centre.done("appointment.put", again) == {"appointment": made}
    (row,) = centre.booth.rows("appointments")
    assert (row["kind"], row["until_us"]) == ("viewing", WALL_US + 7 * HOUR_US // 2)
    assert data(centre, EntryType.APPOINTMENT_CHANGED)["visitor"] == "李**"
    centre.done("appointment.cancel", {"appointment": made})
    assert centre.refused("appointment.put", again) == (409, "args.appointment")
    unknown = {"appointment": "x"}
    assert centre.refused("appointment.put", {**args, **unknown}) == (404, "args.appointment")
    assert centre.refused("appointment.cancel", unknown) == (404, "args.appointment")


def test_a_notice_is_put_and_put_again_and_ended(centre: Commanding) -> None:
    notice = centre.done("notice.put", {"text": "no water"})["notice"]
    centre.done("notice.put", {"notice": notice, "text": "water is back", "audience": "booth"})
    (row,) = centre.booth.rows("notices")
    assert (row["notice"], row["audience"], row["state"]) == (notice, "booth", "open")
    centre.done("notice.end", {"notice": notice})
    assert centre.booth.rows("notices")[0]["state"] == "ended"


def test_a_slip_is_put_and_put_again(centre: Commanding) -> None:
    args = {"number": "77", "unit": "3-1", "lines": [{"name": "sofa", "quantity": 2}]}
    slip = centre.done("release_slip.put", args)["slip"]
    assert centre.refused("release_slip.put", args) == (409, "args.number")
    lines = [{"name": "lamp", "quantity": 1}]
    centre.done("release_slip.put", {**args, "slip": slip, "lines": lines, "stamp": True})
    (row,) = centre.booth.rows("slips")
    assert json.loads(row["lines"]) == lines


def test_a_ban_is_put_and_put_again_and_lifted(centre: Commanding) -> None:
    ban = centre.done("ban.put", {"plate": "粤B1"}, reason="theft")["ban"]
    centre.done("ban.put", {"ban": ban, "visitor": "李雷", "card": "V-017"}, reason="again")
    (row,) = centre.booth.rows("bans")
    assert (row["card"], data(centre, EntryType.BAN_CHANGED)["reason"]) == ("V-017", "again")
    centre.done("ban.lift", {"ban": ban})
    assert centre.booth.rows("bans")[0]["state"] == "lifted"


def test_help_and_priority_are_announced(centre: Commanding) -> None:
    told = centre.done("help.announce", {"kind": "flood", "description": "water"})
    assert centre.booth.rows("help")[0]["help"] == told["help"]
    assert centre.refused("help.announce", {"kind": "flood"}) == (422, "args.description")
    args = {"kind": "ambulance", "route": "left", "unit": "3-1"}
    made = centre.done("priority.announce", args)["announced"]
    assert centre.booth.rows("announced")[0]["announced"] == made


def test_a_card_is_blocked_by_label_or_number_and_unblocked(centre: Commanding) -> None:
    card = a_card("R-1")
    drawer = replace(a_card("C-1", CardStatus.BLOCKED, CardKind.CONTRACTOR))
    centre.booth.put(card, drawer)
    assert centre.done("card.block", {"card": "R-1"}) == {
        "card": "R-1",
        "was": "active",
        "status": "blocked",
    }
    assert centre.ask("card.block", {"card": "R-1"}).code == 409
    number = {"credential": str(card.credential)}
    assert centre.done("card.unblock", number)["status"] == "active"
    assert centre.done("card.block", number)["card"] == "R-1"
    assert centre.done("card.unblock", {"card": "C-1", "stock": True})["status"] == "stock"
    assert centre.refused("card.block", {"card": "R-9"}) == (404, "args.card")
    assert centre.refused("card.block", {"credential": "uid:00"}) == (404, "args.card")
    assert centre.refused("card.block", {}) == (422, "")
    first = centre.command("card.block", {"card": "C-1"}, cmd_id="b-1")
    assert not centre.give(first).duplicate
    assert centre.give(first).duplicate


def test_what_the_gate_tells_of_itself(centre: Commanding) -> None:
    assert centre.done("ping") == {
        "time": "2026-03-04T12:00:00.000Z",
        "timequality": "synced",
        "uptimems": "1000000",
    }
    assert centre.done("info") == INFO
    assert centre.done("config.get") == CONFIG
    names = [json.loads(each.data)["command"] for each in centre.booth.entries(ANSWERED)]
    assert names == ["ping", "info", "config.get"]
    asked = centre.command("ping", cmd_id="p-1")
    first = centre.give(asked)
    centre.booth.pass_by(5)
    again = centre.give(asked)
    assert (again.duplicate, again.result) == (True, first.result)


@pytest.mark.parametrize("name", ["open", "card.block", "roster.begin", "ping"])
def test_what_comes_too_late_is_not_done(centre: Commanding, name: str) -> None:
    centre.booth.put(a_card("V-017"))
    wanted = centre.command(name, GOOD.get(name), ttl_ns=1)
    centre.booth.pass_by(1)
    reply = centre.give(wanted)
    assert (reply.status, reply.code) == ("expired", 410)
    assert centre.booth.protected == []
    assert data(centre, ANSWERED)["status"] == "expired"
    assert not centre.booth.entries(EntryType.ARM_ORDERED)
    found = centre.booth.ledger.card_by_label("V-017")
    assert found is not None
    assert found.status is CardStatus.ACTIVE


def test_a_number_of_a_person_is_masked_wherever_it_stands(centre: Commanding) -> None:
    number = "11010519491231002X"
    centre.done("notice.put", {"text": f"look for {number}"}, reason=f"is {number}")
    for entry in centre.booth.entries():
        assert number.encode() not in entry.data


def test_a_disk_that_takes_nothing(centre: Commanding) -> None:
    centre.booth.gate.journal.broken = True
    reply = centre.ask("open", {"lane": LANE})
    assert (reply.status, reply.code) == ("failed", 503)
    assert "pulse open 500" not in centre.booth.gate.trace
    centre.booth.gate.journal.broken, centre.booth.gate.journal.unreadable = False, True
    for name in ("close", "roster.digest"):
        args = {"lane": LANE} if name == "close" else {}
        reply = centre.ask(name, args)
        assert (reply.status, reply.code) == ("failed", 503)
    centre.booth.unreadable = True
    reply = centre.ask("card.block", {"card": "R-1"})
    assert (reply.status, reply.code) == ("failed", 503)


def test_every_name_but_replay_is_done_here(centre: Commanding) -> None:
    for name in set(Name) - {Name.REPLAY}:
        code, field = centre.refused(name, {**GOOD.get(name, {}), "x": 1})
        assert (code, field) == (422, "args.x"), name
