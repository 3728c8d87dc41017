"""Who is signed on: what the ledger keeps of PINs and tokens, for `agent.signing_requests` alone.

Rules kept here:
- a token counts while its shift is on and its guard is one;
- the role is that of the shift, as it is now.
"""

from dataclasses import dataclass

from agent.store.reading import Reading

_SIGNED = (
    "SELECT tokens.guard, guards.name, shifts.role, tokens.desk, tokens.shift, shifts.began_us "
    "FROM tokens JOIN shifts ON shifts.shift = tokens.shift AND shifts.state = 'on' "
    "JOIN guards ON guards.guard = tokens.guard AND guards.state = 'active' WHERE tokens.hash = ?"
)
_KNOWN = "SELECT guard, name, card, role, pin FROM guards WHERE state = 'active' AND"
_BY_GUARD = f"{_KNOWN} guard = ?"
_BY_CARD = f"{_KNOWN} card = ? AND card <> '' LIMIT 2"
_TOKENS = "SELECT hash, shift FROM tokens WHERE guard = ? ORDER BY since_us DESC"


@dataclass(frozen=True, slots=True)
class Signer:
    """Somebody who is signed on. ``since_us`` is when his shift began, wall time in µs."""

    guard: str
    name: str
    role: str
    desk: str
    shift: str
    since_us: int


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody who may sign on. ``pin`` is its hash, and is shown in no text."""

    guard: str
    name: str
    card: str
    role: str
    pin: str

    def __repr__(self) -> str:
        return f"Known({self.guard!r})"


def signer(reading: Reading, token_hash: str) -> Signer | None:
    """Who acts with the token of this hash; raises StoreError."""
    for row in reading.rows(_SIGNED, (token_hash,)):
        return Signer(
            row["guard"], row["name"], row["role"], row["desk"], row["shift"], row["began_us"]
        )
    return None


def known(reading: Reading, guard: str = "", card: str = "") -> Known | None:
    """The guard with this id, or with the card of this label; raises StoreError."""
    found = reading.rows(_BY_GUARD, (guard,)) if guard else reading.rows(_BY_CARD, (card,))
    if len(found) != 1:
        return None
    row = found[0]
    return Known(row["guard"], row["name"], row["card"], row["role"], row["pin"])


def tokens(reading: Reading, guard: str, shift: str = "") -> list[str]:
    """The hashes of the guard's tokens (of one shift), newest first; raises StoreError."""
    found = reading.rows(_TOKENS, (guard,))
    return [row["hash"] for row in found if shift in ("", row["shift"])]
