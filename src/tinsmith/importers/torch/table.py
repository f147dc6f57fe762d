"""The table of operations: torch's name -> its translations; what both ways in translate by."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from tinsmith.importers._frame import Support, Unsupported
from tinsmith.importers.torch.decomposed import DECOMPOSED
from tinsmith.importers.torch.operators import (
    attention,
    elements,
    layers,
    moves,
    orders,
    plain,
    sums,
    windows,
)
from tinsmith.importers.torch.translation import FLOATS, Rule, Translation, Typed, Value


def by_rules(rules: Sequence[Rule], t: Translation, node: Any) -> Value:
    """What the first rule makes that can; the plain ones compute with float32 only."""
    *plain, last = rules
    for rule in plain if _floats(t, node) else ():
        with contextlib.suppress(Unsupported):
            return rule(t, node)
    return last(t, node)


def _floats(t: Translation, node: Any) -> bool:
    """Whether all operands, and those in lists, are float32 or float64."""
    held: list[Any] = [t.known[n] for n in node.all_input_nodes]
    flat = [v for h in held for v in (h if isinstance(h, list | tuple) else (h,))]
    types = (t.builder.type(v).dtype if isinstance(v, str) else str(v.dtype) for v in flat)
    return all(dtype in ("float32", "float64") for dtype in types)


def stage_of(node: Any) -> str:
    """Name of the innermost submodule that an operation comes from: the last part of its path;
    numbered modules keep their container's name; the model itself is ``model``."""
    stack = node.meta.get("nn_module_stack") or {}
    path = [p for p, _ in stack.values()][-1] if stack else ""
    parts = [p for p in path.split(".") if p]
    if not parts:
        return "model"
    if parts[-1].isdigit():
        return "_".join(parts[-2:]) if len(parts) > 1 else f"layer_{parts[-1]}"
    return str(parts[-1])


def support() -> Sequence[Support]:
    """Every aten operation that has a translation, or one into those that have."""
    rows = {name: _row(name, rules) for name, rules in TABLE.items() if name.startswith("aten.")}
    rows |= {name: Support(name, types) for name, types in DECOMPOSED.items()}
    return tuple(rows[name] for name in sorted(rows))


def _row(name: str, rules: Sequence[Rule]) -> Support:
    last = rules[-1]
    return (
        Support(name, last.types, last.note) if isinstance(last, Typed) else Support(name, FLOATS)
    )


_TABLES = (
    plain.TABLE, layers.TABLE, windows.TABLE, moves.TABLE, elements.TABLE,
    sums.TABLE, orders.TABLE, attention.TABLE,
)  # fmt: skip
TABLE: Mapping[str, tuple[Rule, ...]] = {
    name: tuple(table[name] for table in _TABLES if name in table)
    for name in sorted({n for table in _TABLES for n in table})
}
"""Torch's name of an operation -> its translations: the plainest first, which may be unable."""
