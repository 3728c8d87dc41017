"""The models of the intercom: how baresip speaks, whom a lane calls, what keys mean.

Rules kept here:
- numbers of people do not stand here: they stand in the directory, with the roster;
- nothing that is said is recorded unless ``record`` says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from agent.settings.mixes import Many
from agent.settings.places import Place
from agent.settings.secret import Secret
from agent.settings.strict import Strict
from agent.settings.values import Id, OneOf, Span, Text, Truth, Whole
from agent.settings.words import Called, Codec, Filter, Sound

ADDRESS = r"sips?:[A-Za-z0-9_.!~*'()+-]{1,64}@[A-Za-z0-9.:\[\]-]{1,120}"
WHERE = r"sips?:[A-Za-z0-9_.!~*'()+@:\[\]-]{0,120}\{number\}[A-Za-z0-9_.@:\[\]-]{0,120}"
HOST = r"[A-Za-z0-9.:\[\]-]{1,120}"
RING = Span("How long each number rings, the last time for all that follow", "3 s", "2 min")
SIP = "an address such as sip:gate@192.168.1.20"


@dataclass(frozen=True, slots=True)
class CallStep(Strict):
    """Whom a lane calls next. The booth without a number is its screen alone."""

    call: Annotated[Called, OneOf(Called, "Who is called")]
    number: Annotated[str, Text("Its address", ADDRESS, SIP)] = ""
    unit: Annotated[str, Text("The unit; its numbers stand in the directory")] = ""
    ring: Annotated[tuple[Annotated[timedelta, RING], ...], Many()] = (timedelta(seconds=20),)
    opens: Annotated[bool, Truth("Its open key opens the lane")] = True


@dataclass(frozen=True, slots=True)
class Keys(Strict):
    """What a pressed key means in a call."""

    open: Annotated[str, Text("Opens the lane, once", "[0-9*#]", "one key: 0-9, * or #")] = "5"
    decline: Annotated[str, Text("Declines and hangs up", "[0-9*#]", "one key: 0-9, * or #")] = "0"
    secret_pin: Secret | None = None
    wrong: Annotated[
        int, Whole("After so many keys that mean nothing none counts", 1, 20, "keys")
    ] = 5


@dataclass(frozen=True, slots=True)
class Account(Strict):
    """Who the gate is for telephones. Without ``registrar`` it is called at its own address."""

    address: Annotated[str, Text("The gate's own address", ADDRESS, SIP)] = "sip:gate@localhost"
    registrar: Annotated[str, Text("Where it registers", HOST, "a name or address")] = ""
    user: Annotated[str, Text("User at the registrar", "[^;<>\\s]{1,64}", "one word")] = ""
    password: Secret | None = None


@dataclass(frozen=True, slots=True)
class LaneSound(Strict):
    """The microphone and loudspeaker of one lane."""

    microphone: Annotated[str, Text("Device of ALSA, such as plughw:2,0; or a WAV")]
    speaker: Annotated[str, Text("Device of ALSA, such as plughw:2,0; or a WAV")]


@dataclass(frozen=True, slots=True)
class Audio(Strict):
    """Sound at the lane. ``files`` is for tests: a WAV of 8 kHz is said, another is written."""

    driver: Annotated[Sound, OneOf(Sound, "How sound goes in and out")] = Sound.ALSA
    microphone: Annotated[str, Text("Device of ALSA, such as plughw:1,0; or a WAV")] = "default"
    speaker: Annotated[str, Text("Device of ALSA, such as plughw:1,0; or a WAV")] = "default"
    codecs: tuple[Annotated[Codec, OneOf(Codec, "Codecs, the best first")], ...] = (
        Codec.G722,
        Codec.G711,
    )
    filters: tuple[Annotated[Filter, OneOf(Filter, "Against echo and noise")], ...] = ()
    lanes: Mapping[Annotated[str, Id("A key of lanes: with sound of its own")], LaneSound] = field(
        default_factory=dict
    )


@dataclass(frozen=True, slots=True)
class Record(Strict):
    """What is said in calls is kept: two WAV files of each call, and the lane says so."""

    directory: Annotated[Path, Place("Where the files lie", rooted=False)] = Path(
        "/var/lib/gate-intercom"
    )
    keep: Annotated[timedelta, Span("How long a file is kept", "1 h", "400 days")] = timedelta(
        days=30
    )


@dataclass(frozen=True, slots=True)
class Intercom(Strict):
    """The intercom, by baresip on this machine. ``lanes`` says whom each lane's button calls."""

    dial: Annotated[
        str,
        Text("How a number is dialled", WHERE, "sip:{number}@192.168.1.10, with {number} in it"),
    ]
    lanes: Mapping[Annotated[str, Id("A key of lanes:")], tuple[CallStep, ...]] = field(
        default_factory=dict
    )
    control: Annotated[
        tuple[Annotated[str, Text("Of the control room, which may call", ADDRESS, SIP)], ...],
        Many(),
    ] = ()
    home: Annotated[str, Id("Lane at which the control room is heard; the first unless told")] = ""
    account: Account = field(default_factory=Account)
    audio: Audio = field(default_factory=Audio)
    record: Record | None = None
    listen: Annotated[
        str, Text("Where telephones reach it", HOST, "address:port, such as 192.168.1.5:5060")
    ] = "0.0.0.0:5060"
    interface: Annotated[
        str, Text("Network interface or address, where there are several", HOST, "eth0")
    ] = ""
    control_port: Annotated[int, Whole("Control port of baresip", 1_024, 65_535, "a port")] = 4_444
    keys: Keys = field(default_factory=Keys)
    quiet: Mapping[str, Annotated[str, Text("When it is not called, as windows of cards")]] = field(
        default_factory=dict
    )
    ring: Annotated[tuple[Annotated[timedelta, RING], ...], Many()] = (timedelta(seconds=25),)
    alarm_after: Annotated[
        timedelta, Span("When a call that nobody answers is an alarm", "10 s", "10 min")
    ] = timedelta(minutes=1)
    ring_for: Annotated[
        timedelta, Span("When a call that nobody answers ends", "30 s", "30 min")
    ] = timedelta(minutes=3)
    talk_for: Annotated[timedelta, Span("When an answered call ends", "30 s", "1 h")] = timedelta(
        minutes=10
    )
    silence: Annotated[
        timedelta, Span("After so long without sound from there it is over", "2 s", "1 min")
    ] = timedelta(seconds=10)
