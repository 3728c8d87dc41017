"""Certificates that end: said before it happens, and in words that say what to do."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.key_check import Findings, look
from agent.lifetime import SOON, Lifetime, of_authorities, of_chain
from agent.settings.reading import examine
from tests.rigs.pki import Authority
from tests.settings.key_page import PATHS, a_page, place

DAY = timedelta(days=1)
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
_SPANS = st.timedeltas(-400 * DAY, 400 * DAY)


def found_in(folder: Path, name: str, authority: Authority) -> Findings:
    """What is said where ``name`` is of this authority, and everything else as it should be."""
    file = a_page(folder)
    keys = folder / "keys"
    if name == "ca":
        authority.ca.replace(keys / "ca")
    else:
        pair = authority.issue("other")
        pair.cert.replace(keys / name)
        pair.key.replace(
            keys / f"{name.removesuffix('cert')}{'cert-key' if name == 'cert' else 'key'}"
        )
        for each in keys.iterdir():
            each.chmod(0o600)
    return look(examine(file).keys, user="")


@pytest.mark.parametrize("name", ["ca", "cert", "screen-cert"])
@pytest.mark.parametrize(
    ("begins", "ends", "says"),
    [
        (-9 * DAY, -2 * DAY, "is not good now: it ended on {ends}: put a new one in its place"),
        (
            2 * DAY,
            9 * DAY,
            "is not good now: it is not good before {begins}, and the clock of this",
        ),
    ],
)
def test_one_that_is_not_good_is_a_warning(
    tmp_path: Path, name: str, begins: timedelta, ends: timedelta, says: str
) -> None:
    other = Authority(tmp_path / "other", begins=begins, ends=ends)
    lasts = of_authorities(other.ca)
    assert lasts is not None
    found = found_in(tmp_path, name, other)
    (fault,) = found.faults
    assert found.notes == []
    assert (fault.path, fault.line, fault.column) == (PATHS[name], *place(name))
    assert fault.warning
    told = says.format(begins=f"{lasts.begins:%Y-%m-%d}", ends=f"{lasts.ends:%Y-%m-%d}")
    assert told in fault.problem
    unreached = "browsers warn" if name == "screen-cert" else "its events wait"
    assert unreached in fault.problem


@pytest.mark.parametrize("name", ["ca", "cert", "screen-cert"])
def test_one_that_ends_soon_is_a_note(tmp_path: Path, name: str) -> None:
    other = Authority(tmp_path / "other", ends=9 * DAY)
    found = found_in(tmp_path, name, other)
    assert found.faults == []
    (note,) = found.notes
    assert note.path == PATHS[name]
    # Midnight may come between the making and the looking.
    assert re.search("in [89] days: put a new one in its place before$", note.problem)


def test_a_chain_is_as_good_as_its_worst_and_authorities_as_their_best(tmp_path: Path) -> None:
    short = Authority(tmp_path / "short", begins=-9 * DAY, ends=2 * DAY).ca
    long = Authority(tmp_path / "long", begins=-2 * DAY, ends=9 * DAY).ca
    both = tmp_path / "both.pem"
    both.write_bytes(short.read_bytes() + long.read_bytes())
    chain, known = of_chain(both), of_authorities(both)
    alone = (of_chain(short), of_chain(long))
    assert chain is not None
    assert known is not None
    assert None not in alone
    assert chain == Lifetime(
        max(each.begins for each in alone if each), min(each.ends for each in alone if each)
    )
    assert known == Lifetime(
        min(each.begins for each in alone if each), max(each.ends for each in alone if each)
    )


def test_the_key_in_the_same_file_is_no_hindrance(tmp_path: Path) -> None:
    pair = Authority(tmp_path).issue("n")
    both = tmp_path / "both.pem"
    both.write_bytes(pair.key.read_bytes() + pair.cert.read_bytes())
    assert of_chain(both) == of_chain(pair.cert) is not None


@pytest.mark.parametrize("text", ["", "of somebody", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_what_is_no_certificate_is_not_judged(tmp_path: Path, text: str) -> None:
    file = tmp_path / "file.pem"
    file.write_text(text, "ascii")
    assert of_chain(file) is of_authorities(file) is None


@given(_SPANS, _SPANS)
def test_over_or_soon_over_or_neither(begins: timedelta, ends: timedelta) -> None:
    lasts = Lifetime(AT + begins, AT + ends)
    over, soon = lasts.over(AT), lasts.soon_over(AT)
    assert bool(over) is not (begins <= timedelta(0) <= ends)
    assert bool(soon) is (not over and ends <= SOON)


@pytest.mark.parametrize(
    ("left", "says"),
    [
        (timedelta(hours=3), "it ends on 2026-11-22, today: "),
        (timedelta(hours=36), "it ends on 2026-11-24, in 2 days: "),
        (timedelta(hours=13), "it ends on 2026-11-23, tomorrow: "),
        (SOON, "it ends on 2026-12-22, in 30 days: "),
    ],
)
def test_how_soon_is_said(left: timedelta, says: str) -> None:
    assert Lifetime(AT - DAY, AT + left).soon_over(AT).startswith(says)
