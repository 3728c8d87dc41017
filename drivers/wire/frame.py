"""What every decoder takes and gives.

Rules kept here:
- bytes go in by `Decoder.feed`, in any chunks; what comes out does not depend on the chunks;
- a whole, checked frame comes out as `Frame`, everything else as `Fault` with the bytes in it;
- a decoder holds at most a few hundred bytes, whatever it is fed, and never raises.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Reason(StrEnum):
    """Why bytes are not a frame."""

    BAD_CHECKSUM = "bad_checksum"
    BAD_PADDING = "bad_padding"
    BAD_PARITY = "bad_parity"
    D0_D1_SWAPPED = "d0_d1_swapped"
    EDGES_LOST = "edges_lost"
    INCOMPLETE = "incomplete"
    NO_END = "no_end"
    NO_MATCH = "no_match"
    NO_START = "no_start"
    NON_HEX = "non_hex"
    NON_HEX_CHECKSUM = "non_hex_checksum"
    NOT_A_KEY = "not_a_key"
    NOT_A_NUMBER = "not_a_number"
    NOT_TEXT = "not_text"
    TOO_CLOSE = "too_close"
    TOO_LARGE = "too_large"
    TOO_LONG = "too_long"
    TOO_SHORT = "too_short"
    WRONG_LENGTH = "wrong_length"


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole frame that passed every check its protocol has.

    ``credential`` is ``scheme:HEX``; ``fields`` is what else the bytes say, as JSON values;
    ``raw`` the bytes of the frame as they came.
    """

    protocol: str
    credential: str
    fields: Mapping[str, object]
    raw: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """Bytes that are not a frame. ``detail`` is a sentence for the one who wires the reader.

    ``fields`` holds what could be made out all the same.
    """

    reason: Reason
    raw: bytes
    detail: str
    fields: Mapping[str, object] = field(default_factory=dict)


class Decoder(Protocol):
    """One protocol on one line, with the bytes that are not a frame yet."""

    @property
    def silence_ms(self) -> int | None:
        """After this many ms without a byte nothing more will come of what is pending: flush.

        None where the frames mark their own ends, so that silence means nothing.
        """

    @property
    def pending(self) -> bool:
        """True while bytes wait for the rest of their frame."""

    def feed(self, data: bytes) -> list[Frame | Fault]:
        """Take the next bytes; gives what they complete, in the order of the bytes."""

    def flush(self) -> list[Frame | Fault]:
        """Nothing more comes: gives what is left as frames or faults, and starts anew."""
