"""The intercom's section: its faults, each at its place, and what is understood of it."""

from pathlib import Path
from typing import NamedTuple

import pytest

from agent import planning
from agent.core.ids import LaneId
from agent.core.plan_calls import SECOND, Party, Step
from agent.errors import SettingsError
from agent.planning_calls import with_pin
from agent.settings.reading import read
from agent.settings.summary import summary
from tests.settings.pages import CONFIG, GOOD, faults_of, place_of_mark

BUTTON = "      loop: {pin: 23}\n"
WITH_BUTTON = BUTTON + "    buttons:\n      call: {pin: 24}\n"
INTERCOM = (
    GOOD.replace(BUTTON, WITH_BUTTON)
    + """\
intercom:
  dial: sip:{number}@192.168.1.10
  lanes:
    in-1:
      - {call: booth}
      - {call: unit, unit: 1-101, ring: [20 s, 15 s]}
      - {call: control, number: sip:control@192.168.1.20, ring: 30 s}
  control: sip:control@192.168.1.20
  home: in-1
  keys: {open: "5", decline: "0", secret_pin: {file: pin}, wrong: 3}
  quiet: {1-101: "22:00-07:00"}
  account: {address: "sip:gate@192.168.1.10", password: {file: password}}
"""
)


class Case(NamedTuple):
    """A piece of the good file, what stands there instead, and the fault that this is."""

    name: str
    old: str
    new: str
    path: str
    problem: str
    allowed: str = ""
    suggestion: str = ""


LANES = "intercom.lanes"
CASES = [
    Case("dial", "sip:{number}@192.168.1.10", "⟦sip:gate@192.168.1.10", "intercom.dial",
         "does not fit", "{number}"),
    Case("call", "{call: booth}", "{call: ⟦boot}", f"{LANES}.in-1.0.call", "not one of",
         "booth, unit or control", "booth"),
    Case("unit", "{call: unit, unit: 1-101, ring: [20 s, 15 s]}", "{call: ⟦unit}",
         f"{LANES}.in-1.1.unit", "unit is missing", "unit: 3-1"),
    Case("unit-number", "unit: 1-101,", "unit: 1-101, ⟦number: sip:a@b,", f"{LANES}.in-1.1.number",
         "does not belong", "no number: here"),
    Case("control", ", number: sip:control@192.168.1.20", "", "", ""),
    Case("booth-unit", "{call: booth}", "{call: booth, ⟦unit: 1-101}", f"{LANES}.in-1.0.unit",
         "does not belong", "no unit: here"),
    Case("number", "number: sip:control@192.168.1.20", "number: ⟦13800000001",
         f"{LANES}.in-1.2.number", "text must stand here"),
    Case("ring", "ring: 30 s", "ring: [⟦30]", f"{LANES}.in-1.2.ring.0", "30 of what?", "", "30 s"),
    Case("lane", "    in-1:\n      - {call: booth}", "    ⟦in-2:\n      - {call: booth}", "", ""),
    Case("home", "home: in-1", "home: ⟦in-9", "intercom.home", "there is no lane", "in-1", "in-1"),
    Case("keys", 'decline: "0"', 'decline: ⟦"5"', "intercom.keys.decline", "cannot both", "differ"),
    Case("key", 'open: "5"', 'open: ⟦"55"', "intercom.keys.open", "does not fit", "one key"),
    Case("default-keys", 'open: "5", decline: "0"', 'open: ⟦"0"', "intercom.keys.decline",
         "cannot both"),
    Case("pin", "{file: pin}", "⟦1234", "intercom.keys.secret_pin", "a mapping must"),
    Case("pin-places", "{file: pin}", "{}", "", ""),
    Case("quiet", "22:00-07:00", "⟦at night", "", ""),
    Case("account", '"sip:gate@192.168.1.10"', '⟦"gate"', "intercom.account.address",
         "does not fit", "sip:gate@192.168.1.20"),
    Case("recording", "  home: in-1", "  record: ⟦true\n  home: in-1", "intercom.record",
         "a mapping must"),
    Case("sound", "  home: in-1",
         "  audio: {lanes: {⟦in-3: {microphone: a, speaker: b}}}\n  home: in-1",
         "intercom.audio.lanes.in-3", "there is no lane", "in-1"),
    Case("kept", "  home: in-1", "  record: {keep: ⟦10 min}\n  home: in-1", "intercom.record.keep",
         "outside the range", "1 h"),
]  # fmt: skip
ELSEWHERE = {
    "control": [(f"{LANES}.in-1.2.number", "number is missing here: who is called?")],
    "lane": [
        ("lanes.in-1.buttons.call", "says nothing of in-1"),
        (f"{LANES}.in-2", "there is no lane 'in-2'"),
    ],
    "pin-places": [("intercom.keys.secret_pin", "a secret needs one place")],
    "quiet": [("intercom.quiet.1-101", "")],
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_is_told_once_and_at_its_place(case: Case, tmp_path: Path) -> None:
    assert INTERCOM.count(case.old) == 1
    text = INTERCOM.replace(case.old, case.new)
    faults = faults_of(tmp_path, text)
    if case.name in ELSEWHERE:
        told = [(fault.path, fault.problem) for fault in faults]
        assert [path for path, _ in told] == [path for path, _ in ELSEWHERE[case.name]], told
        for (_, problem), (_, wanted) in zip(told, ELSEWHERE[case.name], strict=True):
            assert wanted in problem
        return
    (fault,) = faults
    assert (fault.path, (fault.line, fault.column)) == (case.path, place_of_mark(text)), fault
    assert case.problem in fault.problem
    assert case.allowed in fault.allowed
    assert fault.suggestion == case.suggestion or not case.suggestion
    # The file's own path may hold the digits by chance.
    assert "1234" not in repr(fault).replace(str(tmp_path), "")


def test_a_button_that_calls_nobody(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, GOOD.replace(BUTTON, WITH_BUTTON))
    assert (fault.path, fault.problem) == (
        "lanes.in-1.buttons.call",
        "this button calls, and there is no intercom",
    )


def test_what_is_understood(tmp_path: Path) -> None:
    file = tmp_path / "gate.yaml"
    file.write_text(INTERCOM, "utf-8")
    settings = read(file)
    plan = planning.gate_plan(settings)
    calls = plan.calls
    assert calls is not None
    assert calls.lanes == {
        LaneId("in-1"): (
            Step(Party.BOOTH, ring_ns=(20 * SECOND,), may_open=False),
            Step(Party.UNIT, unit="1-101", ring_ns=(20 * SECOND, 15 * SECOND)),
            Step(Party.CONTROL, "sip:control@192.168.1.20", ring_ns=(30 * SECOND,)),
        )
    }
    assert (calls.home, calls.control) == ("in-1", ("sip:control@192.168.1.20",))
    assert (calls.keys.open, calls.keys.decline, calls.keys.wrong) == ("5", "0", 3)
    assert calls.keys.pin == "", "it is read where the daemon is put together"
    (tmp_path / "pin").write_text("4711\n")
    whole = with_pin(plan, settings).calls
    assert whole is not None
    assert whole.keys.pin == "4711"
    assert "4711" not in repr(whole)


@pytest.mark.parametrize("pin", ["77", "abcd", "1" * 13, "٤٧١١"])
def test_a_pin_that_is_none(pin: str, tmp_path: Path) -> None:
    file = tmp_path / "gate.yaml"
    file.write_text(INTERCOM, "utf-8")
    settings = read(file)
    (tmp_path / "pin").write_text(pin)
    with pytest.raises(SettingsError, match="is no PIN: 3 to 12 digits") as told:
        with_pin(planning.gate_plan(settings), settings)
    # The file's own path may hold the digits by chance.
    assert pin not in str(told.value).replace(str(tmp_path), "")


def test_what_an_installer_is_told() -> None:
    told = list(summary(read(CONFIG / "intercom.yaml")))
    assert (
        "intercom sip:north-gate@192.168.1.10 at 192.168.1.5:5060, told at 127.0.0.1:4444" in told
    )
    assert (
        "  in-1 calls booth 15 s, then unit 1-101 20 s/15 s, then control 30 s; "
        "unanswered for 1 min: alarm"
    ) in told
    assert "  key 5 opens, key 0 declines" in told
    assert "  the control room may call and opens nothing: there is no secret_pin" in told
    assert "intercom none" in list(summary(read(CONFIG / "small-gate.yaml")))


def test_the_screen_alone_and_a_pin_are_told(tmp_path: Path) -> None:
    file = tmp_path / "gate.yaml"
    file.write_text(INTERCOM, "utf-8")
    told = "\n".join(summary(read(file)))
    assert "in-1 calls booth (its screen), then unit 1-101" in told
    assert "key 5 and the PIN opens" in told


def test_that_calls_are_recorded_is_told(tmp_path: Path) -> None:
    file = tmp_path / "gate.yaml"
    file.write_text(INTERCOM + "  record: {directory: /srv/calls, keep: 7 days}\n", "utf-8")
    settings = read(file)
    told = "\n".join(summary(settings))
    assert "CALLS ARE RECORDED in /srv/calls and kept for 7 days" in told
    calls = planning.gate_plan(settings).calls
    assert calls is not None
    assert calls.recorded
    file.write_text(INTERCOM, "utf-8")
    calls = planning.gate_plan(read(file)).calls
    assert calls is not None
    assert not calls.recorded, "nothing is recorded unless the settings say so"


def test_without_an_intercom_nobody_is_called() -> None:
    settings = read(CONFIG / "small-gate.yaml")
    plan = planning.gate_plan(settings)
    assert plan.calls is None
    assert with_pin(plan, settings) is plan


def test_the_example_calls_three() -> None:
    settings = read(CONFIG / "intercom.yaml")
    calls = planning.gate_plan(settings).calls
    assert calls is not None
    assert [step.party for step in calls.lanes[LaneId("in-1")]] == [
        Party.BOOTH,
        Party.UNIT,
        Party.CONTROL,
    ]
    assert calls.home == "in-1"
