"""The guest takes minutes: it belongs to the night (`make soak`)."""

import os

collect_ignore_glob = [] if os.environ.get("GATE_PROFILE") == "nightly" else ["test_*.py"]
