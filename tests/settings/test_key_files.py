"""Which key files a page names, and where; nothing is opened for that."""

import json
from pathlib import Path

import pytest

from agent.settings.key_files import KeyFile, Kind
from agent.settings.reading import examine
from agent.settings.schema import json_schema
from tests.settings.key_page import PAGE, PATHS, place
from tests.settings.pages import CONFIG


def keys_of(folder: Path, text: str) -> list[KeyFile]:
    file = folder / "gate.yaml"
    file.write_text(text, "utf-8")
    return list(examine(file).keys)


def test_every_key_is_found_where_it_is_named(tmp_path: Path) -> None:
    keys = keys_of(tmp_path, PAGE)
    assert {key.path: (key.at.line, key.at.column) for key in keys} == {
        path: place(name) for name, path in PATHS.items()
    }
    assert [key.path for key in keys] == list(PATHS.values()), "in the order of the file"
    assert {key.path: key.secret.place() for key in keys} == {
        path: tmp_path / "keys" / name for name, path in PATHS.items()
    }
    assert {key.kind for key in keys} == set(Kind) - {Kind.SOUNDS}, "a folder, and no key"


def test_a_new_setting_with_a_secret_has_to_be_found_too() -> None:
    schema = json.loads(json_schema())
    found = set()
    for name, part in [("Settings", schema), *schema["$defs"].items()]:
        for key, value in part["properties"].items():
            if '"#/$defs/Secret"' in json.dumps(value):
                found.add(f"{name}.{key}")
    assert found == {
        "Account.password",
        "Client.keys",
        "DesfireCards.key",
        "Duress.pin",
        "Keys.secret_pin",
        "Ntag424Cards.key",
        "OsdpReader.key",
        "Settings.card_reference_key",
        "Settings.identity_key",
        "Uplink.password",
    }, "name it in rules_uplink.secrets_of, and put it into key_page.PAGE"


@pytest.mark.parametrize("example", sorted(CONFIG.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_examples_are_read_without_their_keys(example: Path) -> None:
    found = examine(example)
    assert found.settings is not None
    text = example.read_text("utf-8")
    assert all(key.secret.place().name in text for key in found.keys)


def test_credentials_are_known_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/handed/over")
    text = PAGE.replace("{file: keys/identity}", "{credential: id}").replace(
        "ca: keys/ca", "ca: credential:mqtt-ca"
    )
    found = {key.path: key.secret for key in keys_of(tmp_path, text)}
    assert found["identity_key"].credential == Path("/handed/over/id")
    assert found["uplink.tls.ca"].credential == Path("/handed/over/mqtt-ca")
    assert found["uplink.tls.cert"].credential is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("identity_key: {file: keys/identity}", "identity_key: {}"),
        ("identity_key: {file: keys/identity}", "identity_key: {file: a, credential: b}"),
        ("identity_key: {file: keys/identity}", "identity_key: {file: [keys/identity]}"),
        ("identity_key: {file: keys/identity}", "identity_key: {credential: a/b}"),
        ("identity_key: {file: keys/identity}", "identity_key: {fiel: keys/identity}"),
        ("identity_key: {file: keys/identity}", "identity_key: 0123456789abcdef"),
    ],
)
def test_what_is_not_told_as_a_key_is_a_fault_of_the_page(
    tmp_path: Path, old: str, new: str
) -> None:
    keys = keys_of(tmp_path, PAGE.replace(old, new))
    assert len(keys) == len(PATHS) - 1
    assert "identity_key" not in {key.path for key in keys}
    assert examine(tmp_path / "gate.yaml").faults


def test_what_stands_behind_a_broken_line_is_not_believed(tmp_path: Path) -> None:
    broken = PAGE.replace("qr_passes: {", "qr_passes: [")
    found = {key.path for key in keys_of(tmp_path, broken)}
    assert "readers.bus.key" in found
    assert "identity_key" not in found


def test_keys_of_two_readers_by_one_anchor(tmp_path: Path) -> None:
    shared = PAGE.replace("ntag424: {key: {file: keys/ntag424}}", "ntag424: {key: *k}").replace(
        "key: {file: keys/desfire}}", "key: &k {file: keys/desfire}}"
    )
    found = [key for key in keys_of(tmp_path, shared) if key.kind is Kind.SITE]
    assert [key.path.rpartition(".")[0].rpartition(".")[2] for key in found] == [
        "desfire",
        "ntag424",
    ]
    assert len({(key.at.line, key.at.column) for key in found}) == 1
