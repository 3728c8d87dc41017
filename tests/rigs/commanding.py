"""The centre's commands at a booth in the thread of the test: real loop, real ledger, real workers.

The loop's errands are done here, in the thread that owns the ledger, while an answer is awaited.
"""

import hashlib
import json
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from agent.commands.serve import Commands
from agent.core.commands import Command, Reply
from agent.core.plan import GatePlan
from agent.requests import House
from tests.patience import LIMIT_S, until
from tests.rigs.booth import Booth

CLIENT = "centre"
TTL_NS = 10_000_000_000
INFO = {"software": "0"}
CONFIG = {"gate": "north"}


class Commanding:
    """Made open; `close` it. ``booth`` is the gate, ``answers`` everything that was answered."""

    def __init__(self, path: Path, plan: GatePlan, boot: str = "boot-1") -> None:
        self.booth = Booth(path, plan, boot)
        self.house: House = self.booth.requests._house
        self.answers: list[tuple[str, Reply]] = []
        self._errands: SimpleQueue[Any] = SimpleQueue()
        self._numbers = count(1)
        self._boot = boot
        self.commands = Commands(
            self.house, self.booth.loop, self._errands.put, lambda: INFO, lambda: CONFIG
        )
        self.commands.start()

    def close(self) -> None:
        self.commands.stop()
        self.booth.close()

    def command(
        self,
        name: str,
        args: Mapping[str, Any] | None = None,
        *,
        client: str = CLIENT,
        cmd_id: str = "",
        actor: str = "",
        reason: str = "asked",
        ttl_ns: int = TTL_NS,
    ) -> Command:
        """As the uplink hands it over."""
        body = json.dumps([args, actor, reason], sort_keys=True)
        digest = hashlib.sha256(f"{name}\n{body}".encode()).hexdigest()
        return Command(
            client,
            name,
            cmd_id or f"{self._boot}-{next(self._numbers)}",
            actor,
            reason,
            dict(args or {}),
            digest,
            self.booth.now.mono_ns + ttl_ns,
        )

    def give(self, command: Command) -> Reply:
        """Give a command, and let the loop work until it is answered."""
        seen = len(self.answers)
        self.begin(command)
        self.work(lambda: len(self.answers) > seen)
        assert self.answers[-1][0] == command.cmd_id
        return self.answers[-1][1]

    def begin(self, command: Command) -> None:
        """Give a command, and nothing else."""
        self.commands.execute(command, lambda reply: self.answers.append((command.cmd_id, reply)))

    def work(self, over: Any) -> None:
        """Do the loop's errands until it is over."""

        def look() -> bool:
            try:
                self._errands.get(timeout=0.01)()
            except Empty:
                return bool(over())
            return False

        until(look, "the answer to a command", LIMIT_S, 0)

    def ask(self, name: str, args: Mapping[str, Any] | None = None, **more: Any) -> Reply:
        """Give a new command."""
        return self.give(self.command(name, args, **more))

    def done(self, name: str, args: Mapping[str, Any] | None = None, **more: Any) -> Any:
        """Give a command that is done; gives its result."""
        reply = self.ask(name, args, **more)
        assert reply.status == "done", reply
        return reply.result

    def refused(self, name: str, args: Mapping[str, Any] | None = None) -> tuple[int, str]:
        """Give a command that is rejected; gives code and field."""
        reply = self.ask(name, args)
        assert reply.status == "rejected", reply
        assert reply.detail
        return reply.code, str(reply.result.get("field", ""))
