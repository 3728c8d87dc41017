"""``python -m agent`` is ``gate-agent``."""

from agent.cli import main

main()
