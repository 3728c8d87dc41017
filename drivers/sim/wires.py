"""What can happen to the wires of the inputs: cut, stuck, chattering.

Rules kept here:
- pure: times are nanoseconds of one monotonic clock and come from outside;
- a cut wire drives nothing: the pin reads as it is pulled; the second contact of a pair has a
  wire, and a fate, of its own.
"""

from dataclasses import dataclass, field


@dataclass(slots=True)
class _Chatter:
    period_ns: int
    next_ns: int
    on: bool = True


@dataclass(slots=True)
class Wires:
    """Hurt wires by pin; what is not here says what stands on it."""

    stuck: dict[int, bool] = field(default_factory=dict)
    cuts: set[int] = field(default_factory=set)
    loose: dict[int, _Chatter] = field(default_factory=dict)

    def stick(self, pin: int, active: bool) -> None:
        """The contact stays so, whatever stands on it: a loop that is stuck, a button held."""
        self.mend(pin)
        self.stuck[pin] = active

    def cut(self, pin: int) -> None:
        """The wire is cut."""
        self.mend(pin)
        self.cuts.add(pin)

    def chatter(self, pin: int, period_ns: int, now_ns: int) -> None:
        """The contact opens and closes for ever; ValueError for a period that is none."""
        if period_ns <= 0:
            raise ValueError(f"a period of {period_ns} ns is none")
        self.mend(pin)
        self.loose[pin] = _Chatter(period_ns, now_ns + period_ns)

    def mend(self, pin: int) -> None:
        """All is well again."""
        self.stuck.pop(pin, None)
        self.cuts.discard(pin)
        self.loose.pop(pin, None)

    def says(self, pin: int, active: bool, now_ns: int) -> bool | None:
        """What the wire says of a contact that is ``active`` or not; None: nothing drives it."""
        if pin in self.cuts:
            return None
        if (loose := self.loose.get(pin)) is not None:
            if loose.next_ns <= now_ns:
                loose.on = not loose.on
                loose.next_ns = now_ns + loose.period_ns
            return loose.on
        return self.stuck.get(pin, active)

    def next_ns(self) -> int | None:
        """When a loose contact moves next."""
        return min((one.next_ns for one in self.loose.values()), default=None)
