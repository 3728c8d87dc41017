"""The arm and its passages, told as stories: what happens > everything that comes of it."""

from dataclasses import replace

import pytest

from agent.core.model import CardStatus
from agent.core.plan import ArmPlan
from tests.core.builders import (
    BARE,
    BEAM,
    FULL,
    MAINTAINED,
    NO_LOOP,
    SELF_CLOSING,
    a_card,
    gate_plan,
)
from tests.core.play import Play

STORIES: dict[str, tuple[ArmPlan, str]] = {
    "granted and passed": (
        FULL,
        """
        view > closed clear 0
        tap A > granted; wait; pulse open; travel; show granted
        view > closed clear 1
        closed off >
        view > opening clear 1
        opened on > arm.opened; travel no more
        view > open clear 1
        loop on > wait no more
        loop off > passage.ended passed; pulse close; travel
        view > open clear 0
        opened off >
        view > closing clear 0
        closed on > arm.closed; travel no more
        view > closed clear 0
        """,
    ),
    "granted and nobody came": (
        FULL,
        """
        tap A > granted; wait; pulse open; travel; show granted
        time > passage.ended no_entry; pulse close; travel
        time >
        """,
    ),
    "two cars nose to tail on two grants": (
        FULL,
        """
        tap A > granted; wait; pulse open; travel; show granted
        closed off >
        loop on > wait no more
        tap B > granted; pulse open; show granted
        loop off > passage.ended passed; wait
        loop on > wait no more
        loop off > passage.ended passed; pulse close; travel
        """,
    ),
    "the second car never comes": (
        FULL,
        """
        tap A > granted; wait; pulse open; travel; show granted
        closed off >
        tap B > granted; wait; pulse open; show granted
        loop on > wait no more
        loop off > passage.ended passed; wait
        time > passage.ended no_entry; pulse close; travel
        """,
    ),
    "the same card again is the same grant": (
        FULL,
        """
        tap A > granted; wait; pulse open; travel; show granted
        closed off >
        tap A > granted; wait; pulse open; show granted
        view > opening clear 1
        loop on > wait no more
        loop off > passage.ended passed; pulse close; travel
        """,
    ),
    "the same card again with its vehicle on the loop is a second grant": (
        FULL,
        """
        tap A > granted; wait; pulse open; travel; show granted
        closed off >
        loop on > wait no more
        tap A > granted; pulse open; show granted
        tap A > granted; pulse open; show granted
        view > opening occupied 2
        """,
    ),
    "the card is shown with the car on the loop": (
        FULL,
        """
        loop on >
        tap A > granted; pulse open; travel; show granted
        closed off >
        loop off > passage.ended passed; pulse close; travel
        """,
    ),
    "a car without a grant passes nothing": (
        FULL,
        """
        loop on >
        loop off >
        loop lost >
        """,
    ),
    "the beam is broken when the arm should go down": (
        FULL,
        """
        tap A > granted; wait; pulse open; travel; show granted
        closed off >
        loop on > wait no more
        beam on >
        loop off > passage.ended passed
        beam lost >
        loop on >
        beam off >
        loop off > passage.ended tailgated; alarm.raised; pulse close; travel
        loop on > pulse open; travel; retry
        """,
    ),
    "the beam is unknown when nobody came": (
        FULL,
        """
        beam lost >
        tap A > granted; wait; pulse open; travel; show granted
        time > passage.ended no_entry
        beam off > pulse close; travel
        """,
    ),
    "a new grant takes back the lowering that is due": (
        FULL,
        """
        beam on >
        tap A > granted; wait; pulse open; travel; show granted
        time > passage.ended no_entry
        tap B > granted; wait; pulse open; show granted
        beam off >
        time > passage.ended no_entry; pulse close; travel
        """,
    ),
    "the loop fails in mid-passage": (
        FULL,
        """
        tap A > granted; wait; pulse open; travel; show granted
        closed off >
        loop on > wait no more
        loop lost > wait
        view > opening unknown 1
        time > passage.ended unobserved
        loop off > pulse close; travel
        """,
    ),
    "the loop fails for a moment while a grant waits: nothing is claimed": (
        FULL,
        """
        tap A > granted; wait; pulse open; travel; show granted
        closed off >
        loop lost >
        loop off >
        time > passage.ended unobserved; pulse close; travel
        """,
    ),
    "the loop fails and comes back under the car": (
        FULL,
        """
        tap A > granted; wait; pulse open; travel; show granted
        closed off >
        loop on > wait no more
        loop lost > wait
        loop on > wait no more
        loop off > passage.ended passed; pulse close; travel
        """,
    ),
    "without a loop nothing is claimed": (
        NO_LOOP,
        """
        view > closed none 0
        tap A > granted; wait; pulse open; travel; show granted
        time > passage.ended unobserved; pulse close; travel
        """,
    ),
    "without inputs at all": (
        BARE,
        """
        view > unknown none 0
        tap A > granted; wait; pulse open; travel; show granted
        time > passage.ended unobserved; pulse close; travel
        view > closing none 0
        """,
    ),
    "a held relay is let go": (
        MAINTAINED,
        """
        tap A > granted; wait; hold open; travel; show granted
        closed off >
        loop on > wait no more
        loop off > passage.ended passed; release open; travel
        """,
    ),
    "a held relay stays while the beam is broken": (
        MAINTAINED,
        """
        tap A > granted; wait; hold open; travel; show granted
        beam on >
        time > passage.ended no_entry
        beam off > release open; travel
        """,
    ),
    "an operator that closes by itself": (
        SELF_CLOSING,
        """
        tap A > granted; wait; pulse open; travel; show granted
        closed off >
        opened on > arm.opened; travel no more
        beam on >
        time > passage.ended no_entry
        opened off > travel
        view > closing clear 0
        beam off >
        order close > rejected 422
        """,
    ),
    "both switches say that the arm is there": (
        FULL,
        """
        opened on > arm.faulted; wait no more
        view > unknown clear 0
        closed off >
        view > open clear 0
        opened lost >
        view > unknown clear 0
        closed on > arm.closed
        opened on >
        """,
    ),
    "the interlock lifts the arm and it goes down when the beam is clear": (
        FULL,
        """
        tap A > granted; wait; pulse open; travel; show granted
        closed off >
        time > passage.ended no_entry; pulse close; travel
        protect open > arm.protected; travel; retry
        beam on >
        beam off > retry no more; pulse close; travel
        """,
    ),
    "a close relay that fails leaves the lowering due": (
        FULL,
        """
        tap A > granted; wait; pulse open; travel; show granted
        closed off >
        time > passage.ended no_entry; pulse close; travel
        fault close > output.faulted; travel no more; retry
        beam on >
        beam off > retry no more; pulse close; travel
        """,
    ),
    "a fault of the open relay makes nothing due": (
        FULL,
        """
        tap A > granted; wait; pulse open; travel; show granted
        fault open > output.faulted; travel no more
        beam on >
        beam off >
        view > closed clear 1
        """,
    ),
    "a fault of a relay that belongs to no lane": (FULL, "fault lamp > output.faulted"),
    "an input that belongs to no lane": (FULL, "bell on >"),
    "a restart moves nothing": (
        MAINTAINED,
        """
        tap A > granted; wait; hold open; travel; show granted
        order open > arm.ordered; done 200; wait; hold open
        stop > agent.stopped SIGTERM
        restart > agent.started; passage.ended interrupted; passage.ended interrupted; books
        restart > agent.started; books
        loop off >
        beam off >
        closed off >
        opened on >
        view > open clear 0
        """,
    ),
    "opening by hand": (
        FULL,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        closed off >
        tap A > granted; wait; pulse open; show granted
        view > opening clear 2
        loop on > wait no more
        loop off > passage.ended passed; wait
        """,
    ),
    "closing by hand ends what waits": (
        FULL,
        """
        tap A > granted; wait; pulse open; travel; show granted
        order close > arm.ordered; passage.ended no_entry; done 200; wait no more; pulse close; \
            travel
        """,
    ),
    "closing by hand without a loop claims nothing": (
        NO_LOOP,
        """
        tap A > granted; wait; pulse open; travel; show granted
        order close > arm.ordered; passage.ended unobserved; done 200; wait no more; \
            pulse close; travel
        """,
    ),
    "closing by hand behind a car keeps its passage": (
        replace(FULL, safety=(BEAM,)),
        """
        tap A > granted; wait; pulse open; travel; show granted
        closed off >
        loop on > wait no more
        tap B > granted; pulse open; show granted
        order close > arm.ordered; passage.ended no_entry; done 200; wait no more; pulse close; \
            travel
        view > closing occupied 1
        loop off > passage.ended passed
        """,
    ),
    "closing by hand is refused over a car": (
        FULL,
        """
        tap A > granted; wait; pulse open; travel; show granted
        closed off >
        loop on > wait no more
        order close > arm.ordered refused; rejected 423
        loop off > passage.ended passed; pulse close; travel
        """,
    ),
    "closing by hand is refused while the beam is unknown": (
        FULL,
        """
        beam lost >
        order close > arm.ordered refused; rejected 423
        beam off >
        """,
    ),
    "a guard's stop holds until the next order": (
        FULL,
        """
        tap A > granted; wait; pulse open; travel; show granted
        closed off >
        time > passage.ended no_entry; pulse close; travel
        order stop > arm.ordered; done 200; travel no more
        protect open > arm.protected
        beam on >
        beam off >
        order close > arm.ordered; done 200; wait no more; pulse close; travel
        """,
    ),
    "a guard's stop takes back what is due": (
        FULL,
        """
        beam on >
        tap A > granted; wait; pulse open; travel; show granted
        time > passage.ended no_entry
        order stop > arm.ordered; done 200; travel no more
        beam off >
        """,
    ),
    "a passage ends after a stop, and the arm stays": (
        FULL,
        """
        tap A > granted; wait; pulse open; travel; show granted
        closed off >
        loop on > wait no more
        order stop > arm.ordered; done 200; travel no more
        loop off > passage.ended passed
        tap B > granted; wait; pulse open; travel; show granted
        time > passage.ended no_entry; pulse close; travel
        """,
    ),
    "denied and unknown cards": (
        FULL,
        """
        tap L > denied card_lost; show denied
        tap X > denied unknown_credential; show denied
        view > closed clear 0
        """,
    ),
    "a card at the desk is shown, never decided on": (
        FULL,
        """
        tap A at booth > card.presented
        tap L at booth > card.presented
        tap X at booth > card.presented
        view > closed clear 0
        """,
    ),
}


@pytest.mark.parametrize("story", STORIES)
def test_story(story: str) -> None:
    arm, script = STORIES[story]
    cards = (a_card("A"), a_card("B"), a_card("L", CardStatus.LOST))
    Play.ready(gate_plan(arm), cards).run(script)
