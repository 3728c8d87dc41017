"""``python -m tests.rigs.show_scenario FILE [apart|together]``: play it and print what came of it.

For whoever writes a scenario: what is printed is to be judged, line by line, and then copied.
"""

import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.rigs.playing import Player
from tests.rigs.scenario import FILES, Trace, read
from tests.rigs.sites import Apart, Folder, Together

LIMIT_S = 8.0


def main(name: str, where: str = "apart") -> int:
    """Print the trace; 1 when a step did not come to its end."""
    scenario = read(FILES / f"{name}.yaml")
    kinds: dict[str, Any] = {"apart": Apart, "together": Together}
    with Folder() as folder, kinds[where](scenario.page, folder, scenario.travel) as site:
        player = Player(site, scenario, LIMIT_S)
        failed = ""
        try:
            trace = player.play()
        except Exception as error:  # noqa: BLE001 - printed, with all that was seen until then
            failed = f"{type(error).__name__}: {error}"
            story = site.sim.story()
            trace = player.end()
        else:
            story = site.sim.story() if failed else []
        show(trace)
        for ns, lane, what in story:
            sys.stdout.write(f"# {ns / 1e9:.3f} {lane}: {what}\n")
        if failed:
            log = Path(folder) / "daemon.log"
            words = log.read_text("utf-8", "replace") if log.exists() else ""
            sys.stdout.write(f"# {words[-1500:]}\n# NOT WELL: {failed}\n")
    return bool(failed)


def show(trace: Trace) -> None:
    """The expectations as they stand in a file."""
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 1_000
    yaml.dump({"entries": list(trace.entries), "views": dict(trace.views)}, sys.stdout)
    for name, edges in sorted(trace.relays.items()):
        sys.stdout.write(f"  {name}: [{', '.join(edges)}]\n")
    for name, after in trace.after.items():
        sys.stdout.write(f"  {name}: {dict(after)}\n")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
