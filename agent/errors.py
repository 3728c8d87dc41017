"""What is raised when something is broken.

A denial is never an exception: it is a value with a reason (``agent.core.access``). Every message
says what is wrong, where, and what to do about it.
"""


class GateError(Exception):
    """Something is broken; the text says what, where, and what to do."""


class SettingsError(GateError):
    """The configuration cannot be used."""


class DeviceError(GateError):
    """A reader, relay, input or other device does not do what it was told."""


class StoreError(GateError):
    """The ledger cannot be read or written."""


class EntryError(StoreError):
    """One entry cannot be written, however healthy the disk is: a fault of the program."""


class RosterError(StoreError):
    """A roster on its way cannot rule as it stands; the one in force stays."""


class UplinkError(GateError):
    """The broker cannot be reached or refuses what was sent."""
