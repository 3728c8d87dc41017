"""Every other message: status, info, state, figures, the envelope, commands, replies, acks.

Rules kept here:
- a field that can be unknown is null or absent as it says here, and never both;
- sequence numbers are JSON integers, but for ``sequence`` of the envelope: 20 digits, as text.
"""

from collections.abc import Mapping
from typing import Annotated, NotRequired

from typing_extensions import TypedDict

from agent.contract import fields as f
from agent.contract.shapes import Shape

STREAM = "0f6e2a4c5b1d"
BOOT = "b8f0c1d2-5d3e-4f60-8a9b-0c1d2e3f4a5b"
SOURCE = "/gate/v1/green-garden/north"
_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

Version = Annotated[str, Shape("the contract", words=("gate/v1",), closed=True)]
StreamId = Annotated[
    str, Shape("new when the journal's file is made or restored: then numbers begin anew", STREAM)
]
BootId = Annotated[str, Shape("new with every start of the machine", BOOT)]
FirstSeq = Annotated[int, Shape("the first event that the journal still has", 1, low=1)]
HeadSeq = Annotated[int, Shape("the last event that the journal has; 0: none", 1042, low=0)]
HeadHash = Annotated[str, Shape("the hash of that entry, hexadecimal", _HASH, pattern=f.HASH)]
Time = Annotated[
    str,
    Shape("RFC 3339, UTC, µs", "2026-03-04T05:00:00.000000Z", pattern=r"^[0-9T:.-]+Z$"),
]
Uptime = Annotated[
    str,
    Shape("uptime of the machine, ms, as text: it passes 32 bits", "86400000", pattern="^[0-9]+$"),
]
CmdId = Annotated[
    str,
    Shape(
        "made by the client, unlike any other of the last 24 hours",
        "5d8c2f7e-2b6a-4f0e-9c1d-3a4b5c6d7e8f",
        pattern=r"^[A-Za-z0-9._:-]{1,64}$",
    ),
]


class Status(TypedDict):
    """The agent's presence, and the end of its journal. `lost` is the will."""

    status: Annotated[str, Shape("what it is", words=("online", "offline", "lost"), closed=True)]
    contract: Version
    session: Annotated[
        int,
        Shape("one more with every CONNECT; a `lost` of a lower one is to be ignored", 17, low=0),
    ]
    bootid: BootId
    streamid: StreamId
    firstseq: FirstSeq
    headseq: HeadSeq
    headhash: HeadHash


class Capabilities(TypedDict):
    """What a lane can do and know."""

    close: Annotated[bool, Shape("it can be lowered by order", True)]
    stop: Annotated[bool, Shape("it has a stop relay", True)]
    position: Annotated[bool, Shape("a switch tells where the arm is", True)]
    passage: Annotated[bool, Shape("a sensor sees who passes", True)]
    text: Annotated[bool, Shape("it has a display for text", False)]


LaneInfo = TypedDict(
    "LaneInfo",
    {
        "kind": Annotated[str, Shape("what is moved", words=("barrier", "door"))],
        "direction": Annotated[
            str, Shape("which way it leads", words=("in", "out", "both"), closed=True)
        ],
        "from": Annotated[str, Shape("the zone that it leads from", "outside")],
        "to": f.Zone,
        "outputs": list[f.Output],
        "inputs": list[f.Input],
        "capabilities": Capabilities,
    },
)


class ReaderInfo(TypedDict):
    """Where a reader is: at a lane, or at a desk."""

    lane: NotRequired[f.Lane]
    desk: NotRequired[f.Desk]


class ZoneInfo(TypedDict):
    """A zone."""

    bays: Annotated[int | None, Shape("so many vehicles have room; null: not counted", 60)]


class Info(TypedDict):
    """What this gate has."""

    contract: Version
    software: Annotated[str, Shape("the version of the agent", "0.1.0")]
    lanes: Mapping[str, LaneInfo]
    readers: Mapping[str, ReaderInfo]
    inputs: list[Annotated[str, Shape("an input of the whole gate", "fire")]]
    zones: Mapping[str, ZoneInfo]


_LOOP = ("occupied", "clear", "unknown", "none")
_NOW = Annotated[str, Shape("what lies on it; `none`: there is no such sensor", words=_LOOP)]


class State(TypedDict):
    """A lane now; always the present, also while events wait to be sent."""

    lane: f.Lane
    position: Annotated[
        str,
        Shape(
            "where the arm is",
            words=("closed", "open", "opening", "closing", "stopped", "unknown"),
        ),
    ]
    proof: Annotated[
        str,
        Shape("what that stands on; only `switch` proves it", words=("switch", "assumed", "none")),
    ]
    mode: Annotated[
        str,
        Shape(
            "how it works",
            words=("normal", "held_open", "stopped", "faulted", "fire", "lockdown"),
        ),
    ]
    emergency: Annotated[str, Shape("of the whole gate", words=("none", "fire", "lockdown"))]
    approach: _NOW
    loop: _NOW
    exit: _NOW
    waiting: Annotated[int, Shape("grants whose vehicle has not passed yet", 0, low=0)]
    alarm: Annotated[
        str,
        Shape(
            "it stands open too long: the step that was reached",
            words=("none", "pre_alarm", "alarm", "escalated"),
        ),
    ]
    text: Annotated[str, Shape("what its display says", "WELCOME")]
    faults: list[f.Detail]
    streamid: StreamId
    asofseq: Annotated[int, Shape("the last event that this includes", 1042, low=0)]


class Delays(TypedDict):
    """From happening to the broker's acknowledgement, ms, of the last 512 that were measured."""

    count: f.Count
    p50: f.Millis
    p99: f.Millis
    max: f.Millis


class Tele(TypedDict):
    """Figures, once a minute; null: not known."""

    time: Time
    timequality: f.Quality
    bootid: BootId
    uptimems: Uptime
    streamid: StreamId
    firstseq: FirstSeq
    headseq: HeadSeq
    headhash: HeadHash
    published: Annotated[int, Shape("the broker has every event up to this one", 1042, low=0)]
    confirmed: Annotated[
        int | None,
        Shape("every named consumer has all up to this one; null: none is named", 1040),
    ]
    backlog: Annotated[int, Shape("so many events wait to be sent", 0, low=0)]
    age_s: Annotated[float, Shape("so long the oldest of them waits, s", 0)]
    delay_ms: Delays | None
    temperature_c: Annotated[float | None, Shape("of the hottest sensor, °C", 51.5)]
    disk_free_bytes: Annotated[int | None, Shape("of the journal's disk", 21_474_836_480)]
    disk_size_bytes: Annotated[int | None, Shape("of the journal's disk", 31_268_536_320)]


class Envelope(TypedDict):
    """An event: CloudEvents 1.0, structured JSON. The same entry gives the same bytes for ever."""

    specversion: Annotated[str, Shape("of CloudEvents", words=("1.0",), closed=True)]
    id: Annotated[
        str,
        Shape("source, stream and sequence number", f"{SOURCE}/{STREAM}/00000000000000001042"),
    ]
    source: Annotated[str, Shape("the gate; with stream and sequence the key", SOURCE)]
    subject: NotRequired[Annotated[str, Shape("what it is about", "lane/in-1")]]
    type: Annotated[
        str,
        Shape("what happened", "gate.arm.opened.v1", pattern=r"^gate\.[a-z]+\.[a-z]+\.v[0-9]+$"),
    ]
    dataschema: Annotated[
        str,
        Shape(
            "the schema of `data`: `urn:gate:schema:` and the type",
            "urn:gate:schema:gate.arm.opened.v1",
        ),
    ]
    time: Annotated[
        str, Shape("when it happened", "2026-03-04T05:00:00.000000Z", pattern=r"^[0-9T:.-]+Z$")
    ]
    recordedtime: Annotated[
        str, Shape("when it was written", "2026-03-04T05:00:00.004211Z", pattern=r"^[0-9T:.-]+Z$")
    ]
    datacontenttype: Annotated[str, Shape("of `data`", words=("application/json",), closed=True)]
    streamid: StreamId
    sequence: Annotated[
        str,
        Shape("counts without a hole, from 1", "00000000000000001042", pattern="^[0-9]{20}$"),
    ]
    bootid: BootId
    uptimems: Uptime
    timequality: f.Quality
    causationid: NotRequired[
        Annotated[
            str,
            Shape(
                "what caused it: the `cmd_id` of a command, or the id of an event",
                f"{SOURCE}/{STREAM}/00000000000000001041",
            ),
        ]
    ]
    data: Annotated[Mapping[str, object], Shape("what the type says")]


class Command(TypedDict):
    """A command; what ``args`` holds goes by its name, which stands in the topic."""

    cmd_id: CmdId
    issued_at: Annotated[
        str, Shape("when it was given, RFC 3339 with a zone", "2026-03-04T13:00:00+08:00")
    ]
    ttl_ms: Annotated[
        int,
        Shape(
            "so long it counts, ms; what moves an arm never longer than 10 s",
            5000,
            low=1,
            high=3_600_000,
        ),
    ]
    actor: NotRequired[
        Annotated[str, Shape("the person, for the record; grants nothing", "li.wei")]
    ]
    reason: NotRequired[f.Why]
    args: NotRequired[Annotated[Mapping[str, object], Shape("as the name of the command says")]]
    reply_to: NotRequired[
        Annotated[
            str,
            Shape(
                "only on MQTT 3.1.1: the topic of the answer, which is the client's own",
                "gate/v1/green-garden/north/reply/centre",
            ),
        ]
    ]
    correlation: NotRequired[
        Annotated[str, Shape("only on MQTT 3.1.1: comes back with the answer", "17")]
    ]


class Reply(TypedDict):
    """An answer; the last one is any but `accepted`."""

    cmd_id: Annotated[
        str,
        Shape(
            "that of the command; empty where it could not be read",
            "5d8c2f7e-2b6a-4f0e-9c1d-3a4b5c6d7e8f",
            pattern=r"^[A-Za-z0-9._:-]{0,64}$",
        ),
    ]
    status: Annotated[
        str,
        Shape(
            "`accepted` first where it was taken; then what came of it",
            "rejected",
            words=("accepted", "done", "failed", "rejected", "expired"),
            closed=True,
        ),
    ]
    code: NotRequired[
        Annotated[int, Shape("as in HTTP; absent where accepted or done", 423, low=400, high=599)]
    ]
    correlation: NotRequired[Annotated[str, Shape("only on MQTT 3.1.1: that of the command", "17")]]
    duplicate: NotRequired[
        Annotated[bool, Shape("this command came before: nothing was done again", True)]
    ]
    result: NotRequired[
        Annotated[
            Mapping[str, object],
            Shape("what was asked for; `detail` says in a sentence why not", {"detail": "…"}),
        ]
    ]


class Replayed(TypedDict):
    """A piece of the answer to `replay`."""

    events: list[Envelope]
    last: Annotated[bool, Shape("this ends the answer", True)]
    nextfrom: Annotated[int | None, Shape("where to go on; null: there is nothing more", 1043)]


class Ack(TypedDict):
    """How far a consumer has every event, durably."""

    streamid: StreamId
    throughseq: Annotated[int, Shape("everything up to this one", 1042, low=0)]
