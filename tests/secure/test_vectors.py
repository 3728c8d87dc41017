"""Published values: NXP's application notes, and traces of real cards.

- AN12196 "NTAG 424 DNA and NTAG 424 DNA TagTamper features and hints", rev. 2.0: table 14
  (AuthenticateEV2First), 22 (ISOSelectFile) and 28 (GetCardUID);
- AN10922 "Symmetric key diversifications", 2.2.1 (AES-128);
- the trace of AuthenticateAES that Elmü published with his library for the DESFire EV1 ("DIY
  electronic RFID door lock", 2016), which other libraries keep as a test;
- RFC 4493, 4 (CMAC).
"""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.secure import aes, cards, ev1, ev2
from drivers.secure.ev2 import Session
from drivers.secure.talk import Talk
from tests.rigs.secure_cards import chain, diversified, mac, unchain

ZERO_KEY = bytes(16)


def hexed(text: str) -> bytes:
    return bytes.fromhex(text)


def replayed(talk: Talk[object], script: list[tuple[str, str]]) -> object:
    """What a talk comes to when it goes exactly as in the script: command, answer, and so on."""
    said: bytes | None = None
    try:
        for command, answer in script:
            sent = next(talk) if said is None else talk.send(said)
            assert sent == hexed(command)
            said = hexed(answer)
        assert said is not None
        talk.send(said)
    except StopIteration as end:
        return end.value
    pytest.fail("the talk goes on")


def test_an12196_table_14_authenticate_ev2_first() -> None:
    talk = ev2.authenticate(0, ZERO_KEY, hexed("13C5DB8A5930439FC3DEF9A4C675360F"))
    session = replayed(
        talk,
        [
            ("9071000002000000", "A04C124213C186F22399D33AC2A3021591AF"),
            (
                "90AF00002035C3E05A752E0144BAC0DE51C1F22C56B34408A23D8AEA266CAB947EA8E0118D00",
                "3FA64DB5446D1F34CD6EA311167F5E4985B89690C04A05F17FA7AB2F081206639100",
            ),
        ],
    )
    assert session == Session(
        hexed("1309C877509E5A215007FF0ED19CA564"),
        hexed("4C6626F5E72EA694202139295C7A7FC7"),
        hexed("9D00C4DF"),
    )


def test_an12196_table_28_get_card_uid() -> None:
    session = Session(
        hexed("2B4D963C014DC36F24F69A50A394F875"),
        hexed("379D32130CE61705DD5FD8C36B95D764"),
        hexed("DF055522"),
    )
    uid = replayed(
        ev2.card_uid(session),
        [
            (
                "90510000088E2C155ADDA99BE300",
                "70756055688505B52A5E26E59E329CD6595F672298EA41B79100",
            )
        ],
    )
    assert uid == hexed("04958CAA5C5E80")


def test_an12196_table_22_select() -> None:
    assert hexed("00A4040C07D276000085010100") == cards.NTAG_SELECT


def test_a_trace_of_authenticate_aes() -> None:
    talk = ev1.authenticate(0, ZERO_KEY, hexed("F44B26F5686F3A391CD38EBD10772281"))
    session = replayed(
        talk,
        [
            ("90AA0000010000", "B969FDFE56FD91FC9DE6F6F213B8FD1E91AF"),
            (
                "90AF00002036AAD7DF6E436BA08D18613830A70D5AD43E3D3F4A8D47541EEE623A934E477400",
                "800DB680BC146BD121D6578F2D2E20599100",
            ),
        ],
    )
    assert session == hexed("F44B26F5C05DDD7110772281C4D066E8")


SITE = hexed("00112233445566778899AABBCCDDEEFF")


def test_an10922_aes_128() -> None:
    by = "04782E21801D80" + "3042F5" + "4E585020416275"
    assert aes.diversify(SITE, hexed(by)) == hexed("A8DD63A3B89D54B37CA802473FDA9175")
    key = cards.SiteKey(0, SITE, system=b"NXP Abu")
    own = key.of(hexed("04782E21801D80"), hexed("3042F5"))
    assert own == hexed("A8DD63A3B89D54B37CA802473FDA9175")


@pytest.mark.parametrize(
    ("length", "key"),
    [
        (1, "281049D52ECBC8F60961993D34DE3D54"),
        (7, "E8B7F67C78C34AF1446E331EF7E6D3FF"),
        (15, "5A3C7F6F0687F24F82DEE7EDA0970D08"),
        (16, "FEED9FBD36CDB16819A72D30BCF9240B"),
        (31, "21C28CD89BB3147F66C7DBD4851CAB20"),
    ],
)
def test_an10922_with_short_and_long_inputs(length: int, key: str) -> None:
    """The values of another implementation: input 00 01 02 … under the key of the note."""
    by = bytes(range(length))
    assert aes.diversify(SITE, by).hex().upper() == key
    assert diversified(SITE, by).hex().upper() == key


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=1, max_size=31))
@example(bytes(16), bytes(7))
@example(b"\x01" * 16, bytes(7))
def test_both_sides_make_the_same_key_of_a_card(key: bytes, by: bytes) -> None:
    assert aes.diversify(key, by) == diversified(key, by)


@pytest.mark.parametrize("length", [0, 32])
def test_nothing_or_too_much_diversifies_no_key(length: int) -> None:
    with pytest.raises(ValueError, match="1 to 31 bytes"):
        aes.diversify(SITE, bytes(length))


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("", "BB1D6929E95937287FA37D129B756746"),
        ("6BC1BEE22E409F96E93D7E117393172A", "070A16B46B4D4144F79BDD9DD04A287C"),
        (
            "6BC1BEE22E409F96E93D7E117393172AAE2D8A571E03AC9C9EB76FAC45AF8E5130C81C46A35CE411",
            "DFA66747DE9AE63030CA32611497C827",
        ),
    ],
)
def test_rfc_4493(message: str, code: str) -> None:
    key = hexed("2B7E151628AED2A6ABF7158809CF4F3C")
    assert aes.cmac(key, hexed(message)) == hexed(code)
    assert mac(key, hexed(message)) == hexed(code)
    assert aes.short_mac(key, hexed(message)) == hexed(code)[1::2]


def test_the_card_of_the_tests_chains_as_we_do() -> None:
    plain, start = bytes(range(48)), bytes(range(16, 32))
    assert chain(SITE, plain, start) == aes.encrypt(SITE, plain, start)
    assert unchain(SITE, aes.encrypt(SITE, plain, start), start) == plain
    assert aes.decrypt(SITE, aes.encrypt(SITE, plain)) == plain
