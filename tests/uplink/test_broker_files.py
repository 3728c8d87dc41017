"""The list of members and what is made of it; the files of EMQX as far as they go without EMQX."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import LIMIT_S
from tests.rigs.emqx_rules import Rules, terms
from tests.rigs.shipped import SHIPPED, access_list
from tests.uplink.estate import EVERYBODY, GATES, MEMBERS, TABLE


def listed(folder: Path, *lines: str) -> Path:
    path = folder / "members"
    path.write_text("\n".join(lines) + "\n")
    return path


def acl(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SHIPPED / "acl.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    return Rules(access_list("emqx", listed(tmp_path_factory.mktemp("e"), *MEMBERS)))


@pytest.mark.parametrize("topic", TABLE)
def test_emqx_allows_what_mosquitto_allows(rules: Rules, topic: str) -> None:
    may = TABLE[topic]
    writers = {name for name in EVERYBODY if rules.allows(name, "publish", topic)}
    assert writers == set(may.write.split())
    readers = {name for name in EVERYBODY if rules.allows(name, "subscribe", topic)}
    if may.write:
        assert readers == set(may.read.split())


@pytest.mark.parametrize("name", EVERYBODY)
def test_emqx_refuses_filters_that_are_too_wide(rules: Rules, name: str) -> None:
    wide = ["#", "+/#", "gate/#", "gate/v1/#", "gate/v1/estate/#", "gate/v1/estate/+/#"]
    wide += ["$SYS/#", "gate/v1/estate/+/cmd/+/+", "gate/v1/estate/+/reply/+"]
    assert [one for one in wide if rules.allows(name, "subscribe", one)] == []
    everywhere = rules.allows(name, "subscribe", "gate/v1/+/+/evt")
    assert everywhere == (name == "records")
    siblings = rules.allows(name, "subscribe", "gate/v1/estate/+/evt")
    assert siblings == (name in {"estate.north", "estate.south", "centre", "records", "screens"})


def test_emqx_has_as_many_rules_for_a_thousand_gates(tmp_path: Path, rules: Rules) -> None:
    """In the worst case it looks at every rule for every message."""
    gates = [f"gate estate-{n % 40}.gate-{n}" for n in range(1_000)]
    many = Rules(access_list("emqx", listed(tmp_path, *MEMBERS, *gates)))
    assert len(many.rules) == len(rules.rules)
    assert many.allows("estate-7.gate-47", "publish", "gate/v1/estate-7/gate-47/evt")
    assert not many.allows("estate-7.gate-46", "publish", "gate/v1/estate-7/gate-46/evt")
    assert not many.allows("estate-7.gate-47", "publish", "gate/v1/estate-7/gate-7/evt")


def test_a_large_estate_is_more_than_one_pattern(tmp_path: Path) -> None:
    names = [f"{n:032}" for n in range(2_000)]
    text = access_list("emqx", listed(tmp_path, *(f"gate estate.{name}" for name in names)))
    patterns = re.findall(r'\{re, "([^"]*)"\}', text)
    assert max(map(len, patterns)) < 32_768
    rules = Rules(text)
    for name in (names[0], names[999], names[-1]):
        assert rules.allows(f"estate.{name}", "publish", f"gate/v1/estate/{name}/evt")


def test_the_example_is_good_for_both(tmp_path: Path) -> None:
    text = access_list("mosquitto", SHIPPED / "members")
    assert text.count("\nuser ") == 5
    assert len(Rules(access_list("emqx", SHIPPED / "members")).rules) == 8
    target = tmp_path / "acl"
    assert access_list("mosquitto", SHIPPED / "members", target) == ""
    assert target.read_text() == text


def test_every_fault_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    target = tmp_path / "acl"
    target.write_text("as before\n")
    faults = {
        "gate north": "is no gate",
        "gate estate.North": "is no gate",
        "gate estate.north.west": "is no gate",
        "gate estate.north extra": "is no gate",
        "gate estate/a.north": "is no gate",
        "gate": "is no gate",
        "gate estate.south": "here twice",
        "client a+b estate": "no name of a client",
        "client #": "no name of a client",
        "client estate.south estate": "no name of a client",
        "client centre estate": "here twice",
        "client south estate": "called like a gate",
        "client nowhere": "for no gate",
        "reader lost hill": "no estate and no gate 'hill'",
        "reader astray estate.east": "no estate and no gate 'estate.east'",
        "admin root *": "'admin' is none of gate, client, consumer, reader, home",
    }
    lines = ["gate estate.south", "client centre estate", *faults]
    members = listed(tmp_path, *lines)
    for broker in ("mosquitto", "emqx"):
        done = acl(broker, members, target)
        assert done.returncode == 2
        told = done.stderr.splitlines()
        assert len(told) == len(faults)
        for number, (line, words) in enumerate(faults.items(), 3):
            assert any(f":{number}: " in one and words in one for one in told), line
    assert target.read_text() == "as before\n"


def test_calls_that_make_no_sense(tmp_path: Path) -> None:
    for arguments in (
        [],
        ["mosquitto"],
        ["nginx", str(SHIPPED / "members")],
        ["emqx", "a", "b", "c"],
    ):
        done = acl(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert "acl.py emqx MEMBERS" in done.stderr
    done = acl("emqx", tmp_path / "absent")
    assert done.returncode == 2
    assert "cannot be read" in done.stderr


def test_nothing_can_be_smuggled_in(tmp_path: Path) -> None:
    """A line of the list is one member, whatever stands in it."""
    for line in ('gate estate.north"}]}.', "client centre\testate\vtopic", "gate estate.no\0rth"):
        assert acl("emqx", listed(tmp_path, "gate estate.a", line)).returncode == 2


@pytest.mark.parametrize(
    "text", ["{allow, all", "{allow, all}", "{allow all}.", "{allow, all}. {", "[,].", '"a', "{1}."]
)
def test_the_reader_of_terms_takes_no_others(text: str) -> None:
    with pytest.raises(ValueError, match=r"term|comma|begins"):
        terms(text)


def test_the_reader_takes_no_rule_that_it_does_not_know() -> None:
    for text in (
        '{allow, {ipaddr, "::1"}, all, ["#"]}.',
        "{permit, all}.",
        "{allow, all, publish, [all]}.",
    ):
        with pytest.raises(ValueError, match=r"no rule|nobody|topics"):
            Rules(text)


def test_the_configuration_of_emqx_is_balanced_and_says_what_the_rules_need() -> None:
    text = (SHIPPED / "emqx.conf").read_text()
    bare = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    quoted = re.sub(r'"[^"\n]*"', '""', bare)
    for opening, closing in ("{}", "[]"):
        assert quoted.count(opening) == quoted.count(closing)
    for needed in (
        "peer_cert_as_username = cn",
        "peer_cert_as_clientid = cn",
        "verify = verify_peer",
        "fail_if_no_peer_cert = true",
        "no_match = deny",
        "set_as_attr = estate",
        "set_as_attr = agent",
        "{type = file, enable = true, path =",
    ):
        assert needed in bare, needed


def test_names_in_the_table_are_real() -> None:
    for topic, may in TABLE.items():
        assert {*may.write.split(), *may.read.split()} <= set(EVERYBODY), topic
    assert "estate.west" in GATES
    assert not any("west" in line for line in MEMBERS)
