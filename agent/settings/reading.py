"""From a file to `Settings`, or to all of its faults. The only module that needs pydantic.

Rules kept here:
- nothing of a file with a fault is used;
- the models and the rules across them are both asked, so that one fault does not hide another;
- a fault that only follows from another one is not told.
"""

import dataclasses
import os
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from agent.settings.faults import MISSING, Fault, FaultySettingsError
from agent.settings.key_files import KeyFile, key_files
from agent.settings.models import Paths, Settings
from agent.settings.page import Page
from agent.settings.places import Bases
from agent.settings.readers import Reader
from agent.settings.rules import cross_check
from agent.settings.shapes import plain
from agent.settings.translate import translate
from agent.settings.tree import Node
from agent.settings.yaml_lines import MAX_BYTES, read_yaml

UNIT = "gate-agent.service"
"""The unit whose credentials are meant where systemd has not said where they are."""

ADAPTER: TypeAdapter[Settings] = TypeAdapter(Settings)


@dataclasses.dataclass(frozen=True, slots=True)
class Examined:
    """A file of settings; ``settings`` is None where there are faults.

    ``keys`` are the files of keys that it names, not opened.
    """

    settings: Settings | None
    faults: list[Fault]
    keys: tuple[KeyFile, ...] = ()


def read(path: Path, paths: Paths | None = None) -> Settings:
    """Settings of the file, with ``paths`` in place of the file's own where given.

    Raises FaultySettingsError with every fault of the file.
    """
    found = _read(path, paths)
    if found.settings is None:
        raise FaultySettingsError(found.faults)
    return found.settings


def check(path: Path) -> list[Fault]:
    """Every fault of the file, in the order of its lines; empty when it can be used."""
    return _read(path, None).faults


def examine(path: Path) -> Examined:
    """What the file says, whether it can be used or not."""
    return _read(path, None)


def _read(path: Path, paths: Paths | None) -> Examined:
    text = _text(path)
    if isinstance(text, Fault):
        return Examined(None, [text])
    page = Page(str(path), text)
    reading = read_yaml(text)
    for trouble in reading.troubles:
        page.blame(trouble)
        page.meant.add(trouble.path)
    page.sound = reading.sound
    root = reading.root
    if root is None or root.value is None:
        if reading.whole:
            page.blame_all("the file is empty", "at least estate, gate, timezone, lanes, readers")
        return Examined(None, page.faults())
    if not isinstance(root.value, dict):
        page.blame_all("the settings must be a mapping", "key: value in each line")
        return Examined(None, page.faults())
    page.cover(root)
    bases = _bases(path, root, paths)
    settings = _validate(root, page, bases, whole=reading.whole)
    cross_check(root, page, whole=reading.whole)
    faults = page.faults()
    keys = key_files(root, bases, page)
    if faults or settings is None:
        return Examined(None, faults, keys)
    settings = dataclasses.replace(settings, readers=_faced(settings))
    if paths is not None:
        settings = dataclasses.replace(settings, paths=paths)
    return Examined(settings, [], keys)


def _faced(settings: Settings) -> dict[str, Reader]:
    """The readers, with the side of a one-way lane written into those that stand at it."""
    way = {name: lane.direction for lane in settings.lanes.values() for name in lane.readers}
    return {
        name: dataclasses.replace(reader, side=reader.side or way.get(name))
        for name, reader in settings.readers.items()
    }


def _validate(root: Node, page: Page, bases: Bases, *, whole: bool) -> Settings | None:
    data: Any = plain(root)
    try:
        return ADAPTER.validate_python(data, context=bases)
    except ValidationError as error:
        translate(error.errors(include_url=False, include_input=False), root, page, whole=whole)
        return None


def _bases(path: Path, root: Node, paths: Paths | None) -> Bases:
    """Where relative paths start; ``paths`` itself is read ahead of everything else."""
    here = Path(os.path.abspath(path)).parent  # noqa: PTH100 -- absolute() keeps the dots
    told = paths or Paths(_path(root, here, "state"), _path(root, here, "run"))
    given = os.environ.get("CREDENTIALS_DIRECTORY", "")
    return Bases(here, told.run, told.state, Path(given or f"/run/credentials/{UNIT}"))


def _path(root: Node, here: Path, name: str) -> Path:
    node = root.get("paths", name)
    if node is None or not isinstance(node.value, str):
        return Path(getattr(Paths(), name))
    return here / node.value


def _text(path: Path) -> str | Fault:
    """The file's text, or the fault that there is none."""
    name = str(path)

    def broken(problem: str, allowed: str = "", line: int = 0, column: int = 0) -> Fault:
        return Fault(name, line, column, "", "", problem, allowed)

    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return broken(MISSING)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        return broken(f"the file cannot be read: {reason}")
    if len(raw) > MAX_BYTES:
        return broken("the file is too large", f"at most {MAX_BYTES // 1024} KiB")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8-sig")
        line, column = _place(before)
        return broken("this is not UTF-8 text", "a text file saved as UTF-8", line, column)
    for index, character in enumerate(text):
        if not character.isprintable() and character not in "\n\r\t\u3000\xa0":
            line, column = _place(text[:index])
            problem = f"the character U+{ord(character):04X} cannot stand in a settings file"
            return broken(problem, "text, line ends and spaces", line, column)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _place(before: str) -> tuple[int, int]:
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return len(lines), len(lines[-1]) + 1
