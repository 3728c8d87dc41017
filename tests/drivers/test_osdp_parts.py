"""Parts of the OSDP driver on their own: keys, their command, and what is said of a device."""

import re
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.cli.osdp import osdp
from agent.errors import DeviceError
from drivers.osdp_keys import DEFAULT_KEY, make_key, read_key, weak
from drivers.osdp_panel import Secure
from drivers.osdp_trail import Trail
from drivers.wire.osdp_frame import ACK, CCRYPT, NAK, PDCAP, PDID, OsdpFrames, Packet, encode

KEY = bytes.fromhex("00112233445566778899AABBCCDDEEFF")


@pytest.mark.parametrize(
    "secret",
    [b"00112233445566778899aabbccddeeff", b"00:11:22:33 44 55 66 77 8899AABBCCDDEEFF\n", KEY],
)
def test_keys_are_read(secret: bytes) -> None:
    assert read_key(secret) == KEY


@pytest.mark.parametrize(
    ("secret", "told"),
    [
        (b"", "there are 0 bytes"),
        (b"00112233445566778899aabbccddee", "32 hexadecimal digits"),
        (b"correct horse battery staple", "32 hexadecimal digits"),
        (DEFAULT_KEY.hex().encode(), "everybody knows"),
        (b"0" * 32, "everybody knows"),
        (DEFAULT_KEY, "everybody knows"),
    ],
)
def test_what_is_no_key_is_refused_without_telling_it(secret: bytes, told: str) -> None:
    with pytest.raises(DeviceError, match=told) as refused:
        read_key(secret)
    assert not secret or secret.decode() not in str(refused.value)


def test_keys_differ_and_are_good() -> None:
    made = {make_key() for _ in range(50)}
    assert len(made) == 50
    assert not any(map(weak, made))


def test_the_command_makes_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    place = tmp_path / "in-1.osdp"
    done = CliRunner().invoke(osdp, ["key", str(place)])
    assert done.exit_code == 0
    text = place.read_text()
    assert re.fullmatch("[0-9a-f]{32}\n", text)
    assert text.strip() not in done.output
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert "secure: install" in done.output
    assert f"chown gate-agent: {place}" in done.output


def test_the_command_writes_over_nothing(tmp_path: Path) -> None:
    place = tmp_path / "in-1.osdp"
    place.write_text("mine")
    done = CliRunner().invoke(osdp, ["key", str(place)])
    assert (done.exit_code, place.read_text()) == (2, "mine")
    assert "is there already" in done.output
    done = CliRunner().invoke(osdp, ["key", str(tmp_path / "nowhere" / "key")])
    assert (done.exit_code, "cannot be made" in done.output) == (2, True)
    assert f"there is no directory {tmp_path / 'nowhere'}" in done.output.replace("\n", "")


def test_a_key_goes_into_a_pipe() -> None:
    done = CliRunner().invoke(osdp, ["key", "-"])
    assert re.fullmatch("[0-9a-f]{32}\n", done.output)


def reply(code: int, data: bytes = b"") -> Packet:
    (found,) = OsdpFrames().packets(encode(5, 4, bytes((code,)) + data, reply=True))
    assert isinstance(found, Packet)
    return found


def ask(code: int) -> bytes:
    return encode(5, 4, bytes((code,)), reply=False)


def trail(secure: Secure, *steps: tuple[int, Packet | None]) -> Trail:
    found = Trail(5, 9600, secure)
    for code, answer in steps:
        found.ask(ask(code))
        if answer is not None:
            found.answer(answer)
    return found


ABLE, UNABLE = reply(PDCAP, b"\x08\x01\x00\x09\x01\x01"), reply(PDCAP, b"\x08\x01\x00\x09\x00")
HELLO = (0x61, reply(PDID, bytes(12)))


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (trail("required", (0x61, None)), "nothing answers at address 5, 9600 bits a second"),
        (trail("required", HELLO, (0x62, UNABLE)), "has no secure channel"),
        (trail("off", HELLO, (0x62, UNABLE)), "stopped answering"),
        (trail("required", HELLO, (0x62, ABLE), (0x76, reply(CCRYPT, bytes(32)))), "another key"),
        (trail("required", HELLO, (0x62, ABLE), (0x76, reply(NAK, b"\x06"))), "another key"),
        (trail("required", HELLO, (0x62, ABLE), (0x77, reply(ACK))), "another key"),
        (trail("install", HELLO, (0x62, ABLE), (0x76, reply(NAK, b"\x06"))), "neither our key"),
        (trail("required", (0x61, reply(NAK, b"\x02"))), "the length of a command"),
        (trail("required", (0x61, reply(NAK, b"\x63"))), "code 99"),
        (trail("required", HELLO, (0x62, None)), "stopped answering"),
    ],
)
def test_why_a_device_is_not_to_be_had(found: Trail, told: str) -> None:
    assert told in found.told()


def test_noise_is_named_while_nothing_else_is_known() -> None:
    found = trail("required", (0x61, None))
    found.noise = True
    assert "is no OSDP" in found.told()
    found.anew()
    assert "nothing answers" in found.told()
