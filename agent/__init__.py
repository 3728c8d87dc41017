"""gate-agent: the program that runs at the gate of a residential estate."""

__version__ = "0.1.0"
