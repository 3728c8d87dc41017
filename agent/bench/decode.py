"""decode: how fast every protocol turns bytes into frames.

Method. In this process, without a port: the frames of a few cards go into the decoder one at a
time, as a line delivers them, and each has to come out. The floor, in turns with it, is a bare loop
over the same bytes that only adds them up. Of several rounds the quickest of each counts: whatever
else the machine does can only make one slower.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import cycle, islice, product

from agent.bench.figures import Figures
from agent.bench.place import Place
from agent.errors import GateError
from drivers.wire import em4100, m100, osdp_frame, qr_pass, r2000, uhfreader18
from drivers.wire.frame import Decoder, Frame
from drivers.wire.line import PROTOCOL as LINE
from drivers.wire.registry import CUSTOM, EVERY, make_decoder
from drivers.wire.wiegand import W26, W34, W36, W37, Meaning
from drivers.wire.wiegand_ascii10 import PROTOCOL as ASCII10

ROUNDS = 5
_NUMBERS = (0xCDA4EC, 0x086CED, 0x123ABC, 0x33CC55)
_ADDRESS, _ANTENNA, _DBM = 1, 1, -60
_CRC = 0x04
"""In the control byte of OSDP: the frame ends in a CRC."""


def _tag(number: int) -> bytes:
    digits = number.to_bytes(5, "big")
    check = 0
    for byte in digits:
        check ^= byte
    return b"\x02" + f"{digits.hex()}{check:02x}".upper().encode() + b"\x03"


def _bits(form: Meaning, number: int) -> str:
    """The bits of a card, with the parities that hold."""
    for first, last in product("01", repeat=2):
        bits = f"{first}{number:0{form.bits - 2}b}{last}"
        if all(form.parity(bits)):
            return bits
    raise GateError(f"no parity bits fit {form.bits} bits: the format is none")


def _text(form: Meaning, number: int) -> bytes:
    return _bits(form, number).encode() + b"\r\n"


def _packed(number: int) -> bytes:
    return int(_bits(W26, number).ljust(32, "0"), 2).to_bytes(4, "big")


def _raw(number: int) -> bytes:
    """osdp_RAW: reader 0, no format, 26 bits."""
    body = b"\x50\x00\x00\x1a\x00" + _packed(number)
    return osdp_frame.encode(_ADDRESS, _CRC, body, reply=True)


def _epc(number: int) -> bytes:
    return bytes.fromhex(f"E28011700000{number:012X}")


def _pass(number: int) -> bytes:
    identity = number.to_bytes(qr_pass.ID, "big")
    says = qr_pass.QrPass(
        key="centre", estate="green-garden", identity=identity, begins=29_000_000, ends=29_000_600
    )
    return qr_pass.encode(qr_pass.SignedPass(says, bytes(64))).encode() + b"\r\n"


SAMPLES: Mapping[str, Callable[[int], bytes]] = {
    em4100.PROTOCOL: _tag,
    "wiegand-26": partial(_text, W26),
    "wiegand-34": partial(_text, W34),
    "wiegand-36": partial(_text, W36),
    "wiegand-37": partial(_text, W37),
    CUSTOM: partial(_text, W26),
    "wiegand-26-left-justified": _packed,
    "wiegand-32-left-justified": lambda number: number.to_bytes(4, "big"),
    ASCII10: lambda number: f"{number:010d}\r\n".encode(),
    LINE: lambda number: f"VISIT/{number:08d}\r\n".encode(),
    qr_pass.PROTOCOL: _pass,
    m100.PROTOCOL: lambda number: m100.tag_frame(_epc(number), _DBM),
    r2000.PROTOCOL: lambda number: r2000.tag_frame(_ADDRESS, _epc(number), _ANTENNA, _DBM),
    uhfreader18.PROTOCOL: lambda number: uhfreader18.tags_frame(_ADDRESS, 1, [_epc(number)]),
    uhfreader18.PROTOCOL_288: lambda number: uhfreader18.tags_frame_288(
        _ADDRESS, 1, _ANTENNA, [(_epc(number), _DBM)]
    ),
    osdp_frame.PROTOCOL: _raw,
}
"""The frame of a card with this number, for every protocol that is registered."""


def run(place: Place, frames: int = 5_000) -> Figures:
    """Measure so many frames of each protocol; raises GateError when one does not come out."""
    del place
    figures: dict[str, float] = {}
    slowest = took = floors = 0.0
    for name in EVERY:
        if name not in SAMPLES:
            raise GateError(f"no frame of {name} is known here: agent.bench.decode needs one")
        sent = list(islice(cycle([SAMPLES[name](number) for number in _NUMBERS]), frames))
        us, floor = _measured(name, sent)
        figures |= {f"{name}_us": us, f"{name}_per_s": 1e6 / us, f"{name}_floor_us": floor}
        slowest, took, floors = max(slowest, us), took + us, floors + floor
    return figures | {"slowest_per_s": 1e6 / slowest, "ratio": took / floors}


def _measured(name: str, sent: Sequence[bytes]) -> tuple[float, float]:
    """Microseconds a frame: the decoder's, and the floor's."""
    decoded, bare = [], []
    for _ in range(ROUNDS):
        decoded.append(_decode(name, make_decoder(name), sent))
        bare.append(_add_up(sent))
    return min(decoded) / len(sent) / 1000, min(bare) / len(sent) / 1000


def _decode(name: str, decoder: Decoder, sent: Sequence[bytes]) -> int:
    """Nanoseconds."""
    came = 0
    began = time.perf_counter_ns()
    for frame in sent:
        for one in decoder.feed(frame):
            came += isinstance(one, Frame)
    took = time.perf_counter_ns() - began
    if came != len(sent):
        raise GateError(f"{name}: {came} of {len(sent)} frames came out: the decoder is broken")
    return took


def _add_up(sent: Sequence[bytes]) -> int:
    """Nanoseconds."""
    total = 0
    began = time.perf_counter_ns()
    for frame in sent:
        for byte in frame:
            total += byte
    took = time.perf_counter_ns() - began
    if total != sum(map(sum, sent)):
        raise GateError("the bare loop lost a byte: the machine cannot be measured")
    return took
