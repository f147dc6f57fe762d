"""The parts of a TensorFlow Lite model that a translation needs, as plain values.

Field ids and codes are those of TensorFlow Lite's schema, version 3 (lite/schema/schema.fbs).
"""

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from tinsmith.importers.tflite.flatbuffer import Table, broken, refuse, root
from tinsmith.importers.tflite.operators import name_of
from tinsmith.ir.types import Quant

MOST_ELEMENTS = 1 << 26
MOST_RANK = 8
MOST_OPERANDS = 1 << 10
MOST_SUBGRAPHS = 1 << 6
MOST_NAME = 60
"""Characters of a name that a message shows."""
TYPES = (
    "float32", "float16", "int32", "uint8", "int64", "string", "bool", "int16", "complex64", "int8",
    "float64", "complex128", "uint64", "resource", "variant", "uint32", "uint16", "int4",
    "bfloat16", "int2",
)  # fmt: skip
CODES = {
    "float32": "<f4", "int8": "i1", "uint8": "u1", "int16": "<i2", "int32": "<i4", "int64": "<i8",
    "bool": "?", "float16": "<f2", "int4": "u1", "int2": "u1",
}  # fmt: skip
"""Types whose constants are read -> how they lie in the file."""

BITS = {"int4": 4, "int2": 2}
"""Types of which several lie in a byte -> bits of each."""
ZERO_POINTS = {"uint8": (0, 255), "int16": (-(2**15), 2**15 - 1)}
"""Limits of zero points where they are not those of int8."""


def brief(name: str) -> str:
    """A name for people: of a longer one, its end, where paths differ."""
    return name if len(name) <= MOST_NAME else f"...{name[3 - MOST_NAME :]}"


@dataclass(frozen=True)
class Tensor:
    """A tensor. ``scales`` (float32), ``zero_points`` and ``data`` (the buffer's bytes, none for
    activations) are views of the file; ``axis`` counts where there are several scales.
    ``signature`` is the shape with -1 for lengths that are free, empty where none is."""

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    scales: np.ndarray
    zero_points: np.ndarray
    axis: int
    variable: bool
    data: np.ndarray
    signature: tuple[int, ...] = ()

    @property
    def constant(self) -> bool:
        """Whether the file holds its content."""
        return self.data.size > 0

    def __str__(self) -> str:
        shape = ", ".join(map(str, self.shape[:MOST_RANK])) + ", ..." * (
            len(self.shape) > MOST_RANK
        )
        return f"tensor {self.index} {brief(self.name)!r}, {self.dtype}[{shape}]"

    def checked(self) -> "Tensor":
        """The tensor itself, if its shape is one that can be held.

        Raises:
            UserError: ``import.tflite.shape``.
        """
        sound = len(self.shape) <= MOST_RANK and all(d > 0 for d in self.shape)
        if not sound or prod(self.shape) > MOST_ELEMENTS:
            refuse(
                "shape",
                f"The shape of {self} cannot be held.",
                f"Dimensions are positive, at most {MOST_RANK}, with {MOST_ELEMENTS} elements.",
            )
        return self

    def array(self) -> np.ndarray:
        """Content of a constant.

        Raises:
            UserError: ``import.tflite.type``, ``.shape``, ``.broken``, ``.finite``.
        """
        code = CODES.get(self.checked().dtype)
        if code is None:
            refuse("type", f"The type of {self} is not supported.", f"Supported: {_known()}.")
        wanted = prod(self.shape) * np.dtype(code).itemsize
        wanted = -(-wanted * BITS.get(self.dtype, 8) // 8)
        if self.data.size != wanted:
            broken(f"{self} needs {wanted} bytes, its buffer has {self.data.size}")
        if self.dtype in BITS:
            return self._unpacked(BITS[self.dtype])
        array = np.frombuffer(self.data.tobytes(), code).reshape(self.shape)
        if self.dtype == "bool":
            array = self.data.reshape(self.shape) != 0
        if self.dtype in ("float32", "float16") and not np.isfinite(array).all():
            refuse("finite", f"The constant {self} holds NaN or infinity.")
        return array.astype(self.dtype)

    def _unpacked(self, bits: int) -> np.ndarray:
        """Several integers to a byte as int8, the lowest first."""
        shifts, half = np.arange(0, 8, bits).astype(np.uint8), 1 << bits - 1
        each = (self.data[:, None] >> shifts).ravel()[: prod(self.shape)] & (2 * half - 1)
        return ((each ^ half).astype(np.int8) - half).astype(np.int8).reshape(self.shape)

    def quant(self) -> Quant:
        """What the integers mean.

        Raises:
            UserError: ``import.tflite.quant``: no scale, or one that means nothing.
        """
        count = len(self.scales)
        points = self.zero_points if len(self.zero_points) else np.zeros(count, np.int64)
        sound = len(points) == count > 0 and bool(np.all(self.scales > 0))
        sound = sound and bool(np.all(np.isfinite(self.scales)))
        low, high = ZERO_POINTS.get(self.dtype, (-128, 127))
        sound = sound and bool(np.all((points >= low) & (points <= high)))
        if count > 1:
            sound = sound and 0 <= self.axis < len(self.shape) and self.shape[self.axis] == count
        if not sound:
            refuse(
                "quant",
                f"The quantisation of {self} means nothing: {count} scales, {len(points)} zero "
                "points.",
                f"A positive finite scale and a zero point of {low}..{high}, one or one per "
                "channel.",
            )
        scales, zeros = (float(s) for s in self.scales), (int(z) for z in points)
        return Quant(tuple(scales), tuple(zeros), self.axis if count > 1 else None)


def _known() -> str:
    return ", ".join(CODES)


@dataclass(frozen=True)
class Operator:
    """One operator: tensor indices (-1: left out) and its options, if it has any; intermediates are
    tensors that only say how what it computes on the way is quantised."""

    index: int
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options_type: int
    options: Table | None
    intermediates: tuple[int, ...] = ()


@dataclass(frozen=True)
class Model:
    """A subgraph of a model file; ``subgraphs`` are all of the file, where it is the first."""

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    subgraphs: tuple["Model", ...] = ()

    @property
    def free(self) -> bool:
        """Whether some length is not fixed by the file. Then only shapes of inputs and constants
        say something: those of other tensors are what the converter guessed, and the reference
        works them out anew, too."""
        return any(-1 in t.signature for t in self.tensors)

    def tensor(self, index: int) -> Tensor:
        """Tensor by index."""
        if not 0 <= index < len(self.tensors):
            broken(f"tensor {index} of {len(self.tensors)} is used")
        return self.tensors[index]


def parse(data: bytes) -> Model:
    """Read a model file.

    Raises:
        UserError: ``import.tflite.magic``, ``.version``, ``.broken``, ``.limit``.
    """
    model = root(data, b"TFL3")
    version = model.integer(0, "<I")
    if version != 3:
        refuse("version", f"The schema version is {version}; version 3 is read.")
    subgraphs = model.tables(2)
    if not subgraphs:
        broken("it has no subgraph")
    if len(subgraphs) > MOST_SUBGRAPHS:
        refuse("limit", f"It has {len(subgraphs)} subgraphs; at most {MOST_SUBGRAPHS} are read.")
    buffers = model.tables(4)
    kinds = tuple(_kind(code) for code in model.tables(1))
    found = tuple(_subgraph(graph, buffers, kinds) for graph in subgraphs)
    return replace(found[0], subgraphs=found)


def _subgraph(graph: Table, buffers: tuple[Table, ...], kinds: tuple[str, ...]) -> Model:
    return Model(
        tuple(_tensor(i, t, buffers) for i, t in enumerate(graph.tables(0))),
        tuple(_operator(i, t, kinds) for i, t in enumerate(graph.tables(3))),
        _indices(graph, 1),
        _indices(graph, 2),
    )


def _kind(code: Table) -> str:
    """Old files hold codes up to 127 in field 0, new ones in field 3; the larger counts."""
    return name_of(max(code.integer(0, "<b"), code.integer(3, "<i")), code.text(1))


def _indices(table: Table, id: int) -> tuple[int, ...]:
    numbers = table.numbers(id, "<i4")
    if len(numbers) > MOST_OPERANDS:
        refuse("limit", f"A list has {len(numbers)} entries; at most {MOST_OPERANDS} are read.")
    return tuple(int(i) for i in numbers)


def _tensor(index: int, table: Table, buffers: tuple[Table, ...]) -> Tensor:
    kind, buffer = table.integer(1, "<b"), table.integer(2, "<I")
    if not 0 <= kind < len(TYPES):
        broken(f"tensor {index} has type {kind}")
    if buffer >= max(1, len(buffers)):
        broken(f"tensor {index} has buffer {buffer} of {len(buffers)}")
    quant = table.table(4)
    return Tensor(
        index=index,
        name=table.text(3),
        shape=_indices(table, 0),
        dtype=TYPES[kind],
        scales=quant.numbers(2, "<f4") if quant else np.zeros(0, "<f4"),
        zero_points=quant.numbers(3, "<i8") if quant else np.zeros(0, "<i8"),
        axis=quant.integer(6, "<i") if quant else 0,
        variable=bool(table.integer(5, "<b")),
        data=buffers[buffer].numbers(0, "u1") if buffers else np.zeros(0, "u1"),
        signature=_indices(table, 7),
    )


def _operator(index: int, table: Table, kinds: tuple[str, ...]) -> Operator:
    code = table.integer(0, "<I")
    if code >= len(kinds):
        broken(f"operator {index} has code {code} of {len(kinds)}")
    return Operator(
        index, kinds[code], _indices(table, 1), _indices(table, 2), table.integer(3, "<B"),
        table.table(4), _indices(table, 8),
    )  # fmt: skip
