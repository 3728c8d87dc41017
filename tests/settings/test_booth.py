"""The booth's sections: their faults, each at its place, and what is understood of them."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import planning
from agent.core.plan_books import DAY_US, BooksPlan, DepositKind
from agent.settings.booth import Console, ConsoleTls
from agent.settings.booth_values import Address, Amount, Listen, digits_of
from agent.settings.reading import read
from agent.settings.summary import summary
from tests.settings.pages import CONFIG, GOOD, faults_of, place_of_mark

BOOTH = (
    GOOD
    + """\
names: {estate: 绿园, gate: 北门}
emergency: {mains: {pin: 12}}
deposits:
  country: cn
  currency: CNY
  cash: "50.50"
  pockets: 60
  collect_within: 7 days
  kinds:
    key: {zh: 钥匙, en: Key}
    resident_id: {responsible: Wang Fang}
visits: {longest: 12 h, contractor_days: 3, help_within: 5 min, bays: [A1], tell: {route: left}}
identity_key: {file: /etc/gate/identity}
privacy: {erase_after: 6 months}
console:
  listen: 0.0.0.0:8443
  hosts: [gate.example.net]
  booths: [192.168.1.31, 192.168.7.0/24]
  tls: {cert: cert.pem, key: key.pem}
  state: state:console
printer: {port: /dev/ttyUSB7, baud: 19200, columns: 48, encoding: gb18030, cut: false}
"""
)


class Case(NamedTuple):
    """A piece of the good file, what stands there instead, and the fault that this is."""

    name: str
    old: str
    new: str
    path: str
    problem: str
    allowed: str = ""
    suggestion: str = ""


KEY = "key: {zh: 钥匙, en: Key}"
KINDS = "deposits.kinds"
TLS = "  tls: {cert: cert.pem, key: key.pem}\n"

CASES = [
    Case("country", "country: cn", "country: ⟦china", "deposits.country", "not one of",
         "cn or none"),
    Case("currency", "currency: CNY", "currency: ⟦RMB", "deposits.currency", "not the code",
         "ISO 4217", "CNY"),
    Case("currency-small", "currency: CNY", "currency: ⟦eur", "deposits.currency", "not the code",
         "", "EUR"),
    Case("currency-sign", "currency: CNY", "currency: ⟦¥", "deposits.currency", "not the code", "",
         "CNY"),
    Case("currency-number", "currency: CNY", "currency: ⟦156", "deposits.currency", "not the code"),
    Case("cash-fraction", 'cash: "50.50"', "cash: ⟦50.5", "deposits.cash", "written in quotes", "",
         '"50.50"'),
    Case("cash-negative", 'cash: "50.50"', "cash: ⟦-5", "deposits.cash", "not an amount"),
    Case("cash-much", 'cash: "50.50"', "cash: ⟦1000000", "deposits.cash", "outside", "100000"),
    Case("cash-list", 'cash: "50.50"', "cash: ⟦[5]", "deposits.cash", "an amount must", "whole"),
    Case("cash-fraction-minus", 'cash: "50.50"', "cash: ⟦-0.5", "deposits.cash", "in quotes"),
    Case("cash-digits", 'cash: "50.50"', 'cash: ⟦"50.505"', "deposits.cash",
         "cannot be paid in CNY", "2 digits"),
    Case("cash-yen", 'currency: CNY\n  cash: "50.50"', 'currency: JPY\n  cash: ⟦"50.50"',
         "deposits.cash", "cannot be paid in JPY", "whole units"),
    Case("pockets", "pockets: 60", "pockets: ⟦0", "deposits.pockets", "outside", "1 to 999"),
    Case("law", "resident_id: {responsible: Wang Fang}", "⟦resident_id: {zh: 身份证}",
         f"{KINDS}.resident_id.responsible", "nobody but the police may hold", "who answers"),
    Case("law-passport", KEY, "⟦passport: {}", f"{KINDS}.passport.responsible",
         "nobody may hold a passport"),
    Case("law-misspelt", "{responsible: Wang Fang}", "{⟦responsable: Wang Fang}",
         f"{KINDS}.resident_id.responsable", "unknown key", "", "responsible"),
    Case("not-refused", KEY, "key: {zh: 钥匙, en: Key, ⟦responsible: Li}",
         f"{KINDS}.key.responsible", "the law refuses", "resident_id or passport"),
    Case("not-refused-anywhere", "country: cn", "country: none", "", ""),
    Case("own-name", KEY, "⟦key: {zh: 钥匙}", f"{KINDS}.key.en", "en is missing here"),
    Case("own-guess", KEY, "⟦driving_license: {zh: 驾照}", f"{KINDS}.driving_license.en",
         "a kind of your own", "", "driving_licence"),
    Case("own-word", KEY, "⟦Bike-Key: {zh: 车钥匙, en: Bike}", f"{KINDS}.Bike-Key",
         "cannot be a word", "underscores", "bike_key"),
    Case("own-number", KEY, "⟦1: {zh: 一, en: One}", f"{KINDS}.1", "cannot be a word"),
    Case("kind-text", KEY, "key: ⟦钥匙", f"{KINDS}.key", "a mapping must stand here", "zh, en"),
    Case("nothing-left", f"  kinds:\n    {KEY}\n    resident_id: {{responsible: Wang Fang}}\n",
         "  ⟦kinds: {cash: {offered: false}, work_card: {offered: false}, "
         "driving_licence: {offered: false}, object: {offered: false}}\n", KINDS,
         "nothing is left"),
    Case("contractor", "contractor_days: 3", "contractor_days: ⟦7", "visits.contractor_days",
         "outside", "1 to 3"),
    Case("help", "help_within: 5 min", "help_within: ⟦5", "visits.help_within", "5 of what?", "",
         "5 min"),
    Case("identity-key", "{file: /etc/gate/identity}", "{}", "", ""),
    Case("erase", "6 months", "⟦1 h", "privacy.erase_after", "outside", "1 days to 20 years"),
    Case("listen", "0.0.0.0:8443", "⟦localhost:8080", "console.listen", "'localhost' is no address",
         "127.0.0.1:8080", "127.0.0.1:8080"),
    Case("listen-all", "0.0.0.0:8443", "⟦'*:8443'", "console.listen", "is no address", "",
         "0.0.0.0:8443"),
    Case("listen-port", "0.0.0.0:8443", "⟦8443", "console.listen", "not a number", "",
         "127.0.0.1:8443"),
    Case("listen-low", "0.0.0.0:8443", "⟦0.0.0.0:443", "console.listen", "with a port", "1024"),
    Case("listen-six", "0.0.0.0:8443", '⟦"::1:8443"', "console.listen", "with a port", "",
         "[::1]:8443"),
    Case("listen-list", "0.0.0.0:8443", "⟦[a]", "console.listen", "not a list"),
    Case("booth", "192.168.7.0/24", "⟦192.168.7.5/24", "console.booths.1", "is no address",
         "a network such as", "192.168.7.0/24"),
    Case("booth-name", "192.168.1.31,", "⟦booth-pc,", "console.booths.0", "is no address",
         "an address such as"),
    Case("booth-number", "192.168.1.31,", "⟦31,", "console.booths.0", "not a number"),
    Case("hosts", "  hosts: [gate.example.net]\n", "", "", ""),
    Case("host", "gate.example.net", "⟦gate:8443", "console.hosts.0", "does not fit",
         "without port"),
    Case("plain", TLS, "", "", ""),
    Case("tls-key", ", key: key.pem", "", "", ""),
    Case("printer-port", "/dev/ttyUSB7", "⟦lp0", "printer.port", "is not a serial port"),
    Case("printer-twice", "/dev/ttyUSB7", "⟦/dev/ttyUSB0", "printer.port", "is used twice"),
    Case("mains-twice", "pin: 12", "pin: ⟦17", "emergency.mains.pin", "used twice"),
]  # fmt: skip
WITHOUT_MARK = {
    "not-refused-anywhere": (f"{KINDS}.resident_id.responsible", "the law refuses"),
    "identity-key": ("identity_key", "a secret needs one place"),
    "hosts": ("console.hosts", "hosts is missing here"),
    "plain": ("console.listen", "without TLS everybody"),
    "tls-key": ("console.tls.key", "key is missing here"),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_is_told_once_and_at_its_place(case: Case, tmp_path: Path) -> None:
    assert BOOTH.count(case.old) == 1
    text = BOOTH.replace(case.old, case.new)
    faults = faults_of(tmp_path, text)
    if case.name in WITHOUT_MARK:
        path, problem = WITHOUT_MARK[case.name]
        assert path in {fault.path for fault in faults}
        assert any(problem in fault.problem for fault in faults)
        return
    assert len(faults) == 1
    fault = faults[0]
    assert (fault.line, fault.column) == place_of_mark(text)
    assert fault.path == case.path
    assert case.problem in fault.problem
    assert case.allowed in fault.allowed
    assert fault.suggestion == case.suggestion


def plan_of(folder: Path, text: str) -> BooksPlan:
    file = folder / "gate.yaml"
    file.write_text(text, "utf-8")
    return planning.gate_plan(read(file)).books


def test_the_books_go_by_what_was_written(tmp_path: Path) -> None:
    books = plan_of(tmp_path, BOOTH)
    names = ["cash", "work_card", "driving_licence", "object", "resident_id", "passport", "key"]
    assert list(books.kinds) == [name for name in names if name != "passport"]
    assert books.kinds["key"] == DepositKind("key", "钥匙", "Key")
    assert books.kinds["cash"].money
    assert books.kinds["resident_id"].zh == "居民身份证"
    assert list(books.refused) == ["passport"]
    assert dict(books.responsible) == {"resident_id": "Wang Fang"}
    assert (books.cash_default, books.digits, books.currency) == (5_050, 2, "CNY")
    assert (books.pockets, books.collect_within_us) == (60, 7 * DAY_US)
    assert books.texts == {"estate": "绿园", "gate": "北门", "route": "left"}
    assert (books.bays, books.mains) == (("A1",), "gate.mains")


def test_nothing_told_is_the_careful_choice(tmp_path: Path) -> None:
    books = plan_of(tmp_path, GOOD)
    assert books.country == "cn"
    assert "resident_id" in books.refused
    assert "resident_id" not in books.kinds
    assert not books.responsible
    assert (books.cash_default, books.mains, books.contractor_days) == (0, None, 3)
    assert books.texts == {"estate": "green-garden", "gate": "north"}
    assert books.help_within_us == 300_000_000


def test_a_kind_may_be_renamed_taken_off_and_made_money(tmp_path: Path) -> None:
    kinds = (
        "deposits: {country: none, kinds: {document: {offered: false}, object: {en: Thing}, "
        "token: {zh: 筹码, en: Token, money: true}, resident_id: {zh: 身份证, en: ID}}}\n"
    )
    books = plan_of(tmp_path, GOOD + kinds)
    assert list(books.kinds) == ["cash", "object", "token", "resident_id"]
    assert books.kinds["object"] == DepositKind("object", "其他物品", "Thing")
    assert books.kinds["token"].money
    assert not books.refused
    assert not books.responsible


def test_a_refused_kind_that_is_not_offered_stays_refused(tmp_path: Path) -> None:
    books = plan_of(
        tmp_path, GOOD + "deposits: {kinds: {passport: {offered: false, responsible: Li}}}\n"
    )
    assert "passport" in books.refused
    assert not books.responsible


def test_the_installer_is_told_what_the_booth_does(tmp_path: Path) -> None:
    file = tmp_path / "gate.yaml"
    file.write_text(BOOTH, "utf-8")
    told = "\n".join(summary(read(file)))
    for part in (
        "mains GPIO12, active low, pulled up, debounce 1 s, a cut wire reads as a power cut",
        "deposits (country cn) cash, work_card, driving_licence, object, key, resident_id",
        "; refused passport; 60 pockets",
        "Wang Fang answers for that",
        "identity numbers kept as a mask and a keyed hash",
        "console https://127.0.0.1:8443/",
        "printer /dev/ttyUSB7, 48 columns, gb18030",
        "personal data erased 186 days after",
    ):
        assert part in told
    file.write_text(GOOD + "emergency: {mains: {pin: 12, active: high}}\n", "utf-8")
    told = "\n".join(summary(read(file)))
    for part in (
        "a cut wire is NOT noticed",
        "refused resident_id, passport; 40 pockets",
        "there is no identity_key",
        "console http://127.0.0.1:8080/, state /var/lib/gate-console",
        "printer none",
    ):
        assert part in told


def test_the_example_with_everything_has_a_booth() -> None:
    settings = read(CONFIG / "guarded-gate.yaml")
    books = planning.gate_plan(settings).books
    assert "driving_licence" not in books.kinds
    assert "bicycle_key" in books.kinds
    assert books.cash_default == 5_000
    assert books.trucks == ("T-",)
    assert settings.privacy.erase_after == timedelta(days=186)
    assert settings.printer is not None
    assert settings.identity_key is not None


def test_where_the_screen_is_reached() -> None:
    tls = ConsoleTls(Path("c"), Path("k"))
    assert Console().url == "http://127.0.0.1:8080/"
    assert Console(tls=tls).address == ("127.0.0.1", 8443)
    assert Console(Address("::1", 9000), tls, ("gate",)).named == ("gate",)
    assert Console(Address("10.0.0.2", 9000), tls, ("gate",)).named == ("10.0.0.2", "gate")
    assert Console(Address("fe80::1", 9000), tls).named == ("[fe80::1]",)
    assert Console(Address("0.0.0.0", 9000), tls, ("gate",)).named == ("gate",)  # noqa: S104 -- a word
    assert Console(Address("::1", 9000)).url == "http://[::1]:9000/"
    assert Console(Address("10.0.0.2", 9000), tls).url == "https://10.0.0.2:9000/"


@given(st.ip_addresses(), st.integers(1024, 65535))
def test_every_address_is_read_as_it_is_written(host: object, port: int) -> None:
    address = Address(str(host), port)
    assert Listen("").fit(str(address)) == address


@given(st.integers(0, 100_000_00))
def test_an_amount_keeps_every_digit(minor: int) -> None:
    text = f"{minor // 100}.{minor % 100:02d}"
    assert Amount("", 100_000).fit(text) == Decimal(minor) / 100


def test_currencies_have_their_digits() -> None:
    assert [digits_of(code) for code in ("CNY", "JPY", "KWD", "EUR")] == [2, 0, 3, 2]
