"""An uplink as a process, to be killed: `python -m tests.uplink.victim DIR PORT MQTT`."""

import signal
import sys
from pathlib import Path
from threading import Event

from agent.uplink.broker import Broker
from tests.patience import LIMIT_S
from tests.uplink.gate import Gate


def main() -> None:
    directory, port, version = sys.argv[1:4]
    end = Event()
    signal.signal(signal.SIGTERM, lambda *_: end.set())
    broker = Broker(
        "127.0.0.1",
        int(port),
        version="5" if version == "5" else "3.1.1",
        client_id="estate.north",
    )
    with Gate(Path(directory), broker):
        end.wait(10 * LIMIT_S)


if __name__ == "__main__":
    main()
