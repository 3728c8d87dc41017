"""Whatever happens in whatever order: nobody comes in twice on one pass."""

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.entries import EntryType
from agent.core.events import Started
from agent.core.plan import INSIDE, OUTSIDE
from tests.core.booth import RAMP_IN, RAMP_OUT
from tests.core.builders import LANE, READER
from tests.core.test_qr_pass import Gatehouse, key
from tests.core.whole import OUT, OUT_READER, RAMP

SCANS = {"scan": READER, "scan-ramp": RAMP_IN, "scan-out": OUT_READER, "scan-back": RAMP_OUT}
DRIVES = {"drive": LANE, "drive-ramp": RAMP, "drive-out": OUT}
IDLES = {"nobody": LANE, "nobody-ramp": RAMP, "nobody-out": OUT}
ACTS = st.lists(st.sampled_from([*SCANS, *DRIVES, *IDLES, "crash"]), max_size=12)


def act(gate: Gatehouse, name: str) -> None:
    if name in SCANS:
        gate.scan(reader=SCANS[name])
    elif name in DRIVES:
        gate.drive(DRIVES[name])
    elif name in IDLES:
        gate.drives_off(IDLES[name])
    else:
        gate.state = gate.gate.first_state()
        gate.do(Started(gate.now))
        gate._clear()


def times_through(gate: Gatehouse, source: str, target: str) -> int:
    """On how many grants of the pass somebody may have gone this way."""
    granted = {
        entry.data["passage"]
        for entry in gate.entries
        if entry.type is EntryType.ACCESS_GRANTED
        and (entry.data["from"], entry.data["to"]) == (source, target)
    }
    empty = {
        entry.data["passage"]
        for entry in gate.entries
        if entry.type is EntryType.PASSAGE_ENDED and entry.data["outcome"] == "no_entry"
    }
    return len(granted - empty)


@settings(max_examples=40, deadline=None)
@given(acts=ACTS)
def test_nobody_comes_in_twice_on_one_pass(acts: list[str]) -> None:
    gate = Gatehouse()
    for name in acts:
        act(gate, name)
        for way in ((OUTSIDE, INSIDE), (INSIDE, OUTSIDE)):
            through = times_through(gate, *way)
            assert through <= 1
            assert (key(*way) in gate.used()) is (through == 1)
        assert len(gate.rows("visits", "state", "open")) <= 1
