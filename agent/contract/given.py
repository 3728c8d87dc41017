"""Single values that the centre gives: how long they may be, and what they look like.

Rules kept here:
- every text has a bound; a line of text is bounded as in the forms of the booth;
- a time has its zone and lies in a year that calendars and clocks of today can hold.
"""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from agent.contract.shapes import Shape
from agent.core.form import SIZE

_FIRST_YEAR, _LAST_YEAR = 1970, 2999
_RFC3339 = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})$"
)


def _real(text: str) -> str:
    """A time that there is, unlike 30 February; raises ValueError."""
    try:
        year = datetime.fromisoformat(text).year
    except ValueError:
        year = 0
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise ValueError("there is no such time")
    return text


ONE_LINE = Field(max_length=SIZE)
WORD = Field(min_length=1, max_length=64)

Time = Annotated[
    str,
    Shape("a time with its zone, RFC 3339", "2026-11-22T18:00:00+08:00", pattern=_RFC3339),
    Field(json_schema_extra={"format": "date-time"}),
    AfterValidator(_real),
]
Lane = Annotated[str, WORD, Shape("a lane, as `info` has it", "in-1")]
Zone = Annotated[str, WORD, Shape("a zone, as `info` has it", "inside")]
Label = Annotated[str, WORD, Shape("the label of a card, as it is printed on it", "V-017")]
Number = Annotated[
    str,
    Field(max_length=160),
    Shape(
        "the number of a card as a reader reads it, scheme:HEX",
        "em4100:0100CDA4EC",
        pattern=r"^[a-z][a-z0-9]{0,15}:[0-9A-F]{1,128}$",
    ),
]
Id = Annotated[
    str,
    Field(min_length=1, max_length=128),
    Shape(
        "what the gate called it when it was made",
        "north-0f6e2a4c5b1d-1042-1",
    ),
]
Person = Annotated[str, ONE_LINE, Shape("a name", "王小明")]
Plate = Annotated[str, ONE_LINE, Shape("a number plate", "粤B12345")]
Unit = Annotated[str, ONE_LINE, Shape("a unit", "3-1201")]
Department = Annotated[str, ONE_LINE, Shape("a department", "accounts")]
Company = Annotated[str, ONE_LINE, Shape("a company", "Acme Couriers")]
From = Annotated[Time | None, Field(alias="from", description="from when; now if left out")]
Until = Annotated[Time | None, Field(description="until when")]
