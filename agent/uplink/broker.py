"""Where the broker is and how to speak to it; plain words that need no MQTT library."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Tls:
    """Files in PEM. ``ca`` None trusts the machine's authorities; ``cert`` needs ``key``."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and how to speak to it. Times in seconds, ``window`` in messages."""

    host: str
    port: int = 1883
    version: Literal["5", "3.1.1"] = "5"
    tls: Tls | None = None
    username: str = ""
    password: str = field(default="", repr=False)
    client_id: str = ""
    keepalive_s: int = 20
    window: int = 20
    connect_timeout_s: float = 5.0

    @property
    def where(self) -> str:
        """Host and port, for sentences."""
        return f"{self.host}:{self.port}"
