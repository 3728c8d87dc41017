"""What is believed of one input, and why it is not: the contact, its pair, and how long it lasts.

Rules kept here:
- a pair of contacts changes together; while the two contradict each other nothing new is believed
  but what is believed at once anyway, and after `SKEW_NS` the input is unknown: a cut wire;
- an input that never rests is unknown, and one that cannot be read is;
- active for longer than its longest time is a fault, and stays active;
- what is overlooked while a sensor is tested is no edge; afterwards it is believed as it is then;
- every fault has a sentence, and ends when its cause does;
- pure: times are nanoseconds of the monotonic clock and come from outside.
"""

from drivers.debounce import RESTLESS_NS, Debounce

SKEW_NS = 250_000_000
CONTRADICT = "its two contacts contradict each other: a cut wire, or a worn contact"
CHATTERS = "it chatters: it has not been quiet for seconds"


class Supervised:
    """One input. ``level`` and ``fault`` are what is believed; `look` again at ``due_ns``.

    ``first`` and ``second`` are whether each contact says active; without a pair only ``first`` is.
    Methods return whether there is something to be told.
    """

    def __init__(
        self,
        quiet_ns: int,
        *,
        at_once: bool | None = None,
        paired: bool = False,
        longest_ns: int | None = None,
        restless_ns: int = RESTLESS_NS,
    ) -> None:
        self._contact = Debounce(quiet_ns, at_once=at_once, restless_ns=restless_ns)
        self._at_once = at_once
        self._paired = paired
        self._longest_ns = longest_ns
        self._first = self._second = False
        self._lost = ""
        self._apart_ns: int | None = None
        self._contradicts = False
        self._active_ns: int | None = None
        self._stuck = False

    @property
    def level(self) -> bool | None:
        """What is believed; None: unknown."""
        return self._contact.level

    @property
    def edges(self) -> int:
        """How many raw edges there were."""
        return self._contact.edges

    @property
    def fault(self) -> str:
        """Why it cannot be believed, or has to be looked at; empty when all is well."""
        if self._lost or self._contradicts:
            return self._lost or CONTRADICT
        if self._contact.restless:
            return CHATTERS
        if self._stuck and self._longest_ns is not None:
            return f"stuck: active for more than {self._longest_ns / 1e9:g} s"
        return ""

    @property
    def raw(self) -> bool | None:
        """What the contacts say at this moment; None when they contradict each other."""
        agree = not self._paired or self._first is self._second
        return self._first if agree else None

    @property
    def due_ns(self) -> int | None:
        """When to look again; None when nothing is running out."""
        dues = []
        if self._contact.settle_ns is not None and self._apart_ns is None:
            dues.append(self._contact.settle_ns)
        if self._apart_ns is not None and not self._contradicts:
            dues.append(self._apart_ns + SKEW_NS)
        if self._active_ns is not None and self._longest_ns is not None and not self._stuck:
            dues.append(self._active_ns + self._longest_ns)
        return min(dues, default=None)

    def begin(self, first: bool, second: bool, now_ns: int) -> None:
        """The first look, or the first one after the line was lost: believed as it is."""
        self._first, self._second = first, second
        self._lost = ""
        if self.raw is None:
            self._contact.lose()
            self._apart_ns = now_ns
        else:
            self._apart_ns = None
            self._contact.begin(self.raw)
        self._watch(now_ns)

    def edge(self, now_ns: int, *, first: bool | None = None, second: bool | None = None) -> bool:
        """One of the contacts has changed."""
        self._first = self._first if first is None else first
        self._second = self._second if second is None else second
        before = (self.level, self.fault)
        told = self._take(now_ns)
        self._watch(now_ns)
        return told or before != (self.level, self.fault)

    def look(self, first: bool, second: bool, now_ns: int) -> bool:
        """Look again, at ``due_ns`` or whenever one likes to: also for an edge that was lost."""
        before = (self.level, self.fault)
        told = False
        if self._lost:
            self.begin(first, second, now_ns)
        elif (first, second if self._paired else self._second) != (self._first, self._second):
            told = self.edge(now_ns, first=first, second=second)
        raw = self.raw
        if raw is not None:
            told = self._contact.settle(raw, now_ns) or told
        elif self._apart_ns is not None and now_ns >= self._apart_ns + SKEW_NS:
            self._contradicts = True
            self._contact.lose()
        self._watch(now_ns)
        return told or before != (self.level, self.fault)

    def overlook(self, first: bool | None, second: bool | None) -> None:
        """An edge that is our own doing: the sensor is being tested."""
        self._first = self._first if first is None else first
        self._second = self._second if second is None else second

    def resume(self, now_ns: int) -> bool:
        """Believe again what was overlooked: what is still not clear counts from now on."""
        if self.raw is self.level:
            return False
        return self.edge(now_ns)

    def lose(self, why: str) -> bool:
        """The line cannot be read."""
        before = (self.level, self.fault)
        self._contact.lose()
        self._lost, self._apart_ns, self._contradicts = why, None, False
        self._watch(0)
        return before != (self.level, self.fault)

    def _take(self, now_ns: int) -> bool:
        raw = self.raw
        if raw is not None:
            self._apart_ns = None
            return self._contact.edge(raw, now_ns)
        if self._apart_ns is None:
            self._apart_ns = now_ns
        if self._at_once is None or self._contradicts:
            self._contact.edges += 1
            return False
        return self._contact.edge(self._at_once, now_ns)

    def _watch(self, now_ns: int) -> None:
        """Faults end when the input is known again; how long has it been active?"""
        if self.level is not None:
            self._contradicts = False
        if self.level is not True:
            self._active_ns, self._stuck = None, False
        elif self._active_ns is None:
            self._active_ns = now_ns
        elif self._longest_ns is not None and now_ns - self._active_ns >= self._longest_ns:
            self._stuck = True
