"""What the booth will do, in sentences for an installer.

Rules kept here:
- what the law refuses and what somebody has enabled all the same is said;
- what is not kept for want of a key is said.
"""

from collections.abc import Iterator

from agent.settings.booth import Deposits, Printer
from agent.settings.countries import PROFILES
from agent.settings.intercom import CallStep, Intercom
from agent.settings.models import Settings
from agent.settings.units import write_duration


def booth(settings: Settings) -> Iterator[str]:
    """Deposits, visits, personal data, screen and printer, one a line."""
    yield from _deposits(settings.deposits)
    visits, privacy = settings.visits, settings.privacy
    yield (
        f"visits of at most {write_duration(visits.longest)}; temporary contractors "
        f"{visits.contractor_days} days; help answered within {write_duration(visits.help_within)}"
    )
    numbers = "refused: there is no identity_key"
    if settings.identity_key is not None:
        numbers = "kept as a mask and a keyed hash"
    yield (
        f"personal data erased {write_duration(privacy.erase_after)} after it is over; "
        f"identity numbers {numbers}"
    )
    console = settings.console
    yield f"console {console.url}, state {console.state}"
    if not console.address.loopback:
        where = "".join(f", {booth}" for booth in console.booths)
        yield f"fire and priority passage with nobody signed on: from this machine{where}"
    yield _printer(settings.printer)
    yield from _intercom(settings.intercom)


def _deposits(deposits: Deposits) -> Iterator[str]:
    profile = PROFILES[deposits.country]
    off = {name for name, rules in deposits.kinds.items() if not rules.offered}
    taken = [kind.kind for kind in profile.kinds]
    taken += [name for name in deposits.kinds if name not in taken]
    offered = ", ".join(name for name in taken if name not in off)
    refused = [name for name in profile.refused if name in off or name not in deposits.kinds]
    told = f"; refused {', '.join(refused)}" if refused else ""
    yield f"deposits (country {deposits.country}) {offered}{told}; {deposits.pockets} pockets"
    for name, rules in deposits.kinds.items():
        if name in profile.refused and name not in off:
            yield f"  {name} is held although {profile.refused[name][1].partition(':')[0]}"
            yield f"  {rules.responsible} answers for that"


def _intercom(intercom: Intercom | None) -> Iterator[str]:
    if intercom is None:
        yield "intercom none"
        return
    where = f"at {intercom.listen}, told at 127.0.0.1:{intercom.control_port}"
    yield f"intercom {intercom.account.address} {where}"
    for lane, steps in intercom.lanes.items():
        turn = ", then ".join(_step(step) for step in steps)
        yield f"  {lane} calls {turn}; unanswered for {write_duration(intercom.alarm_after)}: alarm"
    keys = intercom.keys
    pin = "" if keys.secret_pin is None else " and the PIN"
    yield f"  key {keys.open}{pin} opens, key {keys.decline} declines"
    if intercom.record is not None:
        kept = write_duration(intercom.record.keep)
        yield f"  CALLS ARE RECORDED in {intercom.record.directory} and kept for {kept}: a lane"
        yield "  says so on its display; one that has none needs a sign"
    if intercom.control and keys.secret_pin is None:
        yield "  the control room may call and opens nothing: there is no secret_pin"


def _step(step: CallStep) -> str:
    who = f"unit {step.unit}" if step.unit else step.call.value
    if not (step.unit or step.number):
        return f"{who} (its screen)"
    return f"{who} {'/'.join(write_duration(each) for each in step.ring)}"


def _printer(printer: Printer | None) -> str:
    if printer is None:
        return "printer none: receipts are printed by the browser"
    return f"printer {printer.port}, {printer.columns} columns, {printer.encoding}"
