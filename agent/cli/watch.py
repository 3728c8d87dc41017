"""``gate-agent watch``: the other side of the uplink, as a central server sees it.

Rules kept here:
- every event is shown once; a gap and a duplicate are said, never silently mended;
- with ``--json`` each line is an event exactly as it came (it has ``specversion``), or a record
  of ours (it has ``record``: link, status, info, state, gap, duplicate, unreadable, summary);
- exit 0 when nothing is missing, 1 when a gap stayed, 2 when the call is wrong.
"""

import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import click

from agent.keys import needed, password
from agent.settings import Settings, load
from agent.uplink import sentences, topics
from agent.uplink.broker import Broker, Tls
from agent.uplink.follow import Duplicate, Follower, Gap
from agent.uplink.listen import Listening

RED, DIM = "red", "bright_black"


class Watcher:
    """Shows what it hears. ``from_status``: the first status of a stream tells where it begins."""

    def __init__(self, *, as_json: bool, from_status: bool, count: int) -> None:
        self._as_json = as_json
        self._from_status = from_status
        self._count = count
        self._last_link = ""
        self.follower = Follower()
        self.events = self.duplicates = self.gaps = self.unreadable = 0
        self.enough = False

    def _record(self, name: str, fields: Mapping[str, object], text: str, colour: str = "") -> None:
        if self._as_json:
            click.echo(json.dumps({"record": name, **fields}, ensure_ascii=False))
        else:
            click.echo(click.style(text, fg=colour or DIM))

    def linked(self, up: bool, sentence: str) -> None:
        """The connection came or went; said once, not at every attempt."""
        if sentence != self._last_link:
            self._last_link = sentence
            fields = {"up": up, "detail": sentence}
            self._record("link", fields, sentence, "" if up else RED)
        sys.stdout.flush()

    def heard(self, topic: str, payload: bytes, retained: bool) -> None:
        """One message from the broker."""
        if self.enough:
            return
        read = topics.read(topic)
        content = _content(payload)
        if read is None or content is None:
            self.unreadable += 1
            fields = {"topic": topic, "bytes": len(payload)}
            text = f"unreadable: {len(payload)} bytes on {sentences.clean(topic)}"
            self._record("unreadable", fields, text, RED)
        elif read.kind == "evt":
            self._event(topic, content, payload)
        else:
            self._present(read, content, retained)
        sys.stdout.flush()

    def _present(self, read: topics.Topic, content: Mapping[str, object], retained: bool) -> None:
        name = f"{read.address.estate}/{read.address.agent}"
        source = read.address.source
        fields = {"source": source, "retained": retained, **content}
        if read.kind == "status":
            session = content.get("session")
            if isinstance(session, int) and not self.follower.believe(source, session):
                return
            first, stream = content.get("firstseq"), content.get("streamid")
            if self._from_status and isinstance(first, int) and isinstance(stream, str):
                self.follower.start(source, stream, max(0, first - 1))
            self._record("status", fields, sentences.status(name, content))
        elif read.kind == "state":
            fields["lane"] = read.name
            self._record("state", fields, sentences.state(name, read.name, content))
        else:
            self._record(read.kind, fields, f"{name} told what it has ({read.kind})")

    def _event(self, topic: str, content: Mapping[str, object], payload: bytes) -> None:
        source, stream = str(content.get("source", "")), str(content.get("streamid", ""))
        number = str(content.get("sequence", ""))
        if not (number.isascii() and number.isdigit() and int(number) > 0 and stream):
            self.unreadable += 1
            text = f"unreadable: an event without number or stream on {sentences.clean(topic)}"
            self._record("unreadable", {"topic": topic, "bytes": len(payload)}, text, RED)
            return
        key = {"source": source, "streamid": stream}
        verdict = self.follower.take(source, stream, int(number))
        name = sentences.gate(source)
        if isinstance(verdict, Duplicate):
            self.duplicates += 1
            text = f"duplicate: {name} {verdict.sequence} was here before, not counted"
            self._record("duplicate", {**key, "sequence": verdict.sequence}, text)
            return
        if isinstance(verdict, Gap):
            self.gaps += 1
            fields = {**key, "first": verdict.first, "last": verdict.last}
            text = f"GAP: {name} {verdict.first} to {verdict.last} did not come"
            self._record("gap", fields, text, RED)
        self.events += 1
        if self._as_json:
            text = payload.decode()
            one_line = text if text.isprintable() else json.dumps(content, separators=(",", ":"))
            click.echo(one_line)
        else:
            late = "" if isinstance(verdict, Gap) or not verdict.late else "  (late)"
            click.echo(sentences.event(content) + late)
        self.enough = 0 < self._count <= self.events

    def summary(self) -> int:
        """One line at the end; returns how many events are missing."""
        missing = sum(line.missing for line in self.follower.lines.values())
        fields = {
            "events": self.events,
            "duplicates": self.duplicates,
            "gaps": self.gaps,
            "missing": missing,
            "unreadable": self.unreadable,
        }
        text = ", ".join(f"{count} {what}" for what, count in fields.items())
        self._record("summary", fields, text, RED if missing else "")
        sys.stdout.flush()
        return missing


def _content(payload: bytes) -> Mapping[str, object] | None:
    try:
        content = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _password(place: Path | None) -> str:
    if place is None:
        return ""
    try:
        return place.read_text().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as fault:
        raise click.UsageError(f"--password-file {place} cannot be read: {fault}") from fault


GATES_OWN = (
    "this uses the certificate of the gate itself: a broker that knows its members by certificate"
    " throws out the gate for as long as this runs, and may show little; better give --tls-cert and"
    " --tls-key of a reader (docs/broker.md)"
)


def _configured(settings: Settings, client_id: str) -> Broker:
    """The broker of a configuration, with the agent's own credentials."""
    uplink = settings.uplink
    if uplink is None:
        raise click.UsageError("this configuration has no uplink: give --host and --port")
    tls = uplink.tls
    return Broker(
        host=uplink.host,
        port=uplink.port,
        version=uplink.version.value,
        tls=None if tls is None else Tls(tls.ca, tls.cert, tls.key),
        username=uplink.username,
        password=needed("uplink.password", password, uplink.password) if uplink.password else "",
        client_id=client_id,
    )


def _follow(broker: Broker, wanted: tuple[str, ...], watcher: Watcher) -> int:
    """Listen until a signal or until it is enough; returns how many events are missing."""

    def heard(topic: str, payload: bytes, retained: bool) -> None:
        watcher.heard(topic, payload, retained)
        if watcher.enough:
            listening.stop()

    listening = Listening(broker, wanted, heard, watcher.linked)
    before = {
        number: signal.signal(number, lambda *_: listening.stop())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        listening.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return watcher.summary()


@click.command()
@click.option("--host", help="The broker. [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65_535), help="[default: 1883, with TLS 8883]")
@click.option("--estate", help="Only this estate.")
@click.option("--gate", help="Only this gate.")
@click.option("--config", type=click.Path(path_type=Path), help="Broker and gate of this file; "
              "also its certificate, unless --tls-cert gives another one.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="JSON, for machines: one object a line.")
@click.option("--count", type=click.IntRange(1), help="End after so many events.")
@click.option("--from-status", is_flag=True, help="Miss what the status says there is, from its "
              "firstseq on.")  # fmt: skip
@click.option("--mqtt", type=click.Choice(["5", "3.1.1"]), default="5", show_default=True)
@click.option("--username", default="", help="User at the broker.")
@click.option("--password-file", type=click.Path(path_type=Path), help="Its password, in a file.")
@click.option("--tls-ca", type=click.Path(path_type=Path), help="Who signed the broker's key.")
@click.option("--tls-cert", type=click.Path(path_type=Path), help="Our certificate.")
@click.option("--tls-key", type=click.Path(path_type=Path), help="Its key.")
@click.option("--tls", is_flag=True, help="TLS with the machine's own authorities.")
def watch(
    *,
    host: str | None,
    port: int | None,
    estate: str | None,
    gate: str | None,
    config: Path | None,
    as_json: bool,
    count: int | None,
    from_status: bool,
    mqtt: str,
    username: str,
    password_file: Path | None,
    tls_ca: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    tls: bool,
) -> None:
    """Follow gates over MQTT like a central server: check order and gaps, remove duplicates.

    Ends with Ctrl-C and one line of summary; the exit code is 1 when events stayed missing.
    """
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key belong together")
    client_id = f"gate-watch-{os.getpid()}"
    if config is not None:
        settings = load(config)
        broker = _configured(settings, client_id)
        broker = replace(broker, host=host or broker.host, port=port or broker.port)
        if tls_cert is not None:
            own = Tls(tls_ca or (broker.tls.ca if broker.tls else None), tls_cert, tls_key)
            broker = replace(broker, tls=own, username="", password="")
        elif broker.tls is not None and broker.tls.cert is not None:
            click.echo(GATES_OWN, err=True)
        estate, gate = estate or settings.estate, gate or settings.gate
    else:
        secured = Tls(tls_ca, tls_cert, tls_key) if tls or tls_ca or tls_cert else None
        broker = Broker(
            host=host or "127.0.0.1",
            port=port or (1883 if secured is None else 8883),
            version="3.1.1" if mqtt == "3.1.1" else "5",
            tls=secured,
            username=username,
            password=_password(password_file),
            client_id=client_id,
        )
    try:
        wanted = topics.filters(estate or "+", gate or "+")
    except ValueError as fault:
        raise click.UsageError(str(fault)) from fault
    watcher = Watcher(as_json=as_json, from_status=from_status, count=count or 0)
    sys.exit(1 if _follow(broker, wanted, watcher) else 0)
