"""What the gate hears from the broker: commands, what consumers have, requests of Home Assistant.

Rules kept here:
- every command is answered on ``reply/{client}`` and nowhere else: refused at once, or accepted and
  answered again when it came to something;
- a client is heard at its own pace only: beyond that it is told 429, and nothing is queued; what
  cannot be read is not even answered then;
- who asks for what he may not have is written down, at most once a minute for each;
- answers that wait for the connection are bounded; the oldest go first when there are too many.

Messages come in the uplink's thread, answers from any.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count

from agent.core.commands import ACCEPTED, ACTUATION, EXPIRED, LATE, REJECTED, Command, Name, Reply
from agent.core.events import CommandRefused
from agent.core.model import Moment
from agent.ports import Clock, Head
from agent.uplink import command, reply
from agent.uplink.acks import Acks
from agent.uplink.announcing import Announcing
from agent.uplink.client import Packed, answering
from agent.uplink.command import ACTUATION_MS, Refusal
from agent.uplink.discovery import Discovery
from agent.uplink.line import Incoming, Subscription
from agent.uplink.payloads import CONTENT_TYPE
from agent.uplink.permits import allowed, check_signature
from agent.uplink.service import Service
from agent.uplink.topics import Address, checked

WAITING = 1_000
BURST = 60.0
A_SECOND = 30.0
SAY_EVERY_NS = 60_000_000_000
_STRANGER, _HOME = "", "home/"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An answer on its way."""

    topic: str
    payload: bytes
    how: Packed


@dataclass(slots=True)
class _Pace:
    """How much of its pace a client has left, and what it asked in vain since it was last said."""

    left: float = BURST
    at_ns: int = 0
    said_ns: int = -SAY_EVERY_NS
    in_vain: int = 0


class Hearing:
    """Of one uplink, over all its sessions.

    ``head`` is the journal's, ``ring`` wakes the uplink's thread.
    """

    def __init__(
        self,
        address: Address,
        service: Service,
        clock: Clock,
        version: str,
        acks: Acks,
        head: Callable[[], Head | None],
        ring: Callable[[], None],
    ) -> None:
        self._address = address
        self._service = service
        self._clock = clock
        self._five = version == "5"
        self._head = head
        self._ring = ring
        self._paces: dict[str, _Pace] = {}
        self._waiting: deque[Outgoing] = deque(maxlen=WAITING)
        self._replays: deque[tuple[Command, bytes, str]] = deque(maxlen=WAITING)
        self._running: dict[tuple[str, str], tuple[Command, bytes, str]] = {}
        self._ids = count(1)
        self.acks = acks
        self.announcing = Announcing(service.discovery)
        self._trusted_us = service.trusted_us
        self.counters: Counter[str] = Counter()
        self.complaint = ""

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """What to subscribe to: nothing that nobody may send."""
        root, wanted = self._address.root, []
        if self._service.permits:
            wanted.append(Subscription(f"{root}/cmd/+/+", stored=False))
        wanted += [Subscription(f"{root}/ack/{name}") for name in self._service.consumers]
        if self._service.discovery is not None:
            found = self._service.discovery.subscriptions()
            wanted += [Subscription(topic, qos=0, stored=False) for topic in found]
        return tuple(wanted)

    def heard(self, message: Incoming) -> None:
        """A message has come; never publishes, never waits."""
        place, _, rest = message.topic.removeprefix(f"{self._address.root}/").partition("/")
        discovery = self._service.discovery
        if place == "cmd":
            self._heard_command(message, rest)
        elif place == "ack":
            self._heard_ack(rest, message.payload)
        elif discovery is not None and discovery.mine(message.topic):
            self._heard_request(discovery, message)

    def next(self) -> Outgoing | None:
        """The next answer to be sent."""
        try:
            return self._waiting.popleft()
        except IndexError:
            return None

    def asked(self) -> Command | None:
        """The next replay that was asked for and not answered before."""
        try:
            found = self._replays.popleft()
        except IndexError:
            return None
        self._running[found[0].client, found[0].cmd_id] = found
        return found[0]

    def replayed(self, client: str, cmd_id: str, said: Reply) -> None:
        """A replay has ended, or was refused."""
        found = self._running.pop((client, cmd_id), None)
        if found is not None:
            self._service.note(found[0], said)
            self._say(client, cmd_id, found[1], found[2], said)

    def about(self, client: str, cmd_id: str) -> bytes:
        """The Correlation Data of a replay that is being answered."""
        found = self._running.get((client, cmd_id))
        return b"" if found is None else found[1]

    def forget_replays(self) -> None:
        """The session is over, and with it what was asked to be told again in it."""
        self._running.clear()

    # --- commands ---------------------------------------------------------------------------------

    def _heard_command(self, message: Incoming, rest: str) -> None:
        client, _, text = rest.partition("/")
        cmd_id, correlation, readable = "", "", False
        now = self._clock.now()
        if now.quality.trusted:
            self._trusted_us = max(self._trusted_us, now.wall_us)
        try:
            found = command.read(message.payload)
            readable, cmd_id = True, command.cmd_id(found)
            correlation = command.correlation(found)
            self._keep_pace(client, now)
            told, name, deadline = self._checked(message, client, text, found, now)
        except Refusal as refusal:
            self.counters["refused"] += 1
            if refusal.code == 403:
                self._in_vain(client, text, refusal, now)
            # On MQTT 3.1.1 nobody can be told of a body that cannot be read: it names nobody.
            if readable or (self._five and self._in_pace(client, now)):
                said = Reply(REJECTED, refusal.code, detail=str(refusal))
                self._say(client, cmd_id, message.correlation, correlation, said)
            return
        self.counters["commands"] += 1
        self._begin(
            command.command(told, client, name, message.payload, deadline),
            message.correlation,
            correlation,
        )

    def _checked(
        self,
        message: Incoming,
        client: str,
        text: str,
        found: Mapping[str, object],
        now: Moment,
    ) -> tuple[command.Body, Name, int]:
        """The command's body, name and end; raises `Refusal`."""
        if message.retained:
            raise Refusal(400, "a retained command is none: publish it without retain")
        if text not in _NAMES:
            raise Refusal(404, f"there is no command {text[:40]!r}: see docs/contract")
        name = Name(text)
        permit = allowed(self._service.permits, client, name)
        told = command.body(found)
        answer_to = message.response_topic or told.reply_to
        if answer_to not in {"", self._address.reply(client)}:
            raise Refusal(403, f"answers go to {self._address.reply(client)} only")
        check_signature(permit, name, message.topic, message.payload, message.told)
        if not self._five and name in ACTUATION and not now.quality.trusted:
            raise Refusal(503, "without a trusted clock no arm is moved over MQTT 3.1.1")
        return told, name, command.deadline_ns(told, name, now, message.expiry_s, self._trusted_us)

    def _begin(self, wanted: Command, correlation: bytes, text: str) -> None:
        if wanted.name == Name.REPLAY:
            self._service.recall(wanted, partial(self._recalled, wanted, correlation, text))
            return
        answer = partial(self._say, wanted.client, wanted.cmd_id, correlation, text)
        answer(Reply(ACCEPTED))
        self._service.execute(wanted, answer)

    def _recalled(self, wanted: Command, correlation: bytes, text: str, kept: Reply | None) -> None:
        """Whether a replay was answered before is known now."""
        if kept is None and self._clock.now().mono_ns >= wanted.deadline_ns:
            kept = Reply(EXPIRED, 410, detail=LATE)
        if kept is not None:
            self._say(wanted.client, wanted.cmd_id, correlation, text, kept)
            return
        self._replays.append((wanted, correlation, text))
        self._ring()

    def _say(self, client: str, cmd_id: str, correlation: bytes, text: str, said: Reply) -> None:
        try:
            topic = self._address.reply(client)
        except ValueError:
            return
        how = answering(CONTENT_TYPE, correlation)
        self._waiting.append(Outgoing(topic, reply.payload(cmd_id, said, text), how))
        self._ring()

    def say(self, client: str, cmd_id: str, said: Reply) -> None:
        """Tell a client how its replay stands."""
        found = self._running.get((client, cmd_id))
        if found is not None:
            self._say(client, cmd_id, found[1], found[2], said)

    # --- pace -------------------------------------------------------------------------------------

    def _pace(self, client: str) -> _Pace:
        """Strangers share one pace, so that they cost no more than one."""
        known = client if client == _HOME or client in self._service.permits else _STRANGER
        return self._paces.setdefault(known, _Pace())

    def _keep_pace(self, client: str, now: Moment) -> None:
        if not self._in_pace(client, now):
            raise Refusal(429, f"too many commands: {A_SECOND:.0f} a second at most")

    def _in_pace(self, client: str, now: Moment) -> bool:
        pace = self._pace(client)
        if pace.at_ns:
            pace.left = min(BURST, pace.left + (now.mono_ns - pace.at_ns) / 1e9 * A_SECOND)
        pace.at_ns = now.mono_ns
        if pace.left < 1:
            return False
        pace.left -= 1
        return True

    def _in_vain(self, client: str, text: str, refusal: Refusal, now: Moment) -> None:
        pace = self._pace(client)
        pace.in_vain += 1
        if now.mono_ns - pace.said_ns < SAY_EVERY_NS:
            return
        many, pace.in_vain, pace.said_ns = pace.in_vain, 0, now.mono_ns
        name = text if text in _NAMES else "?"
        self._service.refused(
            CommandRefused(_spoken(client), name, refusal.code, str(refusal), many, now)
        )

    # --- everything else --------------------------------------------------------------------------

    def _heard_ack(self, consumer: str, payload: bytes) -> None:
        head = self._head()
        if head is None:
            return
        self.acks.heard(consumer, payload, head)
        self.complaint = self.acks.complaint

    def keep(self) -> None:
        """Let what the consumers have be kept; there is no hurry, the broker keeps it too."""
        changed = self.acks.changed()
        if changed:
            self._service.keep_acked(changed)

    def _heard_request(self, discovery: Discovery, message: Incoming) -> None:
        now = self._clock.now()
        wanted = discovery.asked(
            message.topic,
            message.payload,
            retained=message.retained,
            cmd_id=f"ha-{now.wall_us}-{next(self._ids)}",
            deadline_ns=now.mono_ns + ACTUATION_MS * 1_000_000,
        )
        if wanted is None:
            return
        try:
            self._keep_pace(_HOME, now)
        except Refusal:
            self.counters["refused"] += 1
            return
        self.counters["commands"] += 1
        self._service.execute(wanted, _unheard)


def _unheard(_reply: Reply) -> None:
    """Home Assistant hears no answer: it sees what the arm does."""


def _spoken(client: str) -> str:
    """The client's name as it may stand in an entry."""
    try:
        return checked("client", client)
    except ValueError:
        return "?"


_NAMES = frozenset(Name)
