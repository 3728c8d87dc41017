"""Checks of paths: where files, sockets, devices and credentials lie.

Rules kept here:
- a path comes out whole, whatever directory the agent is started in;
- nothing is looked up on the disk: a file of settings is checked on any machine.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from agent.settings.faults import UnfitError, nearest
from agent.settings.values import Check, kind_of


@dataclass(frozen=True, slots=True)
class Bases:
    """Where relative paths start: at the file, and below ``run:``, ``state:``, ``credential:``."""

    file: Path
    run: Path
    state: Path
    credentials: Path


class _Info(Protocol):
    @property
    def context(self) -> Any: ...


class Rooted(Check):
    """A check that knows where relative paths start."""

    def find(self, value: object, bases: Bases) -> Path:
        """The whole path; raises UnfitError."""
        raise NotImplementedError

    def _run(self, value: object, info: _Info) -> Path:
        return self.find(value, info.context)

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> dict[str, Any]:
        """Tell pydantic to call `find`."""
        return {"type": "function-plain", "function": {"type": "with-info", "function": self._run}}


@dataclass(frozen=True, slots=True)
class Place(Rooted):
    """A path: absolute, relative to the settings file, or below ``run:``, ``state:``, …"""

    says: str
    rooted: bool = True

    def find(self, value: object, bases: Bases) -> Path:
        """The whole path. Nothing is looked up on the disk."""
        allowed = "a path: /absolute, or relative to this file"
        if self.rooted:
            allowed += (
                ", or run:NAME, state:NAME (below paths.run, paths.state), credential:NAME (a "
                "credential that systemd hands over)"
            )
        if not isinstance(value, str):
            raise UnfitError(f"a path must stand here, not {kind_of(value)}", allowed)
        if not value or len(value) > 1_000 or not value.isprintable():
            raise UnfitError("this is not a path", allowed)
        head, colon, tail = value.partition(":")
        roots = {"run": bases.run, "state": bases.state, "credential": bases.credentials}
        if not colon or "/" in head or not self.rooted:
            return bases.file / value
        if head not in roots:
            guess = nearest(head, roots)
            raise UnfitError(f"{head}: is not a place", allowed, guess and f"{guess}:{tail}")
        if not tail or tail.startswith("/") or ".." in tail.split("/"):
            raise UnfitError(f"a name must follow {head}:", allowed)
        return roots[head] / tail

    def schema(self) -> dict[str, Any]:
        """A string."""
        return {"type": "string", "minLength": 1}


@dataclass(frozen=True, slots=True)
class Device(Place):
    """A device file: absolute, or below ``run:`` or ``state:``, never beside the settings."""

    def find(self, value: object, bases: Bases) -> Path:
        """The whole path. Nothing is looked up on the disk."""
        head = value.partition("/")[0] if isinstance(value, str) else ":"
        if value and isinstance(value, str) and head and ":" not in head:
            allowed = "serial ports are absolute, such as /dev/ttyUSB0; or run:NAME, state:NAME"
            guess = f"/dev/{value}" if re.fullmatch(r"tty[A-Za-z]{1,4}[0-9]{1,3}", value) else ""
            raise UnfitError(f"{value[:60]!r} is not a serial port", allowed, guess)
        return Place.find(self, value, bases)


@dataclass(frozen=True, slots=True)
class Credential(Rooted):
    """The name of a credential that systemd hands over; what is refused is never told."""

    says: str
    pattern: str = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"

    def find(self, value: object, bases: Bases) -> Path:
        """The file in which systemd puts it."""
        if not isinstance(value, str) or re.fullmatch(self.pattern, value) is None:
            allowed = "1 to 100 letters, digits, dots and hyphens, as in LoadCredential="
            raise UnfitError("this is not the name of a credential", allowed)
        return bases.credentials / value

    def schema(self) -> dict[str, Any]:
        """A string."""
        return {"type": "string", "pattern": f"^{self.pattern}$"}
