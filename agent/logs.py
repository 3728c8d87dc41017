"""Logs: one line for each record, with its priority, for systemd's journal or a terminal.

Under systemd a line begins with its priority in angle brackets (sd-daemon(3)), so that
``journalctl -p err`` finds what matters; elsewhere it begins with the time.
"""

import logging
import os
import sys

_PRIORITY = {
    logging.DEBUG: 7,
    logging.INFO: 6,
    logging.WARNING: 4,
    logging.ERROR: 3,
    logging.CRITICAL: 2,
}


class _Journal(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        text = f"part={record.name} thread={record.threadName} {super().format(record)}"
        lead = f"<{_PRIORITY.get(record.levelno, 5)}>"
        return "\n".join(lead + line for line in text.splitlines())


def start(level: int = logging.INFO) -> None:
    """Send all records to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    if os.environ.get("JOURNAL_STREAM"):
        handler.setFormatter(_Journal("%(message)s"))
    else:
        layout = "%(asctime)s %(levelname)-8s %(name)s: %(message)s"
        handler.setFormatter(logging.Formatter(layout))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
