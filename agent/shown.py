"""A QR pass on its way over the control socket: plain values, and back.

Rule kept here: what comes is a question (`gate-agent pass show`), and opens nothing whatever it
claims.
"""

from collections.abc import Mapping

from agent.core.access import Reason
from agent.core.ids import LaneId
from agent.core.model import Credential, Direction
from agent.core.qr_pass import ShownPass
from agent.errors import GateError


def told(shown: ShownPass) -> Mapping[str, object]:
    """The pass as plain values."""
    return {
        "credential": str(shown.credential),
        "label": shown.label,
        "begins_us": shown.begins_us,
        "ends_us": shown.ends_us,
        "appointment": shown.appointment,
        "lanes": list(shown.lanes),
        "direction": shown.direction.value,
        "vehicle": shown.vehicle,
        "fault": shown.fault.value if shown.fault is not None else "",
    }


def shown_of(values: object) -> ShownPass:
    """The pass that these values are; raises GateError where they are none."""
    if not isinstance(values, Mapping):
        raise GateError("a pass is a JSON object")
    try:
        lanes = tuple(LaneId(str(lane)) for lane in values["lanes"])
        return ShownPass(
            Credential.parse(str(values["credential"])),
            str(values["label"]),
            int(values["begins_us"]),
            int(values["ends_us"]),
            str(values["appointment"]),
            lanes,
            Direction(values["direction"]),
            vehicle=values["vehicle"] is True,
            fault=Reason(values["fault"]) if values["fault"] else None,
        )
    except (KeyError, TypeError, ValueError) as fault:
        raise GateError(f"this is no pass: {fault}") from fault
