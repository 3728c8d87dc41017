"""``gate-agent console``: the guard's screen, a process beside the daemon."""

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from agent import logs, planning
from agent.cli import options
from agent.console.serve import Listen, serve
from agent.console.site import Site
from agent.errors import GateError
from agent.settings import Settings, load


@click.command()
@click.option("--listen", "host", default="", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port; 0 takes a free one.")
@click.option("--desk", default="", help="The desk that it stands on; else the first of desks:.")
@options.config
def console(host: str, port: int | None, desk: str, config_path: Path) -> None:
    """Serve the guard's screen until SIGTERM. Asks the daemon, and finds it again by itself."""
    logs.start()
    settings = load(config_path)
    told = settings.console
    cert, key = (None, None) if told.tls is None else (told.tls.cert, told.tls.key)
    listen = Listen(
        host or told.address.host, told.address.port if port is None else port, cert, key
    )
    site = make_site(settings, desk)
    serve(replace(site, hosts=(*site.hosts, host)) if host else site, listen)


def make_site(settings: Settings, desk: str = "") -> Site:
    """What the console has to know; raises GateError when there is no such desk, or no state."""
    told = settings.console
    if desk and desk not in settings.desks:
        raise GateError(f"no desk {desk!r} here; the desks are {', '.join(settings.desks) or '-'}")
    try:
        told.state.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        message = f"{told.state} cannot be made: {fault.strerror}; see console.state"
        raise GateError(message) from fault
    return Site(
        planning.gate_plan(settings),
        settings.names.gate or settings.gate,
        ZoneInfo(settings.timezone),
        settings.paths.ledger,
        settings.paths.control,
        told.state,
        desk or next(iter(settings.desks), ""),
        {name: lane.name or name for name, lane in settings.lanes.items()},
        {name: one.name or name for name, one in settings.desks.items()},
        told.named,
        secure=told.tls is not None,
        booths=told.booths,
    )
