"""Orders: the one form for what console, command line, centre and key presses want."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.core.ids import OrderId


@dataclass(frozen=True, slots=True)
class Order:
    """Minted once where it starts, so that a double send is one order.

    ``actor`` is who wants it (a name or ``uid:1000``), ``origin`` where from (``cli``,
    ``console``, ``mqtt``). ``kind`` and ``args``: ``open|close|stop {lane, reason}``.
    """

    order_id: OrderId
    actor: str
    origin: str
    kind: str
    args: Mapping[str, str] = field(default_factory=dict)
