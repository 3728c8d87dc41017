"""The forms of one card's number, and how two readers are brought together.

Numbers printed on cards: the sheet of an EM4100 reader for five formats (02-6F-6C-3A), and what
four makes of controllers show for the UID 26DEFAE7.
"""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from drivers.wire.credential import (
    KEEPS,
    MATCHES,
    ORDERS,
    Form,
    agree,
    hint,
    looked_up,
    printed,
)

DIGITS = st.text("0123456789ABCDEF", min_size=1, max_size=40)
FORMS = st.builds(
    Form, st.sampled_from(ORDERS), st.sampled_from(KEEPS), st.sampled_from(("", "uid"))
)
UIDS = st.one_of(st.binary(min_size=4, max_size=4), st.binary(min_size=7, max_size=7))
FOUR = "04A1B2C3"
SEVEN = "04112233445566"


@pytest.mark.parametrize(
    ("form", "read", "is_then"),
    [
        (Form(), f"uid:{FOUR}", f"uid:{FOUR}"),
        (Form("reversed"), f"uid:{FOUR}", "uid:C3B2A104"),
        (Form(keep="first3"), f"uid:{FOUR}", "uid:04A1B2"),
        (Form(keep="last3"), f"uid:{FOUR}", "uid:A1B2C3"),
        (Form("reversed", "last3"), f"uid:{FOUR}", "uid:C3B2A1"),
        (Form(keep="first4"), f"uid:{SEVEN}", "uid:04112233"),
        (Form(keep="last4"), f"uid:{SEVEN}", "uid:33445566"),
        (Form(keep="cascade"), f"uid:{SEVEN}", "uid:88041122"),
        (Form("reversed", "cascade"), f"uid:{SEVEN}", "uid:22110488"),
        (Form(keep="cascade"), f"uid:{FOUR}", f"uid:{FOUR}"),
        (Form(keep="last4"), "w26:A1B2C3", "w26:A1B2C3"),
        (Form(scheme="uid"), "w34:04A1B2C3", f"uid:{FOUR}"),
        (Form("reversed", scheme="uid"), "w34:C3B2A104", f"uid:{FOUR}"),
        (Form("reversed"), "w37:123456789", "w37:8967452301"),
        (Form("reversed"), "w26:", "w26:00"),
    ],
)
def test_a_form(form: Form, read: str, is_then: str) -> None:
    assert form.text(read) == is_then


def test_only_the_default_is_plain() -> None:
    assert Form().plain
    assert not any(
        form.plain for form in (Form("reversed"), Form(keep="last3"), Form(scheme="uid"))
    )


@given(form=FORMS, digits=DIGITS)
def test_any_number_has_a_form_and_none_grows(form: Form, digits: str) -> None:
    scheme, shaped = form.shape("w26", digits)
    assert scheme == (form.scheme or "w26")
    assert shaped
    assert set(shaped) <= set("0123456789ABCDEF")
    assert len(shaped) <= len(digits) + 1
    if form.keep != "all":
        assert len(shaped) <= max(8, 2 * int(form.keep[-1]) if form.keep[-1].isdigit() else 8)


@given(data=st.binary(min_size=1, max_size=10))
def test_twice_reversed_is_as_read(data: bytes) -> None:
    digits = data.hex().upper()
    turned = Form("reversed")
    assert turned.shape("uid", turned.shape("uid", digits)[1]) == ("uid", digits)


def test_numbers_printed_on_cards() -> None:
    assert printed("01026F6C3A") == {
        "8H10D": "0040856634",
        "6H8D": "07302202",
        "2.4H.3.5D": "111,27706",
        "4.4H.5.5D": "00623,27706",
        "10H13D": "0004335823930",
    }
    assert printed("26DEFAE7")["8H10D"] == "0652147431"
    assert printed(Form("reversed").shape("uid", "26DEFAE7")[1])["8H10D"] == "3891977766"
    assert "10H13D" not in printed("26DEFAE7")


@pytest.mark.parametrize(
    ("number", "low32", "low24"),
    [
        ("em4100:0100CDA4EC", "em4100:00CDA4EC", "em4100:CDA4EC"),
        ("w26:CDA4EC", "w26:00CDA4EC", "w26:CDA4EC"),
        (f"uid:{SEVEN}", "uid:33445566", "uid:445566"),
    ],
)
def test_what_is_looked_up(number: str, low32: str, low24: str) -> None:
    assert [looked_up(number, match) for match in MATCHES] == [number, low32, low24]


AGREE = [
    ("the same number under two names", f"uid:{FOUR}", f"w34:{FOUR}",
     Form(), Form(scheme="uid"), "exact", 32),
    ("first byte lowest", f"uid:{FOUR}", "w34:C3B2A104",
     Form(), Form("reversed", scheme="uid"), "exact", 32),
    ("26 bits of it", f"uid:{FOUR}", "w26:A1B2C3", Form(), Form(), "low24", 24),
    ("26 bits of it, first byte lowest", f"uid:{FOUR}", "w26:B2A104",
     Form("reversed"), Form(), "low24", 24),
    ("26 bits of it, turned by the reader", f"uid:{FOUR}", "w26:C3B2A1",
     Form(), Form("reversed"), "low24", 24),
    ("EM4100 and 26 bits", "em4100:0100CDA4EC", "w26:CDA4EC", Form(), Form(), "low24", 24),
    ("EM4100 and 34 bits", "em4100:0112CDA4EC", "w34:12CDA4EC", Form(), Form(), "low32", 32),
    ("seven bytes, first four", f"uid:{SEVEN}", "w34:04112233",
     Form("reversed"), Form("reversed"), "low32", 32),
    ("seven bytes, first four, first byte lowest", f"uid:{SEVEN}", "w34:33221104",
     Form("reversed"), Form(), "low32", 32),
    ("seven bytes, last four", f"uid:{SEVEN}", "w34:33445566", Form(), Form(), "low32", 32),
    ("seven bytes, cascade level", f"uid:{SEVEN}", "w34:88041122",
     Form(keep="cascade"), Form(scheme="uid"), "exact", 32),
    ("seven bytes, cascade level, first byte lowest", f"uid:{SEVEN}", "w34:22110488",
     Form(keep="cascade"), Form("reversed", scheme="uid"), "exact", 32),
    ("the same reader twice", f"uid:{SEVEN}", f"uid:{SEVEN}", Form(), Form(), "exact", 56),
]  # fmt: skip


@pytest.mark.parametrize("case", AGREE, ids=[case[0] for case in AGREE])
def test_two_readers_agree(case: tuple[str, str, str, Form, Form, str, int]) -> None:
    _, one, two, first, second, match, bits = case
    best = agree([(one, two)])[0]
    assert (best.first, best.second, best.match, best.bits) == (first, second, match, bits)


def finds(first: Form, second: Form, match: str, one: str, two: str) -> bool:
    """Does the second reader's look-up find what the first put into the roster? Said anew."""
    stored, asked = first.text(one), second.text(two)
    if match == "exact":
        return stored == asked
    mask = 0xFFFFFFFF if match == "low32" else 0xFFFFFF
    return int(stored.split(":")[1], 16) & mask == int(asked.split(":")[1], 16) & mask


@given(uids=st.lists(UIDS, min_size=1, max_size=4), one=FORMS, two=FORMS)
def test_every_proposal_finds_every_card(uids: list[bytes], one: Form, two: Form) -> None:
    pairs = [
        (one.text(f"uid:{uid.hex().upper()}"), two.text(f"w34:{uid.hex().upper()}")) for uid in uids
    ]
    for each in agree(pairs):
        assert each.bits >= 24
        assert all(finds(each.first, each.second, each.match, *pair) for pair in pairs)


@given(
    uids=st.lists(st.binary(min_size=4, max_size=4), min_size=2, max_size=3, unique=True),
    order=st.sampled_from(ORDERS),
)
def test_settings_learned_from_some_cards_hold_for_others(uids: list[bytes], order: str) -> None:
    *seen, other = uids
    assume(all(len(set(uid)) == 4 for uid in seen))

    def second(uid: bytes) -> str:
        return "w34:" + (uid if order == "as_read" else uid[::-1]).hex().upper()

    best = agree([(f"uid:{uid.hex().upper()}", second(uid)) for uid in seen])[0]
    assert finds(best.first, best.second, best.match, f"uid:{other.hex().upper()}", second(other))


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([("uid:04A1B2C3", "w26:5E4D3C")], "D0 and D1"),
        ([("uid:04A1B2C3", "w26:11B2C3")], "facility code"),
        ([("uid:04A1B2C3", "w26:854DC3")], "opposite order"),
        ([("uid:04A1B2C3", "w26:123456")], ""),
        ([], ""),
    ],
)
def test_why_two_readers_do_not_agree(pairs: list[tuple[str, str]], words: str) -> None:
    assert agree(pairs) == []
    assert words in hint(pairs)
    assert bool(words) == bool(hint(pairs))


def test_two_cards_settle_what_one_leaves_open() -> None:
    same_both_ways = ("uid:04A1A104", "w34:04A1A104")
    assert agree([same_both_ways])[0].second.byte_order == "as_read"
    best = agree([same_both_ways, (f"uid:{FOUR}", "w34:C3B2A104")])[0]
    assert best.second == Form("reversed", scheme="uid")


@given(
    texts=st.lists(
        st.tuples(*(st.builds("{}:{}".format, st.sampled_from(("w", "uid")), DIGITS),) * 2),
        max_size=3,
    )
)
def test_nothing_raises(texts: list[tuple[str, str]]) -> None:
    assert agree(texts) == agree(list(texts))
    assert isinstance(hint(texts), str)
