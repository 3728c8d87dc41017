"""The words that may stand in a file of settings, beside those of `agent.core`.

Rules kept here:
- a word is what the file says, letter by letter; there are no second spellings.
"""

from enum import StrEnum


class Level(StrEnum):
    """The electric level at which a relay is on, or an input is active."""

    LOW = "low"
    HIGH = "high"


class Pull(StrEnum):
    """The resistor inside the Pi."""

    UP = "up"
    DOWN = "down"
    NONE = "none"


class OnExit(StrEnum):
    """What a relay does when the agent ends."""

    OFF = "off"
    KEEP = "keep"


class Backend(StrEnum):
    """What drives the pins."""

    AUTO = "auto"
    LGPIO = "lgpio"
    MOCK = "mock"
    SOCKET = "socket"


class WireProtocol(StrEnum):
    """What serial readers say; the names of `gate-agent decode --list`."""

    EM4100_ASCII = "em4100-ascii"
    WIEGAND_26 = "wiegand-26"
    WIEGAND_34 = "wiegand-34"
    WIEGAND_36 = "wiegand-36"
    WIEGAND_37 = "wiegand-37"
    WIEGAND_CUSTOM = "wiegand-custom"
    WIEGAND_26_LEFT = "wiegand-26-left-justified"
    WIEGAND_32_LEFT = "wiegand-32-left-justified"
    WIEGAND_UART = "wiegand-uart-ascii10"
    LINE = "line"
    SIGNED_LINE = "qr-pass"


class UhfProtocol(StrEnum):
    """What long-range readers speak; the names of `drivers.wire.uhf_families`."""

    M100 = "m100"
    R2000 = "r2000"
    UHFREADER18 = "uhfreader18"
    UHFREADER288 = "uhfreader288"


class WiegandProtocol(StrEnum):
    """What Wiegand readers on pins send: those of `WireProtocol` that are bits and nothing else."""

    W26 = "wiegand-26"
    W34 = "wiegand-34"
    W36 = "wiegand-36"
    W37 = "wiegand-37"
    CUSTOM = "wiegand-custom"


class CardTypes(StrEnum):
    """The types of ISO 14443 that a reader looks for."""

    A = "a"
    B = "b"
    BOTH = "both"


class Checksum(StrEnum):
    """What becomes of a frame whose checksum is wrong."""

    STRICT = "strict"
    IGNORE = "ignore"


class Encoding(StrEnum):
    """What the credential of a line is: any text, hexadecimal digits, or a number."""

    TEXT = "text"
    HEX = "hex"
    DECIMAL = "decimal"


class ByteOrder(StrEnum):
    """Whether the bytes of a reader's numbers are turned round."""

    AS_READ = "as_read"
    REVERSED = "reversed"


class Keep(StrEnum):
    """Which bytes of a reader's numbers are kept; cascade: 88 and the first three."""

    ALL = "all"
    FIRST4 = "first4"
    LAST4 = "last4"
    CASCADE = "cascade"
    FIRST3 = "first3"
    LAST3 = "last3"


class Unknown(StrEnum):
    """What becomes of a pass whose appointment is not known."""

    ENTER = "enter"
    REFUSE = "refuse"


class Charset(StrEnum):
    """How a display takes its characters; names of Python's codecs."""

    GB18030 = "gb18030"
    GB2312 = "gb2312"
    UTF_8 = "utf-8"
    ASCII = "ascii"


class Language(StrEnum):
    """In which language recordings are made."""

    ZH = "zh"
    EN = "en"


class MqttVersion(StrEnum):
    """The version of MQTT."""

    V5 = "5"
    V311 = "3.1.1"


class Personal(StrEnum):
    """How much of personal data goes to the centre."""

    NONE = "none"
    MASKED = "masked"
    FULL = "full"


class Called(StrEnum):
    """Whom a lane calls."""

    BOOTH = "booth"
    UNIT = "unit"
    CONTROL = "control"


class Sound(StrEnum):
    """How sound goes in and out: modules of baresip."""

    ALSA = "alsa"
    FILES = "files"


class Codec(StrEnum):
    """Codecs: modules of baresip. g711 is what every telephone has."""

    G711 = "g711"
    G722 = "g722"
    OPUS = "opus"


class Filter(StrEnum):
    """Filters of sound: modules of baresip; the second came with its version 2."""

    SPEEX = "speex_pp"
    WEBRTC = "webrtc_aec"
