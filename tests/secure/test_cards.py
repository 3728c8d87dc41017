"""Whole talks with cards of the rig, with what only looks like one, and with any nonsense."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.secure.cards import By, Desfire, Ntag424, SiteKey, random_uid
from drivers.secure.talk import Talk, TornError, UnprovedError, lead
from tests.rigs.secure_cards import APPLICATION, SecureCard, diversified

SITE = bytes.fromhex("6A3F0C5581D24E97B0C1D2E3F4051627")
OTHER = bytes.fromhex("6A3F0C5581D24E97B0C1D2E3F4051628")
UID = bytes.fromhex("04A1B2C3D4E5F6")
RANDOM = bytes.fromhex("08A1B2C3")
CHANCE = bytes(range(100, 116))
KINDS = ["ev1", "ev2", "ntag424"]

KEY = SiteKey(1, SITE)
DESFIRE = Desfire(APPLICATION, KEY)
NTAG = Ntag424(KEY)
OWN = {kind: diversified(SITE, UID + (b"" if kind == "ntag424" else APPLICATION)) for kind in KINDS}


def site(kind: str) -> Desfire | Ntag424:
    return NTAG if kind == "ntag424" else DESFIRE


def card(kind: str, **more: Any) -> SecureCard:
    return SecureCard(kind, UID, OWN[kind], 1, **more)


def held(to: Desfire | Ntag424, one: Callable[[bytes], bytes], shown: bytes = UID) -> bytes | None:
    return lead(to.talk(shown, CHANCE), one)


def heard(one: SecureCard) -> tuple[Callable[[bytes], bytes], list[bytes]]:
    commands: list[bytes] = []

    def hear(command: bytes) -> bytes:
        commands.append(command)
        return one(command)

    return hear, commands


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_of_the_site_proves_its_number(kind: str) -> None:
    one = card(kind)
    assert held(site(kind), one) == UID
    assert one.proved == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_with_another_key_proves_nothing(kind: str) -> None:
    stranger = card(kind)
    stranger.key = diversified(OTHER, UID)
    with pytest.raises(UnprovedError, match="its key is another one"):
        held(site(kind), stranger)
    assert stranger.proved == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_of_the_site_that_shows_another_number_is_seen(kind: str) -> None:
    """Whoever owns one card of a site cannot pass with the number of somebody else."""
    undiversified = replace(KEY, by=By.NONE)
    to = replace(site(kind), key=undiversified)
    one = SecureCard(kind, UID, SITE, 1)
    assert held(to, one) == UID
    with pytest.raises(UnprovedError, match="another number than its own"):
        held(to, one, bytes.fromhex("04A1B2C3D4E5F7"))
    with pytest.raises(UnprovedError, match="its key is another one"):
        held(site(kind), card(kind), bytes.fromhex("04A1B2C3D4E5F7"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_random_number_is_replaced_by_the_true_one(kind: str) -> None:
    one = SecureCard(kind, UID, SITE, 1)
    assert held(replace(site(kind), key=replace(KEY, by=By.NONE)), one, RANDOM) == UID
    with pytest.raises(UnprovedError, match="switch the random UID off"):
        held(site(kind), card(kind), RANDOM)


def test_what_is_random() -> None:
    assert random_uid(RANDOM)
    assert not random_uid(UID)
    assert not random_uid(bytes.fromhex("B0864D25"))


@pytest.mark.parametrize(
    ("by", "told"),
    [
        (By.WRITTEN, UID + APPLICATION + b"estate"),
        (By.SENT, UID + APPLICATION[::-1] + b"estate"),
        (By.UID, UID + b"estate"),
    ],
)
def test_ways_to_diversify(by: By, told: bytes) -> None:
    key = SiteKey(0, SITE, by, b"estate")
    assert key.of(UID, APPLICATION) == diversified(SITE, told)
    assert held(Desfire(APPLICATION, key), SecureCard("ev2", UID, diversified(SITE, told))) == UID


def test_an_old_card_is_asked_the_old_way_only_if_that_is_allowed() -> None:
    one, only_new = card("ev1"), replace(DESFIRE, methods=frozenset({"ev2"}))
    hear, commands = heard(one)
    assert held(DESFIRE, hear) == UID
    assert [command[1] for command in commands] == [0x5A, 0x71, 0xAA, 0xAF, 0x51]
    with pytest.raises(UnprovedError, match="does not know the command"):
        held(only_new, one)


def test_a_new_card_can_be_asked_the_old_way() -> None:
    only_old = replace(DESFIRE, methods=frozenset({"ev1"}))
    hear, commands = heard(card("ev2"))
    assert held(only_old, hear) == UID
    assert [command[1] for command in commands] == [0x5A, 0xAA, 0xAF, 0x51]
    with pytest.raises(UnprovedError, match="wants no AES"):
        held(only_old, card("ev2", old=False))


def test_a_card_without_the_application_is_no_card_of_that_kind() -> None:
    assert held(DESFIRE, card("ev2", application=b"\x00\x00\x01")) is None
    assert held(DESFIRE, card("ntag424")) is None
    assert held(NTAG, card("ev2")) is None
    assert held(NTAG, lambda _: b"\x6d\x00") is None


def test_a_key_that_the_card_does_not_have() -> None:
    with pytest.raises(UnprovedError, match="no key of this number"):
        held(replace(DESFIRE, key=replace(KEY, number=2)), card("ev2"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("last", range(6))
def test_a_card_that_leaves_is_torn_and_not_forged(kind: str, last: int) -> None:
    def leaves(number: int, answer: bytes) -> bytes:
        return answer if number <= last else b""

    one = card(kind, spoil=leaves)
    if last >= (5 if kind == "ev1" else 4):
        assert held(site(kind), one) == UID
    else:
        with pytest.raises(TornError):
            held(site(kind), one)


@pytest.mark.parametrize("shown", [UID, RANDOM])
@pytest.mark.parametrize("kind", KINDS)
def test_no_byte_of_the_proof_can_be_changed(kind: str, shown: bytes) -> None:
    """Every byte of every answer, status included; also where no shown number is there to tell."""
    to = replace(site(kind), key=replace(KEY, by=By.NONE))
    lengths: list[int] = []

    def count(_number: int, answer: bytes) -> bytes:
        lengths.append(len(answer))
        return answer

    assert held(to, SecureCard(kind, UID, SITE, 1, spoil=count), shown) == UID
    first = next(number for number, length in enumerate(lengths, 1) if length > 2)
    for number in range(first, len(lengths) + 1):
        for at in range(lengths[number - 1]):
            one = SecureCard(kind, UID, SITE, 1, spoil=_spoiling(number, at))
            with pytest.raises(UnprovedError):
                held(to, one, shown)


def _spoiling(number: int, at: int) -> Callable[[int, bytes], bytes]:
    """Another byte at this place of this answer."""

    def spoil(which: int, answer: bytes) -> bytes:
        if which != number:
            return answer
        return answer[:at] + bytes((answer[at] ^ 1,)) + answer[at + 1 :]

    return spoil


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_whose_own_number_has_another_length_is_told(kind: str) -> None:
    """Nothing is cut off or filled up: what is no number of 7 bytes is none."""
    one = SecureCard(kind, UID + b"\x01", SITE, 1)
    with pytest.raises(UnprovedError, match="number"):
        held(replace(site(kind), key=replace(KEY, by=By.NONE)), one, RANDOM)


@given(
    st.sampled_from(KINDS),
    st.integers(2, 5),
    st.binary(max_size=40),
    st.sampled_from([b"", b"\x91\x00", b"\x91\xaf", b"\x90\x00", b"\x91\xae"]),
)
def test_an_answer_put_in_by_somebody_else_proves_nothing(
    kind: str, number: int, data: bytes, status: bytes
) -> None:
    one = card(kind, spoil=lambda which, answer: data + status if which == number else answer)
    try:
        told = held(site(kind), one)
    except (TornError, UnprovedError):
        return
    assert one.answers < number, "nothing was put in"
    assert told == UID


ANSWERS = st.lists(
    st.builds(
        lambda data, status: data + status,
        st.one_of(st.sampled_from([b"", bytes(16), bytes(24), bytes(32)]), st.binary(max_size=70)),
        st.sampled_from([b"\x91\x00", b"\x91\xaf", b"\x90\x00", b"\x91\x1c", b"\x6a\x82", b""]),
    ),
    max_size=8,
)


@given(st.sampled_from([DESFIRE, NTAG]), ANSWERS, st.binary(min_size=4, max_size=10))
def test_no_answers_make_a_talk_raise_anything_else(
    to: Desfire | Ntag424, answers: list[bytes], uid: bytes
) -> None:
    each = iter(answers)
    said = ""
    try:
        told = lead(to.talk(uid, CHANCE), lambda _: next(each, b""))
    except (TornError, UnprovedError) as fault:
        said, told = str(fault).lower(), None
    assert told is None
    assert SITE.hex() not in said
    assert uid.hex() not in said


def test_a_fault_of_the_way_to_the_card_goes_through_and_ends_the_talk() -> None:
    ended: list[bool] = []

    def talk() -> Talk[int]:
        try:
            yield b"\x00"
        finally:
            ended.append(True)
        return 1

    def broken(_command: bytes) -> bytes:
        raise OSError("the reader is gone")

    with pytest.raises(OSError, match="gone"):
        lead(talk(), broken)
    assert ended == [True]


WRONG: list[tuple[Callable[[], object], str]] = [
    (lambda: SiteKey(0, SITE[:15]), "16 bytes, not 15"),
    (lambda: SiteKey(14, SITE), "keys 0 to 13"),
    (lambda: SiteKey(-1, SITE), "keys 0 to 13"),
    (lambda: SiteKey(0, SITE, system=bytes(22)), "21 bytes at most"),
    (lambda: Desfire(b"\x01", KEY), "3 bytes"),
    (lambda: Desfire(APPLICATION, KEY, frozenset()), "ev1, ev2 or both"),
    (lambda: Desfire(APPLICATION, KEY, frozenset({"ev3"})), "ev1, ev2 or both"),
]


@pytest.mark.parametrize(("make", "says"), WRONG)
def test_what_cannot_be_meant_is_refused(make: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()


def test_the_key_shows_nowhere() -> None:
    for shown in (repr(KEY), repr(DESFIRE), repr(NTAG)):
        assert SITE.hex() not in shown.lower()
        assert repr(SITE) not in shown


@pytest.mark.parametrize("kind", KINDS)
def test_the_card_of_the_rig_is_strict(kind: str) -> None:
    """What it refuses, so that the talks above prove something."""
    one = card(kind)
    hello = bytes.fromhex("90AA0000010100" if kind == "ev1" else "9071000002010000")
    assert one(hello)[-2:] == b"\x91\x9d"
    held(site(kind), one)
    assert one(bytes.fromhex("9051000000"))[-2:] != b"\x91\x00"
    assert one(b"\x90\xaf\x00\x00\x20" + bytes(33))[-2:] == b"\x91\x1c"
    assert one(b"\x00\xb0\x00\x00\x00") == b"\x6e\x00"
