"""Typed identifiers. All of them are plain strings that travel unchanged into events and topics."""

from typing import NewType

EstateId = NewType("EstateId", str)
AgentId = NewType("AgentId", str)
LaneId = NewType("LaneId", str)
DeskId = NewType("DeskId", str)
ReaderId = NewType("ReaderId", str)
OutputId = NewType("OutputId", str)
InputId = NewType("InputId", str)
OrderId = NewType("OrderId", str)
PassageId = NewType("PassageId", str)
ZoneId = NewType("ZoneId", str)
CallId = NewType("CallId", str)
LineId = NewType("LineId", str)
