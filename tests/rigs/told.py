"""What a subscriber was told, held against the journal."""

import json
from collections.abc import Iterable, Mapping, Sequence

from agent.core.entries import StoredEntry
from agent.uplink.envelope import envelope
from tests.rigs.listener import Heard

SOURCE = "/gate/v1/green-garden/demo"


def events(heard: Sequence[Heard]) -> dict[int, bytes]:
    """Events by sequence; fails when a repeated one differs, or the first times are out of order.

    Every event is of one stream.
    """
    found: dict[int, bytes] = {}
    streams = set()
    last = 0
    for one in heard:
        told = json.loads(one.payload)
        streams.add(told["streamid"])
        sequence = int(told["sequence"])
        if sequence in found:
            assert found[sequence] == one.payload, f"event {sequence} came again, but different"
            continue
        assert sequence > last, f"event {sequence} came for the first time after {last}"
        found[sequence], last = one.payload, sequence
    assert len(streams) <= 1, streams
    return found


def same_as_stored(found: Mapping[int, bytes], entries: Iterable[StoredEntry]) -> None:
    """Every event that was heard is, byte for byte, the envelope of the entry in the journal."""
    stored = {one.sequence: one for one in entries}
    for sequence, payload in found.items():
        assert sequence in stored, f"the broker has event {sequence}, the journal does not"
        assert payload == envelope(stored[sequence], SOURCE), sequence
