"""What the booth is fitted with: the receipt printer, and the key of the identity numbers.

Part of the composition root (`agent.app`): from settings to concrete things, and nothing else.
"""

from agent.identity import Identities
from agent.keys import hmac_key, needed
from agent.ports import Printer
from agent.printing import Printing
from agent.requests import House
from agent.settings import Settings
from drivers.escpos import EscPos


def make_printer(settings: Settings) -> Printer | None:
    """The receipt printer, not started; None where there is none."""
    told = settings.printer
    if told is None:
        return None
    return EscPos(str(told.port), told.baud, told.encoding.value, cut=told.cut)


def make_identities(settings: Settings) -> Identities:
    """What takes identity numbers out of forms; raises SettingsError when its key is no good."""
    secret = settings.identity_key
    return Identities(None if secret is None else needed("identity_key", hmac_key, secret))


def make_printing(settings: Settings, house: House, printer: Printer | None) -> Printing:
    """The operation that prints receipts of this house."""
    books, zone = house.plan.books, house.timezone
    if settings.printer is None:
        return Printing(books, zone, house.reading)
    return Printing(books, zone, house.reading, printer, settings.printer.columns)
