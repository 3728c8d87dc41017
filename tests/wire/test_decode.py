"""``gate-agent decode`` as an installer types it."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agent.cli.as_credential import looked_up_as, printed_on
from agent.cli.decode import decode as command
from drivers.wire import osdp_frame
from drivers.wire.registry import PROTOCOLS
from tests.wire.makers import em4100

HEX = "0236324533303836434544303803"
BAD = "0236383030334235314336434203"
BITS = "10000000100000010001011001"


def run(*arguments: str, stdin: str | bytes = "") -> Result:
    return CliRunner().invoke(command, arguments, input=stdin)


def rows(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def credentials(result: Result) -> list[str]:
    return [row["credential"] for row in rows(result) if "credential" in row]


@pytest.mark.parametrize(
    "text",
    [
        HEX,
        HEX.lower(),
        " ".join(HEX[place : place + 2] for place in range(0, 28, 2)),
        ":".join(HEX[place : place + 2] for place in range(0, 28, 2)),
        ", ".join(f"0x{HEX[place : place + 2]}" for place in range(0, 28, 2)),
        "\n".join(HEX[place : place + 4] for place in range(0, 28, 4)),
    ],
)
def test_how_the_bytes_are_written_does_not_matter(text: str) -> None:
    for result in (run("em4100-ascii", text), run("em4100-ascii", "-", stdin=text)):
        assert credentials(result) == ["em4100:62E3086CED"]
        assert result.exit_code == 0


def test_two_frames_and_a_fault() -> None:
    result = run("em4100-ascii", HEX + BAD + HEX)
    assert credentials(result) == ["em4100:62E3086CED"] * 2
    fault = rows(result)[1]
    assert fault["fault"] == "bad_checksum"
    assert fault["raw"] == BAD
    assert "checksum" in fault["detail"]
    assert result.exit_code == 1


def test_nothing_found() -> None:
    for text in ("", "0D0A"):
        result = run("em4100-ascii", text)
        assert result.stdout == ""
        assert "nothing found" in result.stderr
        assert result.exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["em4100", HEX], "did you mean em4100-ascii"),
        (["Wiegand26", BITS], "did you mean wiegand-26"),
        (["morse", "00"], "--list"),
        (["em4100-ascii", "02 3G"], "character 'G' at position 5 is not hexadecimal"),
        (["em4100-ascii", "x2"], "character 'x' at position 1"),
        (["em4100-ascii", "02\n3é"], "character 'é' at position 2 of line 2"),
        (["em4100-ascii", "023"], "half a byte"),
        (["wiegand-26", "--bits", "10 2"], "character '2' at position 4 is no bit"),
        (["em4100-ascii", "--bits", "01"], "--bits is for the Wiegand protocols"),
        (["line", "--pattern", "(", "41"], "no regular expression"),
        (["wiegand-custom", "0110"], "wiegand-custom needs --format: the layout of the bits"),
        (["wiegand-custom", "--format", "CCCCZCCC", "1"], "character 5 of the layout is 'Z'"),
        (["wiegand-37", "--format", "h10301", "1"], "allowed: h10302 or h10304"),
        (["wiegand-26", "008944XY"], "character 'X' at position 7"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(arguments: list[str], words: str) -> None:
    result = run(*arguments)
    assert words in result.stderr
    assert result.exit_code == 2


def test_a_prefix_may_be_cut_between_two_reads() -> None:
    text = " " * 4095 + "0x" + HEX
    assert credentials(run("em4100-ascii", "-", stdin=text)) == ["em4100:62E3086CED"]


def test_list_names_every_protocol_with_what_it_is() -> None:
    result = run("--list")
    assert result.exit_code == 0
    for name, entry in PROTOCOLS.items():
        assert f"{name} " in result.stdout
        assert entry.meaning in result.stdout


def test_several_cards_of_bits() -> None:
    result = run(
        "wiegand-26", "--bits", "-", stdin=f"{BITS[:1]} {BITS[1:25]} {BITS[25:]}\n\n{BITS}"
    )
    assert credentials(result) == ["w26:01022C"] * 2
    result = run("wiegand-26", "--bits", f"{BITS},{BITS}\n")
    assert credentials(result) == ["w26:01022C"] * 2


def test_bits_without_the_flag_also_when_one_is_missing() -> None:
    assert credentials(run("wiegand-26", BITS)) == ["w26:01022C"]
    result = run("wiegand-26", BITS[:-1])
    assert rows(result)[0]["fault"] == "wrong_length"
    assert rows(result)[0]["bits"] == 25


@pytest.mark.parametrize("text", ["2020459", "02020459", "0x2020459", "02 02 04 59"])
def test_a_wiegand_number_in_hexadecimal(text: str) -> None:
    assert credentials(run("wiegand-26", text)) == ["w26:01022C"]


def test_the_bytes_of_a_text_forwarder() -> None:
    assert credentials(run("wiegand-26", BITS.encode().hex() + "0D0A")) == ["w26:01022C"]


def test_options_reach_the_decoder() -> None:
    result = run("em4100-ascii", "--checksum", "ignore", BAD)
    assert credentials(result) == ["em4100:68003B51C6"]
    text = b"PIN=0042\r".hex()
    pattern = "PIN=(?P<credential>.*)"
    result = run("line", "--pattern", pattern, "--scheme", "pin", "--encoding", "hex", text)
    assert credentials(result) == ["pin:0042"]


def test_raw_bytes_from_standard_input() -> None:
    result = run("--raw", "em4100-ascii", "-", stdin=bytes.fromhex(HEX))
    assert (result.exit_code, credentials(result)) == (0, ["em4100:62E3086CED"])


@pytest.mark.parametrize("arguments", [["--raw", HEX], ["--raw", "--bits", "-"]])
def test_raw_is_for_standard_input_only(arguments: list[str]) -> None:
    *options, data = arguments
    result = run(*options, "em4100-ascii", data)
    assert result.exit_code == 2
    assert "--raw reads bytes from standard input" in result.output


def test_one_byte_is_not_bytes() -> None:
    found = rows(run("em4100-ascii", "02"))
    assert "after 1 byte" in found[0]["detail"]
    assert "1 bytes" not in found[0]["detail"]


def test_what_the_gate_looks_up() -> None:
    frame = em4100("0100CDA4EC").hex()
    (row,) = rows(run("em4100-ascii", "--as-credential", frame))
    told = row["looked_up"]
    assert set(told) == {"as_read", "reversed"}
    as_read = told["as_read"]
    assert [as_read[match] for match in ("exact", "low32", "low24")] == [
        *("em4100:0100CDA4EC", "em4100:00CDA4EC", "em4100:CDA4EC"),
    ]
    assert as_read["printed"]["8H10D"] == "0013477100"
    assert as_read["printed"]["2.4H.3.5D"] == "205,42220"
    assert as_read["keep"]["first4"] == "em4100:0100CDA4"
    assert told["reversed"]["low24"] == "em4100:CD0001"


def test_a_key_is_not_looked_up() -> None:
    (row,) = rows(run("wiegand-uart-ascii10", "--as-credential", "E1"))
    assert row["credential"] == "key:1"
    assert row["looked_up"] == {}


def test_what_nobody_prints_on_a_card_is_not_shown_as_printed() -> None:
    frame = osdp_frame.encode(1, 4, b"\x50\x00\x00\x60\x00" + bytes(range(12)), reply=True)
    (row,) = rows(run("osdp", "--as-credential", frame.hex()))
    assert row["credential"].startswith("raw96:")
    assert "printed" not in row["looked_up"]["as_read"]
    assert printed_on("uid:04112233445566")["8H10D"] == "0860116326"
    assert looked_up_as("pass:6F2D1C0B9A8F4E7D8C6B5A4938271605") == {}


def test_a_short_number_loses_nothing() -> None:
    (row,) = rows(run("wiegand-26", "--as-credential", BITS))
    assert "keep" not in row["looked_up"]["as_read"]
    assert "looked_up" not in rows(run("wiegand-26", BITS))[0]


def test_a_format_of_your_own() -> None:
    drawn = "PCCCCCCC EXXXXXXX"
    result = run("wiegand-custom", "--format", drawn, "10000001")
    assert json.loads(result.stdout)["credential"] == "w8:01"
    bits = "0010110000100101000101011100101000000"
    result = run("wiegand-37", "--format", "h10304", bits)
    assert json.loads(result.stdout)["format"] == "H10304"
