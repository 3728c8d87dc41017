"""How the arm of one lane is moved: what its wiring makes of the table in `agent.core.arm`.

Rules kept here:
- an arm is lowered only when it is due, no lock forbids it, every safety input is clear and, where
  they can be tested, has just answered its test; until then it stays due;
- what was tried in vain is tried again after a while, each time a longer one, and
  `ArmPlan.retries` end it in a fault;
- an end without a switch that can tell is assumed when the time that the arm takes is over; a
  switch that denies it is believed, also one that can tell only afterwards;
- a door has one contact, which is both its switches; its strike's time is the time that it takes,
  and it does not run out while the strike is kept released for a fire.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from agent.core import alarms
from agent.core.arm import TABLE, Act, ArmState, Pause, Proof, State, Trigger, may, turn
from agent.core.draft import Draft
from agent.core.effects import PulseRelay, StartTimer, StopTimer, SwitchRelay, TestSensors
from agent.core.entries import EntryType
from agent.core.ids import InputId
from agent.core.plan import ArmKind, ArmPlan, Drive, LanePlan, Relay

Levels = Mapping[InputId, bool | None]

TEST_NS = 2_000_000_000
RETRY_NS = 5_000_000_000
_MOVING = {State.OPENING, State.CLOSING}
_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Ends:
    """What the switches say: is it at the top, is it at the bottom? None: nothing can tell."""

    top: bool | None
    bottom: bool | None

    @property
    def contradict(self) -> bool:
        """Nothing can be at both ends."""
        return self.top is True and self.bottom is True


def ends(arm: ArmPlan, levels: Levels) -> Ends:
    """The ends as the wiring tells them."""
    bottom = None if arm.closed is None else levels.get(arm.closed)
    if arm.kind is ArmKind.DOOR:
        return Ends(None if bottom is None else not bottom, bottom)
    return Ends(None if arm.opened is None else levels.get(arm.opened), bottom)


def can_lower(arm: ArmPlan) -> bool:
    """False for an operator that closes by itself, and a door: no relay can close it."""
    return arm.close is not None or arm.open.drive is Drive.MAINTAINED


def can_hold(arm: ArmPlan) -> bool:
    """False for what closes by itself, and for a strike."""
    return can_lower(arm) and arm.kind is ArmKind.BARRIER


def can_stop(arm: ArmPlan) -> bool:
    """By a stop relay, or by letting go of a close relay that is held."""
    return arm.stop is not None or (arm.close is not None and arm.close.drive is Drive.MAINTAINED)


def blocked_by(plan: LanePlan, levels: Levels) -> str:
    """The first safety input that is not clear, in words; empty when the arm may go down."""
    for name in plan.arm.safety:
        level = levels.get(name)
        if level is not False:
            return f"safety input {name} is {'occupied' if level else 'unknown'}"
    return ""


def can_open(plan: LanePlan, arm: ArmState, levels: Levels) -> bool:
    """A faulted arm is still opened for people, but not for ever; one that is up lets them in."""
    if arm.state is not State.FAULTED or arm.tries < plan.arm.retries:
        return True
    return stands_faulted(plan, arm, levels)


def stands_faulted(plan: LanePlan, arm: ArmState, levels: Levels) -> bool:
    """A faulted arm that a switch proves up: it need not be opened."""
    return arm.state is State.FAULTED and ends(plan.arm, levels).top is True


def move(
    plan: LanePlan,
    arm: ArmState,
    trigger: Trigger,
    out: Draft,
    *,
    proof: Proof = Proof.NONE,
    why: str = "",
    seen: bool = True,
    over: bool = False,
    fault: str = "",
) -> ArmState:
    """Take one row of the table, with its relay, its timers and its entry.

    ``why`` says what was in vain; ``seen``: a switch has seen it happen just now; ``over``: the
    travel time has run out; ``fault`` names a fault that is not one of opening or closing.
    """
    if (arm.state, trigger) not in TABLE:
        return arm
    after, row = turn(arm, trigger, proof)
    after = replace(after, due=after.due and can_lower(plan.arm))
    vain = row.again and (after.due or arm.state in {State.OPENING, State.FAULTED})
    after = _counted(arm, after, trigger, vain=vain, why=why)
    _drive(plan.arm, row.act, out)
    if row.writes is EntryType.ARM_FAULTED:
        name = fault or ("closing" if arm.due else "opening")
        _write_fault(plan, name, after.fault, out)
    elif row.writes is EntryType.ARM_FORCED and seen:
        _write_forced(plan, arm, after, out)
    if arm.held and not after.held:
        after = replace(after, overdue=False)
        if trigger is not Trigger.HOLD_OVER:
            out.do(StopTimer(f"hold:{plan.lane}"))
        if trigger is not Trigger.RELEASE:
            data = {"lane": plan.lane, "why": trigger.value}
            out.write(EntryType.ARM_RELEASED, f"lane/{plan.lane}", data)
    if trigger is Trigger.FIRE:
        after = replace(after, released=plan.arm.kind is ArmKind.DOOR)
    _time(plan, arm, after, out, over=over)
    return _paused(plan, arm, after, out, vain=vain)


def pursue(
    plan: LanePlan, arm: ArmState, levels: Levels, out: Draft, *, tested: bool = False
) -> ArmState:
    """After every change: believe the switches, and do what is meant and may be done now."""
    arm = _settled(plan, arm, levels, out)
    if arm.released and arm.state is State.CLOSED:
        return move(plan, arm, Trigger.FIRE, out)
    if arm.tries > plan.arm.retries and arm.state is not State.FAULTED:
        return move(plan, arm, Trigger.FAULT, out, why=arm.fault)
    if arm.held and arm.state is State.OPEN:
        return move(plan, arm, Trigger.HOLDS, out)
    ready = arm.due and arm.pause is Pause.NONE and may(arm, Trigger.WAY_CLEAR)
    if not ready or blocked_by(plan, levels):
        return arm
    if plan.arm.tests and not tested:
        out.do(TestSensors(plan.lane))
        out.do(StartTimer(f"test:{plan.lane}", out.at.mono_ns + TEST_NS))
        return replace(arm, pause=Pause.TEST)
    return move(plan, arm, Trigger.WAY_CLEAR, out)


def travelled(plan: LanePlan, arm: ArmState, levels: Levels, out: Draft) -> ArmState:
    """The time that a movement takes is over: it came to its end, or it was in vain."""
    if arm.state not in _MOVING:
        return arm
    rises = arm.state is State.OPENING
    if arm.released:
        # The interlock renews the pulse; when the fire is reset this time runs out.
        out.do(StartTimer(f"travel:{plan.lane}", out.at.mono_ns + _travel_ns(plan.arm)))
        return arm
    if rises and plan.arm.kind is ArmKind.DOOR:
        proof = _proof(ends(plan.arm, levels).bottom)
        return move(plan, arm, Trigger.RELOCKED, out, proof=proof, over=True)
    found = ends(plan.arm, levels)
    here, there = (found.top, found.bottom) if rises else (found.bottom, found.top)
    if here is not False and there is not True:
        reached = Trigger.TOP_REACHED if rises else Trigger.BOTTOM_REACHED
        return move(plan, arm, reached, out, proof=_proof(here), seen=False, over=True)
    why = f"not {'up' if rises else 'down'} within {plan.arm.travel_ns / 1e9:g} s"
    used_up = arm.tries >= plan.arm.retries and (rises or arm.due)
    trigger = Trigger.FAULT if used_up else Trigger.TRAVEL_OVER
    return move(plan, arm, trigger, out, why=why, over=True)


def tested(plan: LanePlan, arm: ArmState, levels: Levels, why: str, out: Draft) -> ArmState:
    """The sensors have answered their test, or ``why`` they did not."""
    if arm.pause is not Pause.TEST:
        return arm
    out.do(StopTimer(f"test:{plan.lane}"))
    arm = replace(arm, pause=Pause.NONE)
    if not why:
        return pursue(plan, arm, levels, out, tested=True)
    arm = replace(arm, tries=arm.tries + 1, fault=why)
    return _paused(plan, arm, arm, out, vain=True)


def resumed(plan: LanePlan, arm: ArmState, out: Draft, *, by_timer: bool) -> ArmState:
    """What was in vain may be tried again: its time has come, or its way became clear."""
    if arm.pause is not Pause.RETRY:
        return arm
    if not by_timer:
        out.do(StopTimer(f"retry:{plan.lane}"))
    return replace(arm, pause=Pause.NONE)


def _settled(plan: LanePlan, arm: ArmState, levels: Levels, out: Draft) -> ArmState:
    found = ends(plan.arm, levels)
    if found.contradict:
        why = "both limit switches say that the arm is there"
        return move(plan, arm, Trigger.FAULT, out, why=why, fault="switches")
    if arm.proof is Proof.ASSUMED and _denied(arm, found):
        lost = Trigger.BOTTOM_LOST if arm.state is State.CLOSED else Trigger.TOP_LOST
        arm = move(plan, arm, lost, out)
    if arm.state is State.OPEN and arm.proof is Proof.NONE:
        arm = move(plan, arm, Trigger.TOP_LOST, out)
    if arm.state is State.UNKNOWN and found.top:
        return move(plan, arm, Trigger.TOP_REACHED, out, proof=Proof.SWITCH, seen=False)
    if arm.state is State.UNKNOWN and found.bottom:
        return move(plan, arm, Trigger.BOTTOM_REACHED, out, proof=Proof.SWITCH, seen=False)
    return arm


def _denied(arm: ArmState, found: Ends) -> bool:
    """Does the switch of the end at which the arm is assumed say that it is not there?"""
    return (found.bottom if arm.state is State.CLOSED else found.top) is False


def _counted(arm: ArmState, after: ArmState, trigger: Trigger, *, vain: bool, why: str) -> ArmState:
    if vain:
        return replace(after, tries=arm.tries + 1, fault=why or arm.fault)
    if trigger is Trigger.FAULT:
        return replace(after, tries=0, fault=why)
    came_up = trigger is Trigger.TOP_REACHED and not after.due
    if came_up or (arm.due and not after.due) or trigger in {Trigger.CLEAR, Trigger.BOTTOM_REACHED}:
        return replace(after, tries=0, fault=arm.fault if after.state is State.FAULTED else "")
    return after


def _drive(arm: ArmPlan, act: Act, out: Draft) -> None:
    held = arm.open.drive is Drive.MAINTAINED
    if act is Act.RAISE:
        out.do(_on(arm.open))
    elif act is Act.LOWER and arm.close is not None:
        out.do(_on(arm.close))
    elif act is Act.LOWER or (act is Act.LET_GO and held):
        out.do(SwitchRelay(arm.open.output, False))


def _time(plan: LanePlan, arm: ArmState, after: ArmState, out: Draft, *, over: bool) -> None:
    """The travel time begins with a movement; a second order for the same one is no new one."""
    key = f"travel:{plan.lane}"
    if after.state in _MOVING and (after.state is not arm.state or over):
        out.do(StartTimer(key, out.at.mono_ns + _travel_ns(plan.arm)))
    elif arm.state in _MOVING and after.state not in _MOVING and not over:
        out.do(StopTimer(key))


def _paused(plan: LanePlan, arm: ArmState, after: ArmState, out: Draft, *, vain: bool) -> ArmState:
    pause = arm.pause if after.due else Pause.NONE
    if after.due and vain:
        pause = Pause.RETRY
        later_ns = RETRY_NS << min(after.tries - 1, 4)
        out.do(StartTimer(f"retry:{plan.lane}", out.at.mono_ns + later_ns))
    if arm.pause not in {pause, Pause.NONE}:
        out.do(StopTimer(f"{arm.pause.value}:{plan.lane}"))
    return replace(after, pause=pause)


def _write_fault(plan: LanePlan, fault: str, detail: str, out: Draft) -> None:
    data = {"lane": plan.lane, "fault": fault, "detail": detail}
    out.write(EntryType.ARM_FAULTED, f"lane/{plan.lane}", data)


def _write_forced(plan: LanePlan, arm: ArmState, after: ArmState, out: Draft) -> None:
    """Moved by something else; not so what was meant to come down, or comes down by itself."""
    down = after.state is State.CLOSED or arm.state in {State.OPEN, State.HELD_OPEN}
    if down and (arm.due or not can_lower(plan.arm)):
        return
    data = {"lane": plan.lane, "direction": "down" if down else "up"}
    alarms.forced(plan, out.write(EntryType.ARM_FORCED, f"lane/{plan.lane}", data), out)


def _travel_ns(arm: ArmPlan) -> int:
    strike = arm.kind is ArmKind.DOOR and arm.open.drive is Drive.PULSE
    return arm.open.pulse_ms * _MS if strike else arm.travel_ns


def _proof(said: bool | None) -> Proof:
    return Proof.SWITCH if said else Proof.ASSUMED


def _on(relay: Relay) -> PulseRelay | SwitchRelay:
    if relay.drive is Drive.PULSE:
        return PulseRelay(relay.output, relay.pulse_ms)
    return SwitchRelay(relay.output, True)
