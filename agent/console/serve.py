"""Serves the console: listens, runs, ends within a second of being told to."""

import asyncio
import contextlib
import ctypes
import logging
import signal
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from agent.console.app import make_app
from agent.console.site import Site
from agent.errors import GateError
from agent.tls import add_chain

_ARENA_MAX = -8
_log = logging.getLogger("gate.console")


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to listen; port 0 takes a free one. Without ``cert`` and ``key`` there is no TLS."""

    host: str = "127.0.0.1"
    port: int = 8480
    cert: Path | None = None
    key: Path | None = None

    @property
    def loopback(self) -> bool:
        """Can only this machine reach it?"""
        return self.host in {"127.0.0.1", "::1", "localhost"}


def serve(site: Site, listen: Listen) -> None:
    """Serve until SIGTERM or SIGINT; raises GateError when it cannot listen as it should."""
    _one_arena()
    if not listen.loopback and listen.cert is None:
        raise GateError(
            f"the console is to listen on {listen.host} without TLS: names and cards would travel "
            "openly; give a certificate and key, or listen on 127.0.0.1"
        )
    if listen.cert is not None:
        # uvicorn does this too, with the bare words of OpenSSL.
        add_chain(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), listen.cert, listen.key)
    listening = _bound(listen)
    scheme = "http" if listen.cert is None else "https"
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    config = uvicorn.Config(
        make_app(site),
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        limit_concurrency=100,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=1,
        h11_max_incomplete_event_size=32 * 1024,
        ssl_certfile=listen.cert,
        ssl_keyfile=None if listen.key is None else str(listen.key),
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        # Its server hands the signal on when it has ended in order: that is the end, no fault.
        signal.signal(number, lambda *_: None)
    try:
        server = uvicorn.Server(config)
        _log.info("the guard's screen: %s://%s:%d/", scheme, shown, port)
        print(f"the guard's screen: {scheme}://{shown}:{port}/", flush=True)  # noqa: T201 - for the one who started it
        asyncio.run(server.serve(sockets=[listening]))
    finally:
        listening.close()


def _one_arena() -> None:
    """Let all threads share one heap (mallopt(3)): ten of their own keep 10 MB that nobody uses."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)


def _bound(listen: Listen) -> socket.socket:
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((listen.host, listen.port))
        listening.listen(64)
    except OSError as fault:
        listening.close()
        raise GateError(
            f"the console cannot listen on {listen.host} port {listen.port}: "
            f"{fault.strerror or fault}: is another one running? see console.port"
        ) from fault
    return listening
