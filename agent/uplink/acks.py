"""What the consumers of the centre have for good, as they say it on `ack/{consumer}`.

Rules kept here:
- only consumers that the settings name count, and `confirmed` is the least of them; one that never
  said anything has nothing;
- a cursor belongs to a stream and only grows: an old retained message, or a broker that forgot,
  takes nothing back;
- what is malformed, of another stream or beyond the journal's end moves nothing and is said;
- an empty payload is how MQTT clears a retained message: it says nothing.

An ack is ``{streamid, throughseq}``; see docs/contract.
"""

import json
from collections.abc import Mapping

from agent.ports import Head

MAX_BYTES = 1024


class Acks:
    """The cursors of ``consumers``; ``known`` is what was saved of them: stream and sequence.

    Belongs to one thread. Cursors of consumers that are not named any more are left alone.
    """

    def __init__(
        self, consumers: tuple[str, ...], known: Mapping[str, tuple[str, int]] | None = None
    ) -> None:
        self._cursors = {name: (known or {}).get(name, ("", 0)) for name in consumers}
        self._changed: dict[str, tuple[str, int]] = {}
        self._complaints: dict[str, str] = {}

    @property
    def complaint(self) -> str:
        """What is wrong with the last acks of those who are named, or "" if nothing is."""
        return "; ".join(self._complaints.values())

    def heard(self, consumer: str, payload: bytes, head: Head) -> str:
        """Take an ack in; gives a complaint when it moves nothing because it is wrong, else "".

        An ack at or below what is known is no fault: it is late, or comes again.
        """
        cursor = self._cursors.get(consumer)
        if cursor is None:
            return (
                f"ack/{consumer} was written to, but no such consumer is named: add it to"
                " uplink.consumers, or let nobody write there"
            )
        complaint = self._take(consumer, cursor, payload, head)
        if complaint:
            self._complaints[consumer] = complaint
        else:
            self._complaints.pop(consumer, None)
        return complaint

    def _take(self, consumer: str, cursor: tuple[str, int], payload: bytes, head: Head) -> str:
        if not payload:
            return ""
        ack = _read(payload)
        if ack is None:
            return (
                f"ack/{consumer} holds what is no ack: it has to be"
                ' {"streamid": "…", "throughseq": 0 or more}'
            )
        stream, through = ack
        if stream != head.stream:
            return (
                f"ack/{consumer} is of another stream than this journal's: let the consumer take"
                " streamid from `status`, and begin anew"
            )
        if through > head.sequence:
            return (
                f"ack/{consumer} says {through}, but the journal ends at {head.sequence}: look"
                " into that consumer"
            )
        if (cursor[0] != stream and through) or through > cursor[1]:
            self._cursors[consumer] = self._changed[consumer] = (stream, through)
        return ""

    def confirmed(self, stream: str) -> int | None:
        """The last entry that every named consumer has; None when none is named."""
        cursors = self._cursors.values()
        return min((at if its == stream else 0 for its, at in cursors), default=None)

    def changed(self) -> Mapping[str, tuple[str, int]]:
        """The cursors that moved since the last call: to be saved."""
        changed, self._changed = self._changed, {}
        return changed


def _read(payload: bytes) -> tuple[str, int] | None:
    if len(payload) > MAX_BYTES:
        return None
    try:
        told = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    stream, through = told.get("streamid"), told.get("throughseq")
    if not isinstance(stream, str) or not isinstance(through, int) or isinstance(through, bool):
        return None
    return (stream, through) if through >= 0 else None
