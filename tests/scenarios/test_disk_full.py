"""The disk of the ledger runs full, truly full, and is freed."""

import json
from pathlib import Path

from tests.parts import require
from tests.patience import until
from tests.rigs import house
from tests.rigs.cards import Card, residents
from tests.rigs.house import DENIED, GRANTED, IN, OUT, House
from tests.rigs.pcsc_rig import ACR122U, VirtualCard, pcscd_apart, virtual_reader
from tests.rigs.small_disk import SmallDisk

FILLED, FREED = "gate.disk.filled.v1", "gate.disk.freed.v1"
RED_THRICE = "FF00405004010103"  # ACR122U API 2.04, 6.2
UNKNOWN = 0xBAD00000


def _tap_until(rig: House, first: int, what: str, done: str) -> int:
    """Unknown cards at the second lane, each once, until a part of the gate says what is due."""
    number = first
    for number in range(first, first + 3000):
        rig.tap(OUT, UNKNOWN + number)
        if number % 5 == 0 and rig.part(what)["condition"] == done:
            return number + 1
    raise AssertionError(f"{what} is not {done} after {number} taps")


def test_full_said_reserved_refused_and_recovered(tmp_path: Path) -> None:
    require("root", "pcscd")
    reader = virtual_reader(ACR122U)
    uid = "04A1B2C3D4E5F6"
    changes = {
        "readers": {
            "in-1-rdm": {"driver": "pcsc", "name": "*PICC* 00", "quiet": "100 ms"},
            "out-1-rdm": {
                "driver": "serial",
                "port": "run:out-1-rdm",
                "protocol": "em4100-ascii",
            },
        },
        "lanes": house.busy_lanes(),
    }
    cards = [Card(f"uid:{uid}", "U-1"), *residents(9)]
    with (
        pcscd_apart(reader) as pcscd,
        SmallDisk(tmp_path / "disk", 16) as disk,
        House(
            tmp_path / "gate",
            cards,
            state=disk.mount,
            changes=changes,
            environment=pcscd.environment,
        ) as rig,
    ):
        rig.start()
        until(lambda: rig.part("reader in-1-rdm")["condition"] == "ok", "the PC/SC reader")
        assert rig.part("disk")["condition"] == "ok"
        rig.tap_opens(OUT, 1)

        # Full: the reserve is released, once, the entries fit, and one of them says so.
        disk.fill()
        number = _tap_until(rig, 0, "disk", "down")
        rig.wait_entry(FILLED)
        assert rig.command("status").returncode == 1, "a part that is down is an exit code of 1"
        assert rig.part("ledger")["condition"] == "ok"
        rig.tap_opens(OUT, 2)

        # Truly full: nobody is admitted, no relay moves, and who holds a card is told.
        disk.fill()
        number = _tap_until(rig, number, "ledger", "down")
        disk.fill()
        head, opened = rig.head(), len(rig.strokes(OUT))
        sent = [rig.tap(OUT, 3), rig.tap(OUT, 4)]
        with VirtualCard(reader.port, bytes.fromhex(uid)) as card:
            until(lambda: len(card.commands) >= 2, "the lamp's command")
        assert card.commands[1].hex().upper().startswith(RED_THRICE)
        until(lambda: rig.part("ledger")["counters"]["taps_not_recorded"] >= 3, "three are refused")
        with rig.control() as client:
            order = {"order_id": "full-1", "kind": "open", "args": {"lane": IN, "reason": "test"}}
            answer = client.ask("order", **order)
        assert (answer["status"], answer["code"]) == ("failed", 503)
        assert rig.head() == head
        # Closing after the last passage goes on without the disk; opening does not.
        assert len(rig.strokes(OUT)) == opened == 2, "an arm opened while nothing was written"
        assert rig.strokes(IN) == []
        assert sent

        # Room again: by itself, and what was owed is written.
        disk.empty()
        until(lambda: rig.part("ledger")["condition"] == "ok", "the ledger recovers")
        until(lambda: rig.part("disk")["condition"] == "ok", "the reserve is laid again")
        rig.wait_entry(FREED)
        rig.tap_opens(OUT, 5)
        with rig.control() as client:
            again = client.ask("order", **order)
        assert again == answer, "a repeated order is one order"
        assert rig.stop() == 0

        _whole_story(rig)
        assert len(rig.strokes(OUT)) == 3
        assert rig.strokes(IN) == []
        rig.verified()


def _whole_story(rig: House) -> None:
    """What was promised is there, and what was refused is there too."""
    entries = rig.entries()
    kinds = [one.type for one in entries]
    assert kinds.count(FILLED) == kinds.count(FREED) == 1
    granted = [json.loads(one.data)["card"] for one in entries if one.type == GRANTED]
    assert granted == ["R-00001", "R-00002", "R-00005"]
    unwritable = [
        json.loads(one.data)
        for one in entries
        if one.type == DENIED and b"ledger_unwritable" in one.data
    ]
    assert {one["lane"] for one in unwritable} == {IN, OUT}
    assert len(unwritable) >= 3
