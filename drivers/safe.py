"""Relays to safety: on a Raspberry Pi an output stays driven when its process dies."""

from collections.abc import Mapping, Sequence

from agent.core.ids import OutputId
from agent.errors import DeviceError
from drivers.lines import FAULTS, OutputSpec
from drivers.pins import PinFactory


def relays_safe(factory: PinFactory, specs: Sequence[OutputSpec]) -> Mapping[OutputId, bool | None]:
    """Every pulse output off; a kept output is only looked at, never claimed. Closes the factory.

    Returns what each relay does afterwards (None: its line drives nothing). Raises DeviceError,
    after every other output was treated, when one could not be.
    """
    found: dict[OutputId, bool | None] = {}
    problems: list[str] = []
    for spec in specs:
        try:
            if spec.on_exit == "off":
                pin = factory.pin(f"GPIO{spec.pin}")
                pin.output_with_state(spec.level(False))
                found[spec.output] = int(pin.state) == spec.level(True)
            else:
                standing = factory.standing(spec.pin)
                found[spec.output] = None if standing is None else standing is not spec.active_low
        except FAULTS as error:
            problems.append(f"{spec.output} (GPIO{spec.pin}): {error}")
    factory.close()
    if problems:
        raise DeviceError(f"not brought to safety: {'; '.join(problems)}")
    return found
