"""What is answered to a command: plain JSON on ``reply/{client}``.

Rules kept here:
- ``code`` is there unless it was accepted or done; ``duplicate`` only when it is true;
- a detail stands in the result, as a sentence.

Its fields are those of `agent.contract.messages`, which is loaded by none but type checkers.
"""

import json
from typing import TYPE_CHECKING

from agent.core.commands import ACCEPTED, DONE, Reply

if TYPE_CHECKING:
    from agent.contract import messages


def payload(cmd_id: str, reply: Reply, correlation: str = "") -> bytes:
    """``{cmd_id, status, code?, correlation?, duplicate?, result?}``.

    ``correlation`` is that of MQTT 3.1.1; on MQTT 5 it travels as Correlation Data.
    """
    said: messages.Reply = {"cmd_id": cmd_id, "status": reply.status}
    if reply.status not in {ACCEPTED, DONE}:
        said["code"] = reply.code
    if correlation:
        said["correlation"] = correlation
    if reply.duplicate:
        said["duplicate"] = True
    result = dict(reply.result)
    if reply.detail and reply.status != DONE:
        result["detail"] = reply.detail
    if result:
        said["result"] = result
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
