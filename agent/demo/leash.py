"""``python -m agent.demo.leash PID COMMAND…``: run COMMAND so that it ends when PID does.

The kernel sends SIGTERM when the thread that started us is gone (PR_SET_PDEATHSIG, prctl(2)); that
outlives the exec. The command gets a session of its own, so that a Ctrl-C in the terminal reaches
the demo alone, which then ends everything in order.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1


def leashed(command: Sequence[str]) -> list[str]:
    """The command, on a leash held by this process. Start it from a thread that lives on."""
    return [sys.executable, "-m", "agent.demo.leash", str(os.getpid()), *command]


def main(arguments: list[str]) -> int:
    """Become the command; exit code 1 when whoever asked for it is already gone."""
    holder, command = int(arguments[0]), arguments[1:]
    os.setsid()
    if ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        sys.stderr.write("no signal can be had at the demo's end (prctl failed)\n")
        return 1
    if os.getppid() == holder:
        os.execvp(command[0], command)  # noqa: S606 - our own command, no shell is wanted
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
