"""The settings of one gate: a YAML file, checked as a whole before anything of it is used.

Rules kept here:
- `load` is the one way in; it has all faults or none;
- the file is read in a process of its own, because the validator would cost the daemon some 10 MB
  for ever. Who wants the faults as values, in this process, uses `agent.settings.reading`.
"""

from agent.settings.apart import Loading, load
from agent.settings.faults import Fault, FaultySettingsError
from agent.settings.models import Paths, Settings

__all__ = ["Fault", "FaultySettingsError", "Loading", "Paths", "Settings", "load"]
