"""Signatures of PyTorch's operations: names of arguments, and the defaults that files leave out.

`signatures.txt` was written by scripts/torch_schemas.py from the schemas that PyTorch registers.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

GETITEM = "<built-in function getitem>"
"""What picks one of several results; torch's own name of it."""


@dataclass(frozen=True)
class Argument:
    """An argument of an operation; ``default_value`` counts where there is one."""

    name: str
    by_name: bool
    default_value: Any = ...

    def has_default_value(self) -> bool:
        """Whether the argument may be left out."""
        return self.default_value is not ...


@dataclass(frozen=True)
class Signature:
    """All arguments of an operation, in order."""

    arguments: tuple[Argument, ...]


@dataclass(frozen=True)
class Target:
    """An operation, as nodes name it: ``aten.conv2d.default``."""

    name: str
    _schema: Signature

    def __str__(self) -> str:
        return self.name


def target_of(name: str) -> Target | None:
    """The operation of this name; None where its signature is not known."""
    if name == GETITEM:
        return Target(name, Signature((Argument("self", False), Argument("index", False))))
    line = _lines().get(name)
    return None if line is None else Target(name, _parsed(line))


@cache
def _lines() -> Mapping[str, str]:
    text = files("tinsmith.importers.torch").joinpath("signatures.txt").read_text(encoding="ascii")
    pairs = (line.partition("(") for line in text.splitlines())
    return {name: rest.removesuffix(")") for name, _, rest in pairs}


def _parsed(line: str) -> Signature:
    arguments, by_name = [], False
    for part in filter(None, line.split(", ")):
        name, _, default = part.partition("=")
        if name == "*":
            by_name = True
        else:
            arguments.append(Argument(name, by_name, json.loads(default) if default else ...))
    return Signature(tuple(arguments))
