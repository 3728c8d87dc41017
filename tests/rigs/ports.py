"""Ports of loopback for servers of the tests, such that no other test gets the same.

Rules kept here:
- a port lies below those that the system gives to connections (ip_local_port_range), so that none
  of the many connections of other tests can sit on it before its server does;
- every process of pytest-xdist draws from a part of its own;
- browsers ask nobody at port 10080, which lies just below ours;
- what was given lately is not given again: its server may not listen yet, or listen by UDP alone.
"""

import contextlib
import os
import random
import socket
from collections import deque

from tests.patience import LIMIT_S

_FIRST, _PART, _PARTS = 10_100, 1_400, 16
_LATELY: deque[int] = deque(maxlen=_PART // 4)


def _part() -> int:
    """The number of this process among those that run tests, 0 when it is the only one."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _PARTS


def free_port(together: int = 1) -> int:
    """The first of some neighbouring ports that nobody listens on just now."""
    first = _FIRST + _PART * _part()
    for _ in range(1000):
        port = first + random.randrange(_PART // together) * together  # noqa: S311 - no secret
        wanted = range(port, port + together)
        if not set(wanted).isdisjoint(_LATELY):
            continue
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for each in wanted:
                stack.enter_context(socket.socket()).bind(("0.0.0.0", each))  # noqa: S104
            _LATELY.extend(wanted)
            return port
    raise AssertionError(f"no {together} neighbouring ports are free from {first} on")


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), LIMIT_S).close()
    except ConnectionRefusedError:
        return False
    return True
