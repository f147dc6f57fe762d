"""The registry: every operator that the importer knows, found in the folders `operators` and `ml`.

What a module there holds is told in `operator.py`.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from tinsmith.core.errors import InternalError
from tinsmith.importers._frame import Support
from tinsmith.importers.onnx.operator import Operator

FOLDERS = ("tinsmith.importers.onnx.operators", "tinsmith.importers.onnx.ml")


@cache
def registry() -> Mapping[tuple[str, str], Operator]:
    """(domain, name) -> operator, of all modules in the folders."""
    found: dict[tuple[str, str], Operator] = {}
    for folder in FOLDERS:
        for module in sorted(m.name for m in iter_modules(import_module(folder).__path__)):
            for operator in import_module(f"{folder}.{module}").OPERATORS:
                if operator.key in found:
                    raise InternalError(f"two translations of the ONNX operator {operator.key}")
                found[operator.key] = operator
    return found


def support() -> Sequence[Support]:
    """The support table, sorted."""
    rows = sorted(registry().values(), key=lambda o: o.key)
    return [Support(".".join(filter(None, o.key)), o.types, o.note) for o in rows]
