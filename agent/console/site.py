"""The gate that a console stands for, as the composition root tells it: no settings, no secrets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from pathlib import Path

from agent.core.plan import GatePlan


@dataclass(frozen=True, slots=True)
class Site:
    """One gate and one desk.

    ``name`` is what people call the gate, ``lanes`` and ``desks`` what they call those (by id).
    ``desk`` is the id of the desk that this console stands on. ``state`` is a directory of the
    console's own. ``hosts`` are the names under which it may be addressed (without port; empty:
    only this machine), ``secure`` says that it is reached over TLS. ``booths`` is where guards
    stand before a browser, beside this machine.
    """

    plan: GatePlan
    name: str
    timezone: tzinfo
    ledger: Path
    control: Path
    state: Path
    desk: str = ""
    lanes: Mapping[str, str] = field(default_factory=dict)
    desks: Mapping[str, str] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()
    secure: bool = False
    booths: tuple[IPv4Network | IPv6Network, ...] = ()

    def lane(self, lane: str) -> str:
        """What people call a lane."""
        return self.lanes.get(lane) or lane

    def place(self, name: str) -> str:
        """What people call a lane or a desk."""
        return self.lanes.get(name) or self.desks.get(name) or name

    def booth(self, client: str) -> bool:
        """Does somebody at this address stand in a booth? Only there an act needs no name."""
        try:
            found = ip_address(client)
        except ValueError:
            return False
        if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return found.is_loopback or any(found in booth for booth in self.booths)
