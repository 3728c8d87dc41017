"""What the events of the whole gate say: agent, sensors, clock, presence, roster, journal.

Rule kept here: one class for each form of ``data``; the table of types is `agent.contract.events`.
"""

from collections.abc import Mapping
from typing import Annotated, NotRequired

from typing_extensions import TypedDict

from agent.contract import fields as f
from agent.contract.common import Anybody, Carded, Committed, Ordered
from agent.contract.shapes import Shape

_SHA = Annotated[str, Shape("SHA-256, hexadecimal", "5e" * 32, pattern=f.HASH)]
_From = TypedDict(
    "_From", {"from": Annotated[int, Shape("the first sequence number of it", 1, low=1)]}
)


class Nothing(TypedDict):
    """Says nothing but that it was so."""


class AgentStarted(TypedDict):
    """The agent started."""

    agent: Annotated[str, Shape("the gate's id", "north")]


class AgentStopped(TypedDict):
    """The agent stopped in order."""

    reason: Annotated[str, Shape("what stopped it", "SIGTERM")]


class _Part(TypedDict):
    part: Annotated[str, Shape("a reader, an output, an input or the uplink", "reader in-1-reader")]
    condition: Annotated[str, Shape("how it was found", words=("ok", "degraded", "down"))]
    detail: NotRequired[f.Detail]


class AgentChecked(TypedDict):
    """Every part was looked at."""

    count: Annotated[int, Shape("so many parts", 12, low=0)]
    faults: Annotated[int, Shape("so many of them are not well", 0, low=0)]
    faulty: list[Annotated[str, Shape("a part that is not well", "reader in-1-reader")]]
    parts: list[_Part]


class InputFaulted(TypedDict):
    """An input cannot be believed."""

    input: f.Input
    fault: Annotated[str, Shape("why", "it changes too often")]


class OneInput(TypedDict):
    """An input is believed again; or mains power went or came, as that input says."""

    input: f.Input


class Emergency(TypedDict):
    """Fire or lockdown; by an input or relay (``by``), or by order (``origin``, ``reason``)."""

    emergency: Annotated[str, Shape("which", words=("fire", "lockdown"))]
    by: NotRequired[Annotated[str, Shape("the input or relay that it began with", "fire")]]
    origin: NotRequired[f.Origin]
    reason: NotRequired[f.Why]
    desk: NotRequired[f.Desk]
    unsigned: NotRequired[f.Unsigned]


class PresenceForgiven(TypedDict):
    """Presence was forgotten: of a zone, of a card, or of everybody; daily (``at``) or by order."""

    zone: NotRequired[f.Zone]
    card: NotRequired[f.Label]
    at: NotRequired[Annotated[str, Shape("daily at, local time", "04:00")]]
    origin: NotRequired[f.Origin]
    reason: NotRequired[f.Why]


class ZoneCounted(TypedDict):
    """The vehicles of a zone were counted."""

    zone: f.Zone
    count: Annotated[int, Shape("so many are there", 41, low=0)]
    was: Annotated[int, Shape("so many were believed to be there", 43)]
    origin: f.Origin
    reason: f.Why


class ReaderSeen(TypedDict):
    """A reader went or came, was opened or closed."""

    detail: f.Detail


class ClockStepped(TypedDict):
    """The wall clock jumped."""

    deltams: Annotated[int, Shape("by so much, ms; negative: back", -3_600_000)]


class ClockJudged(TypedDict):
    """What the wall clock is worth from here on."""

    quality: f.Quality


class RosterSwitched(Committed):
    """Another roster rules; with one that has telephone numbers the directory follows.

    Numbers are never told; the commitment ``directory`` is to the digest of all of them.
    """

    generation: Annotated[int, Shape("counts the rosters of this gate", 7, low=1)]
    count: Annotated[int, Shape("so many cards", 2140, low=0)]
    digest: _SHA
    residents: NotRequired[Annotated[int, Shape("so many have numbers in it", 830, low=0)]]
    put: NotRequired[Annotated[int, Shape("lines of the directory put for it", 12, low=0)]]
    dropped: NotRequired[Annotated[int, Shape("lines that went with it", 3, low=0)]]
    instock: NotRequired[
        Annotated[int, Shape("cards that visitors have, kept in stock despite it", 1, low=1)]
    ]
    kept: NotRequired[Annotated[int, Shape("residents written by hand, left so", 2, low=0)]]


class CardChanged(Carded):
    """One card was changed."""

    card: f.Label
    kind: f.CardKind
    was: f.WasStatus
    status: f.CardStatus
    reason: NotRequired[f.Why]
    by: NotRequired[Annotated[str, Shape("the label of the card that replaces it", "R-118")]]
    of: NotRequired[Annotated[str, Shape("the label of the card that it replaces", "R-017")]]
    origin: NotRequired[f.Origin]
    desk: NotRequired[f.Desk]


class PersonalErased(_From):
    """Personal fields were erased."""

    through: Annotated[int, Shape("the last sequence number of it", 2000, low=1)]
    entries: Annotated[int, Shape("so many entries", 210, low=0)]
    fields: Annotated[int, Shape("so many fields", 640, low=0)]


class BooksCarried(Anybody):
    """A row of the books goes on though its entry was cut; for the gate's own use."""

    table: Annotated[str, Shape("of which table", "deposits")]
    key: Annotated[str, Shape("which row", "north-0f6e2a4c5b1d-1042-2")]
    values: Annotated[
        Mapping[str, str | int | list[str]] | None,
        Shape("the row; null: it is no more", {"state": "held", "receipt": 12}),
    ]
    by: NotRequired[Annotated[str, Shape("who made the row", "g-1001")]]
    sinceus: NotRequired[f.Micros]
    told: NotRequired[
        Annotated[Mapping[str, object], Shape("what was told when it was made", {"kind": "cash"})]
    ]


class JournalCut(TypedDict):
    """What lies before a point was removed, as retention says."""

    through: Annotated[int, Shape("the last sequence number that was removed", 90_000, low=1)]
    hash: Annotated[str, Shape("the hash of that entry, hexadecimal", "a3" * 32, pattern=f.HASH)]
    madeus: f.Micros
    key: Annotated[str, Shape("the public key of the end mark, hexadecimal", "c0" * 32)]
    entries: Annotated[int, Shape("so many were removed", 90_000, low=0)]
    archive: Annotated[
        str, Shape("SHA-256 of the file that they were put into; empty for none", "5e" * 32)
    ]


class CommandAnswered(TypedDict):
    """A command of the centre was answered."""

    client: f.Client
    command: f.Command
    status: f.Answered
    code: f.Code
    reason: NotRequired[f.Why]


class CommandRefused(TypedDict):
    """A client asked for what it may not have; nothing was done."""

    client: f.Client
    command: Annotated[str, Shape("what it asked for", "open")]
    code: f.Code
    detail: Annotated[str, Shape("why not", "its group may not do this")]
    count: Annotated[int, Shape("so often since the last such event", 1, low=1)]


class EvidenceExported(Ordered, Committed):
    """A sealed export was made."""

    file: Annotated[str, Shape("its name", "export-2026-03-04.zip")]
    sha256: _SHA
    rows: Annotated[int, Shape("so many rows", 96, low=0)]
    head: Annotated[str, Shape("the head of the journal that it was sealed with", "5e5e:2140")]
