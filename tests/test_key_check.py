"""Keys before the start: what is wrong with each, in the words that the daemon has for it."""

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from agent import intercom_config, planning
from agent.app import open_ledger
from agent.booth import make_identities
from agent.centre import make_broker, permits_of
from agent.core.events import ReaderLost
from agent.core.ids import ReaderId
from agent.errors import GateError, SettingsError
from agent.key_check import Findings, look
from agent.opened import LARGEST, AbsentError, contents
from agent.planning_calls import with_duress, with_pin
from agent.proofs import make_prove
from agent.qr_passes import judge_of
from agent.readers import make_readers
from agent.settings import Settings
from agent.settings.faults import Fault
from agent.settings.readers import PcscReader
from agent.settings.reading import examine, read
from agent.tls import add_chain, trusting
from agent.uplink.client import Connection
from agent.uplink.line import Incoming
from drivers.clock import SystemClock
from tests.parts import require
from tests.rigs.pki import Authority
from tests.settings.key_page import PATHS, WARNED, a_page, place

NOBODY = 65_534


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return a_page(tmp_path)


def found_in(file: Path, *, daemon: bool = False) -> Findings:
    return look(examine(file).keys, daemon=daemon, user="")


def only(found: Findings) -> Fault:
    assert len(found.faults) == 1, found
    assert found.notes == []
    return found.faults[0]


def test_good_keys_are_no_news(file: Path) -> None:
    assert found_in(file) == Findings()
    assert found_in(file, daemon=True) == Findings()


@pytest.mark.parametrize("name", PATHS)
def test_a_key_that_is_not_there(file: Path, name: str) -> None:
    key = file.parent / "keys" / name
    key.unlink()
    found = found_in(file)
    fault = only(found)
    assert (fault.line, fault.column) == place(name)
    assert fault.path == PATHS[name]
    assert f"{key} cannot be read: there is no such file" in fault.problem
    assert fault.warning is (name in WARNED)
    assert found.absent


@pytest.mark.parametrize("name", PATHS)
def test_a_key_that_is_empty(file: Path, name: str) -> None:
    (file.parent / "keys" / name).write_bytes(b"" if name.startswith(("c", "s")) else b"\n")
    faults = found_in(file).faults
    # A private key is judged with its certificate, where that is named.
    named = {"cert-key": "cert", "screen-key": "screen-cert"}.get(name, name)
    assert {fault.path for fault in faults} == {PATHS[named]}
    assert all(fault.warning is (name in WARNED) for fault in faults)


WRONG = {
    "desfire": [("6A3F", "32 hexadecimal digits"), ("00" * 16, "from the factory")],
    "ntag424": [("Z" * 32, "32 hexadecimal digits"), ("00" * 16, "from the factory")],
    "osdp": [
        ("6A3F0C5581D24E97B0C1D2E3F40516", "not 32 hexadecimal digits"),
        ("303132333435363738393A3B3C3D3E3F", "one that everybody knows"),
    ],
    "pin": [("77", "is no PIN: 3 to 12 digits"), ("geheim", "is no PIN")],
    "duress": [("123456789", "no code of duress: 3 to 8 digits"), ("geheim", "no code of duress")],
    "centre": [("0123456789abcde", "has 15 bytes, and needs 16")],
    "reference": [("0123456789abcde", "has 15 bytes, and needs 16")],
    "identity": [("0123456789abcde", "has 15 bytes, and needs 16")],
    "sip": [("quoted;word", "that baresip cannot take"), ("\udcffabc", "no text in UTF-8")],
    "password": [("\udcffabc", "no text in UTF-8")],
    "pass": [("-----BEGIN PUBLIC KEY-----", "Ed25519")],
    "ca": [("of somebody", "has to be PEM")],
    "cert": [("of somebody", "cannot be used")],
    "screen-cert": [("of somebody", "cannot be used")],
}


@pytest.mark.parametrize(
    ("name", "text", "says"), [(name, *each) for name, all_ in WRONG.items() for each in all_]
)
def test_a_key_that_is_none(file: Path, name: str, text: str, says: str) -> None:
    (file.parent / "keys" / name).write_bytes(os.fsencode(text))
    fault = only(found_in(file))
    assert (fault.path, fault.line, fault.column) == (PATHS[name], *place(name))
    assert says in fault.problem
    assert fault.warning is (name in WARNED)
    # The file's own path may hold the digits by chance.
    assert text not in str(fault).replace(str(file.parent), "")


class Deaf:
    """Hears nothing: no connection is opened here."""

    def acknowledged(self, mid: int, code: int, name: str) -> None:
        """No message is sent."""

    def answered(self, refused: str) -> None:
        """Nothing is subscribed to."""

    def received(self, message: Incoming) -> None:
        """Nothing comes."""


def _connect(settings: Settings) -> None:
    Connection(make_broker(settings), Deaf())


def _accounts(settings: Settings) -> None:
    intercom_config.files(settings)


def _ask(settings: Settings) -> None:
    reader = settings.readers["nfc"]
    assert isinstance(reader, PcscReader)
    assert reader.authenticate is not None
    make_prove(ReaderId("nfc"), reader.authenticate)


def _ledger(settings: Settings) -> None:
    open_ledger(settings).close()


def _bus(settings: Settings) -> None:
    told: list[str] = []
    reader = make_readers(settings, SystemClock(assume_synced=True), lambda _: None)[
        ReaderId("bus")
    ]
    reader.start(lambda event: told.extend([event.detail] if isinstance(event, ReaderLost) else []))
    reader.stop()
    if told:
        raise GateError(f"readers.bus.key: {told[0]}")


def _pin(settings: Settings) -> None:
    with_pin(planning.gate_plan(settings), settings)


def _duress(settings: Settings) -> None:
    with_duress(planning.gate_plan(settings), settings)


USED: dict[str, Callable[[Settings], object]] = {
    "desfire": _ask,
    "ntag424": _ask,
    "osdp": _bus,
    "ca": _connect,
    "cert": _connect,
    "password": make_broker,
    "centre": permits_of,
    "sip": _accounts,
    "pin": _pin,
    "duress": _duress,
    "reference": _ledger,
    "identity": make_identities,
}


@pytest.mark.parametrize("name", USED)
@pytest.mark.parametrize("text", [None, "no key"])
def test_the_daemon_says_the_same(file: Path, name: str, text: str | None) -> None:
    key = file.parent / "keys" / name
    key.unlink()
    if text is not None:
        key.write_text(text if name != "sip" else "a;b")
    if (name, text) == ("password", "no key"):
        key.write_bytes(b"\xff")
    told = only(found_in(file)).problem
    with pytest.raises(GateError) as said:
        USED[name](read(file))
    sentence = str(said.value)
    assert sentence.startswith(f"{PATHS[name]}: ")
    assert told.startswith(sentence.removeprefix(f"{PATHS[name]}: "))


def test_the_daemon_says_the_same_of_passes(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    (file.parent / "keys" / "pass").write_bytes(b"")
    told = only(found_in(file)).problem.partition(" (the gate works")[0]
    with caplog.at_level(logging.ERROR, "gate.passes"):
        judge_of(read(file))
    assert f"qr_passes.keys.k1: {told}" in caplog.text


def test_a_key_of_somebody_else_and_one_that_is_locked(file: Path) -> None:
    keys = file.parent / "keys"
    shutil.copy(keys / "screen-key", keys / "cert-key")
    fault = only(found_in(file))
    assert fault.path == "uplink.tls.cert"
    assert "belong together" in fault.problem
    locked = generate_private_key(SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"phrase")
    )
    (keys / "cert-key").write_bytes(locked)
    assert "is locked with a pass phrase" in only(found_in(file)).problem


def test_a_certificate_and_its_key_in_one_file(tmp_path: Path) -> None:
    pair = Authority(tmp_path).issue("n")
    both = tmp_path / "both.pem"
    both.write_bytes(pair.cert.read_bytes() + pair.key.read_bytes())
    add_chain(trusting(None), both, None)
    with pytest.raises(SettingsError, match="cannot be used"):
        add_chain(trusting(None), pair.cert, None)


def test_what_is_no_ordinary_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "large").open("wb") as large:
        large.truncate(LARGEST + 1)
    for place_, says in (
        (tmp_path / "pipe", "it is no ordinary file"),
        (Path("/dev/zero"), "it is no ordinary file"),
        (tmp_path, "Is a directory"),
        (tmp_path / "large", "too large"),
    ):
        with pytest.raises(SettingsError, match=says) as fault:
            contents(place_, "the key")
        assert str(place_) in str(fault.value)
    with pytest.raises(AbsentError):
        contents(tmp_path / "large" / "below", "the key")


@contextmanager
def somebody() -> Iterator[None]:
    """Meanwhile this process may not read what is root's."""
    me = os.geteuid()
    if me == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(me)


@pytest.mark.parametrize("name", PATHS)
def test_what_this_user_may_not_see_is_a_note(file: Path, name: str) -> None:
    # Read as its owner; a directory that nobody else may enter hides what is in it.
    keys = [key for key in examine(file).keys if key.path == PATHS[name]]
    (file.parent / "keys").chmod(0o700 if os.geteuid() == 0 else 0)
    with somebody():
        found = look(keys)
        strict = look(keys, daemon=True)
    (file.parent / "keys").chmod(0o700)
    (note,) = found.notes
    assert (note.path, note.line, note.column) == (PATHS[name], *place(name))
    assert "Permission denied; see who may read it" in note.problem
    assert found.faults == []
    elsewhere = name.startswith("s")
    assert len(strict.faults) == (not elsewhere), "what is hidden from the daemon stops it"


def handed(file: Path, name: str, owner: str) -> None:
    """Name a credential instead of the file."""
    text = file.read_text("utf-8")
    assert f"{{file: keys/{name}}}" in text
    file.write_text(text.replace(f"{{file: keys/{name}}}", f"{{credential: {owner}}}"), "utf-8")


def test_credentials_outside_of_the_service_are_notes(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    handed(file, "identity", "no-such-credential-here")
    found = found_in(file)
    (note,) = found.notes
    assert note.path == "identity_key"
    assert "no-such-credential-here is there only while the service runs" in note.problem
    assert found.faults == []
    assert not found.absent
    assert "LoadCredential=" in only(found_in(file, daemon=True)).problem


def test_credentials_inside_of_the_service_are_looked_at(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    handed(file, "identity", "id")
    fault = only(found_in(file))
    assert fault.path == "identity_key"
    assert f"there is no credential id in {tmp_path}" in fault.problem
    assert "LoadCredential=" in fault.problem
    with pytest.raises(SettingsError) as said:
        make_identities(read(file))
    assert str(said.value) == f"identity_key: {fault.problem}"
    (tmp_path / "id").write_text("short")
    assert "has 5 bytes" in only(found_in(file)).problem
    (tmp_path / "id").write_text("0123456789abcdef")
    assert found_in(file) == Findings()


def test_those_of_another_service_are_not_expected_here(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    handed(file, "sip", "intercom-password")
    found = found_in(file)
    assert [note.path for note in found.notes] == ["intercom.account.password"]
    assert found.faults == []


def test_a_secret_that_everybody_can_read(file: Path) -> None:
    keys = examine(file).keys
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        lie = [
            replace(key, secret=replace(key.secret, file=folder / key.secret.place().name))
            for key in keys
            if key.other is None
        ]
        for key in keys:
            name = key.secret.place().name
            shutil.copy(key.secret.place(), folder / name)
            (folder / name).chmod(0o644)
        found = look(lie, user="")
        assert found.faults == []
        public = {"qr_passes.keys.k1", "uplink.tls.ca"}
        assert {note.path for note in found.notes} == {key.path for key in lie} - public
        assert all("chmod o= " in note.problem for note in found.notes)
        folder.chmod(0o750)
        assert look(lie, user="").notes == [], "nobody gets at them"


def test_root_is_told_whom_it_forgot(file: Path) -> None:
    require("root")
    found = look(examine(file).keys, user="nobody")
    assert found.faults == []
    elsewhere = {PATHS[name] for name in PATHS if name.startswith("s")}
    assert {note.path for note in found.notes} == set(PATHS.values()) - elsewhere
    assert "nobody, who runs the daemon, may not" in found.notes[0].problem
    assert look(examine(file).keys, user="root").notes == []
