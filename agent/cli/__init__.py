"""The command line. Every command is loaded only when it is called: the daemon starts fast."""

import difflib
import sys
from collections.abc import Mapping
from importlib import import_module

import click

from agent import __version__
from agent.errors import GateError

COMMANDS: Mapping[str, tuple[str, str]] = {
    "run": ("agent.cli.run:run", "Run the gate (what the service does)."),
    "demo": ("agent.cli.demo:demo", "A whole gate in software: no hardware, no root, no broker."),
    "check": ("agent.cli.check:check", "Check a configuration and name every fault."),
    "schema": ("agent.cli.check:schema", "Print the JSON Schema of the configuration."),
    "status": ("agent.cli.status:status", "Health of every part of a running gate."),
    "explain": ("agent.cli.explain:explain", "Why a card would pass or not; moves nothing."),
    "reasons": ("agent.cli.explain:reasons", "Every reason and duty, in order of precedence."),
    "inside": ("agent.cli.inside:inside", "Who and which vehicle is inside; free bays."),
    "amnesty": ("agent.cli.inside:amnesty", "Forget where cards were seen last."),
    "count": ("agent.cli.inside:count", "Set how many vehicles are in a zone."),
    "roster": ("agent.cli.roster:roster", "Import, list and export cards."),
    "journal": ("agent.cli.journal:journal", "Verify, search, export and cut the journal."),
    "privacy": ("agent.cli.privacy:privacy", "See how old personal data is, and erase it."),
    "open": ("agent.cli.arm:open_", "Open a lane by hand, with a reason."),
    "close": ("agent.cli.arm:close", "Close a lane by hand."),
    "stop": ("agent.cli.arm:stop", "Stop the arm of a lane."),
    "priority": ("agent.cli.arm:priority", "Let ambulance, fire engine or convoy through."),
    "hold-open": ("agent.cli.arm:hold_open", "Hold a lane open, until a time or until released."),
    "release-hold": ("agent.cli.arm:release_hold", "End the holding open of a lane."),
    "clear-fault": ("agent.cli.arm:clear_fault", "Put an arm back to work after a fault."),
    "lockdown": ("agent.cli.emergency:lockdown", "Entry only, until it is lifted."),
    "lift-lockdown": ("agent.cli.emergency:lift_lockdown", "End the lockdown."),
    "fire-reset": ("agent.cli.emergency:fire_reset", "End the fire alarm: arms may close again."),
    "act": ("agent.cli.act:act", "Give any order of the books by its kind."),
    "guard": ("agent.cli.guard:guard", "Who may sign on: add, list, card, pin, role, leave."),
    "intercom": ("agent.cli.intercom:intercom", "Configure baresip, test a call."),
    "voice": ("agent.cli.voice:voice", "What to record for the loudspeakers of the lanes."),
    "print": ("agent.cli.printing:print_", "Print a receipt again, or test the printer."),
    "console": ("agent.cli.console:console", "Serve the guard's screen."),
    "readers": ("agent.cli.readers:readers", "What is plugged in, what it says, what fits."),
    "pass": ("agent.cli.qr_pass:pass_", "Make and read QR passes, and the keys for them."),
    "osdp": ("agent.cli.osdp:osdp", "Make keys for OSDP readers."),
    "decode": ("agent.cli.decode:decode", "Decode the bytes of a reader."),
    "contract": ("agent.cli.contract:contract", "Make or check the documents of the contract."),
    "watch": ("agent.cli.watch:watch", "Follow a gate over MQTT like a central server."),
    "relays-safe": ("agent.cli.relays:relays_safe", "Bring every relay to its exit level."),
    "bench": ("agent.cli.bench:bench", "Measure this machine as a gate."),
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's own; what is misspelt is refused with what was probably meant."""
        word = args[0]
        near = difflib.get_close_matches(word.lower(), COMMANDS, n=2, cutoff=0.6)
        if word not in COMMANDS and near and not ctx.resilient_parsing:
            ctx.fail(f"no such command {word!r}; did you mean {' or '.join(near)}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, says) for name, (_, says) in COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gate-agent")
def gate_agent() -> None:
    """The program at the gate: reads cards, decides, moves the arm, keeps the books."""


def main() -> None:
    """Run a command; what is broken is said in one sentence, and the exit code is 1."""
    try:
        gate_agent(prog_name="gate-agent")
    except GateError as fault:
        click.echo(f"gate-agent: {fault}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        # Whoever read our output has seen enough (`gate-agent journal tail | head`).
        sys.stderr.close()
        sys.exit(0)
