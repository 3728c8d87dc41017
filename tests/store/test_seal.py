import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.entries import Entry, EntryType
from agent.core.model import ClockQuality
from agent.core.personal import Level, mask_name, shown
from agent.errors import StoreError
from agent.store.chain import commitment, digest, framed, short_sha256
from agent.store.seal import MAX_DATA, MAX_TEXT, Disclosure, Sealer
from tests.store.build import KEY, PERSON, at, granted


def sealed(level: Level, entry: Entry | None = None) -> dict[str, object]:
    found = Sealer(Disclosure(level, KEY)).seal(entry or granted("p1"))
    decoded = json.loads(found.data)
    assert decoded == found.decoded
    assert isinstance(decoded, dict)
    return decoded


def reference(credential: str) -> str:
    return "k1-" + hmac.new(KEY, credential.encode(), hashlib.sha256).hexdigest()[:16]


def test_what_is_seen_at_each_level() -> None:
    cardref = reference(PERSON["credential"])
    base = {"lane": "in-1", "card": "V-017", "passage": "p1"}
    masked = {"holder": "王**", "unit": "3-1201", "plate": "京A12345", "cardref": cardref}
    for level, expected in (
        (Level.NONE, {"cardref": cardref}),
        (Level.MASKED, masked),
        (Level.FULL, PERSON),
    ):
        data = sealed(level)
        promised = data.pop("commitments")
        assert data == base | expected
        assert isinstance(promised, dict)
        assert promised.keys() == PERSON.keys()


def test_what_is_unknown_is_never_shown() -> None:
    personal = {"phone": "13800138000", "holder": "李雷"}
    for level in Level:
        entry = Entry(EntryType.ACCESS_GRANTED, "lane/in-1", at(), {}, personal)
        data = Sealer(Disclosure(level, KEY)).seal(entry).data
        assert b"13800138000" not in data
        assert json.loads(data)["commitments"].keys() == personal.keys()


STAYS = ("phone", "idmask", "idhash", "description", "companions", "text_private", "document")


@pytest.mark.parametrize("level", list(Level))
def test_what_the_booth_writes_of_people_is_masked_or_stays_at_the_gate(level: Level) -> None:
    names = dict.fromkeys(("visitor", "host", "owner", "signatory", "driver"), "王小明")
    told = shown({**names, "company": "ACME", **dict.fromkeys(STAYS, "x")}, level, "")
    masked = dict.fromkeys(names, "王小明" if level is Level.FULL else "王**")
    assert told == ({} if level is Level.NONE else {**masked, "company": "ACME"})


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("王小明", "王**"),
        ("王明", "王**"),
        ("欧阳娜娜", "欧阳**"),
        ("欧阳", "欧**"),
        ("John Smith", "J***"),
        ("éric", "É***"),
        ("김철수", "김**"),
        ("𠮷田太郎", "𠮷**"),
        ("Ωmega", "Ω***"),
        ("Ａbe", "Ａ***"),
        ("  ", ""),
    ],
)
def test_masks(name: str, masked: str) -> None:
    assert mask_name(name) == masked


def test_reference_is_the_same_again_and_looks_like_no_credential() -> None:
    sealer = Sealer(Disclosure(Level.MASKED, KEY))
    first, again = sealer.cardref("uid:04A1B2C3"), sealer.cardref("uid:04A1B2C3")
    assert first == again == reference("uid:04A1B2C3")
    assert ":" not in first
    for n in range(3000):
        sealer.cardref(f"uid:{n:08X}")
    assert sealer.cardref("uid:04A1B2C3") == first


def test_short_key_is_refused_and_long_one_hashed() -> None:
    with pytest.raises(StoreError, match="at least 16"):
        Sealer(Disclosure(Level.MASKED, b"short"))
    key = b"x" * 100
    right = "k1-" + hmac.new(key, b"uid:04", hashlib.sha256).hexdigest()[:16]
    assert Sealer(Disclosure(Level.MASKED, key)).cardref("uid:04") == right


def test_commitments_are_salted_and_can_be_checked() -> None:
    sealer = Sealer(Disclosure(Level.NONE, KEY))
    seen = set()
    for _ in range(200):
        found = sealer.seal(granted("p"))
        promised = json.loads(found.data)["commitments"]
        for field, salt, value in found.personal:
            name = field.encode()
            raw = salt + len(name).to_bytes(4, "big") + name + value.encode()
            assert promised[field] == hashlib.sha256(raw).hexdigest()
            seen.add(salt)
    assert len(seen) == 200 * 4


def test_long_texts_are_clipped_and_marked() -> None:
    long = "x" * (MAX_TEXT + 1)
    entry = Entry(
        EntryType.READER_LOST, "r", at(), {"a": long, "b": [long, {"c": long}]}, {"holder": long}
    )
    data = sealed(Level.FULL, entry)
    clipped = "x" * (MAX_TEXT - 1) + "…"
    assert data["a"] == clipped
    assert data["b"] == [clipped, {"c": clipped}]
    assert data["holder"] == clipped


def test_too_much_data_names_the_field() -> None:
    entry = Entry(EntryType.READER_LOST, "r", at(), {"small": 1, "heap": ["y" * 250] * 70})
    with pytest.raises(StoreError, match=rf"at most {MAX_DATA}.*'heap'"):
        sealed(Level.FULL, entry)


def test_what_json_cannot_carry_is_refused() -> None:
    for value in (float("nan"), object(), b"bytes"):
        with pytest.raises(StoreError, match="JSON cannot carry"):
            sealed(Level.FULL, Entry(EntryType.READER_LOST, "r", at(), {"x": value}))


def test_names_that_clash_or_are_too_many_are_refused() -> None:
    clash = Entry(EntryType.ACCESS_GRANTED, "l", at(), {"holder": "x"}, {"holder": "y"})
    with pytest.raises(StoreError, match="stands in data"):
        sealed(Level.FULL, clash)
    many = Entry(EntryType.ACCESS_GRANTED, "l", at(), {}, {f"f{n}": "x" for n in range(33)})
    with pytest.raises(StoreError, match="at most 32"):
        sealed(Level.FULL, many)


def test_lone_surrogates_do_not_block_the_stream() -> None:
    entry = Entry(EntryType.READER_LOST, "r", at(), {"detail": "a\udcffb"}, {"holder": "x\ud800"})
    data = sealed(Level.FULL, entry)
    assert data["detail"] == "a?b"
    assert data["holder"] == "x?"


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=12), max_size=6))
def test_nothing_personal_is_seen_at_none(personal: dict[str, str]) -> None:
    assert set(shown(personal, Level.NONE, "k1-0")) <= {"cardref"}


@given(st.binary(max_size=400), st.text(max_size=40), st.text(max_size=40))
def test_hashes_are_those_of_the_standard(data: bytes, field: str, value: str) -> None:
    assert short_sha256(data).digest() == hashlib.sha256(data).digest()
    raw = b"s" * 16 + framed(field.encode()) + value.encode()
    assert commitment(b"s" * 16, field, value) == hashlib.sha256(raw).hexdigest()


def test_layout_of_the_chain() -> None:
    columns = [b"1", b"aabb", b"boot", b"5", b"6", b"7", b"synced", b"t", b"s", b"", b"c"]
    raw = b"\x01" + bytes(32)
    for part in (*columns, b"{}"):
        raw += len(part).to_bytes(4, "big") + part
    expected = hashlib.sha256(raw).digest()
    assert digest(bytes(32), [framed(part) for part in columns], b"{}") == expected
    assert ClockQuality.SYNCED.value == "synced"
