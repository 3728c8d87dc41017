"""What is written down of the gate as a whole: readers, clock, relays, start and end.

Rule kept here: nothing is decided and nothing moves.
"""

from agent.core import commands
from agent.core.draft import Draft
from agent.core.entries import EntryType
from agent.core.events import (
    ClockJudged,
    ClockStepped,
    CommandRefused,
    Event,
    IntercomFound,
    IntercomLost,
    OutputFaulted,
    Protected,
    ReaderFound,
    ReaderLost,
    ReaderTampered,
    Stopping,
)
from agent.core.plan import LanePlan

TAMPER = {
    True: "its tamper contact is open: look whether somebody opened it or took it off",
    False: "its tamper contact is closed again",
}


def driven(event: Protected | OutputFaulted, plan: LanePlan | None, out: Draft) -> None:
    """The interlock acted, or a relay did not; ``plan`` is the lane of the output."""
    subject = f"output/{event.output}" if plan is None else f"lane/{plan.lane}"
    data: dict[str, object] = {"output": event.output}
    if isinstance(event, Protected):
        data |= {"what": event.what, "because": event.because}
        out.write(EntryType.ARM_PROTECTED, subject, data)
    else:
        out.write(EntryType.OUTPUT_FAULTED, subject, {**data, "detail": event.detail})


def agent(event: Event, out: Draft) -> None:
    """Readers come and go, the clock is judged, the agent ends."""
    match event:
        case ReaderLost(reader, detail):
            out.write(EntryType.READER_LOST, f"reader/{reader}", {"detail": detail})
        case ReaderFound(reader, detail):
            out.write(EntryType.READER_FOUND, f"reader/{reader}", {"detail": detail})
        case ReaderTampered(reader, opened):
            kind = EntryType.READER_TAMPERED if opened else EntryType.READER_RESTORED
            out.write(kind, f"reader/{reader}", {"detail": TAMPER[opened]})
        case ClockStepped(delta_us):
            out.write(EntryType.CLOCK_STEPPED, "clock", {"deltams": delta_us // 1000})
        case ClockJudged(trusted, at):
            kind = EntryType.CLOCK_TRUSTED if trusted else EntryType.CLOCK_DOUBTED
            out.write(kind, "clock", {"quality": at.quality.value})
        case CommandRefused():
            commands.refused(event, out)
        case IntercomLost(detail):
            out.write(EntryType.INTERCOM_LOST, "intercom", {"detail": detail})
        case IntercomFound():
            out.write(EntryType.INTERCOM_FOUND, "intercom", {})
        case Stopping(reason):
            out.write(EntryType.AGENT_STOPPED, "agent", {"reason": reason})
