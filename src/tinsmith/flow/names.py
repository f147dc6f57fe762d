"""Names of models, which become prefixes of C symbols and names of files."""

import re
from pathlib import Path

from tinsmith.core.errors import UserError
from tinsmith.ir.naming import graph_name
from tinsmith.rewrite._headers import taken_by
from tinsmith.rewrite.lower import module_name

_LONGEST = 64
_NAME = re.compile(rf"[A-Za-z][A-Za-z0-9_]{{0,{_LONGEST - 1}}}")


def name_of(path: Path) -> str:
    """A file's name, made one of C."""
    return graph_name(path)[:_LONGEST].rstrip("_")


def check_name(name: str) -> None:
    """A name that was asked for is taken as it is, or not at all.

    Raises:
        UserError ``model.name``: it is none in C, or taken.
    """
    if name and not _NAME.fullmatch(name):
        near = graph_name(Path("model"), name)[:_LONGEST]
        raise UserError(
            "model.name",
            f"Name {name!r} is no name in C.",
            f"Take up to {_LONGEST} of the letters a to z and A to Z, digits and _, beginning "
            f"with a letter, for instance: {near}",
        )
    if name and module_name(name) != name:
        raise UserError(
            "model.name",
            f"Name {name!r} is taken: {_whose(name)}.",
            f"Take another, for instance: {module_name(name)}",
        )


def _whose(name: str) -> str:
    owner = taken_by(name)
    if not owner:
        return "what begins with ts_ is ours"
    return f"{name}.h would be found in place of a header of {owner}"
