"""What the settings say of cards that prove themselves, and what becomes of it."""

from pathlib import Path

import pytest

from agent.core.ids import ReaderId
from agent.core.model import CardKind
from agent.errors import SettingsError
from agent.planning import gate_plan
from agent.proofs import make_prove
from agent.settings.masked import masked
from agent.settings.reader_secure import Authenticate, Diversify, Method
from agent.settings.readers import PcscReader
from agent.settings.reading import read
from agent.settings.summary import summary
from drivers.pcsc_card import Prove
from drivers.secure.cards import By
from tests.rigs.secure_cards import APPLICATION, DESFIRE_ATR, SecureCard, diversified
from tests.settings.pages import CONFIG, GOOD, MARK, faults_of, place_of_mark

SITE = bytes.fromhex("6A3F0C5581D24E97B0C1D2E3F4051627")
UID = bytes.fromhex("04A1B2C3D4E5F6")
NFC = 'out-1-nfc: {driver: pcsc, name: "ACS*"}'
ASKED = """out-1-nfc:
    driver: pcsc
    name: "ACS*"
    authenticate:
      desfire: {application: 'F52100', key: {file: site.key}}
"""


def asking(text: str) -> str:
    assert GOOD.count(NFC) == 1
    return GOOD.replace(NFC, text)


@pytest.mark.parametrize(
    ("text", "path", "problem"),
    [
        (
            asking(ASKED)
            .replace("desfire: {application: 'F52100', key: {file: site.key}}", "{}")
            .replace("authenticate:", MARK + "authenticate:"),
            "readers.out-1-nfc.authenticate",
            "knows no kind of card",
        ),
        (
            GOOD + f"cards:\n  {MARK}require_proof: [resident]\n",
            "cards.require_proof",
            "denied everywhere",
        ),
        (
            asking(ASKED).replace("'F52100'", MARK + "'F5210'"),
            "readers.out-1-nfc.authenticate.desfire.application",
            "does not fit",
        ),
        (
            asking(ASKED).replace("'F52100'", MARK + "100100"),
            "readers.out-1-nfc.authenticate.desfire.application",
            "text must stand here",
        ),
        (
            asking(ASKED).replace("key: {file: site.key}", MARK + "key: {}"),
            "readers.out-1-nfc.authenticate.desfire.key",
            "a secret needs one place",
        ),
        (
            asking(ASKED).replace("site.key}}", f"site.key}}, key_no: {MARK}14}}"),
            "readers.out-1-nfc.authenticate.desfire.key_no",
            "14 is outside the range",
        ),
        (
            asking(ASKED).replace("site.key}}", f"site.key}}, diversify: {MARK}an10921}}"),
            "readers.out-1-nfc.authenticate.desfire.diversify",
            "not one of the words",
        ),
        (
            asking(ASKED).replace("site.key}}", f"site.key}}, system: {MARK}'4E5'}}"),
            "readers.out-1-nfc.authenticate.desfire.system",
            "does not fit",
        ),
        (
            asking(ASKED) + "cards: {require_proof: [" + MARK + "residents]}\n",
            "cards.require_proof.0",
            "not one of the words",
        ),
    ],
)
def test_faults(tmp_path: Path, text: str, path: str, problem: str) -> None:
    (fault,) = faults_of(tmp_path, text)
    assert (fault.line, fault.column) == place_of_mark(text)
    assert fault.path == path
    assert problem in fault.problem
    assert fault.allowed


def test_no_proof_is_asked_for_unless_it_is_said(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(GOOD, encoding="utf-8")
    plan = gate_plan(read(file))
    assert plan.proved == frozenset()
    assert not any(each.needs_proof for each in plan.readers.values())


def test_the_example() -> None:
    settings = read(CONFIG / "proved-cards.yaml")
    plan = gate_plan(settings)
    assert plan.proved == {CardKind.RESIDENT, CardKind.STAFF}
    needs = {name: each.needs_proof for name, each in plan.readers.items()}
    assert needs == {ReaderId("in-1-nfc"): False, ReaderId("staff-nfc"): True}
    text = "\n".join(summary(settings))
    assert "cards that have to prove themselves: resident, staff" in text
    assert (
        "proof by DESFire F52100 (key 1, an10922) or NTAG 424 DNA (key 1, an10922), "
        "a number alone is allowed" in text
    )
    told = masked(settings)["readers"]["in-1-nfc"]["authenticate"]
    assert told["desfire"]["key"] == told["ntag424"]["key"] == "***"


def test_words_are_those_of_the_cards() -> None:
    assert {word.value for word in Diversify} == {each.value for each in By}
    assert {word.value for word in Method} == {"auto", "ev1", "ev2"}


def asked(folder: Path, key: str, more: str = "") -> Authenticate:
    (folder / "site.key").write_text(key, encoding="ascii")
    file = folder / "config.yaml"
    file.write_text(asking(ASKED).replace("site.key}}", f"site.key}}{more}}}"), encoding="utf-8")
    reader = read(file).readers["out-1-nfc"]
    assert isinstance(reader, PcscReader)
    assert reader.authenticate is not None
    return reader.authenticate


def proved(prove: Prove, card: SecureCard) -> str:
    return prove(UID, DESFIRE_ATR, card).proof.value


@pytest.mark.parametrize("end", ["", "\n", " \r\n"])
def test_the_key_of_the_file_is_the_key_of_the_cards(tmp_path: Path, end: str) -> None:
    prove = make_prove("nfc", asked(tmp_path, SITE.hex() + end))
    own = diversified(SITE, UID + APPLICATION)
    assert proved(prove, SecureCard("ev2", UID, own)) == "desfire"
    assert proved(prove, SecureCard("ev1", UID, own)) == "desfire"
    assert proved(prove, SecureCard("ev2", UID, SITE)) == "failed"


@pytest.mark.parametrize(
    ("more", "own", "kind"),
    [
        (", diversify: none", SITE, "ev2"),
        (", diversify: an10922-uid", diversified(SITE, UID), "ev2"),
        (", diversify: an10922-sent", diversified(SITE, UID + APPLICATION[::-1]), "ev2"),
        (", system: '6E6F'", diversified(SITE, UID + APPLICATION + b"no"), "ev1"),
        (", method: ev1", diversified(SITE, UID + APPLICATION), "ev1"),
    ],
)
def test_what_is_said_of_the_cards_holds(tmp_path: Path, more: str, own: bytes, kind: str) -> None:
    prove = make_prove("nfc", asked(tmp_path, SITE.hex(), more))
    assert proved(prove, SecureCard(kind, UID, own)) == "desfire"


def test_a_tag_is_asked_with_its_own_key(tmp_path: Path) -> None:
    (tmp_path / "tag.key").write_text(SITE.hex(), encoding="ascii")
    file = tmp_path / "config.yaml"
    text = "ntag424: {key: {file: tag.key}, key_no: 2}"
    whole = asking(ASKED).replace("desfire: {application: 'F52100', key: {file: site.key}}", text)
    file.write_text(whole, encoding="utf-8")
    reader = read(file).readers["out-1-nfc"]
    assert isinstance(reader, PcscReader)
    assert reader.authenticate is not None
    prove = make_prove("nfc", reader.authenticate)
    assert proved(prove, SecureCard("ntag424", UID, diversified(SITE, UID), 2)) == "ntag424"
    assert proved(prove, SecureCard("ntag424", UID, diversified(SITE, UID), 1)) == "failed"


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("6A3F", "32 hexadecimal digits"),
        ("6A3F0C5581D24E97B0C1D2E3F40516ZZ", "32 hexadecimal digits"),
        ("00" * 16, "from the factory"),
        ("\n", "is empty"),
    ],
)
def test_what_is_no_key_is_told_without_telling_it(tmp_path: Path, key: str, says: str) -> None:
    settings = asked(tmp_path, key)
    with pytest.raises(SettingsError, match=says) as fault:
        make_prove("nfc", settings)
    assert key.strip() == "" or key not in str(fault.value)


def test_a_key_that_is_not_there_is_told(tmp_path: Path) -> None:
    settings = asked(tmp_path, SITE.hex())
    (tmp_path / "site.key").unlink()
    with pytest.raises(SettingsError, match="cannot be read"):
        make_prove("nfc", settings)
