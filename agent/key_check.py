"""The files of keys, opened and judged before the gate depends on them.

Rules kept here:
- what is wrong with a key is said by those who use it, in the daemon's own words;
- a fault keeps the daemon from starting; a warning is a part of the gate that will not work;
- what this user may not look at, what is there only while a service runs, and a certificate that
  ends soon, is a note;
- no key is told, kept or written anywhere.
"""

import os
import pwd
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from agent.errors import GateError, SettingsError
from agent.intercom_config import sip_password
from agent.keys import duress_pin, hmac_key, password, pin, site_key
from agent.lifetime import Lifetime, of_authorities, of_chain
from agent.opened import AbsentError, HiddenError, contents, read_by_all
from agent.qr_passes import public_key
from agent.settings.faults import Fault
from agent.settings.key_files import KeyFile, Kind
from agent.sounds import judge_sounds
from agent.tls import add_chain, authority, trusting
from drivers.osdp_keys import read_key

SERVICE_USER: Final = "gate-agent"
"""Who runs the daemon, as systemd/ has it."""
LIMIT_S: Final = 60
NOT_NOW: Final = "is there only while the service runs: it is not looked at now"


@dataclass(frozen=True, slots=True)
class _Use:
    """Who judges a key, and what does not work ``without`` it; nothing works where that is empty.

    ``private``: nobody else is to read it. ``elsewhere``: another service's, which may be alone to
    see it. ``lifetime``: of a file of certificates; ``over``: what does not work when that is over,
    where it is something else.
    """

    judge: Callable[[KeyFile], object]
    without: str = ""
    private: bool = True
    elsewhere: bool = False
    lifetime: Callable[[Path], Lifetime | None] | None = None
    over: str = ""


def _chain(key: KeyFile) -> None:
    contents(key.secret.place(), "the certificate")
    if key.other is None:
        return
    try:
        contents(key.other.place(), "the private key")
    except SettingsError:
        return  # told where the key is named
    add_chain(trusting(None), key.secret.place(), key.other.place())


def _private_key(key: KeyFile) -> None:
    contents(key.secret.place(), "the private key")


_CENTRE = "the gate works without it, and its events wait until the centre can be reached"
_SCREEN = "the gate works without it, and the guard's screen does not start"
_USES: Final[Mapping[Kind, _Use]] = {
    Kind.HMAC: _Use(lambda key: hmac_key(key.secret)),
    Kind.SITE: _Use(lambda key: site_key(key.secret)),
    Kind.PIN: _Use(lambda key: pin(key.secret)),
    Kind.DURESS: _Use(lambda key: duress_pin(key.secret)),
    Kind.PASSWORD: _Use(lambda key: password(key.secret)),
    Kind.OSDP: _Use(
        lambda key: read_key(key.secret.read()),
        "the gate works without it, and this reader stays lost",
    ),
    Kind.SIP_PASSWORD: _Use(
        lambda key: sip_password(key.secret),
        "the gate works without it, and the intercom does not start",
        elsewhere=True,
    ),
    Kind.PASS: _Use(
        lambda key: public_key(key.secret.place()),
        "the gate works without it, and denies its passes",
        private=False,
    ),
    Kind.CA: _Use(
        lambda key: authority(key.secret.place()),
        _CENTRE,
        private=False,
        lifetime=of_authorities,
    ),
    Kind.CERT: _Use(_chain, _CENTRE, private=False, lifetime=of_chain),
    Kind.CERT_KEY: _Use(_private_key, _CENTRE),
    Kind.SCREEN_CERT: _Use(
        _chain,
        _SCREEN,
        private=False,
        elsewhere=True,
        lifetime=of_chain,
        over="the gate works on, and browsers warn of the guard's screen",
    ),
    Kind.SCREEN_KEY: _Use(_private_key, _SCREEN, elsewhere=True),
    Kind.SOUNDS: _Use(
        lambda key: judge_sounds(key.secret.place()),
        "the gate works without it, and this lane is silent then",
        private=False,
    ),
}


@dataclass(slots=True)
class Findings:
    """What came of looking: ``faults`` with the warnings among them, and notes.

    ``absent``: some files are not on this machine.
    """

    faults: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)
    absent: bool = False


def look(keys: Iterable[KeyFile], *, daemon: bool = False, user: str = SERVICE_USER) -> Findings:
    """Open and judge every file. ``daemon``: what is hidden from this user is hidden from it.

    Root may read everything: for it ``user`` is asked as well.
    """
    found = Findings()
    for key in keys:
        use = _USES[key.kind]
        strict = daemon and not use.elsewhere
        try:
            use.judge(key)
        except HiddenError as fault:
            if strict:
                found.faults.append(_fault(key, use, fault))
            else:
                found.notes.append(replace(key.at, problem=f"{fault}: it is not looked at"))
        except AbsentError as fault:
            if key.secret.credential is not None and not (strict or _handed(use)):
                told = f"the credential {key.secret.credential.name} {NOT_NOW}"
                found.notes.append(replace(key.at, problem=told))
                continue
            found.faults.append(_fault(key, use, fault))
            found.absent = found.absent or key.secret.credential is None
        except GateError as fault:
            found.faults.append(_fault(key, use, fault))
        else:
            _look_ahead(key, use, found)
        place = key.secret.file
        if place is not None and not daemon:
            told = _who_reads(place, use, user)
            found.notes += [replace(key.at, problem=told)] if told else []
    return found


def _look_ahead(key: KeyFile, use: _Use, found: Findings) -> None:
    """A certificate that is in order may be over all the same, or be so soon."""
    lasts = None if use.lifetime is None else use.lifetime(key.secret.place())
    if lasts is None:
        return
    now = datetime.now(UTC)
    if over := lasts.over(now):
        told = f"the certificate {key.secret.place()} is not good now: {over}"
        told = f"{told} ({use.over or use.without})"
        found.faults.append(replace(key.at, problem=told, warning=True))
    elif soon := lasts.soon_over(now):
        found.notes.append(replace(key.at, problem=f"the certificate {key.secret.place()}: {soon}"))


def _who_reads(place: Path, use: _Use, user: str) -> str:
    """What is odd about who may read the file; empty where nothing is."""
    if use.private and read_by_all(place):
        return f"everybody on this machine can read it: chmod o= {place}"
    if os.geteuid() != 0 or use.elsewhere or not place.is_file() or _reads(place, user):
        return ""
    return f"you may read it, and {user}, who runs the daemon, may not: chgrp and chmod g+r {place}"


def _reads(place: Path, user: str) -> bool:
    """Whether this user may read the file; True where there is no such user. For root to ask."""
    try:
        one = pwd.getpwnam(user)
    except KeyError:
        return True
    groups = os.getgrouplist(user, one.pw_gid)
    asked = subprocess.run(
        ["/usr/bin/test", "-r", place],
        user=one.pw_uid,
        group=one.pw_gid,
        extra_groups=groups,
        stdin=subprocess.DEVNULL,
        timeout=LIMIT_S,
        check=False,
    )
    return asked.returncode == 0


def _handed(use: _Use) -> bool:
    """Whether systemd gave this process the credentials, and the key should be among them."""
    return not use.elsewhere and bool(os.environ.get("CREDENTIALS_DIRECTORY"))


def _fault(key: KeyFile, use: _Use, fault: GateError) -> Fault:
    if not use.without:
        return replace(key.at, problem=str(fault))
    return replace(key.at, problem=f"{fault} ({use.without})", warning=True)
