"""What is believed of one contact: contacts bounce, loops flutter, and safety does not wait for it.

Rules kept here:
- a contact that has a level to be believed at once (`at_once`: a safety input's active, the release
  of a button that is held) is believed so at its first edge; every other level only after it has
  been quiet for `quiet_ns`;
- every raw edge is counted, also those that change nothing in the end;
- a contact that is never quiet for `restless_ns` is unknown, until it has been quiet again;
- pure: times are nanoseconds of the monotonic clock and come from outside.
"""

RESTLESS_NS = 2_000_000_000


class Debounce:
    """One contact. ``level`` is what is believed, ``settle_ns`` when to call `settle` next."""

    def __init__(
        self, quiet_ns: int, *, at_once: bool | None = None, restless_ns: int = RESTLESS_NS
    ) -> None:
        self.level: bool | None = None
        self.edges = 0
        self._told = 0
        self.settle_ns: int | None = None
        self.restless = False
        self._quiet_ns = quiet_ns
        self._at_once = at_once
        self._restless_ns = max(restless_ns, 4 * quiet_ns)
        self._since_ns: int | None = None

    def begin(self, raw: bool) -> None:
        """The first look: believed as it is."""
        self.level = raw
        self._calm()

    def edge(self, raw: bool, now_ns: int) -> bool:
        """The line changed to ``raw``. True when that is to be told at once."""
        self.edges += 1
        if self._quiet_ns == 0:
            self.level, self._told = raw, self.edges
            return True
        self.settle_ns = now_ns + self._quiet_ns
        before = self.level
        if self._since_ns is None:
            self._since_ns = now_ns
        if now_ns - self._since_ns >= self._restless_ns:
            self.restless, self.level = True, None
        elif raw is self._at_once:
            self.level = raw
        if before is self.level:
            return False
        self._told = self.edges
        return True

    def settle(self, raw: bool, now_ns: int) -> bool:
        """Look again at ``settle_ns``. True when something is to be told: a level, or edges."""
        if self.settle_ns is None or now_ns < self.settle_ns:
            return False
        news = self.level is not raw or self.edges != self._told
        self.level, self._told = raw, self.edges
        self._calm()
        return news

    def lose(self) -> bool:
        """The line cannot be read. True when that is news."""
        news = self.level is not None
        self.level = None
        self._calm()
        return news

    def _calm(self) -> None:
        self.settle_ns = self._since_ns = None
        self.restless = False
