"""Formats that an installer writes."""

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.wire import wiegand_format
from drivers.wire.frame import Fault, Frame
from drivers.wire.registry import (
    WIEGAND,
    BitDecoder,
    Options,
    make_decoder,
    wiegand_meaning,
)
from drivers.wire.wiegand import H10302, H10304, judge
from drivers.wire.wiegand_format import FormatError, Layout, meaning, parse
from tests.wire.makers import FORMATS, PLACES, collect, cut, faults, frames, wiegand

SWAP = str.maketrans("01", "10")

# The built-in formats, drawn as their makers draw them.
DRAWN = {
    26: wiegand_format.H10301,
    34: f"P{'F' * 16}{'C' * 16}P E{'X' * 16}{'.' * 17} {'.' * 17}{'X' * 16}O",
    36: f"P{'F' * 16}{'C' * 16}MMP O{'X' * 17}{'.' * 18} {'.' * 18}{'X' * 17}E",
    37: f"P{'F' * 16}{'C' * 19}P E{'X' * 18}{'.' * 18} {'.' * 18}{'X' * 18}O",
}
# HID Corporate 1000, 35 bits: the first parity covers the two others.
CORPORATE = f"""
PPFFFFFFFFFFFFCCCCCCCCCCCCCCCCCCCCP
.E{"XX." * 11}
{"." * 1}{"XX." * 11}O
O{"X" * 34}
"""

# A busy machine makes examples slowly.
BUSY = settings(suppress_health_check=[HealthCheck.too_slow])


def settle(layout: Layout, bits: str) -> str:
    """The card with every parity right: each is tried until all hold."""
    cards = [bits]
    for parity in layout.parities:
        flipped = [
            card[: parity.place] + "10"[int(card[parity.place])] + card[parity.place + 1 :]
            for card in cards
        ]
        cards += flipped
    return next(card for card in cards if all(layout.parity(card)))


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    """Any format with up to three parities."""
    size = draw(st.integers(8, 64))
    letters = draw(st.lists(st.sampled_from("FCIM.01"), min_size=size, max_size=size))
    letters[draw(st.integers(0, size - 1))] = "C"
    number = letters.index("C")
    places = draw(st.lists(st.integers(0, size - 1), max_size=3, unique=True))
    masks = []
    for place in (place for place in places if place != number):
        letters[place] = "P"
        mask = draw(st.lists(st.sampled_from("X."), min_size=size, max_size=size))
        mask[number] = "X"
        mask[place] = draw(st.sampled_from("EO"))
        masks.append("".join(mask))
    return parse(" ".join(["".join(letters), *masks]))


@given(st.sampled_from(sorted(FORMATS)), st.integers(0, 2**35 - 1), st.integers(0, 40))
def test_a_drawn_format_is_the_built_in_one(size: int, number: int, place: int) -> None:
    span, odd_first = FORMATS[size]
    data = f"{number % (1 << (size - 2)):0{size - 2}b}"
    bits = wiegand(data, span, odd_first=odd_first)
    if place < size:
        bits = bits[:place] + "10"[int(bits[place])] + bits[place + 1 :]
    for card in (bits, bits.translate(SWAP)):
        drawn = judge("x", parse(DRAWN[size]), card, b"", {})
        built_in = judge("x", WIEGAND[f"wiegand-{size}"], card, b"", {})
        assert type(drawn) is type(built_in)
        if isinstance(drawn, Frame) and isinstance(built_in, Frame):
            assert drawn.credential == built_in.credential
        if isinstance(drawn, Fault) and isinstance(built_in, Fault):
            assert (drawn.reason, drawn.detail) == (built_in.reason, built_in.detail)


@BUSY
@given(layouts(), st.data())
def test_what_is_written_is_read(layout: Layout, data: st.DataObject) -> None:
    bits = "".join(
        letter if letter in "01" else data.draw(st.sampled_from("01")) for letter in layout.letters
    )
    if not all(layout.parity(bits)):
        flips = [parity.place for parity in layout.parities]
        if any(flip in parity.covers for parity in layout.parities for flip in flips):
            return
        bits = settle(layout, bits)
    one = judge("x", layout, bits, b"", {})
    assert isinstance(one, Frame)
    scheme, _, digits = one.credential.partition(":")
    assert scheme == f"w{layout.bits}"
    data_bits = "".join(b for b, k in zip(bits, layout.letters, strict=True) if k in "FCIM")
    assert int(digits, 16) == int(data_bits, 2)
    assert len(digits) == -(-len(data_bits) // 4)


@BUSY
@given(layouts(), st.text("01", min_size=1, max_size=70))
def test_any_bits_are_a_frame_or_a_fault(layout: Layout, bits: str) -> None:
    one = judge("x", layout, bits, b"", {})
    good = len(bits) == layout.bits and all(layout.parity(bits)) and not layout.stray(bits)
    assert isinstance(one, Frame) is good
    if good and layout.shows_swap:
        assert isinstance(judge("x", layout, bits.translate(SWAP), b"", {}), Fault)
    if isinstance(one, Fault) and one.reason == "d0_d1_swapped":
        assert isinstance(judge("x", layout, bits.translate(SWAP), b"", {}), Frame)


@given(st.text(max_size=60) | st.text("PFCIM01.EOX \n", max_size=120))
def test_no_text_makes_it_raise_anything_else(text: str) -> None:
    with suppress(FormatError):
        layout = parse(text)
        assert isinstance(judge("x", layout, "1" * layout.bits, b"", {}), Frame | Fault)


def test_corporate_1000() -> None:
    layout = parse(CORPORATE)
    assert layout.told() == "35 bits, 12 of facility, 20 of card, 3 parities"
    # Facility 1, card 1: the data bits 12 and 32 of 32 are set.
    bits = "00" + f"{1:012b}{1:020b}" + "0"
    card = settle(layout, bits)
    one = judge("x", layout, card, b"", {})
    assert isinstance(one, Frame)
    assert one.credential == "w35:00100001"
    assert {"facility": 1, "card": 1}.items() <= one.fields.items()
    wrong = judge("x", layout, "10"[int(card[0])] + card[1:], b"", {})
    assert isinstance(wrong, Fault)
    assert (wrong.reason, wrong.detail[:23]) == ("bad_parity", "one parity bit is wrong")
    worse = judge("x", layout, card[:13] + "0" + card[14:], b"", {})
    assert isinstance(worse, Fault)
    assert worse.reason == "bad_parity"
    assert "parity bits are wrong" in worse.detail


def test_fixed_bits() -> None:
    layout = parse("10CCCCCCCC")
    assert layout.shows_swap
    assert layout.told() == "10 bits, 8 of card, no parities"
    assert frames([judge("x", layout, "1011110000", b"", {})]) == ["w10:F0"]
    (swapped, other) = (judge("x", layout, bits, b"", {}) for bits in ("0100001111", "1111110000"))
    assert faults([swapped, other]) == ["d0_d1_swapped", "no_match"]
    assert isinstance(other, Fault)
    assert other.detail == "bit 2 is 1 where the format has 0: another format"


def test_swapped_wires_that_cannot_be_seen_are_told_beforehand() -> None:
    assert not parse(DRAWN[36]).shows_swap
    assert parse(DRAWN[26]).shows_swap
    assert not parse("CCCCCCCC").shows_swap


WRONG = {
    "": "a layout of 0 bits is none",
    "FFCC": "a layout of 4 bits is none",
    "C" * 201: "a layout of 201 bits is none",
    "C" * 13_000: "a format of more than 12000 characters",
    "FFFFZCCC": "character 5 of the layout is 'Z', which is no kind of bit",
    "10101010": "the layout has no number",
    "PCCCCCCC": "bit 1 is a parity bit (P) and no line below the layout has E or O there: what it "
    "covers is not told",
    "PCCCCCCC EXXXXXXX OXXXXXXX": "bit 1 is the parity of two lines",
    "PCCCCCCC E......": "line 2 has 7 characters, the layout 8",
    "PCCCCCCC E.......": "the parity of line 2 covers nothing",
    "PCCCCCCC XXXXXXXX": "line 2 has 0 parity bits (E or O)",
    "PCCCCCCC EXXXXXXO": "line 2 has 2 parity bits (E or O)",
    "PCCCCCCC EXXXXXXX .EXXXXXX": "line 3 has its parity bit at 2, where the layout has 'C'",
    "PCCCCCCC EXXPXXXX": "character 4 of line 2 is 'P', which says nothing of a parity",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_told_with_its_place(text: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse(text)
    assert caught.value.problem == WRONG[text]
    assert caught.value.allowed


def test_small_letters_and_any_white_space_will_do() -> None:
    assert parse("pccccccc\n  exxxxxxx\r\n") == parse("PCCCCCCC EXXXXXXX")


def test_the_readings_of_37_bits() -> None:
    bits = "0010110000100101000101011100101000000"  # published: a ValuProx card
    both = make_decoder("wiegand-37")
    assert isinstance(both, BitDecoder)
    (one,) = both.feed_bits(bits)
    for name, form in (("h10302", H10302), ("H10304 ", H10304)):
        assert meaning(name) is form
        chosen = make_decoder("wiegand-37", Options(format=name.strip().lower()))
        assert isinstance(chosen, BitDecoder)
        (told,) = chosen.feed_bits(bits)
        assert isinstance(told, Frame)
        assert isinstance(one, Frame)
        assert told.credential == one.credential
        chosen_only = set(told.fields) - set(one.fields)
        assert (chosen_only, told.fields["format"]) == ({"format"}, name.strip().upper())
        assert "formats" not in told.fields
    with pytest.raises(FormatError, match="'h10301' is no format of wiegand-37"):
        wiegand_meaning("wiegand-37", "h10301")
    with pytest.raises(FormatError, match="is no format of wiegand-26") as caught:
        wiegand_meaning("wiegand-26", "h10302")
    assert caught.value.allowed == "no format for wiegand-26"
    with pytest.raises(KeyError):
        wiegand_meaning("em4100-ascii")
    assert meaning("CCCCCCCC") == parse("CCCCCCCC")


@given(st.lists(st.integers(0, 2**32 - 1), max_size=4), PLACES)
def test_lines_of_a_custom_format_in_any_pieces(numbers: list[int], places: list[int]) -> None:
    layout = parse(CORPORATE)
    cards = [settle(layout, f"00{number:032b}0") for number in numbers]
    lines = [
        card if number % 2 else f"{int(card, 2):010X}"
        for number, card in zip(numbers, cards, strict=True)
    ]
    stream = "".join(f"{line}\r\n" for line in lines).encode()
    decoder = make_decoder("wiegand-custom", Options(format=CORPORATE))
    found = collect(decoder, cut(stream, places))
    assert frames(found) == [f"w35:{number:08X}" for number in numbers]
    assert {one.protocol for one in found if isinstance(one, Frame)} <= {"wiegand-custom"}


def test_a_long_format_has_room_on_its_line() -> None:
    decoder = make_decoder("wiegand-custom", Options(format="C" * 200))
    found = collect(decoder, [b"1" * 200 + b"\n", b"1" * 300 + b"\n"])
    assert frames(found) == ["w200:" + "F" * 50]
    assert faults(found) == ["too_long"]
