"""Orders: the one form for what console, command line, centre and key presses want."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.core.ids import OrderId


@dataclass(frozen=True, slots=True)
class Order:
    """Minted once where it starts, so that a double send is one order.

    ``actor`` is who wants it (a name or ``uid:1000``), ``origin`` where from (``cli``,
    ``console``, ``mqtt``, ``button``). ``kind`` and ``args``:

    - ``open {lane, reason, for?, direction?}``: ``for`` names who may leave in a lockdown,
      ``direction`` (``in``, ``out``) counts at a two-way lane;
    - ``priority {lane, count?, reason?, announced?}``: one press, ``count`` vehicles (1) on one
      grant; ``announced`` is what was expected (`agent.core.announced`);
    - ``close``, ``stop``, ``release_hold {lane, reason?}``;
    - ``hold_open {lane, reason, until?}``: ``until`` is local time, ISO 8601;
    - ``fault.clear {lane, reason}``;
    - ``fire {reason?}``, ``fire_reset {reason}``, ``lockdown {reason}``,
      ``lift_lockdown {reason}``;
    - ``amnesty {reason, zone?, card?}``, ``zone.count {zone, count, reason}``;
    - whatever `agent.core.books` knows; what those want stands in ``form``, a JSON object.

    ``desk`` is where it was given, if at a desk, and ``unsigned`` says that nobody was signed on.
    ``client``, ``command``, ``digest`` and ``deadline_ns`` are those of the centre's command that
    it comes from (`agent.core.commands.Command`).
    """

    order_id: OrderId
    actor: str
    origin: str
    kind: str
    args: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, object] = field(default_factory=dict)
    desk: str = ""
    unsigned: bool = False
    client: str = ""
    command: str = ""
    digest: str = ""
    deadline_ns: int = 0

    @property
    def key(self) -> str:
        """Under which its result is kept: clients of the centre mint their ids on their own."""
        return f"{self.client}/{self.order_id}" if self.client else self.order_id

    @property
    def where(self) -> dict[str, object]:
        """What an entry says besides of how the order was given: at which desk, by nobody."""
        said: dict[str, object] = {"desk": self.desk} if self.desk else {}
        return said | {"unsigned": True} if self.unsigned else said
