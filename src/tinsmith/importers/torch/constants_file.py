"""Tensors that depend on no input: known when the file is read.

Meaning of what makes tensors from numbers: PyTorch's documentation, "Creation Ops".
"""

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np

from tinsmith.importers._frame import Unsupported
from tinsmith.importers.torch.archive import READ, Meta
from tinsmith.importers.torch.nodes import Node
from tinsmith.importers.torch.translation import Translation, arguments
from tinsmith.rewrite import known_value

MOST_ELEMENTS = 1 << 26


def created(node: Node) -> np.ndarray | None:
    """What an operation of `CREATED` makes, in the type that the file says; None for others.

    Raises:
        Unsupported: the type is not one that is read, or it is too large.
    """
    make = CREATED.get(str(node.target))
    if make is None:
        return None
    type: Meta = node.meta["val"]
    if type.dtype not in READ or prod(type.shape) > MOST_ELEMENTS:
        raise Unsupported(f"its result is {type}")
    return np.broadcast_to(np.asarray(make(arguments(node), type)), type.shape).astype(type.dtype)


def evaluated(node: Node, t: Translation, translate: Callable[[Translation], Any]) -> Any:
    """What an operation on arrays computes: its translation, interpreted; arrays again.

    None where an operand is not known, or the translation needs another form of it.

    Args:
        translate: appends the operation to a translation.
    """
    operands = {n: t.known[n] for n in node.all_input_nodes}
    if not operands or not all(isinstance(v, np.ndarray) for v in operands.values()):
        return None
    apart = Translation("known")
    apart.known.update(operands)
    apart.begin(node, "known")
    made = translate(apart)
    listed = list(made) if isinstance(made, list | tuple) else [made]
    names = list(dict.fromkeys(v for v in listed if isinstance(v, str)))
    if names:
        graph = apart.builder.build(names)
        if sum(k.nbytes for k in graph.types.values()) > MOST_ELEMENTS:
            return None
        listed = [known_value(graph, v) if isinstance(v, str) else v for v in listed]
    return listed if isinstance(made, list | tuple) else listed[0]


def weight_norm(v: np.ndarray, g: np.ndarray, dim: int = 0) -> np.ndarray:
    """v g / |v|, |v| over all axes but one. Source: PyTorch's documentation,
    torch.nn.utils.parametrizations.weight_norm."""
    axes = tuple(a for a in range(v.ndim) if a != dim % v.ndim)
    length = np.sqrt((v.astype(np.float64) ** 2).sum(axes, keepdims=True))
    return np.asarray(v * (g / length), np.float32)


def _range(given: dict[str, Any], type: Meta) -> np.ndarray:
    """start + k * step, computed in float64 and rounded once."""
    start, step = (_number(given.get(k), d) for k, d in (("start", 0), ("step", 1)))
    return start + np.arange(type.shape[0]) * step


def _number(value: Any, default: float) -> float:
    value = default if value is None else value
    if not isinstance(value, int | float):
        raise Unsupported("an argument that is no number")
    return value


def _eye(given: dict[str, Any], type: Meta) -> np.ndarray:
    return np.eye(type.shape[0], type.shape[1])


Make = Callable[[dict[str, Any], Meta], Any]
_ZERO: Make = lambda given, type: 0  # noqa: E731
_ONE: Make = lambda given, type: 1  # noqa: E731
_FILL: Make = lambda given, type: _number(given.get("fill_value"), 0)  # noqa: E731
CREATED: Mapping[str, Make] = {
    **{f"aten.{n}.default": _ZERO for n in ("zeros", "zeros_like", "new_zeros")},
    **{f"aten.{n}.default": _ONE for n in ("ones", "ones_like", "new_ones")},
    **{f"aten.{n}.default": _FILL for n in ("full", "full_like", "new_full")},
    "aten.scalar_tensor.default": lambda given, type: _number(given["s"], 0),
    "aten.arange.default": _range,
    "aten.arange.start": _range,
    "aten.arange.start_step": _range,
    "aten.eye.default": _eye,
    "aten.eye.m": _eye,
}
"""Torch's name of an operation -> what it makes."""
