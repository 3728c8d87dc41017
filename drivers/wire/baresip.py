"""What baresip's control connection (module ctrl_tcp) says, and how it is told something.

Rules kept here:
- every message is a netstring, ``12:hello world!,``, with a JSON object in it; what is none of that
  is a fault, and after a broken netstring nothing more can be read;
- a message is at most `LONGEST` bytes;
- nothing raises, whatever comes.

Format: the ctrl_tcp module of baresip 1.0 and later; netstrings as D. J. Bernstein wrote them down.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

LONGEST = 65_536
_DIGITS = len(str(LONGEST))
_LINE = re.compile(r"^[> ]*\[line (\d+)\]\s+\S+\s+([A-Z]+)\s+(.*\S)\s*$", re.MULTILINE)
_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
_BROKEN = "this is no netstring: another program answers at the port of baresip"


@dataclass(frozen=True, slots=True)
class Fault:
    """Bytes that cannot be read. ``fatal``: and nothing after them."""

    detail: str
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """An event. Addresses and keys show in no text of it.

    ``kind`` is baresip's word (``CALL_RINGING``), ``call`` its id of the call, empty before it has
    one; ``outgoing`` is None where it is about no call.
    """

    kind: str
    call: str = ""
    outgoing: bool | None = None
    peer: str = field(default="", repr=False)
    detail: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to the command with this token."""

    token: str
    ok: bool
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Listed:
    """A call as ``listcalls`` has it: number of the line, state, address of the other side."""

    number: int
    state: str
    peer: str = field(repr=False)


Message = Told | Answered | Fault


class Decoder:
    """Bytes in, messages out; what comes out does not depend on how the bytes were cut."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._broken = False

    def feed(self, data: bytes) -> list[Message]:
        """Take the next bytes; gives the messages that they complete."""
        found: list[Message] = []
        self._buffer += data
        while not self._broken and (one := self._next()) is not None:
            found.append(one)
        if self._broken:
            self._buffer.clear()
        return found

    def _next(self) -> Message | None:
        head, colon, _ = bytes(self._buffer[: _DIGITS + 1]).partition(b":")
        if not colon and len(head) <= _DIGITS and (not head or head.isdigit()):
            return None
        if not colon or not head.isdigit() or int(head) > LONGEST:
            return self._break()
        begin = len(head) + 1
        end = begin + int(head)
        if len(self._buffer) <= end:
            return None
        if self._buffer[end] != ord(","):
            return self._break()
        body = bytes(self._buffer[begin:end])
        del self._buffer[: end + 1]
        return _message(body)

    def _break(self) -> Fault:
        self._broken = True
        return Fault(_BROKEN, fatal=True)


def encode(command: str, params: str = "", token: str = "") -> bytes:
    """A command as it is sent; its answer has the same token."""
    told = {"command": command, "params": params, "token": token}
    body = json.dumps({name: text for name, text in told.items() if text}).encode()
    return b"%d:%s," % (len(body), body)


def listed(text: str) -> list[Listed]:
    """The calls in an answer to ``listcalls``."""
    return [Listed(int(number), state, peer) for number, state, peer in _LINE.findall(text)]


def registered(text: str) -> bool | None:
    """Whether the registrar takes us, by an answer to ``reginfo``; None without a registrar."""
    words = _ESCAPE.sub(" ", text).split()
    if "ERR" in words or "zzz" in words:
        return False
    return True if "OK" in words else None


def _message(body: bytes) -> Message:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return Fault("a message of baresip is no JSON")
    if not isinstance(told, dict):
        return Fault("a message of baresip is no object")
    if told.get("event") is True:
        way = told.get("direction")
        return Told(
            _text(told, "type"),
            _text(told, "id"),
            None if way not in ("incoming", "outgoing") else way == "outgoing",
            _text(told, "peeruri"),
            _text(told, "param"),
        )
    if told.get("response") is True:
        return Answered(_text(told, "token"), told.get("ok") is True, _text(told, "data"))
    return Fault("a message of baresip is neither event nor answer")


def _text(told: Mapping[str, object], name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) else ""
