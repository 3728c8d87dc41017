"""Files of TLS, made into what a connection is secured with.

Rules kept here:
- each file is looked at by itself first, so that the one at fault is named;
- a private key under a pass phrase is refused: nobody is there to type it.
"""

import ssl
from pathlib import Path
from typing import NoReturn

from agent.errors import SettingsError
from agent.opened import contents


class _LockedError(Exception):
    """OpenSSL asks for a pass phrase."""


def trusting(ca: Path | None) -> ssl.SSLContext:
    """A context that trusts these authorities (PEM), or those of the system; SettingsError."""
    if ca is not None:
        return authority(ca)
    return ssl.create_default_context()


def authority(ca: Path) -> ssl.SSLContext:
    """A context that trusts the authorities of this file alone; raises SettingsError."""
    contents(ca, "the certificate authority")
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as fault:
        told = f"the certificate authority {ca} cannot be used: {fault}; it has to be PEM"
        raise SettingsError(told) from None


def add_chain(context: ssl.SSLContext, cert: Path, key: Path | None) -> None:
    """Show this certificate from now on; ``key`` None: it lies in the same file. SettingsError."""
    contents(cert, "the certificate")
    if key is not None:
        contents(key, "the private key")
    try:
        context.load_cert_chain(cert, key, _refuse)
    except _LockedError:
        told = f"the private key {key or cert} is locked with a pass phrase: openssl pkey opens it"
        raise SettingsError(told) from None
    except OSError as fault:
        raise SettingsError(
            f"the certificate {cert} with the key {key or cert} cannot be used: {fault}; "
            "both have to be PEM, and belong together"
        ) from None


def _refuse() -> NoReturn:
    raise _LockedError
