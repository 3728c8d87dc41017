"""Keys of a keypad, whichever way they come."""

from drivers.wire.frame import Fault, Frame
from drivers.wire.keys import SCHEME, of_frame, of_osdp
from drivers.wire.registry import wiegand_meaning
from drivers.wire.wiegand_ascii10 import WiegandAscii10
from drivers.wire.wiegand_edges import GAP_NS, Edge, Edges

KEYPAD = "1234567890*#"


def only(found: list[Frame | Fault]) -> str:
    told = [one for one in found if isinstance(one, Frame)]
    assert len(told) == len(found)
    assert all(one.credential.startswith(f"{SCHEME}:") for one in told)
    return "".join(map(of_frame, told))


def test_bursts_of_four_and_of_eight_bits() -> None:
    for width in (4, 8):
        edges = Edges("wiegand-26", wiegand_meaning("wiegand-26", ""))
        found, now = [], GAP_NS
        for key in KEYPAD:
            value = "0123456789*#".index(key)
            bits = f"{value:04b}" if width == 4 else f"{15 - value:04b}{value:04b}"
            for bit in bits:
                found += edges.feed([Edge(now, int(bit))])
                now += 2_000_000
            now += 2 * GAP_NS
        assert only([*found, *edges.flush(now)]) == KEYPAD


def test_bytes_of_a_converter() -> None:
    decoder = WiegandAscii10()
    assert decoder.feed(b"47AB") == []
    assert only(decoder.flush()) == "47*#"
    decoder.feed(bytes((0xE1, 0xA5)))
    assert only(decoder.flush()) == "15"


def test_keys_of_osdp() -> None:
    assert of_osdp(b"4711\x7f0\x0d") == "4711*0#"
    assert of_osdp(b"*#A\x00") == "*#??"


def test_a_key_that_is_no_digit_is_a_key_all_the_same() -> None:
    assert of_frame(Frame("x", "key:C", {}, b"C")) == "?"
