"""Options that several commands share."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

DEFAULT = "/etc/gate-agent/gate.yaml"
F = TypeVar("F", bound=Callable[..., Any])


def config(command: F) -> F:
    """``--config FILE``, or the environment's GATE_AGENT_CONFIG, or the place of the service."""
    return click.option(
        "--config",
        "-c",
        "config_path",
        type=click.Path(path_type=Path),
        default=lambda: Path(os.environ.get("GATE_AGENT_CONFIG", DEFAULT)),
        show_default=DEFAULT,
        help="The gate's configuration.",
    )(command)


def as_json(command: F) -> F:
    """``--json`` for machines."""
    return click.option("--json", "as_json", is_flag=True, help="JSON, for machines.")(command)
