"""Projected tables in memory: what `agent.core.project` says, applied as the store applies it."""

from collections.abc import Iterable

from agent.core.facts import Mode, OpenPassage, Presence
from agent.core.ids import LaneId, PassageId, ZoneId
from agent.core.needs import Need
from agent.core.project import EVERYBODY, PROJECTIONS, Add, Put, Row, Set

Values = dict[str, str | int]
KEYS = {each.table: each.key for each in PROJECTIONS}


class Tables:
    """Rows by table and key, and what the loop asks of them."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Values]] = {}

    def apply(self, rows: Iterable[Row]) -> None:
        """Bring these into the tables."""
        for row in rows:
            table = self.rows.setdefault(row.table, {})
            match row:
                case Put():
                    table[row.key] = dict(row.values)
                case Add():
                    before = table.get(row.key, {})
                    table[row.key] = {
                        name: int(before.get(name, 0)) + change
                        for name, change in row.values.items()
                    }
                case Set():
                    if row.key in table:
                        table[row.key] |= row.values
                case _:
                    table.pop(row.key, None)

    def table(self, name: str) -> dict[str, Values]:
        return self.rows.get(name, {})

    def asked(self, need: Need) -> list[Values]:
        """The rows that a step asks for."""
        found = [
            {KEYS.get(need.table, "key"): key, **row} for key, row in self.table(need.table).items()
        ]
        if need.column and need.at_most:
            found = [row for row in found if int(row[need.column]) <= int(need.value)]
        elif need.column:
            found = [row for row in found if row[need.column] == need.value]
        return [row for row in found if not need.state or row["state"] == need.state]

    def open_passages(self) -> list[OpenPassage]:
        """Grants without an end, oldest first."""
        found = [
            OpenPassage(
                PassageId(key), LaneId(str(row["lane"])), int(row["sequence"]), str(row["card"])
            )
            for key, row in self.table("open_passages").items()
        ]
        return sorted(found, key=lambda left: left.sequence)

    def presence(self, card: str) -> Presence | None:
        row = self.table("presence").get(card)
        if row is None:
            return None
        scopes = (EVERYBODY, f"zone/{row['zone']}", f"card/{card}")
        amnesties = self.table("amnesties")
        forgiven = any(
            int(amnesties[scope]["sequence"]) > int(row["sequence"])
            for scope in scopes
            if scope in amnesties
        )
        return Presence(
            card,
            ZoneId(str(row["zone"])),
            int(row["since_us"]),
            bool(row["assumed"]),
            forgiven,
            bool(row["trusted"]),
        )

    def zone_counts(self) -> dict[ZoneId, int]:
        return {ZoneId(key): int(row["vehicles"]) for key, row in self.table("zone_counts").items()}

    def amnesties(self) -> dict[ZoneId, int]:
        return {
            ZoneId(key.removeprefix("zone/")): int(row["since_us"])
            for key, row in self.table("amnesties").items()
            if key.startswith("zone/")
        }

    def modes(self, entry_id: str) -> list[Mode]:
        """``entry_id`` is the id of an entry with ``{}`` for its sequence."""
        return [
            Mode(
                key,
                int(row["since_us"]),
                int(row["until_us"]),
                entry_id.format(int(row["sequence"])),
            )
            for key, row in self.table("modes").items()
        ]
