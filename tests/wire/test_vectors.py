"""Every published frame that we decode, valid and invalid, in the library and on the terminal."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from agent.cli.decode import decode as command
from drivers.wire.frame import Fault, Frame
from drivers.wire.registry import PROTOCOLS, BitDecoder, make_decoder
from tests.wire.makers import collect

Row = dict[str, Any]

VECTORS = Path(__file__).parent.parent / "vectors" / "reader_vectors.json"
ROWS: list[Row] = json.loads(VECTORS.read_text())
# What the sources say of their own frames, beside what the bytes say.
NOT_OF_THE_FRAME = {
    "error",
    "source_value",
    "source_checksum",
    "source_type",
    "source_is_valid",
    "source_computed",
    "source_bytes_dec",
    "printed_on_tag",
    "uart_frame_of_same_tag",
}

each_row = pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])


def fields_of(row: Row) -> Row:
    return {name: value for name, value in row["expected"].items() if name not in NOT_OF_THE_FRAME}


CREDENTIALS: dict[str, Callable[[Row], str]] = {
    "em4100-ascii": lambda fields: f"em4100:{fields['data']}",
    "wiegand-26": lambda fields: f"w26:{fields['facility']:02X}{fields['card']:04X}",
    "wiegand-26-left-justified": lambda fields: (
        f"w26:{fields['facility'] << 16 | fields['card']:06X}"
    ),
    "wiegand-32-left-justified": lambda fields: f"w32:{fields['rpleth_bytes'][8:]}",
    "wiegand-34": lambda fields: f"w34:{fields['card32']:08X}",
    "wiegand-36": lambda fields: (
        f"w36:{(fields['facility'] << 16 | fields['card']) << 2 | fields['oem']:09X}"
    ),
    "wiegand-37": lambda fields: f"w37:{fields['h10302_card']:09X}",
    "wiegand-uart-ascii10": lambda fields: f"key:{fields['keypad_digit']}",
}


def check(row: Row, found: Row) -> None:
    assert fields_of(row).items() <= found.items()
    if row["valid"]:
        assert found["credential"] == CREDENTIALS[row["protocol"]](row["expected"])
        assert "fault" not in found
    else:
        assert found["fault"] == row["expected"]["error"]
        assert "credential" not in found


def as_row(one: Frame | Fault) -> Row:
    if isinstance(one, Fault):
        return {"fault": one.reason, **one.fields}
    return {"credential": one.credential, **one.fields}


def run(*arguments: str, stdin: str = "") -> tuple[list[Row], int]:
    result = CliRunner().invoke(command, arguments, input=stdin)
    return [json.loads(line) for line in result.stdout.splitlines()], result.exit_code


def test_all_protocols_of_the_vectors_are_known() -> None:
    assert {row["protocol"] for row in ROWS} | {"line", "qr-pass", "wiegand-custom"} == set(
        PROTOCOLS
    )


@each_row
def test_library(row: Row) -> None:
    decoder = make_decoder(row["protocol"])
    if "input_hex" in row:
        found = collect(decoder, [bytes.fromhex(row["input_hex"])])
    else:
        assert isinstance(decoder, BitDecoder)
        found = decoder.feed_bits(row["input_ascii"])
    assert len(found) == 1
    check(row, as_row(found[0]))


@each_row
def test_library_with_bits_as_a_line_of_text(row: Row) -> None:
    if "input_ascii" not in row:
        return
    bits = row["input_ascii"]
    decoder = make_decoder(row["protocol"])
    assert isinstance(decoder, BitDecoder)
    number = f"{int(bits, 2):X}"
    for text in [bits, *(number.rjust(width, "0") for width in decoder.digits)]:
        found = collect(make_decoder(row["protocol"]), [text.encode() + b"\r\n"])
        assert len(found) == 1
        check(row, as_row(found[0]))


@each_row
def test_command(row: Row) -> None:
    data = row.get("input_hex") or row["input_ascii"]
    status = 0 if row["valid"] else 1
    spaced = " ".join(data[place : place + 2] for place in range(0, len(data), 2))
    calls = [[data], [spaced], [data.replace("0", " 0")]]
    if "input_ascii" in row:
        calls += [[*call, "--bits"] for call in calls]
    for call in calls:
        found, code = run(row["protocol"], *call)
        assert len(found) == 1
        check(row, found[0])
        assert found[0]["protocol"] == row["protocol"]
        assert code == status
        if not row["valid"]:
            raw = bytes.fromhex(found[0]["raw"])
            assert raw == (bytes.fromhex(data) if "input_hex" in row else data.encode())
            assert found[0]["detail"]


@each_row
def test_command_from_standard_input(row: Row) -> None:
    kind = [] if "input_hex" in row else ["--bits"]
    found, code = run(
        row["protocol"], "-", *kind, stdin=row.get("input_hex", "") or row["input_ascii"]
    )
    assert len(found) == 1
    check(row, found[0])
    assert code == (0 if row["valid"] else 1)


def test_command_as_a_process_shows_a_frame_as_it_comes() -> None:
    call = "from agent.cli.decode import decode; decode(prog_name='decode')"
    process = subprocess.Popen(
        [sys.executable, "-c", call, "em4100-ascii", "-"],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("02 36 32 45 33 30 38 36 43 45 44 30 38 03 02 36")
        process.stdin.flush()
        first = json.loads(process.stdout.readline())
        assert first["credential"] == "em4100:62E3086CED"
        process.stdin.close()
        assert json.loads(process.stdout.readline())["fault"] == "no_end"
        assert process.wait(10) == 1
