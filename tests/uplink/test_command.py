"""Commands as they come from the broker: their bodies, their end, who may, and signatures."""

import hashlib
import hmac
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.commands import ACTUATION, Name, Reply
from agent.core.model import ClockQuality, Moment
from agent.settings.reading import check
from agent.uplink import command, reply
from agent.uplink.command import Refusal
from agent.uplink.permits import Permit, allowed, check_signature, sign
from tests.settings.pages import GOOD

NOW_US = 1_795_000_000_000_000
MONO_NS = 5_000_000_000


def now(quality: ClockQuality = ClockQuality.SYNCED) -> Moment:
    return Moment(NOW_US, MONO_NS, quality)


def at(offset_s: float) -> str:
    return datetime.fromtimestamp(NOW_US / 1e6 + offset_s, UTC).isoformat()


def a_body(**changes: Any) -> dict[str, Any]:
    told = {"cmd_id": "c-1", "issued_at": at(0), "ttl_ms": 5_000}
    return {key: value for key, value in (told | changes).items() if value is not None}


def refused(found: object) -> tuple[int, str]:
    payload = found if isinstance(found, bytes) else json.dumps(found).encode()
    with pytest.raises(Refusal) as caught:
        command.body(command.read(payload))
    return caught.value.code, str(caught.value)


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        (b"", "JSON"),
        (b"[]", "not a JSON object"),
        (b"\xff\xfe", "JSON"),
        (b'{"cmd_id": NaN}', "NaN"),
        (b'{"cmd_id": "a", "cmd_id": "b"}', "twice"),
        (b"[" * 60_000, "JSON"),
        (b'"' + b"x" * command.SIZE + b'"', "65538 bytes"),
    ],
)
def test_what_cannot_be_read(payload: bytes, says: str) -> None:
    code, sentence = refused(payload)
    assert (code, says in sentence) == (400, True), sentence
    assert len(sentence) <= 200


@pytest.mark.parametrize(
    ("changes", "code", "says"),
    [
        ({"cmd_id": None}, 400, "cmd_id"),
        ({"cmd_id": "a b"}, 400, "cmd_id"),
        ({"cmd_id": "x" * 65}, 400, "cmd_id"),
        ({"cmd_id": 7}, 400, "cmd_id"),
        ({"issued_at": None}, 400, "issued_at"),
        ({"issued_at": "2026-11-22T07:30:00"}, 400, "with its zone"),
        ({"issued_at": "today"}, 400, "issued_at"),
        ({"issued_at": 5}, 400, "issued_at"),
        ({"ttl_ms": None}, 400, "ttl_ms"),
        ({"ttl_ms": True}, 400, "ttl_ms"),
        ({"ttl_ms": 0}, 400, "ttl_ms"),
        ({"ttl_ms": 3_600_001}, 400, "ttl_ms"),
        ({"ttl_ms": 1.5}, 400, "ttl_ms"),
        ({"actor": "a\nb"}, 400, "actor"),
        ({"actor": "x" * 81}, 400, "actor"),
        ({"reason": 5}, 400, "reason"),
        ({"args": [1]}, 422, "args"),
    ],
)
def test_a_body_with_a_fault(changes: dict[str, Any], code: int, says: str) -> None:
    found, sentence = refused(a_body(**changes))
    assert (found, says in sentence) == (code, True), sentence


def test_a_good_body_and_fields_of_the_future() -> None:
    told = command.body(command.read(json.dumps(a_body(actor=" Li ", newer={"x": 1})).encode()))
    assert (told.cmd_id, told.ttl_ms, told.actor, told.reason) == ("c-1", 5_000, "Li", "")
    assert (told.issued_us, told.args, told.reply_to) == (NOW_US, {}, "")


def deadline(
    name: Name,
    expiry_s: int | None = None,
    quality: ClockQuality = ClockQuality.SYNCED,
    **body: Any,
) -> float:
    """How many seconds it counts from now."""
    told = command.body(a_body(**body))
    return (command.deadline_ns(told, name, now(quality), expiry_s) - MONO_NS) / 1e9


def test_how_long_a_command_counts() -> None:
    assert deadline(Name.OPEN) == 5
    assert deadline(Name.OPEN, ttl_ms=60_000) == 10, "an arm is never moved by an old wish"
    assert deadline(Name.ROSTER_BEGIN, ttl_ms=60_000) == 60
    assert deadline(Name.OPEN, issued_at=at(-3)) == 2
    assert deadline(Name.OPEN, expiry_s=1) == 1
    assert deadline(Name.OPEN, issued_at=at(200)) == 5, "a clock ahead gives nothing more"


@pytest.mark.parametrize(
    "late", [{"issued_at": at(-5)}, {"issued_at": at(-4_000)}, {"expiry_s": 0}]
)
def test_what_is_over(late: dict[str, Any]) -> None:
    assert deadline(Name.OPEN, **late) == 0


def test_without_a_trusted_clock_only_the_receipt_counts() -> None:
    for quality in (ClockQuality.ESTIMATED, ClockQuality.UNKNOWN):
        assert deadline(Name.PING, None, quality, issued_at=at(-1e9)) == 5
        assert deadline(Name.OPEN, 2, quality, issued_at=at(1e9)) == 2
        with pytest.raises(Refusal, match="Message Expiry") as caught:
            deadline(Name.OPEN, None, quality)
        assert caught.value.code == 503
    assert deadline(Name.OPEN, None, ClockQuality.HOLDOVER, issued_at=at(-4)) == 1


def test_what_was_over_when_a_clock_was_trusted_is_over() -> None:
    """Who recorded a signed command cannot use it again at a gate that lost its clock."""
    told = command.body(a_body(issued_at=at(-100)))
    unknown = now(ClockQuality.UNKNOWN)
    for trusted_us, left_s in ((0, 5), (NOW_US - 96_000_000, 5), (NOW_US - 94_000_000, 0)):
        found = command.deadline_ns(told, Name.OPEN, unknown, 60, trusted_us)
        assert (found - MONO_NS) / 1e9 == left_s


def test_what_comes_from_the_future_is_refused() -> None:
    with pytest.raises(Refusal, match="301 s ahead") as caught:
        deadline(Name.OPEN, issued_at=at(301))
    assert caught.value.code == 400
    assert deadline(Name.OPEN, issued_at=at(300)) == 5


def test_the_digest_tells_bodies_and_names_apart() -> None:
    told = command.body(a_body())
    made = [
        command.command(told, "centre", name, payload, 0).digest
        for name, payload in ((Name.OPEN, b"{}"), (Name.CLOSE, b"{}"), (Name.OPEN, b"{ }"))
    ]
    assert len(set(made)) == 3
    assert made[0] == hashlib.sha256(b"open\n{}").hexdigest()


KEY = b"0123456789abcdef0123456789abcdef"
PERMIT = Permit(frozenset({Name.OPEN, Name.PING}), frozenset({Name.OPEN}), {"k1": KEY})
TOPIC = "gate/v1/e/g/cmd/centre/open"


def test_who_may() -> None:
    permits = {"centre": PERMIT}
    assert allowed(permits, "centre", Name.PING) is PERMIT
    for client, name in (("centre", Name.CLOSE), ("other", Name.PING)):
        with pytest.raises(Refusal) as caught:
            allowed(permits, client, name)
        assert caught.value.code == 403
        assert "uplink." in str(caught.value)


def test_the_signature_is_what_the_contract_says() -> None:
    expected = hmac.new(KEY, f"{TOPIC}\nk1\n".encode() + b"{}", "sha256").hexdigest()
    assert sign(KEY, TOPIC, "k1", b"{}") == expected
    good = [("keyid", "k1"), ("signature", expected)]
    check_signature(PERMIT, Name.OPEN, TOPIC, b"{}", good)
    check_signature(PERMIT, Name.PING, TOPIC, b"{}", ())


@pytest.mark.parametrize(
    ("name", "told", "says"),
    [
        (Name.OPEN, [], "has to be signed"),
        (Name.OPEN, [("keyid", "k2"), ("signature", "x")], "keyid"),
        (Name.OPEN, [("keyid", "k1"), ("signature", "é")], "wrong"),
        (Name.OPEN, [("keyid", "k1"), ("signature", sign(KEY, TOPIC, "k2", b"{}"))], "wrong"),
        (Name.PING, [("keyid", "k1"), ("signature", "0" * 64)], "wrong"),
        (Name.OPEN, [("keyid", "k1"), ("signature", sign(KEY, TOPIC + "x", "k1", b"{}"))], "wrong"),
    ],
)
def test_a_wrong_signature(name: Name, told: list[tuple[str, str]], says: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_signature(PERMIT, name, TOPIC, b"{}", told)
    assert (caught.value.code, says in str(caught.value)) == (403, True)
    assert KEY.decode() not in str(caught.value)


@given(st.binary(max_size=300))
def test_whatever_comes_is_read_or_refused(payload: bytes) -> None:
    code = 200
    try:
        found = command.read(payload)
        told = command.body(found)
        assert told.cmd_id == command.cmd_id(found)
    except Refusal as refusal:
        code = refusal.code
    assert code in {200, 400, 422}


@given(
    st.sampled_from(sorted(Name)),
    st.integers(1, 3_600_000),
    st.integers(-4_000_000, 4_000_000),
    st.none() | st.integers(0, 4_000),
    st.sampled_from(list(ClockQuality)),
)
def test_nothing_counts_longer_than_it_may(
    name: Name, ttl_ms: int, offset_ms: int, expiry_s: int | None, quality: ClockQuality
) -> None:
    told = command.body(a_body(ttl_ms=ttl_ms, issued_at=at(offset_ms / 1e3)))
    blind = not quality.trusted and expiry_s is None and name in ACTUATION
    ahead = quality.trusted and offset_ms >= 301_000
    if blind or ahead:
        with pytest.raises(Refusal):
            command.deadline_ns(told, name, now(quality), expiry_s)
        return
    left_ns = command.deadline_ns(told, name, now(quality), expiry_s) - MONO_NS
    over = expiry_s == 0 or (quality.trusted and offset_ms + ttl_ms <= 0)
    assert (left_ns == 0) is over
    assert 0 <= left_ns <= ttl_ms * 1_000_000
    assert left_ns <= (10_000_000_000 if name in ACTUATION else 3_600_000_000_000)
    if expiry_s is not None:
        assert left_ns <= expiry_s * 1_000_000_000


def test_an_answer_says_what_it_has_to() -> None:
    said = json.loads(reply.payload("c-1", Reply("done", 200, {"visit": "v"}, "well")))
    assert said == {"cmd_id": "c-1", "status": "done", "result": {"visit": "v"}}
    said = json.loads(
        reply.payload("c-1", Reply("rejected", 423, detail="fire", duplicate=True), "q")
    )
    assert said == {
        "cmd_id": "c-1",
        "status": "rejected",
        "code": 423,
        "correlation": "q",
        "duplicate": True,
        "result": {"detail": "fire"},
    }
    assert json.loads(reply.payload("c-1", Reply("accepted"))) == {
        "cmd_id": "c-1",
        "status": "accepted",
    }


def test_the_signature_in_the_document_is_right() -> None:
    """Who writes a central server tries his own signature with this one."""
    text = (Path(__file__).parents[2] / "docs" / "contract" / "README.md").read_text("utf-8")
    found = re.search(
        r"key `(\w+)`, keyid `(\w+)`, topic `([^`]+)`, body `([^`]+)` give `(\w+)`", text
    )
    assert found is not None
    key, key_id, topic, payload, signature = found.groups()
    assert sign(key.encode(), topic, key_id, payload.encode()) == signature


def test_the_trial_in_the_document_has_no_fault(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "contract" / "README.md").read_text("utf-8")
    settings = text.partition("## A trial")[2].partition("```yaml\n")[2].partition("```")[0]
    file = tmp_path / "trial.yaml"
    file.write_text(GOOD[: GOOD.index("gpio:")] + settings, encoding="utf-8")
    assert check(file) == []
