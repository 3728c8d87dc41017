"""What was answered outside the loop is kept, and given again as it was."""

import pytest

from agent.commands.kept import noting, reply_of
from agent.core.commands import DONE, REJECTED, Reply
from tests.rigs.commanding import Commanding


@pytest.mark.parametrize(
    "said",
    [
        Reply(DONE, result={"events": 3}),
        Reply(REJECTED, 410, {"firstseq": 7}, "50% is gone: ask from `firstseq` on"),
        Reply(REJECTED, 409, {"streamid": "s"}, "another stream"),
        Reply(REJECTED, 422, {"field": "args.from"}, "100% wrong"),
        Reply(REJECTED, 429, {}, "too many"),
    ],
)
def test_what_is_noted_is_known_again(centre: Commanding, said: Reply) -> None:
    loop = centre.booth.loop
    order = noting(centre.command("replay"), said)
    for duplicate in (False, True):
        told = reply_of(loop.take_order(order))
        assert (told.status, told.code, told.duplicate) == (said.status, said.code, duplicate)
        assert told.result == said.result
        if said.status == REJECTED:
            assert told.detail == said.detail
    assert centre.booth.entries()[-1].actor == "mqtt:centre"
