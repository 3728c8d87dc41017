"""Sealing: from an entry as a step makes it to the bytes that are stored, hashed and sent.

Rules kept here:
- masking happens here, once; what is sent later is these bytes and nothing else;
- every personal field leaves a salted commitment, whatever the level, and a row beside the journal;
- the size is bounded here, so that no entry can block the stream: a text is clipped to
  `MAX_TEXT` characters and marked with an ellipsis, the whole data is at most `MAX_DATA` bytes;
- bytes that are not text (lone surrogates) are replaced by ``?`` rather than lost with the entry.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from agent.core.entries import Entry
from agent.core.personal import Level, shown
from agent.errors import EntryError, StoreError
from agent.store.chain import SALT_BYTES, commitment, short_sha256

MAX_TEXT = 256
MAX_DATA = 16 * 1024
COMMITMENTS = "commitments"
MIN_KEY = 16
MAX_FIELDS = 32
"""Personal fields of one entry; the key of their rows has five bits for it."""

_MARK = "\u2026"
_BLOCK = 64
_CARDREFS = 1024
_SALTS = 64


def _encoder() -> Callable[[object], str]:
    plain = json.JSONEncoder(
        ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
    )
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return plain.encode
    # What `plain.encode` makes anew for every call, made once.
    ready = make(
        None, plain.default, json.encoder.encode_basestring, None, ":", ",", False, False, False
    )
    return lambda value: "".join(ready(value, 0))


_encode = _encoder()


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What of personal data is sent, and the key of the card references (at least 16 bytes)."""

    level: Level
    key: bytes


Personal = tuple[str, bytes, str]
"""A personal field as it lies beside the journal: field, salt, value."""


class Sealed(NamedTuple):
    """``data`` are the bytes for ever; ``decoded`` is what they say, for the projections."""

    data: bytes
    decoded: Mapping[str, object]
    personal: Sequence[Personal]


class Sealer:
    """Makes `Sealed` from `Entry`; keeps no state but the key."""

    def __init__(self, disclosure: Disclosure) -> None:
        """Raise StoreError when the key is too short to hide a card number."""
        if len(disclosure.key) < MIN_KEY:
            raise StoreError(
                f"the key for card references has {len(disclosure.key)} bytes: give it at least "
                f"{MIN_KEY} random bytes, otherwise card numbers can be guessed from references"
            )
        self._level = Level(disclosure.level)
        key = disclosure.key
        if len(key) > _BLOCK:
            key = short_sha256(key).digest()
        key = key.ljust(_BLOCK, b"\0")
        # HMAC (RFC 2104) with both halves of the key hashed beforehand.
        self._inner = short_sha256(bytes(byte ^ 0x36 for byte in key))
        self._outer = short_sha256(bytes(byte ^ 0x5C for byte in key))
        self._cardrefs: dict[str, str] = {}
        self._salts = b""
        self._next_salt = 0

    def cardref(self, credential: str) -> str:
        """``k1-`` and 16 hexadecimal digits of HMAC-SHA256(key, ``scheme:HEX``)."""
        known = self._cardrefs.get(credential)
        if known is not None:
            return known
        inner = self._inner.copy()
        inner.update(credential.encode())
        outer = self._outer.copy()
        outer.update(inner.digest())
        cardref: str = "k1-" + outer.hexdigest()[:16]
        if len(self._cardrefs) >= _CARDREFS:
            self._cardrefs.clear()
        self._cardrefs[credential] = cardref
        return cardref

    def seal(self, entry: Entry) -> Sealed:
        """Mask, commit, bound and encode; raises EntryError that names the field at fault."""
        try:
            return self._seal(entry)
        except UnicodeEncodeError:
            data = {name: _clean(value) for name, value in entry.data.items()}
            personal = {name: clip(value) for name, value in entry.personal.items()}
            return self._seal(replace(entry, data=data, personal=personal))

    def _seal(self, entry: Entry) -> Sealed:
        data = dict(entry.data)
        for name, value in data.items():
            if type(value) is not str or len(value) > MAX_TEXT:
                data[name] = _clip(value)
        rows: Sequence[Personal] = ()
        if entry.personal:
            rows = self._add_personal(entry, data)
        try:
            encoded = _encode(data).encode()
        except (TypeError, ValueError, RecursionError) as error:
            if isinstance(error, UnicodeEncodeError):
                raise
            raise EntryError(
                f"{entry.type}: data holds something that JSON cannot carry ({error}); "
                "this is a fault of the program, please report it"
            ) from error
        if len(encoded) > MAX_DATA:
            name = max(data, key=lambda key: len(_encode(data[key])))
            raise EntryError(
                f"{entry.type}: data has {len(encoded)} bytes, at most {MAX_DATA} can be sent; "
                f"field {name!r} is the largest: shorten it"
            )
        return Sealed(encoded, data, rows)

    def _add_personal(self, entry: Entry, data: dict[str, object]) -> list[Personal]:
        values = {
            name: value if len(value) <= MAX_TEXT else value[: MAX_TEXT - 1] + _MARK
            for name, value in entry.personal.items()
            if value
        }
        if len(values) > MAX_FIELDS:
            raise EntryError(
                f"{entry.type}: {len(values)} personal fields, at most {MAX_FIELDS} can be kept; "
                "this is a fault of the program, please report it"
            )
        credential = values.get("credential")
        cardref = "" if credential is None else self.cardref(credential)
        visible = shown(values, self._level, cardref)
        if not (data.keys().isdisjoint(visible) and COMMITMENTS not in data):
            raise EntryError(
                f"{entry.type}: a name among {', '.join(visible)}, {COMMITMENTS} stands in data "
                "and among the personal fields; this is a fault of the program, please report it"
            )
        data.update(visible)
        rows: list[Personal] = []
        commitments: dict[str, str] = {}
        start = self._next_salt
        if start + SALT_BYTES * len(values) > len(self._salts):
            self._salts = os.urandom(SALT_BYTES * _SALTS)
            start = 0
        for name, value in values.items():
            salt = self._salts[start : start + SALT_BYTES]
            start += SALT_BYTES
            commitments[name] = commitment(salt, name, value)
            rows.append((name, salt, value))
        self._next_salt = start
        data[COMMITMENTS] = commitments
        return rows


def clip(text: str) -> str:
    """The text, at most `MAX_TEXT` characters, encodable as UTF-8."""
    if len(text) > MAX_TEXT:
        text = text[: MAX_TEXT - 1] + _MARK
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode()


def _clip(value: object) -> object:
    kind = type(value)
    if kind is int or kind is bool:
        return value
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else value[: MAX_TEXT - 1] + _MARK
    if isinstance(value, Mapping):
        return {str(_clip(name)): _clip(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clip(inner) for inner in value]
    return value


def _clean(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {str(_clean(name)): _clean(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(inner) for inner in value]
    return value
