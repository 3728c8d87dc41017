"""What others at the broker are told once a session, such as Home Assistant: never at a price.

Rules kept here:
- one message at a time, and only while nothing live waits: no event and no answer waits for it;
- a broker may deny by cutting the connection, also after it has acknowledged. One that was lost
  while such a message was on its way, or soon after, is laid to it: for some minutes nothing more
  is told, so that events get through, and it is said;
- after a refusal nothing more is told in that session: one sentence says enough.
"""

from agent.uplink.discovery import Discovery

ABOUT = "announced"
"""Under this a complaint about any of them stands."""
SILENT_S = 600.0
SUSPECT_S = 5.0


class Announcing:
    """Of one uplink, over all its sessions; for its thread alone."""

    def __init__(self, discovery: Discovery | None) -> None:
        self._discovery = discovery
        self._waiting: dict[str, bytes] = {}
        self._under_way = ""
        self._last = ""
        self._answered_s = 0.0
        self._silent_until_s = 0.0

    def begin(self) -> None:
        """A session begins: everything is to be told anew."""
        self._waiting = {} if self._discovery is None else dict(self._discovery.messages())
        self._under_way = self._last = ""

    def next(self, now_s: float) -> tuple[str, bytes] | None:
        """Topic and payload of what is to be published now, retained; monotonic seconds."""
        if self._under_way or not self._waiting or now_s < self._silent_until_s:
            return None
        topic = next(iter(self._waiting))
        self._under_way = self._last = topic
        return topic, self._waiting.pop(topic)

    def acknowledged(self, topic: str, now_s: float, *, refused: bool) -> str:
        """The broker has answered to something; gives `ABOUT` if it was to one of these."""
        if not topic or topic != self._under_way:
            return ""
        self._under_way, self._answered_s = "", now_s
        if refused:
            self._waiting.clear()
        return ABOUT

    def lost(self, where: str, now_s: float) -> str:
        """The connection to ``where`` was lost; what this has to do with it, or nothing."""
        topic, self._last = self._last, ""
        if not topic or (not self._under_way and now_s - self._answered_s > SUSPECT_S):
            return ""
        self._silent_until_s = now_s + SILENT_S
        return (
            f"the broker at {where} cut the connection when {topic} was published: it may deny that"
            " way, let this client write that topic in its ACL, or take home_assistant out of the"
            f" settings; it is left out for {SILENT_S / 60:.0f} minutes"
        )
