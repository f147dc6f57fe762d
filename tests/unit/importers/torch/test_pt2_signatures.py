"""The committed signatures of operations are those of PyTorch, and all that are needed."""

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from tinsmith.importers.torch.signatures import GETITEM, target_of  # noqa: E402
from tinsmith.importers.torch.table import TABLE  # noqa: E402


def test_signatures_are_those_of_torch() -> None:
    operations = [name for name in TABLE if name.startswith("aten.")]
    assert len(operations) > 100
    wrong = [name for name in operations if _mine(name) != _theirs(name)]
    assert not wrong, "run scripts/torch_schemas.py src/tinsmith/importers/torch/signatures.txt"


def _mine(name: str) -> list[Any] | None:
    target = target_of(name)
    if target is None:
        return None
    return [
        (a.name, a.by_name, a.default_value if a.has_default_value() else ...)
        for a in target._schema.arguments
    ]


def _theirs(name: str) -> list[Any]:
    _, base, overload = name.split(".")
    return [
        (a.name, a.kwarg_only, a.default_value if a.has_default_value() else ...)
        for a in getattr(getattr(torch.ops.aten, base), overload)._schema.arguments
    ]


def test_unknown_names() -> None:
    assert target_of("aten.no_such.default") is None and target_of("os.system") is None
    assert str(target_of(GETITEM)) == GETITEM
