import json

from agent.core import selfcheck
from agent.core.entries import EntryType
from agent.core.events import InputChanged
from agent.core.facts import Mode
from agent.core.ids import InputId
from agent.core.project import Drop, Put, project
from agent.core.selfcheck import Part
from agent.store.seal import MAX_DATA
from tests.core.builders import moment
from tests.core.drafts import a_draft

MAINS = InputId("gate.mains")


def changed(
    there: bool | None, active: bool | None
) -> tuple[tuple[bool | None, bool], list[EntryType]]:
    out = a_draft()
    told = selfcheck.mains_changed(there, InputChanged(MAINS, active, 1, moment(0)), out)
    return told, [entry.type for entry in out.entries]


def test_power_that_was_always_there_is_no_news() -> None:
    assert changed(None, True) == ((True, False), [])
    assert changed(True, True) == ((True, False), [])


def test_power_fails_once() -> None:
    failed = ((False, False), [EntryType.POWER_FAILED])
    assert changed(True, False) == failed
    assert changed(None, False) == failed
    assert changed(False, False) == ((False, False), [])


def test_power_returns_and_the_parts_are_looked_at() -> None:
    assert changed(False, True) == ((True, True), [EntryType.POWER_RETURNED])


def test_an_input_that_cannot_be_read_tells_nothing() -> None:
    for there in (True, False, None):
        assert changed(there, None) == ((there, False), [])


def test_a_failure_outlasts_a_restart() -> None:
    assert selfcheck.restored([Mode("fire", 0), Mode("mains", 0)]) is False
    assert selfcheck.restored([Mode("fire", 0)]) is None
    (row,) = project(7, EntryType.POWER_FAILED, {"input": MAINS}, 5)
    assert row == Put("modes", "mains", {"since_us": 5, "until_us": 0, "sequence": 7})
    assert list(project(8, EntryType.POWER_RETURNED, {"input": MAINS})) == [Drop("modes", "mains")]


def test_every_part_is_told_and_what_is_faulty_first() -> None:
    out = a_draft()
    parts = [Part("near", "ok"), Part("open", "down", "cut off"), Part("loop", "ok", "clear")]
    entry_id = selfcheck.checked(parts, "cause", out)
    (entry,) = out.entries
    assert entry_id.endswith("1")
    assert entry.cause == "cause"
    assert entry.data == {
        "count": 3,
        "faults": 1,
        "faulty": ["open"],
        "parts": [
            {"part": "open", "condition": "down", "detail": "cut off"},
            {"part": "near", "condition": "ok"},
            {"part": "loop", "condition": "ok", "detail": "clear"},
        ],
    }


def test_the_entry_is_bounded_and_the_faulty_parts_come_first() -> None:
    out = a_draft()
    well = [Part("好" * 99, "ok", "很好" * 99)] * 400
    selfcheck.checked([*well, *[Part("坏" * 99, "down", "坏" * 999)] * 60], "", out)
    (entry,) = out.entries
    assert (entry.data["count"], entry.data["faults"]) == (460, 60)
    assert entry.data["faulty"] == ["坏" * 40] * 40
    parts = entry.data["parts"]
    assert isinstance(parts, list)
    assert parts[0] == {"part": "坏" * 40, "condition": "down", "detail": "坏" * 80}
    assert len(json.dumps(entry.data, ensure_ascii=False).encode()) < MAX_DATA
