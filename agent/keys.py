"""Keys: that of the card references is made once and kept in the state directory; none is shown."""

import os
import secrets
from pathlib import Path

from agent.errors import SettingsError

_BYTES = 32
_LEAST = 16


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


def long_enough(key: bytes, name: str) -> bytes:
    """The key of the setting ``name``; raises SettingsError when it could be found by trying."""
    if len(key) < _LEAST:
        raise SettingsError(
            f"{name} has {len(key)} bytes, and needs {_LEAST} at least: openssl rand -hex 32"
        )
    return key


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
