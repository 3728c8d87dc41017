"""The envelope of an event: CloudEvents 1.0, structured JSON, with the extensions of gate/v1.

Rules kept here:
- a fixed function of stored columns and the agent's own name: the same row gives the same bytes
  for ever, so a resend and a replay cannot be told from the first time;
- ``data`` is spliced in exactly as it was stored and hashed;
- whatever stands in a row comes out as valid JSON: no entry can block the stream;
- what repeats from row to row is written once and remembered, in caches of bounded size.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted

from agent.core.entries import StoredEntry

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
SCHEMA = "urn:gate:schema:"
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00")
_FIRST = ("0001-01-01T00:00:00", 0)
_LAST = ("9999-12-31T23:59:59", 999_999)


@lru_cache(256)
def _second(seconds: int) -> tuple[str, int | None]:
    """The calendar's text of a second, and the µs to write where it lies beyond the calendar."""
    try:
        return (_EPOCH + timedelta(seconds=seconds)).isoformat("T", "seconds"), None
    except OverflowError:
        return _LAST if seconds > 0 else _FIRST


def rfc3339(wall_us: int) -> str:
    """Write µs since 1970 UTC with six decimals and ``Z``; beyond the calendar, its nearest end."""
    seconds, rest = divmod(wall_us, 1_000_000)
    text, instead = _second(seconds)
    return f"{text}.{rest if instead is None else instead:06d}Z"


@lru_cache(64)
def _opening(source: str, stream: str) -> tuple[str, str, str]:
    """What stands before the number in the id, after it, and the stream."""
    begin = quoted(f"{source}/{stream}/")[:-1]
    return f'{{"specversion":"1.0","id":{begin}', f'","source":{quoted(source)}', quoted(stream)


@lru_cache(256)
def _kind(kind: str) -> str:
    text = quoted(kind)
    return f',"type":{text},"dataschema":"{SCHEMA}{text[1:]},"time":"'


@lru_cache(256)
def _subject(subject: str) -> str:
    return f',"subject":{quoted(subject)}' if subject else ""


_quoted = lru_cache(64)(quoted)


def envelope(row: StoredEntry, source: str) -> bytes:
    """The event of one entry, as it is published, published again, and replayed.

    ``subject`` and ``causationid`` are left out where the entry has none (CloudEvents 1.0 forbids
    empty attributes).
    """
    sequence, stream, boot, uptime, time, recorded, quality, kind, subject, _, cause, data = row
    number = f"{sequence:020d}"
    opening, middle, streamid = _opening(source, stream)
    because = f',"causationid":{quoted(cause)}' if cause else ""
    head = (
        f"{opening}{number}{middle}{_subject(subject)}{_kind(kind)}{rfc3339(time)}"
        f'","recordedtime":"{rfc3339(recorded)}","datacontenttype":"application/json"'
        f',"streamid":{streamid},"sequence":"{number}","bootid":{_quoted(boot)}'
        f',"uptimems":"{uptime}","timequality":{_quoted(quality)}{because},"data":'
    )
    return b"%b%b}" % (head.encode("ascii"), data)
