"""The whole gate in software, as a process of its own: pins, reader lines, arms, cars.

It outlives the daemon, so that it can say what the relays did when the daemon was killed. Start
it with ``python -m drivers.sim SPEC.json`` (`drivers.sim.spec`), talk to it over the control
socket (`drivers.sim.control`, `SimClient`).
"""

from drivers.sim.client import SimClient, SimProcess

__all__ = ["SimClient", "SimProcess"]
