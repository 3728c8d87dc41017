"""Where a value may take more than one form: annotations on fields of the models, as in `values`.

Rules kept here:
- each form is one that an installer would write without thinking;
- like `agent.settings.values` this imports no pydantic.
"""

from collections.abc import Mapping
from typing import Any


class Many:
    """A list that may be written as its single item."""

    def __get_pydantic_core_schema__(self, source: object, handler: Any) -> dict[str, Any]:
        """Wrap what is not a list before the list is validated."""
        wrap = {"type": "no-info", "function": lambda v: [v] if isinstance(v, Mapping | str) else v}
        return {"type": "function-before", "function": wrap, "schema": handler(source)}

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        """Either the item or the list."""
        many = handler(core)
        return {"anyOf": [many["items"], many]}


class OrFalse:
    """What may be switched off by writing ``false``; held as None then."""

    def __get_pydantic_core_schema__(self, source: object, handler: Any) -> dict[str, Any]:
        """Turn false into None before the rest is validated."""
        turn = {"type": "no-info", "function": lambda v: None if v is False else v}
        return {"type": "function-before", "function": turn, "schema": handler(source)}

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        """False, or the rest without null."""
        rest = [branch for branch in handler(core)["anyOf"] if branch != {"type": "null"}]
        return {"anyOf": [{"const": False}, *rest]}


class ByDriver:
    """Models that are told apart by their key ``driver``."""

    def __init__(self, **models: type[object]) -> None:
        self.models = models

    def __get_pydantic_core_schema__(self, source: object, handler: Any) -> dict[str, Any]:
        """A union that looks at the driver first, so that only its own faults are told."""
        choices = {name: handler.generate_schema(model) for name, model in self.models.items()}
        return {"type": "tagged-union", "discriminator": "driver", "choices": choices}
