"""What many events say alike: how an order was given, and who is named.

Rules kept here:
- personal fields are there as far as ``uplink.personal`` lets them be seen, and never required;
- every event with personal fields carries their commitments, whatever is seen of them.
"""

from typing import NotRequired

from typing_extensions import TypedDict

from agent.contract import fields as f


class Ordered(TypedDict):
    """What was done by order: where from, and in the booth at which desk."""

    origin: f.Origin
    desk: NotRequired[f.Desk]
    unsigned: NotRequired[f.Unsigned]


class Committed(TypedDict):
    """Personal fields that only their commitments tell of."""

    commitments: NotRequired[f.Commitments]


class Held(Committed):
    """The holder of a card."""

    holder: NotRequired[f.Name]
    unit: NotRequired[f.Unit]
    department: NotRequired[f.Department]
    plate: NotRequired[f.Plate]


class Carded(Held):
    """A card and its holder."""

    cardref: NotRequired[f.Cardref]
    credential: NotRequired[f.Credential]


class Visiting(Committed):
    """A visitor, and whom he visits."""

    visitor: NotRequired[f.Name]
    company: NotRequired[f.Company]
    host: NotRequired[f.Name]
    unit: NotRequired[f.Unit]
    department: NotRequired[f.Department]
    plate: NotRequired[f.Plate]


class Anybody(Carded, Visiting):
    """Whoever was named in what is carried on."""

    owner: NotRequired[f.Name]
    signatory: NotRequired[f.Name]
    driver: NotRequired[f.Name]
