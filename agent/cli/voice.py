"""``gate-agent voice``: which recordings the loudspeakers of the lanes want.

Rule kept here: nothing is played and nothing written; exit 1 where a moment has no recording.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from agent.cli import options
from agent.core.spoken import SENTENCES
from agent.settings import Settings
from agent.settings.here import load
from agent.sounds import Found, file_of, found


@click.command()
@options.config
@options.as_json
def voice(config_path: Path, *, as_json: bool) -> None:
    """List the recordings that are wanted: file, state, and the sentence to record.

    Record each sentence as a WAV file of 16 bits, or make it with a speech program, and put it
    there. A common recording (denied, referred) stands in for those of a reason.
    """
    settings = load(config_path)
    wanted = list(_wanted(settings))
    if as_json:
        click.echo(json.dumps(wanted, ensure_ascii=False, indent=2))
    elif not wanted:
        click.echo("no lane has a loudspeaker: lanes.LANE.voice names folder and device")
    else:
        _tell(wanted)
    sys.exit(any(each["found"] in {Found.MISSING, Found.NO_WAV} for each in wanted))


def _wanted(settings: Settings) -> Iterator[dict[str, Any]]:
    """Every recording once, however many lanes play it."""
    told = [lane.voice for lane in settings.lanes.values() if lane.voice is not None]
    for folder, language in dict.fromkeys((each.sounds, each.language) for each in told):
        for moment, sentence in SENTENCES.items():
            yield {
                "file": str(file_of(folder, moment)),
                "found": found(folder, moment).value,
                "language": language.value,
                "sentence": getattr(sentence, language.value),
                **sentence._asdict(),
            }


def _tell(wanted: list[dict[str, Any]]) -> None:
    folder = ""
    for each in wanted:
        path = Path(each["file"])
        if str(path.parent) != folder:
            folder = str(path.parent)
            click.echo(f"{folder}:")
        click.echo(f"  {path.name:<24} {each['found']:<12} {each['sentence']}")
