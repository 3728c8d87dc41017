"""The form of card numbers, put on between a reader and the inbox.

Rules kept here:
- one place for all drivers: a driver hands over what it read, and knows nothing of forms;
- a reader whose numbers stay as they are is not wrapped: its taps take no detour.
"""

from collections.abc import Mapping
from dataclasses import replace

from agent.core.effects import Verdict
from agent.core.events import CardRead, Event, FrameFaulted
from agent.core.ids import ReaderId
from agent.core.model import Credential
from agent.ports import CardReader, Emit, Health
from agent.settings.reader_form import Formed
from drivers.wire.credential import Form


class Shaped:
    """A `CardReader` whose numbers come in ``form``; everything else is the reader's own."""

    def __init__(self, reader: CardReader, form: Form) -> None:
        self._reader = reader
        self._form = form

    def start(self, emit: Emit) -> None:
        """Begin to read; DeviceError as the reader raises it."""
        shape = self._form.shape

        def shaped(event: Event | FrameFaulted) -> None:
            if isinstance(event, CardRead) and event.shown is None:
                read = event.credential
                event = replace(event, credential=Credential(*shape(read.scheme, read.hex)))
            emit(event)

        self._reader.start(shaped)

    def stop(self) -> None:
        """End the reader."""
        self._reader.stop()

    def show(self, verdict: Verdict) -> None:
        """The reader's own lamp and buzzer."""
        self._reader.show(verdict)

    def health(self) -> Health:
        """How the reader is."""
        return self._reader.health()


def form_of(reader: Formed) -> Form:
    """What the settings of a reader make of its numbers."""
    return Form(reader.byte_order.value, reader.keep.value, reader.as_scheme)


def shaped(
    readers: Mapping[ReaderId, CardReader], settings: Mapping[str, Formed]
) -> dict[ReaderId, CardReader]:
    """The same readers, those whose numbers take another form within a `Shaped`."""
    forms = {key: form_of(settings[key]) for key in readers}
    return {
        key: reader if forms[key].plain else Shaped(reader, forms[key])
        for key, reader in readers.items()
    }
