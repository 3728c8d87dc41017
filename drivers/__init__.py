"""Drivers: each wraps one third-party I/O library and speaks only the words of ``agent.ports``."""
