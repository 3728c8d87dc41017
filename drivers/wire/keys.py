"""Keys of a reader's keypad, as each way of sending them has them: ``0`` to ``9``, ``*`` and ``#``.

Rules kept here:
- in four bits ten is ``*`` and eleven is ``#``, which decoders that write a digit call A and B;
- OSDP (2.2, 7.12, osdp_KEYPAD) sends digits in ASCII, ``*`` as 7F and ``#`` as 0D;
- what is none of these is ``?``: a key all the same, and no digit.
"""

from typing import Final

from drivers.wire.frame import Frame

SCHEME: Final = "key"
"""The scheme of a frame that is no card and tells keys."""
_NONE: Final = "?"
_FRAMES: Final = {**{key: key for key in "0123456789*#"}, "A": "*", "B": "#"}
_OSDP: Final = {**{ord(key): key for key in "0123456789*#"}, 0x7F: "*", 0x0D: "#"}


def of_frame(frame: Frame) -> str:
    """The keys that a frame of the scheme ``key`` tells."""
    told = frame.fields.get("text") or frame.credential.partition(":")[2]
    return "".join(_FRAMES.get(key, _NONE) for key in str(told))


def of_osdp(data: bytes) -> str:
    """The keys of one report of an OSDP device."""
    return "".join(_OSDP.get(key, _NONE) for key in data)
