"""Who may do what at the broker: one table, for every broker that a file is shipped for.

Two estates, their gates, and one member of every kind. `estate.west` has a certificate, but is not
in the list. What the table does not name is forbidden.
"""

from collections.abc import Mapping
from typing import NamedTuple

MEMBERS = (
    "gate      estate.north",
    "gate      estate.south",
    "gate      hill.east",
    "client    centre   estate",
    "client    phone    estate.north   # one gate only",
    "consumer  records  *",
    "reader    screens  estate",
    "home      house    estate.north",
)
GATES = ("estate.north", "estate.south", "hill.east", "estate.west")
CLIENTS = ("centre", "phone", "records", "screens", "house")
EVERYBODY = GATES + CLIENTS


class May(NamedTuple):
    """Who may write and who may read; both as names parted by blanks."""

    write: str
    read: str = ""


_NORTH, _SOUTH, _EAST = "gate/v1/estate/north", "gate/v1/estate/south", "gate/v1/hill/east"
_ALL = "centre phone records screens"

TABLE: Mapping[str, May] = {
    # What a gate tells. Its siblings may read events and status, and no more.
    f"{_NORTH}/status": May("estate.north", f"estate.north estate.south house {_ALL}"),
    f"{_NORTH}/info": May("estate.north", _ALL),
    f"{_NORTH}/state/in-1": May("estate.north", f"house {_ALL}"),
    f"{_NORTH}/evt": May("estate.north", f"estate.north estate.south {_ALL}"),
    f"{_NORTH}/tele": May("estate.north", _ALL),
    f"{_SOUTH}/evt": May("estate.south", "estate.north estate.south centre records screens"),
    f"{_SOUTH}/info": May("estate.south", "centre records screens"),
    f"{_EAST}/evt": May("hill.east", "hill.east records"),
    f"{_EAST}/status": May("hill.east", "hill.east records"),
    f"{_EAST}/state/in-1": May("hill.east", "records"),
    "gate/v1/estate/west/evt": May(""),
    "gate/v1/estate/west/status": May(""),
    # Commands: everybody under his own name, to the gates that he is for.
    f"{_NORTH}/cmd/centre/open": May("centre", "estate.north"),
    f"{_NORTH}/cmd/centre/roster.chunk": May("centre", "estate.north"),
    f"{_NORTH}/cmd/phone/open": May("phone", "estate.north"),
    f"{_SOUTH}/cmd/centre/open": May("centre", "estate.south"),
    f"{_SOUTH}/cmd/phone/open": May(""),
    f"{_EAST}/cmd/centre/open": May(""),
    f"{_NORTH}/cmd/records/replay": May("records", "estate.north"),
    f"{_NORTH}/cmd/records/ping": May("records", "estate.north"),
    f"{_EAST}/cmd/records/replay": May("records", "hill.east"),
    f"{_NORTH}/cmd/records/open": May(""),
    f"{_NORTH}/cmd/screens/ping": May(""),
    f"{_NORTH}/cmd/house/open": May(""),
    # Gates among themselves: a replay, and only of a sibling.
    f"{_NORTH}/cmd/south/replay": May("estate.south", "estate.north"),
    f"{_SOUTH}/cmd/north/replay": May("estate.north", "estate.south"),
    f"{_NORTH}/cmd/south/open": May(""),
    f"{_NORTH}/cmd/south/ping": May(""),
    f"{_EAST}/cmd/north/replay": May(""),
    f"{_NORTH}/cmd/east/replay": May(""),
    # Answers go to who asked.
    f"{_NORTH}/reply/centre": May("estate.north", "centre"),
    f"{_NORTH}/reply/phone": May("estate.north", "phone"),
    f"{_NORTH}/reply/south": May("estate.north", "estate.south"),
    f"{_NORTH}/replay/centre": May("estate.north", "centre"),
    f"{_NORTH}/replay/records": May("estate.north", "records"),
    f"{_NORTH}/replay/south": May("estate.north", "estate.south"),
    f"{_EAST}/reply/records": May("hill.east", "records"),
    f"{_SOUTH}/reply/phone": May("estate.south"),
    # Cursors of consumers.
    f"{_NORTH}/ack/centre": May("centre", "estate.north"),
    f"{_NORTH}/ack/records": May("records", "estate.north"),
    f"{_EAST}/ack/records": May("records", "hill.east"),
    f"{_NORTH}/ack/screens": May(""),
    f"{_NORTH}/ack/south": May(""),
    f"{_SOUTH}/ack/phone": May(""),
    # Home Assistant.
    f"{_NORTH}/ha/in-1/set": May("house", "estate.north"),
    f"{_SOUTH}/ha/in-1/set": May(""),
    "homeassistant/cover/gate_estate_north/in-1_cover/config": May("estate.north", "house"),
    "homeassistant/cover/gate_estate_south/in-1_cover/config": May("estate.south", "house"),
    "homeassistant/status": May("house", "house"),
    # Nobody's.
    "gate/v1/estate/north": May(""),
    "gate/v1/estate/north/evt/more": May(""),
    "gate/v1/estate/north/cmd/centre": May(""),
    "gate/v1/estate/north/state": May(""),
    "gate/v2/estate/north/evt": May(""),
    "gate/v1//north/evt": May(""),
    "elsewhere": May(""),
}
