"""A lane's card, the to-do list and the courteous sentence, from what is known to words."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.console import phrases
from agent.console.lanes import SHOWN_S, LaneCard, lane_card, told
from agent.console.todo import item
from agent.console.words import load
from agent.core.access import Duty, Reason
from agent.core.ids import LaneId
from agent.core.model import CardKind, Direction
from agent.core.plan import LanePlan
from tests.console.gate_end import IN, ZONE, plan, site

ENGLISH = load("en", ZONE)
VIEW: Mapping[str, Any] = {
    "lane": "in-1",
    "position": "closed",
    "mode": "normal",
    "loop": "clear",
    "waiting": 0,
    "faults": (),
    "proof": "switch",
    "approach": "none",
    "emergency": "none",
    "alarm": "none",
}
OUT = LaneId("out-1")


def tap(answer: str, age_s: float = 0, **data: Any) -> dict[str, Any]:
    """A row as `movements.last_taps` gives it."""
    return {
        "sequence": 7,
        "type": f"gate.access.{answer}.v1",
        "at_us": int((time.time() - age_s) * 1e6),
        "data": {"lane": "in-1", "direction": "in", **data},
        "personal": {"holder": "王女士", "unit": "8-1203", "plate": "粤B12345"},
        "outcome": "",
    }


def card(
    view: Mapping[str, Any] | None = VIEW,
    shown: dict[str, Any] | None = None,
    duty: dict[str, Any] | None = None,
    lane: LaneId = IN,
) -> LaneCard:
    return lane_card(ENGLISH, plan().lanes[lane], "IN", view, shown, duty)


def due(kind: str) -> dict[str, Any]:
    return {"kind": kind, "lane": "out-1", "card": "V-017", "since_us": 5}


def test_a_quiet_lane() -> None:
    quiet = card()
    assert (quiet.word, quiet.tone, quiet.next, quiet.tap) == ("CLOSED", "calm", None, None)
    assert quiet.can == {"open", "priority", "close", "stop", "hold_open"}
    assert [text for text, _ in quiet.marks] == ["loop free"]


def test_nothing_is_known() -> None:
    unknown = card(None)
    assert (unknown.word, unknown.tone) == ("NOT KNOWN", "wait")


@pytest.mark.parametrize(
    ("change", "tone", "words"),
    [
        ({"position": "open", "proof": "assumed"}, "good", []),
        ({"mode": "faulted", "faults": ("no limit switch",)}, "bad", ["fault"]),
        ({"mode": "fire", "emergency": "fire"}, "bad", ["fire: stays up"]),
        ({"mode": "lockdown", "emergency": "lockdown"}, "wait", ["lockdown"]),
        ({"emergency": "lockdown"}, "calm", ["lockdown"]),
        ({"alarm": "alarm"}, "bad", ["open too long"]),
        ({"alarm": "pre_alarm"}, "calm", ["open for long"]),
        ({"mode": "stopped"}, "wait", ["stopped by hand"]),
        ({"approach": "occupied"}, "calm", ["somebody waits before the arm"]),
        ({"waiting": 2}, "calm", ["2 may pass"]),
        ({"loop": "unknown"}, "calm", ["loop not known"]),
    ],
)
def test_what_a_lane_says(change: dict[str, Any], tone: str, words: list[str]) -> None:
    shown = card({**VIEW, **change})
    assert shown.tone == tone
    marks = [text for text, _ in shown.marks]
    assert all(word in marks for word in words)
    assert bool(shown.proof) == (change.get("proof") == "assumed")
    assert shown.faults == tuple(change.get("faults", ()))


@pytest.mark.parametrize(
    ("view", "duty", "href", "kind", "dialog"),
    [
        ({"mode": "fire"}, "deposit_due", "", "", "fire"),
        ({"mode": "faulted"}, "", "", "", "clear-fault"),
        ({}, "deposit_due", "/visitor-out?lane=out-1&card=V-017", "", ""),
        ({}, "inspection_due", "/goods?lane=out-1&card=V-017", "", ""),
        ({}, "release_slip_due", "/goods?lane=out-1&card=V-017", "", ""),
        ({}, "bearer_check", "", "", "bearer"),
        ({}, "lockdown_release", "", "", "open-lane"),
        ({"mode": "held_open"}, "", "", "release_hold", ""),
    ],
)
def test_the_one_next_act(
    view: dict[str, str], duty: str, href: str, kind: str, dialog: str
) -> None:
    found = card({**VIEW, **view}, None, due(duty) if duty else None, OUT).next
    assert found is not None
    assert (found.href, found.kind, found.dialog) == (href, kind, dialog)


def test_who_is_refused_at_the_entry_may_be_registered() -> None:
    found = card(VIEW, tap("denied", reason="unknown_credential")).next
    assert found is not None
    assert found.href == "/visitor-in?lane=in-1"
    assert card(VIEW, tap("denied", reason="expired"), lane=OUT).next is None
    assert card(VIEW, tap("granted")).next is None


def test_a_decision_is_shown_while_it_matters() -> None:
    assert card(VIEW, tap("granted", SHOWN_S - 5)).tap is not None
    assert card(VIEW, tap("granted", SHOWN_S + 5)).tap is None
    presented = tap("granted") | {"type": "gate.card.presented.v1"}
    assert card(VIEW, presented).tap is None, "a card at the desk decides nothing at a lane"


def test_a_door_cannot_do_what_an_arm_does() -> None:
    relays = plan().lanes[IN].arm
    bare = LanePlan(IN, Direction.IN, replace(relays, close=None, stop=None, closes_itself=True), 1)
    assert lane_card(ENGLISH, bare, "IN", VIEW, None, None).can == {"open", "priority"}


def test_a_tap_in_words() -> None:
    shown = told(ENGLISH, tap("denied", reason="expired", kind="vehicle", card="C-1"))
    assert (shown["word"], shown["tone"], shown["why"]) == (
        "REFUSED",
        "bad",
        "this card has expired",
    )
    assert (shown["who"], shown["unit"], shown["plate"]) == ("王女士", "8-1203", "粤B12345")
    marked = told(ENGLISH, tap("granted", kind="resident", marks=["passback"]))
    assert marked["phrase"] == "Welcome home, 王女士."
    assert marked["marks"] == ["second entry without an exit"]
    gone = tap("granted", kind="resident") | {"personal": {}, "outcome": "passed"}
    assert told(ENGLISH, gone)["phrase"] == "Welcome home."
    assert told(ENGLISH, gone)["outcome"] == "passed"


@pytest.mark.parametrize("code", [*Reason, *Duty])
def test_every_reason_and_duty_has_words_and_a_sentence(code: str) -> None:
    assert str(code) in phrases.REASONS
    answer = phrases.REFERRED if code in [*Duty] else phrases.DENIED
    assert phrases.phrase(ENGLISH, answer, {"reason": str(code), "duty": str(code)}, "")


@pytest.mark.parametrize("kind", [*CardKind])
@pytest.mark.parametrize("way", ["in", "out"])
def test_every_kind_of_card_is_greeted(kind: str, way: str) -> None:
    assert str(kind) in phrases.KINDS
    data = {"kind": str(kind), "direction": way}
    named = phrases.phrase(ENGLISH, phrases.GRANTED, data, "王女士")
    assert "王女士" in named
    assert "%" not in phrases.phrase(ENGLISH, phrases.GRANTED, data, "")


def thing(what: str, row: dict[str, Any], due_us: int = 0, left_us: int = 0) -> dict[str, Any]:
    whole = {"personal": {"visitor": "李先生", "unit": "6-402"}, "data": {}, **row}
    return {
        "what": what,
        "key": "demo-1",
        "lane": row.get("lane", ""),
        "since_us": 5,
        "due_us": due_us,
        "left_us": left_us,
        "row": whole,
    }


@pytest.mark.parametrize(
    ("what", "row", "text", "href"),
    [
        ("duty", {"kind": "deposit_due", "lane": "out-1", "card": "V-1"}, "V-1 · 李先生 · give",
         "/visitor-out?lane=out-1&card=V-1"),
        ("duty", {"kind": "bearer_check", "lane": "in-1"}, "李先生 · is the bearer", "/#lane-in-1"),
        ("help", {"kind": "flood"}, "water · 6-402 · 李先生", "/help?help=demo-1"),
        ("alarm", {"alarm": "forced", "lane": "in-1"}, "moved by force", "/#lane-in-1"),
        ("alarm", {"alarm": "held_open", "lane": "in-1"}, "open too long", "/#lane-in-1"),
        ("alarm", {"alarm": "tailgating", "lane": "in-1"}, "two on one card", "/#lane-in-1"),
        ("alarm", {"alarm": "fire_input", "lane": ""}, "the fire contact", "/health"),
        ("overdue", {"card": "V-9"}, "V-9 · 李先生 · 6-402", "/visitor-out?visit=demo-1"),
        ("unsigned", {"kind": "stop", "data": {"unsigned": True}, "by": "desk/booth"},
         "stop · no name yet", "/shift?act=demo-1"),
        ("unsigned", {"kind": "priority", "by": "张伟"}, "priority passage · 张伟",
         "/shift?act=demo-1"),
        ("deposit", {"pocket": "12"}, "pocket 12 · 李先生", "/deposits?deposit=demo-1"),
        ("notice", {"data": {"text": "停水"}}, "停水", "/notices?notice=demo-1"),
    ],
)  # fmt: skip
def test_what_is_to_be_done(
    tmp_path: Path, what: str, row: dict[str, Any], text: str, href: str
) -> None:
    found = item(ENGLISH, site(tmp_path), thing(what, row))
    assert found["text"].startswith(text)
    assert found["href"] == href
    assert found["left_s"] is None
    assert found["title"]
    assert found["see"] == ("demo-1" if row.get("alarm") in {"forced", "tailgating"} else "")


def test_time_that_is_left_and_time_that_is_over(tmp_path: Path) -> None:
    left = item(ENGLISH, site(tmp_path), thing("help", {"kind": "fire"}, 9, 220_000_000))
    assert left["left_s"] == 220.0
    over = item(ENGLISH, site(tmp_path), thing("overdue", {"card": "V-9"}, 9, -60_000_000))
    assert over["left_s"] == -60.0
