"""Writes small TensorFlow Lite files for tests: a FlatBuffers writer and the schema's tables."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

TYPES = {"float32": 0, "float16": 1, "int32": 2, "uint8": 3, "int64": 4, "bool": 6, "int16": 7,
         "int8": 9, "resource": 13, "int4": 17,
         "int2": 19}  # fmt: skip
BITS = {"int4": 4, "int2": 2}
FULLY_CONNECTED, CONV_2D, DEPTHWISE_CONV_2D, ADD, RESHAPE, SOFTMAX = 9, 3, 4, 0, 22, 25
AVERAGE_POOL_2D, MAX_POOL_2D, L2_POOL_2D, PAD, CONCATENATION = 1, 17, 12, 34, 2
SUB, MUL, LEAKY_RELU = 41, 18, 98
RELU, RELU6, TANH, CUSTOM, QUANTIZE, DEQUANTIZE = 19, 21, 28, 32, 114, 6


@dataclass
class Table:
    """Field id -> (struct code, number), or a table, list or string under code ``o``."""

    fields: Mapping[int, tuple[str, Any]]


@dataclass
class Tensor:
    """A tensor of a test model; data makes it a constant."""

    name: str
    shape: Sequence[int]
    type: str = "float32"
    scale: Sequence[float] = ()
    zero: Sequence[int] = ()
    axis: int = 0
    data: Any = None
    variable: bool = False
    signature: Sequence[int] = ()


@dataclass
class Operator:
    """An operator of a test model; options are fields of its options table, intermediates tensors
    that only say how what it computes on the way is quantised."""

    code: int
    inputs: Sequence[int]
    outputs: Sequence[int]
    options_type: int = 0
    options: Mapping[int, tuple[str, Any]] | None = None
    custom: str = ""
    version: int = 1
    intermediates: Sequence[int] = ()


@dataclass
class File:
    """A model; tensors and operators may be changed before `bytes`. ``more`` are further
    subgraphs."""

    tensors: list[Tensor]
    operators: list[Operator]
    inputs: Sequence[int] = (0,)
    outputs: Sequence[int] = (-1,)
    version: int = 3
    codes: list[Table] = field(default_factory=list)
    more: Sequence["File"] = ()

    def bytes(self) -> bytes:
        """The file."""
        buffers = [Table({})]
        subgraphs = [file._subgraph(self.codes, buffers) for file in (self, *self.more)]
        return write(Table({
            0: ("I", self.version), 1: ("o", self.codes), 2: ("o", subgraphs), 4: ("o", buffers),
        }))  # fmt: skip

    def _subgraph(self, codes: list[Table], buffers: list[Table]) -> Table:
        self.codes = codes
        outputs = [o % len(self.tensors) for o in self.outputs]
        tensors = [self._tensor(len(buffers) + i - 1, t) for i, t in enumerate(self.tensors)]
        buffers += [_buffer(t) for t in self.tensors]
        return Table({
            0: ("o", tensors),
            1: ("o", np.array(self.inputs, "<i4")), 2: ("o", np.array(outputs, "<i4")),
            3: ("o", [self._operator(o) for o in self.operators]),
        })  # fmt: skip

    def _tensor(self, index: int, t: Tensor) -> Table:
        fields = {0: ("o", np.array(t.shape, "<i4")), 1: ("b", TYPES[t.type]),
                  2: ("I", index + 1), 3: ("o", t.name), 5: ("b", int(t.variable))}  # fmt: skip
        if len(t.scale):
            zero = np.array(t.zero if len(t.zero) else [0] * len(t.scale), "<i8")
            scale = ("o", np.array(t.scale, "<f4"))
            fields[4] = ("o", Table({2: scale, 3: ("o", zero), 6: ("i", t.axis)}))
        if len(t.signature):
            fields[7] = ("o", np.array(t.signature, "<i4"))
        return Table(fields)

    def _operator(self, o: Operator) -> Table:
        code = {0: ("b", min(o.code, 127)), 2: ("i", o.version), 3: ("i", o.code)}
        self.codes.append(Table(code | ({1: ("o", o.custom)} if o.custom else {})))
        fields = {0: ("I", len(self.codes) - 1), 1: ("o", np.array(o.inputs, "<i4")),
                  2: ("o", np.array(o.outputs, "<i4"))}  # fmt: skip
        if o.options is not None:
            fields |= {3: ("B", o.options_type), 4: ("o", Table(o.options))}
        if len(o.intermediates):
            fields[8] = ("o", np.array(o.intermediates, "<i4"))
        return Table(fields)


def _buffer(t: Tensor) -> Table:
    if t.data is None:
        return Table({})
    if t.type in BITS:
        return Table({0: ("o", _together(np.asarray(t.data).reshape(-1), BITS[t.type]))})
    raw = t.data if isinstance(t.data, bytes) else np.ascontiguousarray(t.data, t.type).tobytes()
    return Table({0: ("o", np.frombuffer(raw, "u1"))})


def _together(numbers: np.ndarray, bits: int) -> np.ndarray:
    """Several to a byte, the lowest first."""
    places = 8 // bits
    rows = np.pad(numbers, (0, -numbers.size % places)).reshape(-1, places) & ((1 << bits) - 1)
    return (rows << bits * np.arange(places)).sum(axis=1).astype("u1")


def write(root: Table) -> bytes:
    """A file with identifier TFL3; what a table refers to comes behind it."""
    out, queue = bytearray(b"\0\0\0\0TFL3"), [(0, root)]
    while queue:
        place, node = queue.pop(0)
        at = _table(out, node, queue) if isinstance(node, Table) else _list(out, node, queue)
        struct.pack_into("<I", out, place, at - place)
    return bytes(out)


def _table(out: bytearray, table: Table, queue: list) -> int:
    ids = sorted(table.fields)
    offsets, size = [0] * (max(ids) + 1 if ids else 0), 4
    for i in ids:
        wide = struct.calcsize(table.fields[i][0].replace("o", "I"))
        size += -size % wide
        offsets[i], size = size, size + wide
    vtable = struct.pack(f"<{2 + len(offsets)}H", 4 + 2 * len(offsets), size, *offsets)
    _pad(out, 8, len(vtable))
    out += vtable
    at = len(out)
    out += struct.pack("<i", len(vtable)) + bytes(size - 4)
    for i in ids:
        code, value = table.fields[i]
        if code == "o":
            queue.append((at + offsets[i], value))
        else:
            struct.pack_into(f"<{code}", out, at + offsets[i], value)
    return at


def _list(out: bytearray, value: Any, queue: list) -> int:
    _pad(out, 16, 4)
    at = len(out)
    raw = value.encode() if isinstance(value, str) else value
    out += struct.pack("<I", len(raw))
    if isinstance(raw, list):
        queue += [(at + 4 + 4 * i, item) for i, item in enumerate(raw)]
        out += bytes(4 * len(raw))
    else:
        out += raw + b"\0" if isinstance(raw, bytes) else raw.tobytes()
    return at


def _pad(out: bytearray, to: int, ahead: int) -> None:
    out += bytes(-(len(out) + ahead) % to)


def dense(rng: np.random.Generator, type: str = "int8", activation: int = 0, rows: int = 1) -> File:
    """One fully connected layer, 7 to 5: int8 with one scale, or float32."""
    w, b = rng.normal(size=(5, 7)).astype("f4"), rng.normal(size=5).astype("f4")
    scales = [((), ())] * 4
    if type == "int8":
        w, b = rng.integers(-127, 128, (5, 7)), rng.integers(-900, 900, 5)
        scales = [((0.05,), (3,)), ((0.01,), (0,)), ((0.0005,), (0,)), ((0.07,), (-9,))]
    kinds = (type, type, "int32" if type == "int8" else type, type)
    parts = (("serving_default_x:0", (rows, 7), None), ("net/dense/MatMul", (5, 7), w),
             ("bias", (5,), b), ("net/dense/Relu;net/dense/BiasAdd", (rows, 5), None))  # fmt: skip
    tensors = [
        Tensor(name, shape, kind, scale, zero, data=data)
        for (name, shape, data), kind, (scale, zero) in zip(parts, kinds, scales, strict=True)
    ]
    options = {0: ("b", activation)}
    return File(tensors, [Operator(FULLY_CONNECTED, (0, 1, 2), (3,), 8, options)])
