"""May this card pass here and now?

Rules kept here:
- the answer is `Granted`, `Denied` with one reason, or `Referred` with the guard's duty;
- `RULES` is the one table of reasons, duties and their precedence: the first rule that speaks
  decides. ``gate-agent reasons`` prints it and ``gate-agent explain`` walks it;
- dates and hours are judged only by a clock that can be trusted.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from agent.core import windows
from agent.core.decision import (
    BAN,
    Ban,
    Decision,
    Denied,
    Duty,
    Granted,
    Passback,
    Reason,
    Referred,
)
from agent.core.ids import LaneId
from agent.core.model import Card, CardKind, CardProof, CardStatus, Direction

__all__ = [
    "BAN",
    "RULES",
    "UNWRITABLE",
    "Ban",
    "Decision",
    "Denied",
    "Duty",
    "Granted",
    "Passback",
    "Question",
    "Reason",
    "Referred",
    "Rule",
    "decide",
    "walk",
    "words",
]


@dataclass(frozen=True, slots=True)
class Question:
    """A tap as the rules see it. ``local`` is naive local time of the gate.

    ``late``: the card was shown so long ago that whoever held it may be gone. ``lockdown``: nobody
    leaves this way without a release. ``passback`` and ``full`` are what `agent.core.presence` says
    of the zone that the lane leads to. ``oncoming``: the lane's one arm serves the other direction.
    ``faulted``: its tries are used up, and it is not seen up.
    ``ban`` and ``due`` (what the guard has to do first) are what `agent.core.issued` finds in the
    books. ``proof`` is what the card proved, ``prove`` the kinds that have to, at this reader.
    ``wrong`` is what `agent.core.qr_pass` finds in a pass and in the books.
    """

    cards: tuple[Card, ...]
    lane: LaneId
    direction: Direction
    local: datetime
    clock_trusted: bool
    holidays: frozenset[date]
    clock_pass: frozenset[CardKind]
    late: bool = False
    lockdown: bool = False
    passback: Passback = Passback.NONE
    full: bool = False
    oncoming: bool = False
    faulted: bool = False
    ban: Ban = Ban.NONE
    due: frozenset[Duty] = frozenset()
    proof: CardProof = CardProof.UID_ONLY
    prove: frozenset[CardKind] = frozenset()
    wrong: frozenset[Reason] = frozenset()

    @property
    def card(self) -> Card:
        """The one card that matched; rules after the first two may rely on it."""
        return self.cards[0]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table. ``says`` is the reason in words; ``asks`` what the rule looks at."""

    answer: Reason | Duty
    asks: str
    says: str
    speaks: Callable[[Question], bool]


def _status(status: CardStatus) -> Callable[[Question], bool]:
    return lambda q: q.card.status is status


def _due(duty: Duty) -> Callable[[Question], bool]:
    return lambda q: duty in q.due


def _wrong(reason: Reason) -> Callable[[Question], bool]:
    return lambda q: reason in q.wrong


def _wrong_lane(q: Question) -> bool:
    return bool(q.card.lanes) and q.lane not in q.card.lanes


def _wrong_direction(q: Question) -> bool:
    return q.card.direction is not Direction.BOTH and q.card.direction is not q.direction


def _clock_duty(q: Question) -> bool:
    return not q.clock_trusted and q.card.kind not in q.clock_pass


def _too_early(q: Question) -> bool:
    start = q.card.valid_from
    return q.clock_trusted and start is not None and q.local < start


def _too_late(q: Question) -> bool:
    end = q.card.valid_until
    return q.clock_trusted and end is not None and q.local.replace(second=0, microsecond=0) > end


def _outside(q: Question) -> bool:
    if not q.card.windows or not q.clock_trusted:
        return False
    return not windows.parse(q.card.windows).open_at(q.local, q.holidays.__contains__)


# The order, from what is wrong with the card for ever to what is in its way just now:
# - a tap that came late, or that means no single card, says nothing about anybody; nor does a pass
#   that the centre did not sign, or signed for another gate;
# - a card that is lost, blocked or not in use is denied before anything else is asked, so that a
#   lockdown never turns a stolen card into a question of who releases its bearer;
# - so is one that may be a copy of the card whose number it shows, whoever holds it;
# - in a lockdown the guard hears of everybody else who tries to leave, whatever lane or hours the
#   card is for: lane, direction and dates come after it, and the release is his to give;
# - a ban comes before it too: who must not be here is no question of lanes and hours;
# - then what was allowed to this card: lane, direction, dates, hours;
# - whoever leaves with something still open is sent to the guard before the dates are looked at: a
#   visitor who stayed too long has to get out, and gets back what the gate holds for him. The truck
#   first, then its goods, and last the deposit, which is what opens the arm;
# - then what the books say of a pass: its appointment, and whether it was used;
# - anti-passback asks where the card was last, which only matters for a card that is good here;
# - a faulted arm, a full zone and a lane in use are no fault of the card. They come late, so that
#   nobody is told to wait who would be denied after the wait; the shorter wait comes after the
#   longer one;
# - the bearer is checked last: the guard's word opens the lane, so nothing may be left to ask.
RULES: tuple[Rule, ...] = (
    Rule(
        Reason.TOO_LATE,
        "was the card shown just now",
        "the gate was held up and the card was shown too long ago: show it again",
        lambda q: q.late,
    ),
    Rule(
        Reason.KEY_UNKNOWN,
        "if it is a pass, is it signed with a key of the settings",
        "this pass is signed with a key that this gate does not know",
        _wrong(Reason.KEY_UNKNOWN),
    ),
    Rule(
        Reason.FORGED,
        "if it is a pass, is its signature right",
        "the signature of this pass is wrong: the centre did not make it so",
        _wrong(Reason.FORGED),
    ),
    Rule(
        Reason.KEY_REVOKED,
        "if it is a pass, is its key still in use",
        "this pass is signed with a key that was revoked",
        _wrong(Reason.KEY_REVOKED),
    ),
    Rule(
        Reason.ELSEWHERE,
        "if it is a pass, is it for this estate and this gate",
        "this pass is for another gate",
        _wrong(Reason.ELSEWHERE),
    ),
    Rule(
        Reason.UNKNOWN_CREDENTIAL,
        "is the credential in the roster",
        "this card is not known here",
        lambda q: not q.cards,
    ),
    Rule(
        Reason.AMBIGUOUS,
        "does it mean exactly one card",
        "this reader's short number fits more than one card",
        lambda q: len(q.cards) > 1,
    ),
    Rule(
        Reason.CARD_LOST,
        "is the card in its holder's hands",
        "this card was reported lost",
        _status(CardStatus.LOST),
    ),
    Rule(
        Reason.CARD_BLOCKED,
        "is the card free of a block",
        "this card is blocked",
        _status(CardStatus.BLOCKED),
    ),
    Rule(
        Reason.CARD_RETIRED,
        "is the card still in use",
        "this card was taken out of use",
        _status(CardStatus.RETIRED),
    ),
    Rule(
        Reason.CARD_NOT_ISSUED,
        "is the card issued to somebody",
        "this card lies in stock and is issued to nobody",
        _status(CardStatus.STOCK),
    ),
    Rule(
        Reason.TEST_CARD,
        "is it a card for people and vehicles",
        "a test card proves the reader and moves nothing",
        lambda q: q.card.kind is CardKind.TEST,
    ),
    Rule(
        Reason.PROOF_FAILED,
        "does the card know the site's key, if it claims to",
        "this card did not prove itself: it may be a copy",
        lambda q: q.proof is CardProof.FAILED,
    ),
    Rule(
        Reason.PROOF_REQUIRED,
        "did the card prove itself, where its kind or the reader asks for that",
        "this card has to prove itself here, and only a number was read",
        lambda q: q.card.kind in q.prove and not q.proof.proved,
    ),
    Rule(
        Reason.BANNED,
        "is there no ban on the card, the plate or the holder",
        "there is a ban: this visitor is not let in",
        lambda q: q.ban is Ban.REFUSED,
    ),
    Rule(
        Duty.LOCKDOWN_RELEASE,
        "may people leave, or is the gate in lockdown",
        "lockdown: nobody leaves unless security releases them by name",
        lambda q: q.lockdown,
    ),
    Rule(
        Reason.LANE_NOT_ALLOWED,
        "is the card good for this lane",
        "this card is not good for this lane",
        _wrong_lane,
    ),
    Rule(
        Reason.DIRECTION_NOT_ALLOWED,
        "is the card good for this direction",
        "this card is not good for this direction",
        _wrong_direction,
    ),
    Rule(
        Duty.INSPECTION_DUE,
        "if a truck leaves, was its back looked at since it came in",
        "a truck leaves only after its back was opened and looked at",
        _due(Duty.INSPECTION_DUE),
    ),
    Rule(
        Duty.RELEASE_SLIP_DUE,
        "if goods leave, is there a release slip for them",
        "goods leave only with a release slip",
        _due(Duty.RELEASE_SLIP_DUE),
    ),
    Rule(
        Duty.DEPOSIT_DUE,
        "may the card leave, and is nothing held against it",
        "take the card back and give back what is held for it",
        _due(Duty.DEPOSIT_DUE),
    ),
    Rule(
        Duty.CLOCK_UNKNOWN,
        "can the clock be trusted, or does this kind of card pass without it",
        "the clock cannot be trusted: check the card's dates yourself",
        _clock_duty,
    ),
    Rule(
        Reason.NOT_YET_VALID,
        "has the card's first day come",
        "this card is not valid yet",
        _too_early,
    ),
    Rule(
        Reason.EXPIRED,
        "is the card's last day still to come",
        "this card has expired",
        _too_late,
    ),
    Rule(
        Reason.OUTSIDE_HOURS,
        "is it inside the card's hours",
        "this card is not good at this hour",
        _outside,
    ),
    Rule(
        Reason.APPOINTMENT_CANCELLED,
        "if it is a pass, does its appointment stand",
        "the appointment of this pass was cancelled",
        _wrong(Reason.APPOINTMENT_CANCELLED),
    ),
    Rule(
        Reason.APPOINTMENT_UNKNOWN,
        "if it is a pass, is its appointment known, where that is asked",
        "the appointment of this pass is not known here",
        _wrong(Reason.APPOINTMENT_UNKNOWN),
    ),
    Rule(
        Reason.USED,
        "if it is a pass, is it still to be used on this way",
        "this pass was used already",
        _wrong(Reason.USED),
    ),
    Rule(
        Reason.PASSBACK,
        "did the card come back since it last went this way",
        "this card went this way already and was not seen to come back",
        lambda q: q.passback is Passback.REFUSED,
    ),
    Rule(
        Reason.ARM_FAULTED,
        "can the arm still be opened",
        "the arm is faulted and does not open: the guard has to see to it",
        lambda q: q.faulted,
    ),
    Rule(
        Reason.ZONE_FULL,
        "is there a free bay, where this kind of card needs one",
        "all bays are taken",
        lambda q: q.full,
    ),
    Rule(
        Reason.ONCOMING,
        "is the lane free of somebody who comes the other way",
        "somebody comes the other way: wait and show the card again",
        lambda q: q.oncoming,
    ),
    Rule(
        Duty.BEARER_CHECK,
        "does the guard know that the bearer is the holder, where that is asked at each entry",
        "make sure that the bearer is the card's holder",
        _due(Duty.BEARER_CHECK),
    ),
)

UNWRITABLE = Rule(
    Reason.LEDGER_UNWRITABLE,
    "could the decision be written down (asked last, by the loop)",
    "the gate cannot write its ledger: nobody is admitted by card until it can",
    lambda _: False,
)


def decide(question: Question) -> Decision:
    """The answer of the first rule that speaks; granted when none does."""
    for rule in RULES:
        if rule.speaks(question):
            return _answer(rule, question)
    marks = () if question.clock_trusted else (Duty.CLOCK_UNKNOWN.value,)
    if question.passback is Passback.MARKED:
        marks = (*marks, Reason.PASSBACK.value)
    if question.ban is Ban.MARKED:
        marks = (*marks, BAN)
    return Granted(question.card, marks)


def walk(question: Question) -> Iterator[tuple[Rule, bool]]:
    """Every rule up to the deciding one, with whether it spoke."""
    for rule in RULES:
        spoke = rule.speaks(question)
        yield rule, spoke
        if spoke:
            return


def words(answer: Reason | Duty) -> str:
    """A reason or duty as a sentence."""
    return _WORDS[answer]


def _answer(rule: Rule, question: Question) -> Decision:
    if isinstance(rule.answer, Duty):
        return Referred(rule.answer, question.card)
    return Denied(rule.answer, question.card if len(question.cards) == 1 else None)


_WORDS = {rule.answer: rule.says for rule in (*RULES, UNWRITABLE)}
