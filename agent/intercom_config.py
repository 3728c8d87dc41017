"""baresip's own configuration, made from the gate's settings.

Rules kept here:
- nobody but this machine reaches its control port, and only what is needed is loaded;
- calls are taken by the gate alone: nothing answers by itself;
- whoever falls silent is hung up; a number that never answers is ended by the gate before;
- a secret stands in ``accounts`` only, which its user alone may read.

Format: the files ``config`` and ``accounts`` of baresip 1.0 and later.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from agent.core.ids import LaneId
from agent.errors import SettingsError
from agent.keys import needed, password
from agent.settings import Settings
from agent.settings.intercom import Account, Audio, Intercom, LaneSound
from agent.settings.secret import Secret
from agent.settings.words import Sound

MODULES = Path("/usr/lib/baresip/modules")
CALLS = 12
"""More calls at once than the gate ever has: it turns the others away itself, and tells of it."""
REGISTERED_S = 600
SILENCE_S = 5
"""A lane that is tested alone hangs up after so long without the tone."""
_ALWAYS = ("account", "menu", "ctrl_tcp")
_BAD = frozenset('\r\n;<>"')


def files(settings: Settings) -> Mapping[str, str]:
    """What ``config`` and ``accounts`` hold; raises SettingsError where there is no intercom."""
    told = settings.intercom
    if told is None:
        raise SettingsError("there is no intercom: in the settings: nothing to configure")
    return {"config": _config(told), "accounts": _account(told.account)}


def sounds(told: Intercom) -> Mapping[LaneId | None, tuple[str, str]]:
    """Source and player of every lane with a sound of its own, under None those of all others.

    Empty where no lane has its own: then nothing is ever switched.
    """
    audio = told.audio
    if not audio.lanes:
        return {}
    ends: dict[LaneId | None, tuple[str, str]] = {None: _ends(audio, audio)}
    return ends | {LaneId(lane): _ends(audio, own) for lane, own in audio.lanes.items()}


def _ends(audio: Audio, own: Audio | LaneSound) -> tuple[str, str]:
    driver = "aufile" if audio.driver is Sound.FILES else audio.driver.value
    return f"{driver},{own.microphone}", f"{driver},{own.speaker}"


def trial(
    settings: Settings | None, made: Path, tone: Path, port: int, *, register: bool
) -> Mapping[str, str]:
    """The files for a test call: the gate's account, ``tone`` for a voice, a record in ``made``.

    Without settings it calls on this machine alone. ``register``: also with the registrar.
    """
    told = None if settings is None else settings.intercom
    host = "127.0.0.1" if told is None else told.listen.rpartition(":")[0]
    interface = "127.0.0.1" if told is None else told.interface
    lines = [
        "poll_method epoll",
        f"sip_listen {host}:0",
        f"audio_source aufile,{tone}",
        # Nobody is to hear it: what comes is written down beside it.
        "audio_player aubridge,nobody",
        "audio_alert aubridge,nobody",
        "audio_srate 8000-8000",
        "audio_channels 1-1",
        *([f"net_interface {interface}"] if interface else []),
        f"snd_path {made}",
        f"module_path {MODULES}",
        *(f"module {name}.so" for name in ("g711", "aufile", "aubridge", "sndfile", *_ALWAYS)),
        f"ctrl_tcp_listen 127.0.0.1:{port}",
    ]
    account = Account() if told is None else told.account
    return {"config": _text(lines), "accounts": _account(account, register=register)}


def lane_alone(settings: Settings, sip: int, lane: str = "") -> Mapping[str, str]:
    """The files for a baresip with the lane's sound that answers by itself, on this machine.

    Without a lane it is the sound of those that have no own.
    """
    told = settings.intercom
    if told is None:
        raise SettingsError("there is no intercom: in the settings: nothing to test")
    if lane and lane not in settings.lanes:
        raise SettingsError(f"there is no lane {lane}: the lanes are {', '.join(settings.lanes)}")
    own = told.audio.lanes.get(lane)
    if own is not None:
        audio = replace(told.audio, microphone=own.microphone, speaker=own.speaker)
        told = replace(told, audio=audio)
    driver = "aufile" if told.audio.driver is Sound.FILES else told.audio.driver.value
    lines = [
        "poll_method epoll",
        f"sip_listen 127.0.0.1:{sip}",
        *_sound(told.audio),
        "net_interface 127.0.0.1",
        f"rtp_timeout {SILENCE_S}",
        "call_max_calls 1",
        f"module_path {MODULES}",
        *(f"module {name}.so" for name in ("g711", driver, "account", "menu")),
    ]
    return {"config": _text(lines), "accounts": "<sip:lane@127.0.0.1>;regint=0;answermode=auto\n"}


def sip_password(secret: Secret) -> str:
    """The password at the registrar; raises SettingsError for what cannot stand in a file."""
    text = password(secret)
    if not text.isprintable() or _BAD & set(text):
        raise SettingsError(
            f"the password in {secret.place()} has a character that baresip cannot take: "
            "no quotes, angle brackets or semicolons, and one line"
        )
    return text


def write(directory: Path, made: Mapping[str, str], record: Path | None = None) -> None:
    """Write the files, whole or not at all, for the owner of the directory.

    ``record`` is where calls are to be recorded: made for him too where it is not there. Raises
    SettingsError where that is not possible.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        owner = directory.stat()
        if record is not None and not record.is_dir():
            record.mkdir(0o700, parents=True)
            if os.geteuid() == 0:
                os.chown(record, owner.st_uid, owner.st_gid)
        for name, text in made.items():
            fresh = directory / f".{name}.new"
            fresh.unlink(missing_ok=True)
            with os.fdopen(
                os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w"
            ) as file:
                file.write(text)
            if os.geteuid() == 0:
                os.chown(fresh, owner.st_uid, owner.st_gid)
            fresh.replace(directory / name)
    except OSError as error:
        where = error.filename or directory
        raise SettingsError(f"{where} cannot be written: {error.strerror}") from None


def _config(told: Intercom) -> str:
    lines = [
        "# Made by gate-agent intercom configure: changes here are lost.",
        "poll_method epoll",
        f"sip_listen {told.listen}",
        *_sound(told.audio),
        *([f"net_interface {told.interface}"] if told.interface else []),
        f"rtp_timeout {max(1, round(told.silence.total_seconds()))}",
        f"call_local_timeout {round(told.ring_for.total_seconds()) + 10}",
        f"call_max_calls {CALLS}",
        *([f"snd_path {told.record.directory}"] if told.record else []),
        f"module_path {MODULES}",
        *(f"module {name}.so" for name in _modules(told)),
        f"ctrl_tcp_listen 127.0.0.1:{told.control_port}",
    ]
    return _text(lines)


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _sound(audio: Audio) -> list[str]:
    driver = "aufile" if audio.driver is Sound.FILES else audio.driver.value
    speaker = f"{driver},{audio.speaker}"
    lines = [f"audio_player {speaker}", f"audio_source {driver},{audio.microphone}"]
    if audio.driver is Sound.FILES:
        # Such a file holds one speed, and two players cannot write the same one.
        return [
            *lines,
            f"audio_alert {driver},{audio.speaker}.ring",
            "audio_srate 8000-8000",
            "audio_channels 1-1",
        ]
    return [*lines, f"audio_alert {speaker}", "audio_channels 1-1"]


def _modules(told: Intercom) -> list[str]:
    audio = told.audio
    driver = "aufile" if audio.driver is Sound.FILES else audio.driver.value
    codecs = [codec.value for codec in audio.codecs]
    record = ["sndfile"] if told.record else []
    return [*codecs, driver, *(each.value for each in audio.filters), *record, *_ALWAYS]


def _account(account: Account, *, register: bool = True) -> str:
    parts = [f"<{account.address}>", "answermode=manual", "dtmfmode=auto"]
    if account.registrar:
        scheme = account.address.partition(":")[0]
        parts.append(f'outbound="{scheme}:{account.registrar}"')
    parts.append(f"regint={REGISTERED_S if account.registrar and register else 0}")
    if account.user:
        parts.append(f"auth_user={account.user}")
    if account.password is not None:
        secret = needed("intercom.account.password", sip_password, account.password)
        parts.append(f"auth_pass={secret}")
    return ";".join(parts) + "\n"
