"""Gathering what the checks compare: from the ledger, the hardware's trace, and the centre."""

from collections.abc import Sequence

from agent.core.entries import StoredEntry
from agent.demo.checks import Answer, AtCentre, Evidence, Lane
from agent.demo.house import House
from agent.demo.pulses import RelayWire
from agent.demo.seen import Seen
from agent.planning import gate_plan
from agent.settings.units import milliseconds
from agent.store.reading import Reading
from agent.store.verify import verify

_BATCH = 500


def gather(
    house: House, seen: Seen, expected: Sequence[Answer], code: int | None = None
) -> Evidence:
    """Everything as it is now; ``code`` when the daemon has ended. Raises GateError."""
    settings = house.settings
    centre = house.centre
    if centre is not None:
        centre.look()
    ledger = settings.paths.ledger
    return Evidence(
        source=gate_plan(settings).source,
        entries=_entries(house),
        verdict=verify(ledger, (seen.head, bytes.fromhex(seen.hash))),
        expected=expected,
        trace=house.sim.trace(),
        relays=[
            RelayWire(name, role, pin.pin, pin.active == "low", milliseconds(pin.pulse))
            for name, lane in settings.lanes.items()
            for role, pin in lane.relays().items()
        ],
        lanes={
            name: Lane(arm["passed"], arm["hits"], len(arm["cars"]))
            for name, arm in house.sim.arms().items()
        },
        centre=None
        if centre is None
        else AtCentre(
            tuple(centre.events),
            seen.head,
            tuple(centre.gaps),
            centre.unreadable,
            tuple(house.outages),
        ),
        code=code,
        before=house.before,
    )


def _entries(house: House) -> list[StoredEntry]:
    found: list[StoredEntry] = []
    with Reading.open(house.settings.paths.ledger) as reading:
        while batch := reading.after(found[-1].sequence if found else 0, _BATCH):
            found += batch
    return found
