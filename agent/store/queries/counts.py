"""What the gate holds and who is inside, in numbers.

Rules kept here:
- money is counted in minor units, each currency for itself;
- what is owed (``refund_due``) is not in the drawer and is not counted as held;
- bays are free where the plan counts them; nothing is guessed for other zones.
"""

from collections.abc import Mapping
from typing import Any

from agent.core.plan import OUTSIDE, GatePlan
from agent.core.presence import free, zones
from agent.store.queries.table import bare, counted
from agent.store.reading import Reading

_HELD = (
    "SELECT kind, currency, count(*) AS many, sum(amount) AS amount FROM deposits "
    "WHERE state = 'held' GROUP BY kind, currency"
)
_INSIDE = (
    "SELECT zone, kind, count(*) AS many FROM presence WHERE zone <> ? AND NOT EXISTS "
    "(SELECT 1 FROM amnesties WHERE scope IN ('all', 'zone/' || presence.zone, "
    "'card/' || presence.card) AND amnesties.sequence > presence.sequence) GROUP BY zone, kind"
)
_STOCK = (
    "SELECT count(*) AS many FROM cards WHERE generation = (SELECT generation FROM state) "
    "AND status = 'stock' AND "
    "kind IN ('visitor', 'visitor_vehicle', 'contractor', 'guard', 'patrol')"
)
_OBJECTS = frozenset({"object", "other"})
_VEHICLES = frozenset({"vehicle", "visitor_vehicle"})


def counts(reading: Reading, plan: GatePlan | None = None) -> Mapping[str, Any]:
    """``documents, cash, other, pockets, cards_out, cards_lost, cards_stock, inside, …``.

    ``cash`` maps currencies to minor units; ``inside`` has ``people``, ``vehicles`` and ``visits``
    (open ones); ``zones`` are ``{zone, cards, vehicles, bays, free}``, the last three with the
    gate's plan only, and ``free`` is the sum of free bays, None where none are counted.
    ``refunds`` counts what is owed.
    """
    drawer = _drawer(reading)
    found, people, vehicles = _inside(reading)
    bays = _bays(reading, plan, found)
    known = [each["free"] for each in bays if each["free"] is not None]
    out = counted(reading, "passes", "state = 'out'")
    stock = int(reading.rows(_STOCK)[0]["many"])
    return {
        **drawer,
        "pockets": counted(reading, "deposits", "state = 'held' AND pocket <> ''"),
        "refunds": counted(reading, "deposits", "state = 'refund_due'"),
        "cards_out": out,
        "cards_lost": counted(reading, "passes", "state = 'lost'"),
        "cards_stock": max(0, stock - out),
        "inside": {
            "people": people,
            "vehicles": vehicles,
            "visits": counted(reading, "visits", "state = 'open'"),
        },
        "zones": bays,
        "free": sum(known) if known else None,
    }


def _drawer(reading: Reading) -> dict[str, Any]:
    documents = other = 0
    cash: dict[str, int] = {}
    rows = reading.rows(_HELD) if reading.has("deposits") else []
    for row in rows:
        if row["amount"]:
            cash[row["currency"]] = cash.get(row["currency"], 0) + row["amount"]
        elif row["kind"] in _OBJECTS:
            other += row["many"]
        else:
            documents += row["many"]
    return {"documents": documents, "cash": cash, "other": other}


def _inside(reading: Reading) -> tuple[dict[str, int], int, int]:
    cards: dict[str, int] = {}
    people = vehicles = 0
    for row in reading.rows(_INSIDE, (OUTSIDE,)):
        cards[row["zone"]] = cards.get(row["zone"], 0) + row["many"]
        if row["kind"] in _VEHICLES:
            vehicles += row["many"]
        else:
            people += row["many"]
    return cards, people, vehicles


def _bays(
    reading: Reading, plan: GatePlan | None, cards: Mapping[str, int]
) -> list[dict[str, Any]]:
    if plan is None:
        return [{"zone": zone, "cards": many, "free": None} for zone, many in cards.items()]
    counted_now = reading.zone_counts()
    found = []
    for zone in zones(plan):
        if zone == OUTSIDE:
            continue
        ruled = plan.zones.get(zone)
        found.append({
            "zone": zone,
            "cards": cards.get(zone, 0),
            "vehicles": max(0, counted_now.get(zone, 0)),
            "bays": None if ruled is None else ruled.bays,
            "free": None if ruled is None else free(ruled, counted_now),
        })  # fmt: skip
    return found


def stock(reading: Reading) -> list[dict[str, Any]]:
    """The cards that visitors get, each with its ``state``: in, out or lost, by label.

    Cards are those of the ruling roster with the status ``stock``.
    """
    found = reading.rows(
        "SELECT label AS card, kind FROM cards WHERE generation = (SELECT generation FROM state) "
        "AND status = 'stock' "
        "AND kind IN ('visitor', 'visitor_vehicle', 'contractor', 'guard', 'patrol') "
        "ORDER BY label LIMIT 2000"
    )
    out = {row["card"]: row for row in bare(reading, "passes", "state <> 'in'", (), "", 5000)}
    return [
        row | {
            "state": out[row["card"]]["state"] if row["card"] in out else "in",
            "visit": out[row["card"]]["visit"] if row["card"] in out else "",
        }
        for row in found
    ]  # fmt: skip
