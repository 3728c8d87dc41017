"""What the gate does for the centre: who may command, and the way of a command into the loop.

Part of the composition root (`agent.app`): from settings to concrete things, and nothing else.
"""

from collections.abc import Callable, Mapping

from agent.commands.kept import noting, reply_of
from agent.core.commands import DONE, Command, Execute, Reply
from agent.core.plan import GatePlan
from agent.errors import GateError
from agent.inbox import Inbox
from agent.info import describe
from agent.keys import hmac_key, needed, password
from agent.loop import Loop
from agent.requests import House
from agent.settings import Settings
from agent.settings.masked import masked
from agent.store.ledger import Ledger
from agent.uplink.broker import Broker, Tls
from agent.uplink.discovery import Discovery, Options
from agent.uplink.permits import Permit
from agent.uplink.service import Service, nobody
from agent.uplink.topics import Address


def make_service(
    settings: Settings,
    plan: GatePlan,
    ledger: Ledger,
    loop: Loop,
    inbox: Inbox,
    execute: Execute,
) -> Service:
    """What the uplink serves; raises SettingsError when a key cannot be read or is too short."""
    uplink = settings.uplink
    if uplink is None:
        return Service()
    notes = Notes(ledger, loop, inbox)
    return Service(
        permits_of(settings),
        execute,
        notes.recall,
        notes.note,
        inbox.put,
        uplink.consumers,
        {name: kept for name, kept in ledger.acked().items() if name in uplink.consumers},
        lambda cursors: inbox.tell(lambda: ledger.save_acked(cursors)),
        _discovery(settings, plan),
        ledger.trusted_us(),
    )


def serve_centre(
    settings: Settings,
    house: House,
    ledger: Ledger,
    loop: Loop,
    inbox: Inbox,
    stops: list[tuple[str, Callable[[], None]]],
) -> Service:
    """What the uplink serves, with the commands begun; their end is put to ``stops``."""
    execute: Execute = nobody
    plan = house.plan
    if _commanded(settings):
        # Only here: a gate that nobody commands does not carry the models of what they take.
        from agent.commands.serve import Commands  # noqa: PLC0415

        told, config = lambda: describe(plan), lambda: masked(settings)
        commands = Commands(house, loop, inbox.tell, told, config)
        commands.start()
        stops.append(("commands", commands.stop))
        execute = commands.execute
    return make_service(settings, plan, ledger, loop, inbox, execute)


def _commanded(settings: Settings) -> bool:
    """May anybody command anything?"""
    uplink = settings.uplink
    if uplink is None:
        return False
    switches = uplink.home_assistant
    return bool(uplink.clients) or (switches is not None and (switches.open or switches.close))


def permits_of(settings: Settings) -> Mapping[str, Permit]:
    """Who may command what; raises SettingsError."""
    uplink = settings.uplink
    if uplink is None:
        return {}
    found: dict[str, Permit] = {}
    for name, client in uplink.clients.items():
        group = uplink.groups[client.group]
        keys = {
            key: needed(f"uplink.clients.{name}.keys.{key}", hmac_key, secret)
            for key, secret in client.keys.items()
        }
        found[name] = Permit(frozenset(group.may), frozenset(group.signed), keys)
    return found


def _discovery(settings: Settings, plan: GatePlan) -> Discovery | None:
    told = None if settings.uplink is None else settings.uplink.home_assistant
    if told is None:
        return None
    lanes = {name: lane.name for name, lane in settings.lanes.items() if lane.name}
    options = Options(told.prefix, told.shown, told.open, told.close, settings.names.gate, lanes)
    return Discovery(plan, Address(settings.estate, settings.gate), options)


class Notes:
    """Looks up and keeps the answers to commands that are done outside the loop."""

    def __init__(self, ledger: Ledger, loop: Loop, inbox: Inbox) -> None:
        self._ledger = ledger
        self._loop = loop
        self._inbox = inbox

    def recall(self, command: Command, then: Callable[[Reply | None], None]) -> None:
        """What was answered to it before: ``then`` is told in the loop's thread, None if nothing.

        Raises nothing; what cannot be read was not answered.
        """
        self._inbox.tell(lambda: then(self._kept(command)))

    def note(self, command: Command, said: Reply) -> None:
        """Write down what was answered, and keep it."""
        order = noting(command, said)
        self._inbox.tell(lambda: self._loop.take_order(order))

    def _kept(self, command: Command) -> Reply | None:
        kept = self._loop.kept(noting(command, Reply(DONE)))
        return None if kept is None else reply_of(kept)


def make_broker(settings: Settings) -> Broker:
    """Where the centre's broker is; raises SettingsError when its password cannot be read."""
    uplink = settings.uplink
    if uplink is None:
        raise GateError("no uplink is configured: add uplink: to the settings")
    tls = None
    if uplink.tls is not None:
        tls = Tls(uplink.tls.ca, uplink.tls.cert, uplink.tls.key)
    return Broker(
        uplink.host,
        uplink.port,
        uplink.version.value,
        tls,
        uplink.username,
        needed("uplink.password", password, uplink.password) if uplink.password else "",
        client_id=f"{settings.estate}.{settings.gate}",
        window=uplink.window,
    )
