"""What was understood of a settings file, so that an installer can compare it with the wires.

Rules kept here:
- everything with a wire is named with its pin or port, defaults included;
- what a lane cannot know for want of a sensor is said.
"""

from collections.abc import Iterator
from typing import Any

from agent.core.commands import Name
from agent.settings.models import Settings
from agent.settings.told import contact, output, sentences, zone
from agent.settings.told_booth import booth
from agent.settings.units import write_duration
from agent.settings.uplink import Uplink


def summary(settings: Settings) -> Iterator[str]:
    """The gate in lines of text."""
    yield f"gate {settings.gate} of {settings.estate}, time zone {settings.timezone}"
    for key, lane in settings.lanes.items():
        yield f"lane {key}{_called(lane.name)}: {lane.direction}"
        yield from _readers(settings, lane.readers)
        for role, relay in lane.outputs().items():
            yield f"  output {role:<12} {output(relay)}"
        for role, pin in lane.wired().items():
            yield f"  input  {role:<12} {contact(role, pin)}"
        yield from (f"  {sentence}" for sentence in sentences(lane))
    for key, desk in settings.desks.items():
        yield f"desk {key}{_called(desk.name)}"
        yield from _readers(settings, desk.readers)
    if settings.cards.require_proof:
        yield f"cards that have to prove themselves: {', '.join(settings.cards.require_proof)}"
    yield from (zone(key, rules) for key, rules in settings.zones.items())
    for key, pin in settings.emergency.wired().items():
        yield f"{key} {contact(key, pin)}"
    if settings.duress is not None:
        yield (
            f"duress: the code, typed within {write_duration(settings.duress.within)} of a card, "
            "calls the centre; at the gate nothing shows it"
        )
    if settings.qr_passes is not None:
        yield settings.qr_passes.told()
    yield from booth(settings)
    yield _pins(settings)
    yield _uplink(settings)
    yield from _home(settings)
    if settings.uplink is not None:
        yield from _centre(settings.uplink)
    yield f"journal {settings.paths.ledger}, kept {write_duration(settings.retention)}"


def _called(name: str) -> str:
    return f" ({name})" if name else ""


def _readers(settings: Settings, names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        reader = settings.readers[name]
        side = f", side {reader.side}" if reader.side is not None else ""
        quiet = write_duration(reader.quiet)
        looked_up = f"matching {reader.matching}{reader.form_told()}"
        how = f"{reader.told()}{side}, {looked_up}, quiet {quiet}"
        yield f"  reader {name:<12} {how}"


def _pins(settings: Settings) -> str:
    socket = f" at {settings.gpio.socket}" if settings.gpio.socket is not None else ""
    return f"pins {settings.gpio.backend}{socket}"


def _uplink(settings: Settings) -> str:
    uplink = settings.uplink
    if uplink is None:
        return "uplink none: the gate keeps its journal to itself"
    tls = "without TLS"
    if uplink.tls is not None:
        tls = "TLS with certificate" if uplink.tls.cert is not None else "TLS without certificate"
    where = f"{uplink.host}:{uplink.port}"
    return f"uplink {where}, MQTT {uplink.version}, {tls}, personal data {uplink.personal}"


def _centre(uplink: Uplink) -> Iterator[str]:
    """Who may command, who has to have every event, and who is shown the gate."""
    if not uplink.clients:
        yield "  nobody commands the gate over MQTT"
    for key, client in uplink.clients.items():
        group = uplink.groups[client.group]
        signs = [name.value for name in group.signed]
        signed = f"; signed: {', '.join(signs)}" if signs else ""
        whole = set(group.may) == set(Name)
        may = "everything" if whole else ", ".join(name.value for name in group.may)
        yield f"  client {key:<12} {may}{signed}"
    if uplink.consumers:
        yield f"  nothing is cut off before it is confirmed by {', '.join(uplink.consumers)}"
    home = uplink.home_assistant
    if home is not None and home.shown:
        moves = [name for name, may in (("open", home.open), ("close", home.close)) if may]
        yield f"  Home Assistant sees the gate and may {' and '.join(moves) or 'move nothing'}"


def _home(settings: Settings) -> Iterator[str]:
    home = None if settings.uplink is None else settings.uplink.home_assistant
    if home is None:
        return
    may = [word for word, allowed in (("open", home.open), ("close", home.close)) if allowed]
    allows = f"may {' and '.join(may)}" if may else "shows, and moves nothing"
    shown = allows if home.shown else "the gate is taken out of it"
    yield f"Home Assistant at {home.prefix}/: {shown}"


def as_json(settings: Settings) -> dict[str, Any]:
    """The gate for machines: ids, pins and ports."""
    return {
        "estate": settings.estate,
        "gate": settings.gate,
        "timezone": settings.timezone,
        "lanes": {
            key: {
                "direction": lane.direction,
                "readers": list(lane.readers),
                "outputs": {role: relay.pin for role, relay in lane.outputs().items()},
                "inputs": {role: pin.pin for role, pin in lane.wired().items()},
            }
            for key, lane in settings.lanes.items()
        },
        "readers": {key: reader.place for key, reader in settings.readers.items()},
        "zones": {key: {"bays": rules.bays} for key, rules in settings.zones.items()},
        "emergency": {key: pin.pin for key, pin in settings.emergency.wired().items()},
        "desks": {key: list(desk.readers) for key, desk in settings.desks.items()},
        "console": settings.console.url,
        "uplink": None if settings.uplink is None else settings.uplink.host,
    }
