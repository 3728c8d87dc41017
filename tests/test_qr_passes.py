"""Which passes this gate believes: by key, signature, estate and gate."""

import hashlib
import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from agent import shown
from agent.core.access import Reason
from agent.core.effects import Verdict
from agent.core.events import CardRead
from agent.core.ids import LaneId, ReaderId
from agent.core.model import ClockQuality, Credential, Direction, Moment
from agent.core.qr_pass import ShownPass
from agent.errors import GateError, SettingsError
from agent.numbers import Shaped
from agent.ports import Condition, Emit, Health
from agent.qr_passes import Judge, PassKey, judge_of, public_key
from agent.settings.reading import read
from drivers.wire.credential import Form
from drivers.wire.frame import Frame
from drivers.wire.qr_pass import SignedPass, parse
from drivers.wire.registry import make_decoder
from tests.rigs.passes import Signer
from tests.settings.pages import CONFIG

VECTOR = json.loads((Path(__file__).parent / "vectors" / "qr_pass.json").read_text())


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer(tmp_path_factory.mktemp("keys"))


def judge(*keys: Signer, revoked: bool = False) -> Judge:
    return Judge("e", "g", {key.name: PassKey(public_key(key.place), revoked) for key in keys})


def test_the_worked_example_of_the_documents_is_believed() -> None:
    key = PassKey(Ed25519PublicKey.from_public_bytes(bytes.fromhex(VECTOR["public"])))
    shown_pass = Judge("fuli-hupan", "north", {"k1": key}).shown(parse(VECTOR["text"]))
    assert shown_pass == ShownPass(
        Credential("pass", VECTOR["says"]["pass"].upper()),
        "pass~f9a2526a85da1f97",
        29_713_380 * 60_000_000,
        29_713_860 * 60_000_000,
        "north-0f6e2a4c5b1d-1042-1",
        (LaneId("in-1"), LaneId("out-1")),
        Direction.BOTH,
    )
    digest = hashlib.sha256(bytes.fromhex(VECTOR["says"]["pass"])).hexdigest()
    assert shown_pass.label == f"pass~{digest[:16]}"


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({}, None),
        ({"gate": ""}, None),
        ({"gate": "h"}, Reason.ELSEWHERE),
        ({"estate": "f"}, Reason.ELSEWHERE),
        ({"key": "k2"}, Reason.KEY_UNKNOWN),
    ],
)
def test_what_is_signed_is_judged(
    centre: Signer, changed: dict[str, Any], fault: Reason | None
) -> None:
    assert judge(centre).shown(centre.signed(**changed)).fault is fault


def test_a_revoked_key_counts_no_more_and_forgers_are_told_apart(centre: Signer) -> None:
    signed = centre.signed()
    assert judge(centre, revoked=True).shown(signed).fault is Reason.KEY_REVOKED
    forged = replace(signed, signature=bytes(64))
    assert judge(centre, revoked=True).shown(forged).fault is Reason.FORGED
    assert judge().shown(signed).fault is Reason.KEY_UNKNOWN


@given(at=st.integers(0, 511))
def test_a_bit_that_is_another_makes_the_signature_wrong(centre: Signer, at: int) -> None:
    signed = centre.signed(appointment="north-x-1-1", vehicle=True)
    flipped = bytearray(signed.signature)
    flipped[at // 8] ^= 1 << at % 8
    assert judge(centre).shown(replace(signed, signature=bytes(flipped))).fault is Reason.FORGED
    for says in (
        replace(signed.says, vehicle=False),
        replace(signed.says, ends=signed.says.ends + 1),
        replace(signed.says, lanes=("in-1",)),
        replace(signed.says, appointment=""),
    ):
        assert judge(centre).shown(SignedPass(says, signed.signature)).fault is Reason.FORGED


def test_ways_and_kinds(centre: Signer) -> None:
    known = judge(centre)
    assert known.shown(centre.signed()).direction is Direction.BOTH
    assert known.shown(centre.signed(leaves=False)).direction is Direction.IN
    assert known.shown(centre.signed(enters=False)).direction is Direction.OUT
    assert known.shown(centre.signed(vehicle=True)).vehicle


def test_frames_of_a_scanner(centre: Signer) -> None:
    stream = f"{centre.text()}\r\nV-017\r\n".encode()
    passed, other = make_decoder("qr-pass").feed(stream)
    assert isinstance(passed, Frame)
    assert isinstance(other, Frame)
    found = judge(centre).frame(passed)
    assert found is not None
    assert str(found.credential) == passed.credential
    assert judge(centre).frame(other) is None


def test_keys_that_cannot_be_read_are_said_and_the_gate_goes_on(
    centre: Signer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = generate_private_key(SECP256R1()).public_key()
    pem = other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for name, text in (("empty.pem", b""), ("other.pem", pem)):
        (tmp_path / name).write_bytes(text)
        with pytest.raises(SettingsError, match="Ed25519"):
            public_key(tmp_path / name)
    with pytest.raises(SettingsError, match="cannot be read"):
        public_key(tmp_path / "none.pem")
    example = (CONFIG / "qr-passes.yaml").read_text()
    file = tmp_path / "gate.yaml"
    file.write_text(example.replace("/etc/gate-agent/qr-k1.pem", str(tmp_path / "none.pem")))
    with caplog.at_level(logging.ERROR, "gate.passes"):
        found = judge_of(read(file))
    assert "qr_passes.keys.k1" in caplog.text
    assert found.shown(centre.signed()).fault is Reason.KEY_UNKNOWN
    file.write_text(example.replace("/etc/gate-agent/qr-k1.pem", str(centre.place)))
    says = centre.says(estate="green-garden", gate="north")
    assert judge_of(read(file)).shown(centre.signed(says)).fault is None
    assert judge_of(read(CONFIG / "small-gate.yaml")).shown(centre.signed(says)).fault


def test_over_the_control_socket_and_back(centre: Signer) -> None:
    for one in (
        judge(centre).shown(centre.signed(lanes=("in-1", "out-1"), appointment="n-1")),
        judge().shown(centre.signed(enters=False)),
    ):
        assert shown.shown_of(json.loads(json.dumps(shown.told(one)))) == one


@pytest.mark.parametrize(
    "wrong",
    [
        "text",
        {},
        {"credential": "no"},
        {"begins_us": "soon"},
        {"direction": "up"},
        {"fault": "hungry"},
        {"lanes": 7},
    ],
)
def test_what_is_no_pass_is_refused(centre: Signer, wrong: object) -> None:
    good = shown.told(judge(centre).shown(centre.signed()))
    values = {**good, **wrong} if isinstance(wrong, dict) and wrong else wrong
    with pytest.raises(GateError, match="pass"):
        shown.shown_of(values)


class _Scanner:
    """A reader that hands over what it is told."""

    def __init__(self) -> None:
        self.emit: Emit = lambda _event: None

    def start(self, emit: Emit) -> None:
        self.emit = emit

    def stop(self) -> None:
        """Nothing runs."""

    def show(self, verdict: Verdict) -> None:
        """It has no lamp."""

    def health(self) -> Health:
        return Health("reader qr", Condition.OK, "there", {})


def test_the_form_of_card_numbers_is_none_of_a_pass(centre: Signer) -> None:
    scanner = _Scanner()
    heard: list[Any] = []
    Shaped(scanner, Form(scheme="card")).start(heard.append)
    seen = judge(centre).shown(centre.signed())
    reader, at = ReaderId("qr"), Moment(0, 0, ClockQuality.SYNCED)
    scanner.emit(CardRead(reader, seen.credential, at, shown=seen))
    scanner.emit(CardRead(reader, Credential("qr", "AB"), at))
    assert [str(event.credential) for event in heard] == [str(seen.credential), "card:AB"]
