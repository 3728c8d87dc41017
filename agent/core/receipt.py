"""A receipt for a deposit, as lines of a narrow printer.

Rules kept here:
- a character of ASCII takes one column and every other one two: that is how receipt printers with a
  Chinese character set print;
- no line is wider than the paper, and nothing is cut off: what is too long goes on below;
- both languages stand on it, since who gets it may read one of them only;
- money is whole minor units until the moment at which it is written out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from agent.core.plan_books import BooksPlan, DepositKind

NARROWEST = 16
_SIGNS = {"CNY": "￥", "JPY": "￥", "USD": "$", "EUR": "EUR "}
_HINT = (
    "离场时请交还卡片，凭此收据退还。",
    "Return the card when you leave, and show this receipt.",
)


@dataclass(frozen=True, slots=True)
class Held:
    """One thing that is held; ``amount`` in minor units, ``pocket`` empty for money."""

    kind: str
    description: str = ""
    amount: int = 0
    pocket: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt tells. Times are local and naive; ``again``: it was printed before."""

    number: int
    card: str
    taken: datetime
    held: Sequence[Held]
    visitor: str = ""
    guard: str = ""
    until: datetime | None = None
    again: bool = False


def money(minor: int, currency: str, digits: int) -> str:
    """``￥1,050.00`` of 105000 fen; a currency without a sign of its own is written behind."""
    sign = "-" if minor < 0 else ""
    whole, rest = divmod(abs(minor), 10**digits)
    figure = f"{whole:,}" + (f".{rest:0{digits}d}" if digits else "")
    if currency in _SIGNS:
        return f"{sign}{_SIGNS[currency]}{figure}"
    return f"{sign}{figure} {currency}"


def width(text: str) -> int:
    """Columns that a text takes on the paper."""
    return sum(1 if character.isascii() else 2 for character in text)


def lines(books: BooksPlan, receipt: Receipt, columns: int) -> tuple[str, ...]:
    """The receipt for paper of this many columns (`NARROWEST` at least), without line ends."""
    wide = max(NARROWEST, columns)
    return tuple(line.rstrip() for line in _lines(books, receipt, wide))


def _lines(books: BooksPlan, receipt: Receipt, wide: int) -> Iterator[str]:
    rule = "-" * wide
    for title in (books.texts.get("estate", ""), books.texts.get("gate", "")):
        yield from (centred(line, wide) for line in wrapped(title, wide))
    yield centred("押金收据 Receipt", wide)
    if receipt.again:
        yield centred("（补打 Copy）", wide)
    yield rule
    yield from pair("编号 No.", f"{receipt.number:06d}", wide)
    yield from pair("卡号 Card", receipt.card, wide)
    if receipt.visitor:
        yield from pair("访客 Visitor", receipt.visitor, wide)
    yield from pair("时间 Date", f"{receipt.taken:%Y-%m-%d %H:%M}", wide)
    if receipt.until is not None:
        yield from pair("离场 Leave by", f"{receipt.until:%Y-%m-%d %H:%M}", wide)
    yield rule
    for held in receipt.held:
        yield from _held(books, held, wide)
    yield rule
    if receipt.guard:
        yield from pair("经办 Guard", receipt.guard, wide)
    for hint in _HINT:
        yield from wrapped(hint, wide)


def _held(books: BooksPlan, held: Held, wide: int) -> Iterator[str]:
    kind = books.kinds.get(held.kind, DepositKind(held.kind, "", held.kind))
    name = " ".join(part for part in (kind.zh, kind.en) if part)
    told = f"格 Pocket {held.pocket}" if held.pocket else ""
    if kind.money or held.amount:
        told = money(held.amount, books.currency, books.digits)
    yield from pair(name, told, wide)
    yield from (f"  {line}" for line in wrapped(held.description, wide - 2))


def pair(left: str, right: str, wide: int) -> Iterator[str]:
    """A name at the left and its value at the right; below each other where both do not fit."""
    between = wide - width(left) - width(right)
    if between >= 1 and left and right:
        yield f"{left}{' ' * between}{right}"
        return
    yield from wrapped(left, wide)
    for line in wrapped(right, wide):
        yield " " * (wide - width(line)) + line


def centred(line: str, wide: int) -> str:
    """In the middle of the paper."""
    return " " * ((wide - width(line)) // 2) + line


def wrapped(text: str, wide: int) -> Iterator[str]:
    """The text in lines; broken at blanks, between Chinese characters, and in a word as a last way.

    Nothing for an empty text.
    """
    line = ""
    for piece in _pieces(text, wide):
        if line and width(line) + width(piece.rstrip()) > wide:
            yield line.rstrip()
            line = piece.lstrip()
        else:
            line += piece
    if line.strip():
        yield line.rstrip()


def _pieces(text: str, wide: int) -> Iterator[str]:
    """What is kept together: a Chinese character, or a word with the blank behind it."""
    word = ""
    for character in " ".join(text.split()):
        if word and (not character.isascii() or width(word) >= wide):
            yield word
            word = ""
        if character.isascii():
            word += character
            if character != " ":
                continue
            yield word
            word = ""
        else:
            yield character
    if word:
        yield word
