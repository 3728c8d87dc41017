"""``python -m agent.settings FILE [STATE RUN]``: the child of `agent.settings.apart`.

Writes a pickle of the Settings, or of the tuple of faults, to standard output.
"""

import pickle
import sys
from pathlib import Path

from agent.settings.faults import FaultySettingsError
from agent.settings.models import Paths
from agent.settings.reading import read


def main() -> None:
    """Read the file named first, and hand over what came of it."""
    file, *told = sys.argv[1:]
    paths = Paths(*map(Path, told)) if told else None
    try:
        result: object = read(Path(file), paths)
    except FaultySettingsError as error:
        result = error.faults
    sys.stdout.buffer.write(pickle.dumps(result))


if __name__ == "__main__":
    main()
