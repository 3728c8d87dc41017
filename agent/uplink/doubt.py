"""What an acknowledgement is worth on MQTT 3.1.1, where a PUBACK has no reason code.

There a broker that denies a publish either acknowledges it as if all were well (mosquitto does), or
acknowledges it and drops the connection (MQTT 3.1.1, 3.3.5, allows both).

Rules kept here:
- in each session the first event has to come back to us, as its subscribers get it, before its
  acknowledgement counts or a second one is sent; what does not come back was not taken;
- from then on the latest acknowledgement counts when the broker has said something after it.

The client therefore has to be allowed to read its own ``evt``.
"""

PROOF_S = 3.0


class Doubt:
    """The doubts of one session. Times in seconds of the monotonic clock."""

    def __init__(self) -> None:
        self.proven = False
        self._held = 0
        self._since = 0.0
        self._asked = False
        self._subscribed = True

    @property
    def held(self) -> int:
        """The acknowledged event that does not count yet, 0 when there is none."""
        return self._held

    def acknowledged(self, sequence: int, now: float) -> int:
        """A PUBACK, of an event or of something else (0); returns the event that counts now."""
        if not self.proven:
            if sequence:
                self._held, self._since = sequence, now
            return 0
        counts, self._held = self._held, sequence
        return counts

    def echoed(self) -> None:
        """Our own event came back."""
        self.proven = True

    def answered(self) -> int:
        """A SUBACK or UNSUBACK; returns the event that counts now."""
        self._asked = False
        if not self.proven:
            return 0
        counts, self._held = self._held, 0
        return counts

    def ask(self, *, idle: bool) -> bool:
        """Whether to send an UNSUBSCRIBE now: to hear no more echoes, or for its answer only."""
        if not self.proven or self._asked or not (self._subscribed or (self._held and idle)):
            return False
        self._asked, self._subscribed = True, False
        return True

    def disproven(self, now: float) -> int:
        """The event that was acknowledged and did not come back, 0 when there is none."""
        return self._held if not self.proven and self._held and now - self._since > PROOF_S else 0
