"""Use: one node while it is translated, as the translations of operators see it."""

from typing import Any

import numpy as np

from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.classes import Classes
from tinsmith.importers.onnx.content import (
    NEWEST,
    axis_in,
    constant,
    readable,
    snake,
    unrepeated,
)
from tinsmith.importers.onnx.parse import OpNode, Subgraph
from tinsmith.importers.onnx.quantised import real_array
from tinsmith.importers.onnx.refusal import NotConstant
from tinsmith.importers.onnx.state import Translation
from tinsmith.importers.onnx.values import Chosen, Items, Maps, Real, Unsigned, Value, plain
from tinsmith.rewrite import known_value


class Use:
    """One node while it is translated. ``b`` is the builder, ``name`` what the first result should
    be called, ``version`` the version of the operator set."""

    def __init__(self, t: Translation, node: OpNode) -> None:
        self.t, self.node, self.b = t, node, t.b
        self.version = t.model.opsets.get(node.domain, 1 if node.domain else NEWEST)
        self.name = readable(next((o for o in node.outputs if o), "")) or snake(node.kind)

    def has(self, position: int) -> bool:
        """Whether an operand is given."""
        return position < len(self.node.inputs) and self.node.inputs[position] != ""

    @property
    def count(self) -> int:
        """How many operands are listed."""
        return len(self.node.inputs)

    def wants(self, position: int) -> bool:
        """Whether a result is named, so that somebody may read it."""
        return position < len(self.node.outputs) and self.node.outputs[position] != ""

    def classes(self, labels: np.ndarray, index: str, scores: str) -> None:
        """Tell that values are the index into these classes, and the scores of them."""
        self.t.classes.append(Classes(tuple(map(plain, labels.tolist())), index, scores))

    def raw(self, position: int) -> Value:
        """What an operand stands for, without computing anything."""
        if not self.has(position):
            raise Unsupported(f"operand {position} is missing")
        return self.t.read(self.node.inputs[position])

    def value(self, position: int, *dtypes: str) -> str:
        """Name of an operand's value in the builder; of one of the dtypes, if any are given."""
        name = self.t.named(self.raw(position), self.node.inputs[position])
        found = self.b.type(name).dtype
        if dtypes and found not in dtypes:
            raise Unsupported(f"operand {position} is {found}; supported: {', '.join(dtypes)}")
        return name

    def optional(self, position: int, *dtypes: str) -> str | None:
        """The same for an operand that may be left out."""
        return self.value(position, *dtypes) if self.has(position) else None

    def values(self) -> list[str]:
        """All operands."""
        return [self.value(i) for i in range(self.count)]

    def broadcast(self, count: int) -> list[str]:
        """The first operands, for operators that broadcast: an array that was repeated at import
        goes in as it was before where the result has the same shape all the same."""
        shapes = [self.shape(i) for i in range(count)]
        raw = [self.raw(i) for i in range(count)]
        once = [unrepeated(v) if isinstance(v, np.ndarray) else v for v in raw]
        least = [
            o.shape if isinstance(o, np.ndarray) else s for o, s in zip(once, shapes, strict=True)
        ]
        if least == shapes or np.broadcast_shapes(*least) != np.broadcast_shapes(*shapes):
            return [self.value(i) for i in range(count)]
        return [self.t.named(o, self.node.inputs[i]) for i, o in enumerate(once)]

    def weights(self, position: int) -> str | np.ndarray:
        """An operand as an array where it is known, else the name of its value."""
        value = self.raw(position)
        known = real_array(value) if isinstance(value, Real) and value.constant else None
        if known is None:
            known = self.known(position)
        if known is None or not np.isfinite(known).all():
            return self.value(position)
        return known

    def known(self, position: int) -> np.ndarray | None:
        """An operand's array where it is known at import; None where it is computed."""
        value = self.raw(position) if self.has(position) else None
        if isinstance(value, str):
            return known_value(self.b, value)
        return value if isinstance(value, np.ndarray) else None

    def constant(self, position: int) -> np.ndarray:
        """An operand's array.

        Raises:
            NotConstant: it is computed when the model runs.
        """
        self.raw(position)
        found = self.known(position)
        if found is None:
            raise NotConstant(position)
        return found

    def whole(self, position: int) -> tuple[int, ...]:
        """An operand that lists whole numbers."""
        array = self.constant(position)
        if array.dtype.kind not in "iu" or array.ndim > 1:
            raise Unsupported(f"operand {position} is {array.dtype}{list(array.shape)}")
        return tuple(int(v) for v in array.ravel())

    def all_known(self) -> bool:
        """Whether every operand that is given is known."""
        given = [i for i in range(self.count) if self.has(i)]
        return all(isinstance(self.raw(i), np.ndarray) for i in given)

    def shape(self, position: int) -> tuple[int, ...]:
        """Shape of an operand."""
        value = self.raw(position)
        if isinstance(value, np.ndarray):
            return value.shape
        if isinstance(value, Items):
            raise Unsupported(f"operand {position} is a sequence")
        if isinstance(value, Chosen | Maps):
            return self.b.type(value.index if isinstance(value, Chosen) else value.scores).shape
        inner = value.integers if isinstance(value, Real) else value
        if isinstance(inner, np.ndarray):
            return inner.shape
        return self.b.type(inner.flipped if isinstance(inner, Unsigned) else inner).shape

    def dtype(self, position: int) -> str:
        """dtype of an operand, numpy's name."""
        value = self.raw(position)
        if isinstance(value, np.ndarray):
            return str(value.dtype)
        if isinstance(value, Unsigned | Real):
            return "uint8" if isinstance(value, Unsigned) else "float32"
        if isinstance(value, Items):
            raise Unsupported(f"operand {position} is a sequence")
        if isinstance(value, Chosen | Maps):
            return str(value.table.dtype) if isinstance(value, Chosen) else "maps"
        return self.b.type(value).dtype

    def axis(self, name: str, default: int, rank: int) -> int:
        """An attribute that names an axis, as 0..rank-1."""
        return axis_in(self.integer(name, default), rank)

    def integer(self, name: str, default: int | None = None) -> int:
        """A whole-number attribute."""
        return int(self._attribute(name, default, int))

    def number(self, name: str, default: float | None = None) -> float:
        """A float32 attribute."""
        return float(self._attribute(name, default, float | int))

    def text(self, name: str, default: str | None = None) -> str:
        """A text attribute."""
        return str(self._attribute(name, default, str))

    def integers(self, name: str, default: tuple[int, ...] | None = None) -> tuple[int, ...]:
        """An attribute that lists whole numbers."""
        return tuple(int(v) for v in self._attribute(name, default, tuple))

    def floats(self, name: str, default: tuple[float, ...] | None = None) -> tuple[float, ...]:
        """An attribute that lists numbers."""
        return tuple(float(v) for v in self._attribute(name, default, tuple))

    def texts(self, name: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """An attribute that lists texts."""
        return tuple(str(v) for v in self._attribute(name, default, tuple))

    def tensor(self, name: str) -> np.ndarray:
        """An attribute that is a tensor."""
        return np.asarray(self._attribute(name, None, np.ndarray))

    def given(self, name: str) -> bool:
        """Whether the node has an attribute."""
        return name in self.node.attributes

    def subgraph(self, name: str) -> Subgraph:
        """An attribute that is a graph."""
        found: Subgraph = self._attribute(name, None, Subgraph)
        return found

    def _attribute(self, name: str, default: Any, kind: Any) -> Any:
        found = self.node.attributes.get(name, default)
        if found is None:
            raise Unsupported(f"its attribute {name!r} is missing")
        if not isinstance(found, kind):
            raise Unsupported(f"its attribute {name!r} is of another type")
        return found

    def constant_of(self, array: np.ndarray | np.generic, name: str = "") -> str:
        """Add a constant."""
        return constant(self.b, np.asarray(array), name or f"{self.name}_constant")
