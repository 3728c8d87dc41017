"""A sound card in a folder: ALSA's own file plugin keeps what the real ``aplay`` plays.

Rules kept here:
- every recording has one value in all of its samples, by which it is known again;
- each time that the card is opened makes a file of its own; a player that is cut off before it has
  a period of sound leaves none behind that counts;
- a recording that is held is a pipe, in which a test keeps back what is still to come.
"""

import errno
import os
import select
import wave
from array import array
from io import BytesIO
from pathlib import Path

from tests.patience import LIMIT_S, until

FRAMES = 800
_HEAD = 64


def recording(value: int) -> bytes:
    """A WAV of a tenth of a second, 16 bits, all of whose samples are ``value``."""
    made = BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(array("h", [value] * FRAMES).tobytes())
    return made.getvalue()


class Held:
    """A recording that goes on until the test lets it end."""

    def __init__(self, path: Path, value: int) -> None:
        self.path = path
        self._rest = recording(value)
        self._end = -1
        os.mkfifo(path)

    def wait_playing(self) -> None:
        """Wait until a player has it open, and give it the beginning."""
        until(self._opened, f"somebody plays {self.path.name}")
        os.write(self._end, self._rest[:_HEAD])

    def finish(self) -> None:
        """Let it go on to its end."""
        os.write(self._end, self._rest[_HEAD:])
        self.close()

    def wait_dropped(self) -> None:
        """Wait until nobody plays it any more; what is held back is not what ends it."""
        if self._end >= 0:
            gone = select.poll()
            gone.register(self._end, 0)  # an error is told all the same
            assert gone.poll(LIMIT_S * 1000), f"{self.path.name} is played on"
        self.close()
        until(lambda: not self._opened(), f"nobody plays {self.path.name}", step_s=0.05)

    def close(self) -> None:
        """Safe to call twice."""
        if self._end >= 0:
            os.close(self._end)
            self._end = -1

    def _opened(self) -> bool:
        self.close()
        try:
            self._end = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as fault:
            if fault.errno == errno.ENXIO:
                return False
            raise
        return True


class SoundCard:
    """A folder of recordings, and devices of ALSA that keep files.

    ``config`` is for ALSA_CONFIG_PATH.
    """

    def __init__(self, folder: Path, *devices: str) -> None:
        self.folder = folder
        self.sounds = folder / "sounds"
        self.sounds.mkdir(parents=True)
        self.config = folder / "asoundrc"
        self.plug(*devices)

    def plug(self, *devices: str) -> None:
        """These devices are there from now on, and no others."""
        made = ["pcm.nowhere { type null }\n"]
        for device in devices:
            kept = self.folder / device
            made.append(
                f'pcm.{device} {{ type file slave.pcm nowhere file "{kept}" format raw '
                "truncate 0 }\n"
            )
        fresh = self.config.with_suffix(".new")
        fresh.write_text("".join(made), "utf-8")
        fresh.replace(self.config)

    def record(self, name: str, value: int) -> None:
        """Make the recording of a moment."""
        (self.sounds / f"{name}.wav").write_bytes(recording(value))

    def hold(self, name: str, value: int) -> Held:
        """Make one that a test holds."""
        return Held(self.sounds / f"{name}.wav", value)

    def played(self, device: str) -> list[int]:
        """What was played on a device, by the values, in order."""
        found = sorted(self.folder.glob(f"{device}*"))
        heads = [each.read_bytes()[:2] for each in found]
        return [int.from_bytes(head, "little") for head in heads if len(head) == 2]
