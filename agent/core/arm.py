"""The arm: every state it can be in, and what every piece of news makes of it.

Rules kept here:
- `TABLE` is all that an arm does. What is not in it does not happen: an order that has no row is
  refused, and news that has no row changes nothing; `turn` is the only way to a next state;
- a row may drive a relay, and it may change what the arm is meant to do (`Aim`); nothing else moves
  an arm, and only `Act.LOWER` brings it down;
- an arm comes down only by `WAY_CLEAR`: it was due, every safety input is clear, no lock forbids
  it (see `agent.core.motion`, which says it); what was due is forgotten after a stop, a hold, a
  fire and a fault;
- an end is reached when its switch says so or, where no switch can say, when the time that the arm
  takes is over; then it is assumed, and says so (`Proof`);
- a lock is beside the state: `REFUSES` is all that fire and lockdown forbid.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from agent.core.entries import EntryType


class State(StrEnum):
    """Where the arm is, or what it is about. The travel time runs in OPENING and CLOSING alone."""

    UNKNOWN = "unknown"
    CLOSED = "closed"
    OPENING = "opening"
    OPEN = "open"
    HELD_OPEN = "held_open"
    CLOSING = "closing"
    STOPPED = "stopped"
    FAULTED = "faulted"


class Lock(StrEnum):
    """An emergency that binds this lane."""

    NONE = "none"
    FIRE = "fire"
    LOCKDOWN = "lockdown"
    ENTRY = "lockdown, both ways"
    """A lockdown at a lane that leads both ways: in as ever, out like `LOCKDOWN`."""


class Proof(StrEnum):
    """What it stands on that the arm is at an end."""

    NONE = "none"
    ASSUMED = "assumed"
    SWITCH = "switch"


class Trigger(StrEnum):
    """What may befall an arm. A door has its strike for an arm, its contact for both switches."""

    OPEN = "open"
    """A grant, or a person's order."""
    CLOSE = "close"
    STOP = "stop"
    """A guard's order or button; the relay was driven at the edge already."""
    HOLD = "hold"
    RELEASE = "release"
    CLEAR = "clear"
    """Somebody cleared the fault, with a reason."""

    DONE = "done"
    """Nobody waits any more, and the passage is free."""
    WAY_CLEAR = "way_clear"
    """It is due to come down, and nothing forbids it now."""
    HOLD_OVER = "hold_over"
    HOLDS = "holds"
    """It came to the top with a hold in force."""

    TOP_REACHED = "top_reached"
    TOP_LEFT = "top_left"
    TOP_LOST = "top_lost"
    """Nothing can tell any more whether it is up, or it was assumed and a switch denies it."""
    BOTTOM_REACHED = "bottom_reached"
    BOTTOM_LEFT = "bottom_left"
    BOTTOM_LOST = "bottom_lost"
    """The same of the lower end."""
    FALLS = "falls"
    """An operator that closes by itself left the top."""
    TRAVEL_OVER = "travel_over"
    """The time for a movement is over, and the switches deny that it came to its end."""
    RELOCKED = "relocked"
    """The strike's time is over, and nobody has pushed the door."""

    SAFETY_TAKEN = "safety_taken"
    LIFTED = "lifted"
    """The interlock raised it, before anything was decided here."""
    DEAD_MAN = "dead_man"
    """The guard lowers it by hand, with the button held."""
    RELAY_FAILED = "relay_failed"
    """The relay of the movement that is under way was not driven."""
    FAULT = "fault"
    """Tries are used up, or the switches contradict each other."""
    FIRE = "fire"
    LOCKDOWN = "lockdown"


class Act(StrEnum):
    """What a row drives."""

    NOTHING = "-"
    RAISE = "raise"
    LOWER = "lower"
    LET_GO = "let go"
    """Let a held strike go; a pulsed one has ended by itself."""


class Aim(StrEnum):
    """What a row makes of what the arm is meant to do."""

    KEEP = "-"
    UP = "not due"
    DOWN = "due"
    HOLD = "hold"
    NONE = "nothing"
    """Neither due to come down nor held."""


@dataclass(frozen=True, slots=True)
class Move:
    """One row: the next state, what is driven, what is meant from now on.

    ``again``: something was tried in vain; it counts, and `ArmPlan.retries` end it in a fault.
    ``writes``: an entry that goes with it.
    """

    to: State
    act: Act = Act.NOTHING
    aim: Aim = Aim.KEEP
    again: bool = False
    writes: EntryType | None = None


_UP = Move(State.OPENING, Act.RAISE, Aim.UP)
_HOLD = Move(State.OPENING, Act.RAISE, Aim.HOLD)
_DOWN = Move(State.CLOSING, Act.LOWER)
# The guard has taken over: nothing comes down by itself afterwards.
_BY_HAND = Move(State.CLOSING, aim=Aim.NONE)
_FIRE = Move(State.OPENING, aim=Aim.UP)
_FAULT = Move(State.FAULTED, aim=Aim.NONE, writes=EntryType.ARM_FAULTED)
_FORCED = EntryType.ARM_FORCED

_ROWS: Mapping[State, Mapping[Trigger, Move]] = {
    State.UNKNOWN: {
        Trigger.OPEN: _UP,
        Trigger.CLOSE: Move(State.UNKNOWN, aim=Aim.DOWN),
        Trigger.STOP: Move(State.STOPPED, aim=Aim.NONE),
        Trigger.HOLD: _HOLD,
        Trigger.DONE: Move(State.UNKNOWN, aim=Aim.DOWN),
        Trigger.WAY_CLEAR: _DOWN,
        Trigger.TOP_REACHED: Move(State.OPEN),
        Trigger.BOTTOM_REACHED: Move(State.CLOSED, aim=Aim.NONE),
        Trigger.FALLS: Move(State.CLOSING),
        Trigger.LIFTED: Move(State.OPENING, again=True),
        Trigger.DEAD_MAN: _BY_HAND,
        Trigger.FAULT: _FAULT,
        Trigger.FIRE: _FIRE,
    },
    State.CLOSED: {
        Trigger.OPEN: _UP,
        # Where a switch says so it is closed again at once; an assumption is made true.
        Trigger.CLOSE: Move(State.UNKNOWN, aim=Aim.DOWN),
        Trigger.STOP: Move(State.CLOSED),
        Trigger.HOLD: _HOLD,
        Trigger.TOP_REACHED: Move(State.OPEN, writes=_FORCED),
        Trigger.BOTTOM_REACHED: Move(State.CLOSED),
        Trigger.BOTTOM_LEFT: Move(State.UNKNOWN, writes=_FORCED),
        Trigger.BOTTOM_LOST: Move(State.UNKNOWN),
        # It was on its way down to the last moment, so it is to come down again.
        Trigger.LIFTED: Move(State.OPENING, aim=Aim.DOWN, again=True),
        Trigger.FAULT: _FAULT,
        Trigger.FIRE: _FIRE,
    },
    State.OPENING: {
        Trigger.OPEN: _UP,
        Trigger.CLOSE: Move(State.OPENING, aim=Aim.DOWN),
        Trigger.STOP: Move(State.STOPPED, aim=Aim.NONE),
        Trigger.HOLD: _HOLD,
        Trigger.RELEASE: Move(State.OPENING, aim=Aim.NONE),
        Trigger.HOLD_OVER: Move(State.OPENING, aim=Aim.NONE),
        Trigger.DONE: Move(State.OPENING, aim=Aim.DOWN),
        Trigger.WAY_CLEAR: _DOWN,
        Trigger.TOP_REACHED: Move(State.OPEN),
        Trigger.TRAVEL_OVER: Move(State.OPENING, Act.RAISE, again=True),
        Trigger.RELOCKED: Move(State.CLOSED, Act.LET_GO, Aim.NONE),
        Trigger.DEAD_MAN: _BY_HAND,
        # Not tried again by itself: who was to be let in may be gone.
        Trigger.RELAY_FAILED: Move(State.UNKNOWN, aim=Aim.NONE),
        Trigger.FAULT: _FAULT,
        Trigger.FIRE: _FIRE,
        Trigger.LOCKDOWN: Move(State.OPENING, aim=Aim.NONE),
    },
    State.OPEN: {
        Trigger.OPEN: Move(State.OPEN, Act.RAISE, Aim.UP),
        Trigger.CLOSE: Move(State.OPEN, aim=Aim.DOWN),
        Trigger.STOP: Move(State.STOPPED, aim=Aim.NONE),
        Trigger.HOLD: Move(State.HELD_OPEN, Act.RAISE, Aim.HOLD),
        Trigger.HOLDS: Move(State.HELD_OPEN),
        Trigger.DONE: Move(State.OPEN, aim=Aim.DOWN),
        Trigger.WAY_CLEAR: _DOWN,
        Trigger.TOP_REACHED: Move(State.OPEN),
        Trigger.TOP_LEFT: Move(State.UNKNOWN, writes=_FORCED),
        Trigger.TOP_LOST: Move(State.UNKNOWN),
        Trigger.BOTTOM_REACHED: Move(State.CLOSED, aim=Aim.NONE, writes=_FORCED),
        Trigger.FALLS: Move(State.CLOSING),
        Trigger.DEAD_MAN: _BY_HAND,
        Trigger.FAULT: _FAULT,
        Trigger.FIRE: Move(State.OPEN, aim=Aim.UP),
    },
    State.HELD_OPEN: {
        Trigger.OPEN: Move(State.HELD_OPEN, Act.RAISE),
        Trigger.STOP: Move(State.STOPPED, aim=Aim.NONE),
        Trigger.HOLD: Move(State.HELD_OPEN, Act.RAISE),
        Trigger.RELEASE: Move(State.OPEN, aim=Aim.NONE),
        Trigger.HOLD_OVER: Move(State.OPEN, aim=Aim.NONE),
        Trigger.TOP_REACHED: Move(State.HELD_OPEN),
        Trigger.TOP_LEFT: Move(State.HELD_OPEN, writes=_FORCED),
        Trigger.TOP_LOST: Move(State.HELD_OPEN),
        Trigger.BOTTOM_REACHED: Move(State.CLOSED, aim=Aim.NONE, writes=_FORCED),
        Trigger.FAULT: _FAULT,
        Trigger.LOCKDOWN: Move(State.OPEN, aim=Aim.NONE),
    },
    State.CLOSING: {
        Trigger.OPEN: _UP,
        Trigger.CLOSE: Move(State.CLOSING, aim=Aim.DOWN),
        Trigger.STOP: Move(State.STOPPED, aim=Aim.NONE),
        Trigger.HOLD: _HOLD,
        Trigger.DONE: Move(State.CLOSING, aim=Aim.DOWN),
        Trigger.TOP_REACHED: Move(State.OPEN, again=True),
        Trigger.BOTTOM_REACHED: Move(State.CLOSED, aim=Aim.NONE),
        Trigger.TRAVEL_OVER: Move(State.UNKNOWN, again=True),
        Trigger.SAFETY_TAKEN: Move(State.OPENING, Act.RAISE, again=True),
        Trigger.LIFTED: Move(State.OPENING, again=True),
        Trigger.RELAY_FAILED: Move(State.UNKNOWN, again=True),
        Trigger.FAULT: _FAULT,
        Trigger.FIRE: _FIRE,
    },
    State.STOPPED: {
        Trigger.OPEN: _UP,
        Trigger.CLOSE: Move(State.UNKNOWN, aim=Aim.DOWN),
        Trigger.STOP: Move(State.STOPPED),
        Trigger.HOLD: _HOLD,
        Trigger.BOTTOM_REACHED: Move(State.CLOSED),
        Trigger.FALLS: Move(State.CLOSING),
        Trigger.DEAD_MAN: _BY_HAND,
        Trigger.FAULT: _FAULT,
        Trigger.FIRE: _FIRE,
    },
    State.FAULTED: {
        Trigger.OPEN: Move(State.FAULTED, Act.RAISE, again=True),
        Trigger.STOP: Move(State.FAULTED),
        Trigger.CLEAR: Move(State.UNKNOWN),
        Trigger.TOP_REACHED: Move(State.FAULTED),
    },
}

TABLE: Mapping[tuple[State, Trigger], Move] = {
    (state, trigger): move for state, rows in _ROWS.items() for trigger, move in rows.items()
}

REFUSES: Mapping[Lock, frozenset[Trigger]] = {
    Lock.NONE: frozenset(),
    Lock.FIRE: frozenset(
        {
            Trigger.CLOSE,
            Trigger.STOP,
            Trigger.RELEASE,
            Trigger.DONE,
            Trigger.WAY_CLEAR,
            Trigger.DEAD_MAN,
            Trigger.LOCKDOWN,
        }
    ),
    # A named person may still be let out: see `agent.core.arm_orders`.
    Lock.LOCKDOWN: frozenset({Trigger.OPEN, Trigger.HOLD}),
    # An arm that is held up lets out as well as in.
    Lock.ENTRY: frozenset({Trigger.HOLD}),
}
"""What each lock forbids; fire forgets besides what was due."""


class Pause(StrEnum):
    """What a lowering that is due waits for, besides clear safety inputs."""

    NONE = "none"
    TEST = "test"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class ArmState:
    """What is known of an arm and what it is meant to do.

    ``due``: it comes down as soon as it may; ``held``: an order keeps it up; ``overdue``: the end
    of that hold passed while the agent was not running. ``tries`` counts what was tried in vain
    since an end was reached that was meant to be, ``fault`` says what was so last; in FAULTED it is
    the fault that nobody has cleared. ``released``: the interlock keeps a door's strike released
    for a fire, however often it is pushed and falls shut.
    """

    state: State = State.UNKNOWN
    proof: Proof = Proof.NONE
    lock: Lock = Lock.NONE
    due: bool = False
    held: bool = False
    overdue: bool = False
    pause: Pause = Pause.NONE
    tries: int = 0
    fault: str = ""
    released: bool = False


def may(arm: ArmState, trigger: Trigger) -> bool:
    """Has this a row now, and does no lock forbid it?"""
    return (arm.state, trigger) in TABLE and trigger not in REFUSES[arm.lock]


def turn(arm: ArmState, trigger: Trigger, proof: Proof = Proof.NONE) -> tuple[ArmState, Move]:
    """What ``trigger`` makes of the arm, and its row. ``proof`` goes with an end that is reached.

    Without a row nothing changes.
    """
    move = TABLE.get((arm.state, trigger))
    if move is None:
        return arm, Move(arm.state)
    due, held = {
        Aim.KEEP: (arm.due, arm.held),
        Aim.UP: (False, arm.held),
        Aim.DOWN: (True, False),
        Aim.HOLD: (False, True),
        Aim.NONE: (False, False),
    }[move.aim]
    return (
        replace(
            arm,
            state=move.to,
            proof=_proof(arm, trigger, move, proof),
            due=due and arm.lock is not Lock.FIRE,
            held=held,
        ),
        move,
    )


def _proof(arm: ArmState, trigger: Trigger, move: Move, proof: Proof) -> Proof:
    """It goes with an end, and stays for as long as nothing tells that the arm left it."""
    up, lost = {State.OPEN, State.HELD_OPEN}, {Trigger.TOP_LEFT, Trigger.TOP_LOST}
    if proof is not Proof.NONE and move.to in up | {State.CLOSED}:
        return proof
    stays = {arm.state, move.to} <= up or arm.state is move.to is State.CLOSED
    return arm.proof if stays and trigger not in lost else Proof.NONE
