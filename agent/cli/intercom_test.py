"""``gate-agent intercom test``: a test call, and what it heard, for the installer."""

import dataclasses
import json
import sys
import wave
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import click

from agent import intercom_config, intercom_trial
from agent.cli import options
from agent.control.client import ControlClient
from agent.core.call_legs import address
from agent.core.events import Why
from agent.core.plan_calls import CallsPlan, Party
from agent.errors import GateError, SettingsError
from agent.intercom_trial import Report, Trial
from agent.planning_calls import calls_plan
from agent.settings import Settings, load
from agent.tones import RATE, beeps
from drivers.baresip import Baresip
from drivers.clock import SystemClock

WEAK_DB = -30.0
_ALIVE_S = 0.5
_WHY = {
    Why.BUSY: "the telephone is busy, or declined: put the handset down and try again",
    Why.REFUSED: "the telephone refuses calls of the gate: see its settings",
    Why.UNREACHABLE: (
        "nobody answers under that address: see dial:, account: and interface:, the telephone's "
        "own address, and whether a firewall lets SIP (UDP 5060) through"
    ),
    Why.LOST: "the baresip of the test ended: see what gate-agent intercom configure makes of it",
}
_UNREGISTERED = (
    "the registrar does not take the gate: see account: (address, user, password) and whether "
    "the registrar knows them"
)
_UNANSWERED = "it rang and nobody answered: have somebody there answer, or give another number"
_NO_SOUND = (
    "no sound came from there: a firewall or a router between lets SIP through and the sound "
    "(RTP, UDP from 1024 on) not; see interface: where this machine has several networks"
)
_SILENCE = (
    "only silence came from there: nothing there sends the tone back. Call an echo service of the "
    "telephone system, or have somebody there press a key when he hears the tone"
)
_NO_TONE = (
    "sound came from there, and not our tone: somebody speaks. Whether he hears us a key says that "
    "he presses when he hears the tone"
)
_WEAK = "the tone comes back faint: raise the volume of loudspeaker or microphone"
_DEAF = (
    "the microphone does not hear the loudspeaker: see audio: (arecord -L and aplay -L name the "
    "devices), their wires, and their volume (alsamixer)"
)


@click.command("test")
@click.argument("number", required=False)
@click.option("--sound", is_flag=True, help="The lane's own loudspeaker and microphone instead.")
@click.option("--lane", default="", help="With --sound: of this lane, where lanes have their own.")
@click.option("--ring", default=30, show_default=True, type=click.IntRange(1, 120), help="Seconds.")
@click.option(
    "--listen", default=15, show_default=True, type=click.IntRange(4, 120), help="Seconds."
)
@options.config
@options.as_json
def test(
    number: str | None,
    sound: bool,
    lane: str,
    ring: int,
    listen: int,
    config_path: Path,
    as_json: bool,
) -> None:
    """Call NUMBER (an address, or what dial: makes one of), the booth's telephone unless told.

    A tone is sent, and what comes back of it is measured: call an echo service, or have somebody
    there press a key when he hears it. With --sound the tone is said by the lane's loudspeaker and
    heard by its microphone. The gate may work meanwhile: the call is made by a baresip of its own.

    Exit code 0 when the tone came back, or sound and a key did; 1 when not; 2 for a wrong use.
    """
    if (number is not None and sound) or (lane and not sound):
        raise click.UsageError("give a NUMBER, or --sound (and --lane)")
    settings = load(config_path)
    plan = calls_plan(settings)
    if plan is None:
        raise SettingsError("there is no intercom: in the settings: nothing to test")
    if sound:
        report = _through_the_air(settings, lane, listen)
    else:
        report = _over_the_line(settings, _number(plan, number), ring, listen)
    advice = list(_advice(report, sound=sound))
    if as_json:
        click.echo(json.dumps(_machine(report, advice)))
    else:
        _show(report, advice)
    sys.exit(0 if report.ok else 1)


def _number(plan: CallsPlan, number: str | None) -> str:
    """Whom to call; raises SettingsError where the settings name nobody."""
    if number is not None:
        return address(plan, number)
    steps = [step for steps in plan.lanes.values() for step in steps if step.number]
    for step in sorted(steps, key=lambda step: step.party is not Party.BOOTH):
        return address(plan, step.number)
    raise SettingsError(
        "intercom.lanes names no telephone of the booth: say which NUMBER to call, or --sound for "
        "loudspeaker and microphone of the lane"
    )


def _over_the_line(settings: Settings, number: str, ring: int, listen: int) -> Report:
    """A call as the gate makes it, but for the sound: that is the tone."""
    told = settings.intercom
    wanted = told is not None and bool(told.account.registrar)
    running = _running(settings) if wanted else None
    with ExitStack() as ends:
        made = ends.enter_context(intercom_trial.folder())
        port = intercom_trial.free_port()
        register = wanted and running is None
        files = intercom_config.trial(settings, made, _tone(made), port, register=register)
        intercom_config.write(made, files)
        ends.enter_context(intercom_trial.process(made))
        baresip = Baresip("127.0.0.1", port, SystemClock(), alive_s=_ALIVE_S)
        asked = (lambda: baresip.registered) if register else None
        report = Trial(baresip, made, asked).run(number, ring, listen)
    return report if running is None else dataclasses.replace(report, registered=running)


def _through_the_air(settings: Settings, lane: str, listen: int) -> Report:
    """One baresip says the tone to another one on this machine, which has the lane's sound."""
    with ExitStack() as ends:
        there = ends.enter_context(intercom_trial.folder())
        sip = intercom_trial.free_port()
        intercom_config.write(there, intercom_config.lane_alone(settings, sip, lane))
        ends.enter_context(intercom_trial.process(there))
        made = ends.enter_context(intercom_trial.folder())
        port = intercom_trial.free_port()
        files = intercom_config.trial(None, made, _tone(made), port, register=False)
        intercom_config.write(made, files)
        ends.enter_context(intercom_trial.process(made))
        baresip = Baresip("127.0.0.1", port, SystemClock(), alive_s=_ALIVE_S)
        return Trial(baresip, made).run(f"sip:lane@127.0.0.1:{sip}", 10, listen)


def _tone(made: Path) -> Path:
    """The file that is said."""
    path = made / "tone.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(beeps(intercom_trial.SAID_S))
    return path


def _running(settings: Settings) -> bool | None:
    """Does the registrar take the gate's own baresip? None where no daemon can tell."""
    try:
        with ControlClient(settings.paths.control) as client:
            parts = client.ask("status")["parts"]
    except GateError:
        return None
    found = [part["condition"] for part in parts if part["part"] == "intercom"]
    return None if not found or found[0] in ("down", "unknown") else found[0] == "ok"


def _advice(report: Report, *, sound: bool) -> Iterator[str]:
    """What to do for each failure, the first cause first."""
    back = report.heard
    if report.registered is False:
        yield _UNREGISTERED
    if report.answered_s is None:
        yield (
            _WHY.get(report.why, _UNANSWERED)
            if report.why is not None
            else (_UNANSWERED if report.rang_s is not None else _WHY[Why.UNREACHABLE])
        )
    elif report.back_db is not None:
        if report.back_db < WEAK_DB:
            yield _WEAK
    elif sound:
        yield _DEAF
    elif back is None:
        yield _NO_SOUND
    elif not report.key:
        yield _SILENCE if back.silent else _NO_TONE


def _machine(report: Report, advice: list[str]) -> dict[str, object]:
    back = report.heard
    return {
        "ok": report.ok,
        "registered": report.registered,
        "rang_s": report.rang_s,
        "answered_s": report.answered_s,
        "why": report.why,
        "sound_db": None if back is None else round(back.sound_db, 1),
        "tone_db": None if report.back_db is None else round(report.back_db, 1),
        "back_ms": report.back_ms,
        "key": report.key,
        "advice": advice,
    }


def _show(report: Report, advice: list[str]) -> None:
    for name, text in _lines(report):
        click.echo(f"{name:11}{text}")
    for text in advice:
        click.echo(f"  {text}")


def _lines(report: Report) -> Iterator[tuple[str, str]]:
    back, tone = report.heard, report.back_db
    if report.registered is not None:
        yield "registrar", "takes the gate" if report.registered else "DOES NOT TAKE THE GATE"
    if report.rang_s is not None:
        yield "rang", f"after {report.rang_s:.1f} s"
    if report.answered_s is None:
        yield "answered", "NO"
        return
    yield "answered", f"after {report.answered_s:.1f} s"
    if tone is not None:
        way = "" if report.back_ms is None else f", {report.back_ms} ms there and back"
        yield "tone", f"came back {round(tone):+d} dB{way}"
    elif back is None:
        yield "tone", "DID NOT COME BACK: no sound at all"
    elif back.silent:
        yield "tone", "DID NOT COME BACK: silence"
    else:
        yield "tone", f"DID NOT COME BACK: other sound, {back.sound_db:.0f} dB"
    yield "key", "was pressed" if report.key else "none was pressed"
