"""Topics of ``gate/v1/{estate}/{agent}/``, made and read.

Rules kept here:
- every identifier in a topic is 1 to 32 of ``a-z 0-9 -``, so no topic can be smuggled in;
- what is not a topic of ours reads as None, never as an error.
"""

import re
from dataclasses import dataclass

VERSION = "gate/v1"
_ID = re.compile(r"[a-z0-9-]{1,32}")


def checked(what: str, text: str) -> str:
    """Return ``text`` if it may stand in a topic; raises ValueError that says what may."""
    if _ID.fullmatch(text) is None:
        raise ValueError(f"{what} {text!r} cannot stand in a topic: write 1 to 32 of a-z, 0-9, -")
    return text


@dataclass(frozen=True, slots=True)
class Address:
    """Where one agent lives in the tree of topics. Raises ValueError for a bad identifier."""

    estate: str
    agent: str

    def __post_init__(self) -> None:
        checked("estate", self.estate)
        checked("agent", self.agent)

    @property
    def root(self) -> str:
        """What all topics of this agent begin with."""
        return f"{VERSION}/{self.estate}/{self.agent}"

    @property
    def source(self) -> str:
        """The CloudEvents ``source`` of this agent."""
        return f"/{self.root}"

    @property
    def status(self) -> str:
        """Online, offline or lost; retained."""
        return f"{self.root}/status"

    @property
    def info(self) -> str:
        """What this gate has; retained."""
        return f"{self.root}/info"

    @property
    def evt(self) -> str:
        """The one ordered stream of entries; never retained."""
        return f"{self.root}/evt"

    @property
    def tele(self) -> str:
        """How the machine and the link are; not retained."""
        return f"{self.root}/tele"

    def reply(self, client: str) -> str:
        """Where a client is answered. Raises ValueError for a bad identifier."""
        return f"{self.root}/reply/{checked('client', client)}"

    def replay(self, client: str) -> str:
        """Where a client is told events again. Raises ValueError for a bad identifier."""
        return f"{self.root}/replay/{checked('client', client)}"

    def state(self, lane: str) -> str:
        """The present state of a lane; retained. Raises ValueError for a bad identifier."""
        return f"{self.root}/state/{checked('lane', lane)}"


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic read: whose it is, of which kind (``status, info, evt, state ...``), and of what."""

    address: Address
    kind: str
    name: str = ""


def read(topic: str) -> Topic | None:
    """Take a topic apart; None when it is not one of ours."""
    parts = topic.split("/")
    if len(parts) not in (5, 6) or "/".join(parts[:2]) != VERSION:
        return None
    if not all(_ID.fullmatch(part) for part in parts[2:]):
        return None
    return Topic(Address(parts[2], parts[3]), parts[4], parts[5] if len(parts) == 6 else "")


def filters(estate: str = "+", agent: str = "+") -> tuple[str, ...]:
    """What a central server subscribes to; ``+`` stands for every one."""
    for what, text in (("estate", estate), ("gate", agent)):
        if text != "+":
            checked(what, text)
    root = f"{VERSION}/{estate}/{agent}"
    return (f"{root}/status", f"{root}/info", f"{root}/state/+", f"{root}/evt")
