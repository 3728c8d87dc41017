"""Where a secret lies, never the secret itself."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from agent.errors import SettingsError
from agent.opened import AbsentError, contents
from agent.settings.places import Credential, Place
from agent.settings.strict import Strict


@dataclass(frozen=True, slots=True)
class Secret(Strict):
    """Where a secret lies: exactly one of both."""

    file: Annotated[Path, Place("File that holds the secret and nothing else")] | None = None
    credential: Annotated[Path, Credential("Name of a credential (LoadCredential=)")] | None = None

    def place(self) -> Path:
        """The file to read."""
        found = self.file or self.credential
        if found is None:
            raise SettingsError("a secret needs file: or credential:")
        return found

    def read(self) -> bytes:
        """The secret without its last line end.

        Raises SettingsError (AbsentError, HiddenError of `agent.opened`) that does not tell it.
        """
        place = self.place()
        try:
            secret = contents(place, "the secret in")
        except AbsentError:
            if self.credential is None:
                raise
            told = (
                f"there is no credential {place.name} in {place.parent}: the unit of the service "
                "hands it over with LoadCredential="
            )
            raise AbsentError(told) from None
        secret = secret.removesuffix(b"\n").removesuffix(b"\r")
        if not secret:
            raise SettingsError(f"the secret in {place} is empty")
        return secret
