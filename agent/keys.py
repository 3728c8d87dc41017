"""Keys and passwords of the settings: what makes one good, for the daemon and for the check alike.

Rules kept here:
- one sentence for each thing that can be wrong with a key; it tells where the key lies, never the
  key;
- the key of the card references is made once and kept in the state directory, where none is set.
"""

import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from agent.errors import GateError, SettingsError
from agent.settings.secret import Secret

PIN: Final = range(3, 13)
"""So many digits a PIN may have."""

DURESS: Final = range(3, 9)
"""So many the code of duress may have: it is typed with a knife at the throat."""

_BYTES = 32
_LEAST = 16
_AES = re.compile(rb"[0-9A-Fa-f]{32}")
_Taken = TypeVar("_Taken")


class FaultyKeyError(SettingsError):
    """A key without which the gate does not start; the text begins with the setting's path."""


def needed(path: str, take: Callable[[Secret], _Taken], secret: Secret) -> _Taken:
    """What ``take`` makes of the secret of the setting ``path``; raises FaultyKeyError."""
    try:
        return take(secret)
    except GateError as fault:
        raise FaultyKeyError(f"{path}: {fault}") from None


def hmac_key(secret: Secret) -> bytes:
    """A key of signatures or hashes; raises SettingsError when it could be found by trying."""
    key = secret.read()
    if len(key) < _LEAST:
        raise SettingsError(
            f"the secret in {secret.place()} has {len(key)} bytes, and needs {_LEAST} at least: "
            "openssl rand -hex 32"
        )
    return key


def site_key(secret: Secret) -> bytes:
    """The AES key of a site's cards, 16 bytes; raises SettingsError."""
    text = secret.read().strip()
    if _AES.fullmatch(text) is None:
        raise SettingsError(
            f"what lies in {secret.place()} is no AES key; 32 hexadecimal digits and nothing else "
            "are one: openssl rand -hex 16"
        )
    key = bytes.fromhex(text.decode("ascii"))
    if not any(key):
        raise SettingsError(
            f"{secret.place()} holds the key that cards have from the factory, which everybody "
            "knows: personalise the cards with a key of the site first"
        )
    return key


def pin(secret: Secret) -> str:
    """The digits that are pressed after a key; raises SettingsError."""
    return _digits(secret, PIN, "PIN")


def duress_pin(secret: Secret) -> str:
    """The digits that call for help; raises SettingsError."""
    return _digits(secret, DURESS, "code of duress")


def _digits(secret: Secret, count: range, what: str) -> str:
    text = secret.read().decode(errors="replace").strip()
    if not (text.isascii() and text.isdecimal() and len(text) in count):
        raise SettingsError(
            f"what stands in {secret.place()} is no {what}: {count[0]} to {count[-1]} digits"
        )
    return text


def password(secret: Secret) -> str:
    """The password at the broker (MQTT 5, 3.1.3.6, as UTF-8); raises SettingsError."""
    try:
        return secret.read().decode()
    except UnicodeDecodeError:
        raise SettingsError(f"the password in {secret.place()} is no text in UTF-8") from None


def card_reference_key(path: Path) -> bytes:
    """Read the key at ``path``, or make it (mode 0600, on the disk before it is used).

    Raises SettingsError when neither can be done.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return _make(path)
    except OSError as fault:
        raise SettingsError(f"the key {path} cannot be read: {fault.strerror}") from fault


def _make(path: Path) -> bytes:
    key = secrets.token_bytes(_BYTES)
    fresh = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(path)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as fault:
        message = f"no key can be kept at {path}: {fault.strerror}; see paths.state"
        raise SettingsError(message) from fault
    return key
