"""A daemon's worth of pins, to be killed: holds one relay, pulses another for a minute."""

import sys
import threading
from pathlib import Path

from drivers.gpio import OutputSpec, open_factory
from tests.patience import LIMIT_S
from tests.rigs.gate_rig import HOLD, OPEN, OPEN_PIN, OUTPUTS, make_bank


def main(socket: str) -> None:
    outputs = (OutputSpec(OPEN, OPEN_PIN), *OUTPUTS[1:])
    bank = make_bank(open_factory("socket", Path(socket)), outputs=outputs)
    bank.start(lambda _event: None)
    bank.switch(HOLD, True)
    bank.pulse(OPEN, 60_000)
    sys.stdout.write("on\n")
    sys.stdout.flush()
    threading.Event().wait(LIMIT_S)


if __name__ == "__main__":
    main(sys.argv[1])
