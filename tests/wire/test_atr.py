"""Published rows are of pcsc-tools' list, of liblogicalaccess' tests or of PC/SC part 3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.wire.atr import Atr, card_name, parse, stores_only

PUBLISHED = [
    ("3B8F8001804F0CA000000306030001000000006A", "MIFARE Classic 1K"),
    ("3B8F8001804F0CA0000003060300020000000069", "MIFARE Classic 4K"),
    ("3B8F8001804F0CA0000003060300030000000068", "MIFARE Ultralight"),
    ("3B8F8001804F0CA000000306030002000000006B", "MIFARE Classic 4K"),  # its check byte is wrong
    ("3B8F8001804F0CA0000003060A001A0000000078", "PicoPass 16KS"),
    ("3B8F8001804F0CA0000003060A0018000000007A", "PicoPass 2KS"),
    ("3B8F8001804F0CA0000003060A001C000000007E", "PicoPass 16KS (8x2)"),
    ("3B8F8001804F0CA0000003060B00140000000077", "ICODE SLI"),
    ("3B8F8001804F0CA00000030603003A0000000051", "MIFARE Ultralight C"),
    ("3B8F8001804F0CA00000030603F011000000008A", "FeliCa 212K"),
    ("3B8F8001804F0CA00000030603FF88000000001C", "MIFARE Classic 1K of Infineon"),
    ("3B8F8001804F0CA00000030603FF2000000000B4", "ISO 14443 A"),
    ("3B8F8001804F0CA000000306060000000000006E", "ISO 14443 B"),
    ("3B8F8001804F0CA0000003060B00000000000063", "ISO 15693"),
    ("3B8F8001804F0CA0000003060000000000000068", "storage card"),
    ("3B8180018080", "MIFARE DESFire, NTAG 424 DNA or another card of ISO 14443-4"),
    ("3B86800106757781028000", "MIFARE DESFire EV1 8K"),
    ("3B83800181028001", "MIFARE DESFire EV1 2K"),
    ("3B8A80015345204445534669726557", "card of ISO 14443-4"),
    ("3B04A2131091", "contact memory card SLE 4442 or SLE 5542"),
    ("3B0492231091", "contact memory card SLE 4432 or SLE 4442"),
    ("3BFE1800008031FE45803180664090A4162A00830F9000EF", "Estonian identity card"),
    ("3BFE1800008031FE45803180664090A4162A0083019000E1", "contact card"),
]
MADE_UP = [
    ("3B8F8001804F0CA0000003060300260000000000", "MIFARE Mini"),
    ("3B8F8001804F0CA0000003060300270000000000", "my-d move"),
    ("3B8F8001804F0CA0000003060300280000000000", "my-d NFC"),
    ("3B888001804F0CA00000030600", "card of ISO 14443-4"),
    ("3B00", "contact card"),
    ("3F00", "contact card"),
    ("", ""),
    ("3B", ""),
    ("3C00", ""),
    ("3B02FF", ""),
    ("3B80", ""),
    ("3B8001", ""),
    ("3B00FF", ""),
    ("3B" * 34, ""),
]


@pytest.mark.parametrize(("raw", "name"), PUBLISHED + MADE_UP)
def test_what_card_it_is(raw: str, name: str) -> None:
    assert card_name(bytes.fromhex(raw)) == name


@pytest.mark.parametrize(
    ("raw", "only"),
    [
        ("3B8F8001804F0CA000000306030001000000006A", True),
        ("3B8F8001804F0CA00000030603FF2000000000B4", False),
        ("3B8180018080", False),
        ("3B04A2131091", False),
        ("", False),
    ],
)
def test_what_cannot_prove_anything(raw: str, only: bool) -> None:
    assert stores_only(bytes.fromhex(raw)) is only


def test_the_parts_of_an_atr() -> None:
    right = parse(bytes.fromhex("3B8F8001804F0CA0000003060300020000000069"))
    assert right == Atr(
        bytes.fromhex("8001"), bytes.fromhex("804F0CA00000030603000200000000"), checked=True
    )
    assert right.contactless
    wrong = parse(bytes.fromhex("3B8F8001804F0CA000000306030002000000006B"))
    assert wrong is not None
    assert not wrong.checked
    bare = parse(bytes.fromhex("3B04A2131091"))
    assert bare is not None
    assert bare.checked
    assert not bare.contactless


@given(st.one_of(st.binary(max_size=40), st.binary(max_size=40).map(lambda tail: b"\x3b" + tail)))
def test_nothing_makes_it_raise(raw: bytes) -> None:
    found = parse(raw)
    assert bool(card_name(raw)) is (found is not None)
    assert found is None or len(found.interface) + len(found.historical) <= len(raw) - 2
    assert not stores_only(raw) or (found is not None and found.contactless)
