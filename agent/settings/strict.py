"""What all models of the settings have in common."""

from typing import ClassVar


def written(name: str) -> str:
    """A field's name as the file has it: ``from_`` stands for ``from``, which Python keeps."""
    return name.removesuffix("_")


class Strict:
    """An unknown key is a fault, in every mapping of the file."""

    __slots__ = ()
    __pydantic_config__: ClassVar = {"extra": "forbid", "alias_generator": written}
