"""Keeps the schemas of a release for the test of compatibility: ``python -m tests.contract.keep``.

To be run when a release is made, and at no other time: from then on these may only be added to.
"""

import json
from pathlib import Path
from typing import Any

from agent.contract.documents import schemas

RELEASED = Path(__file__).parent / "released.json"
_TOLD = frozenset({"$schema", "title", "description", "examples"})


def bare(schema: Any) -> Any:
    """Without what is said for people only."""
    if isinstance(schema, list):
        return [bare(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: {key: bare(each) for key, each in value.items()}
        if name in {"properties", "$defs"}
        else bare(value)
        for name, value in schema.items()
        if name not in _TOLD
    }


def main() -> None:
    """Write the file anew."""
    kept = {name: bare(schema) for name, schema in schemas().items()}
    lines = (
        f"{json.dumps(name)}:{json.dumps(each, ensure_ascii=False, separators=(',', ':'))}"
        for name, each in kept.items()
    )
    RELEASED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
