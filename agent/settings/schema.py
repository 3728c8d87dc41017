"""JSON Schema of the settings, for editors; made from the models, never written by hand.

Rules kept here:
- defaults are told as one would write them in the file;
- the schema knows single values; what spans several is told by ``gate-agent check`` only.
"""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from agent.settings.reading import ADAPTER
from agent.settings.shapes import OWN
from agent.settings.units import write_duration

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Generator(GenerateJsonSchema):
    def encode_default(self, dft: Any) -> Any:
        """Durations, paths and amounts as the file has them."""
        if isinstance(dft, timedelta):
            return write_duration(dft)
        return str(dft) if isinstance(dft, Path | Decimal) else super().encode_default(dft)

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Keys are their own titles."""
        del schema
        return False


def json_schema() -> str:
    """The schema as text, with a line end, the same on every run."""
    schema = ADAPTER.json_schema(schema_generator=_Generator)
    schema["patternProperties"] = {f"^{OWN}": {"description": "Your own, for anchors; not read."}}
    schema["title"] = "Settings of gate-agent"
    told = {"$schema": DIALECT, **_tidy(schema)}
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _tidy(value: Any) -> Any:
    """Descriptions on one line without our marks; no null defaults; no key beside a pattern."""
    if isinstance(value, dict):
        if "patternProperties" in value:
            value = {**value, "additionalProperties": False}
        return {
            key: " ".join(child.replace("``", "").split())
            if key == "description" and isinstance(child, str)
            else _tidy(child)
            for key, child in value.items()
            if not (key == "default" and child is None)
        }
    return [_tidy(child) for child in value] if isinstance(value, list) else value
