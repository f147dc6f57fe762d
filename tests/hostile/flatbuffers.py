"""Hostile TensorFlow Lite files: structures of FlatBuffers that lie, and models that contradict
themselves or ask for too much."""

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import tflites
from tflites import File, Operator, Tensor

from tinsmith.importers.tflite.operators import NAMES

Crafted = Iterator[tuple[str, bytes]]
BIG = 2**31 - 1
CODES, SUBGRAPHS, BUFFERS = 1, 2, 4


def crafted() -> Crafted:
    """Name and content of every file."""
    yield from _roots()
    yield from _vectors()
    yield from _tensors()
    yield from _quantised()
    yield from _operators()
    yield from _bombs()
    yield from _calls()


def _dense(type: str = "float32") -> File:
    return tflites.dense(np.random.default_rng(3), type)


def _word(data: bytes, at: int, code: str, value: int) -> bytes:
    """The file with a number replaced; offsets backwards wrap, as a reader may add them."""
    out = bytearray(data)
    wrapped = value % (1 << 8 * struct.calcsize(code)) if code.isupper() else value
    struct.pack_into(f"<{code}", out, at, wrapped)
    return bytes(out)


def _root(data: bytes) -> int:
    return int(struct.unpack_from("<I", data, 0)[0])


def _vtable(data: bytes, table: int) -> int:
    return table - int(struct.unpack_from("<i", data, table)[0])


def _field(data: bytes, table: int, number: int) -> int:
    """Where a field of a table is."""
    at = _vtable(data, table) + 4 + 2 * number
    return table + int(struct.unpack_from("<H", data, at)[0])


def _target(data: bytes, at: int) -> int:
    return at + int(struct.unpack_from("<I", data, at)[0])


def _roots() -> Crafted:
    data = _dense().bytes()
    root = _root(data)
    for value in (0, 3, len(data) - 1, len(data), 2**31, 2**32 - 1):
        yield f"root at {value}", _word(data, 0, "I", value)
    for value in (0, 1, BIG, -BIG - 1, 1 << 20, -(1 << 20)):
        yield f"vtable {value} away", _word(data, root, "i", value)
    vtable = _vtable(data, root)
    for value in (0, 1, 3, 5, 0xFFFF):
        yield f"vtable of {value} bytes", _word(data, vtable, "H", value)
    for value in (1, 3, 0x7FFF, 0xFFFF):
        yield f"subgraphs at field {value}", _word(data, vtable + 4 + 2 * SUBGRAPHS, "H", value)
    yield "identifier only", data[:8]
    yield "nothing behind the root", data[:root]
    yield "other identifier", data[:4] + b"TFL9" + data[8:]


def _vectors() -> Crafted:
    data = _dense().bytes()
    root = _root(data)
    for number in (CODES, SUBGRAPHS, BUFFERS):
        at = _field(data, root, number)
        vector = _target(data, at)
        for value in (0, 2**31, 2**32 - 1, len(data)):
            yield f"vector {number} at {value}", _word(data, at, "I", value)
        for value in (2**32 - 1, 2**30, 2**16):
            yield f"vector {number} of {value}", _word(data, vector, "I", value)
        yield f"vector {number} holds itself", _word(data, vector + 4, "I", 0)
        yield f"vector {number} holds the root", _word(data, vector + 4, "I", root - vector - 4)
    graphs = _target(data, _field(data, root, SUBGRAPHS))
    buffers = _field(data, root, BUFFERS)
    yield "buffers are the subgraphs", _word(data, buffers, "I", graphs - buffers)
    first = _target(data, graphs + 4)
    for number in range(4):
        at = _field(data, first, number)
        yield f"list {number} of the subgraph is the root", _word(data, at, "I", root - at)
        yield f"list {number} of the subgraph is long", _word(data, _target(data, at), "I", 1 << 28)


def _with(tensor: int, **changes: Any) -> bytes:
    file = _dense()
    file.tensors[tensor] = replace(file.tensors[tensor], **changes)
    return file.bytes()


def _tensors() -> Crafted:
    shapes: Sequence[Sequence[int]] = (
        (-1, 7), (1, -7), (0, 7), (BIG, BIG), (BIG, BIG, 4), (1 << 16,) * 4, (1,) * 300, (),
        (-BIG - 1, -BIG - 1), (1, 7, 1), (BIG,),
    )  # fmt: skip
    for shape in shapes:
        for tensor in (0, 3):
            yield f"tensor {tensor} of shape {shape[:5]}", _with(tensor, shape=shape)
        yield f"weights of shape {shape[:5]}", _with(1, shape=shape)
    for size in (0, 1, 139, 141, 4096):
        yield f"weights of {size} bytes", _with(1, data=bytes(size))
    for number in (np.nan, np.inf, 3e38):
        yield f"weights {number}", _with(1, data=np.full((5, 7), number, "f4"))
    for type in ("float16", "int64", "bool", "resource", "int4"):
        yield f"input of {type}", _with(0, type=type)
    yield "name of a megabyte", _with(0, name="x" * 1_000_000)
    yield "name without letters", _with(0, name="\0\n\"'/*{}")
    yield "variable input", _with(0, variable=True)
    yield "variable output", _with(3, variable=True)


def _quantised() -> Crafted:
    for tensor in (0, 1, 3):
        for scale in (0.0, -0.5, np.nan, np.inf, 1e-45, 3e38):
            file = _dense("int8")
            file.tensors[tensor] = replace(file.tensors[tensor], scale=(scale,))
            yield f"scale {scale} of tensor {tensor}", file.bytes()
        for zero in (-129, 128, 2**40, -(2**63)):
            file = _dense("int8")
            file.tensors[tensor] = replace(file.tensors[tensor], zero=(zero,))
            yield f"zero point {zero} of tensor {tensor}", file.bytes()
    lengths = ((0.1,) * 2, (0.1,) * 4, (0.1,) * 6, (0.1,) * 70_000)
    for scales in lengths:
        file = _dense("int8")
        file.tensors[1] = replace(file.tensors[1], scale=scales)
        yield f"{len(scales)} scales of 5 rows", file.bytes()
    for axis in (-1, 2, BIG):
        file = _dense("int8")
        file.tensors[1] = replace(file.tensors[1], scale=(0.1,) * 5, axis=axis)
        yield f"scales along axis {axis}", file.bytes()
    file = _dense("int8")
    file.tensors[1] = replace(file.tensors[1], scale=(0.1,) * 5, zero=(0, 0))
    yield "five scales, two zero points", file.bytes()


def _operators() -> Crafted:
    changes: dict[str, dict[str, Any]] = {
        **{f"inputs {i}": {"inputs": i} for i in (
            (), (0,), (-1, -1, -1), (-2, 1, 2), (BIG, 1, 2), (0, 1, 99), (3, 1, 2), (0, 0, 0),
            (0, 1, 2, 2, 2, 2), (1, 0, 2))},
        **{f"outputs {o}": {"outputs": o} for o in ((), (-1,), (0,), (1,), (3, 3), (BIG,))},
        **{f"code {c}": {"code": c} for c in (-1, 130, 20_000, 10**6, -128)},
        **{f"options of type {t}": {"options_type": t} for t in (0, 1, 2, 99, 200)},
        "no options": {"options": None},
        "fused activation 77": {"options": {0: ("b", 77)}},
        "weights format 9": {"options": {1: ("b", 9)}},
        "custom without name": {"code": tflites.CUSTOM},
        "custom of a megabyte": {"code": tflites.CUSTOM, "custom": "y" * 1_000_000},
        "version -5": {"version": -5},
    }  # fmt: skip
    for name, change in changes.items():
        file = _dense()
        file.operators[0] = replace(file.operators[0], **change)
        yield name, file.bytes()
    for name, ends in (("no inputs", {"inputs": ()}), ("no outputs", {"outputs": ()}),
                       ("input twice", {"inputs": (0, 0)}), ("input 99", {"inputs": (99,)}),
                       ("weights as input", {"inputs": (0, 1)}), ("input -1", {"inputs": (-1,)}),
                       ("version 0", {"version": 0}), ("version 99", {"version": 99})):  # fmt: skip
        yield f"model with {name}", replace(_dense(), **ends).bytes()
    file = _dense()
    file.operators.append(replace(file.operators[0]))
    yield "the same result twice", file.bytes()


def _one(name: str, tensors: list[Tensor], options: Any = None, kind: int = 0) -> bytes:
    """A model of one operator from all tensors but the last to the last."""
    operator = Operator(
        NAMES.index(name), range(len(tensors) - 1), (len(tensors) - 1,), kind, options
    )
    return File(tensors, [operator]).bytes()


def _listed(*numbers: int) -> Tensor:
    return Tensor("numbers", (len(numbers),), "int32", data=np.array(numbers, "<i4"))


def _bombs() -> Crafted:
    x, y = Tensor("x", (1, 4, 4, 2)), Tensor("y", (1, 4, 4, 2))
    cells = Tensor("cells", (4, 2), "int32", data=np.full((4, 2), BIG))
    huge: dict[str, tuple[Tensor, ...]] = {
        "PAD": (cells,),
        "TILE": (_listed(BIG, 1, 1, 1),),
        "RESHAPE": (_listed(BIG, BIG),),
        "BROADCAST_TO": (_listed(1 << 20, 4, 4, 2),),
        "RESIZE_NEAREST_NEIGHBOR": (_listed(1 << 20, 1 << 20),),
        "RESIZE_BILINEAR": (_listed(-5, 0),),
        "TRANSPOSE": (_listed(0, 0, 9, -9),),
        "SLICE": (_listed(0, 9, -9, 0), _listed(BIG, -1, -2, 2)),
        "STRIDED_SLICE": (_listed(0, 0, 0, 0), _listed(BIG, 4, 4, 2), _listed(0, 0, 0, 0)),
        "GATHER": (_listed(-1, 99, BIG),),
        "EXPAND_DIMS": (_listed(BIG),),
        "SUM": (_listed(-9, 9),),
        "REVERSE_V2": (_listed(7),),
        "SPACE_TO_BATCH_ND": (_listed(0, -1), replace(cells, shape=(2, 2), data=cells.data[:2])),
        "ONE_HOT": (_listed(BIG),),
        "CUMSUM": (_listed(99),),
        "ARG_MAX": (_listed(-99),),
    }
    for name, more in huge.items():
        for shape in ((1, 4, 4, 2), (BIG, BIG, BIG, BIG)):
            yield f"{name} to {shape[0]}", _one(name, [x, *more, replace(y, shape=shape)])
    fill = [_listed(1 << 20, 1 << 20), Tensor("v", (), data=np.float32(1)), y]
    yield "FILL", _one("FILL", fill)
    filters = Tensor("w", (2, 3, 3, 2), data=np.ones((2, 3, 3, 2), "f4"))
    for numbers in ((0, 0, 0), (0, -1, 1), (77, 1, 1), (0, BIG, BIG)):
        options = {i: ("i" if i else "b", n) for i, n in enumerate(numbers)}
        yield f"CONV_2D {numbers}", _one("CONV_2D", [x, filters, y], options, 1)
        pool = {**options, 3: ("i", BIG), 4: ("i", numbers[1])}
        yield f"MAX_POOL_2D {numbers}", _one("MAX_POOL_2D", [x, y], pool, 5)
    for number in (np.nan, np.inf, -1e38):
        yield f"SOFTMAX by {number}", _one("SOFTMAX", [x, y], {0: ("f", number)}, 9)


def _calls() -> Crafted:
    def calling(name: str, options: Callable[[int], dict[int, tuple[str, Any]]]) -> File:
        tensors = [Tensor("x", (2,), "bool"), Tensor("y", (2,), "bool")]
        made = [
            File(list(tensors), [Operator(NAMES.index(name), (0,), (1,), kind, options(n))])
            for n in (1, 2, 0)
        ]
        return replace(made[0], more=made[1:])

    kind = 103
    yield "CALL_ONCE in a circle", calling("CALL_ONCE", lambda n: {0: ("i", n)}).bytes()
    kind = 92
    yield "IF in a circle", calling("IF", lambda n: {0: ("i", n), 1: ("i", n)}).bytes()
    kind = 93
    yield "WHILE in a circle", calling("WHILE", lambda n: {0: ("i", n), 1: ("i", n)}).bytes()
    kind = 103
    for number in (-1, 99, BIG):
        options = {0: ("i", number)}
        yield f"CALL_ONCE {number}", calling("CALL_ONCE", lambda n, o=options: o).bytes()
    handle = [Tensor("x", (2,)), Tensor("h", (1,), "resource"), Tensor("y", (2,))]
    read = Operator(NAMES.index("READ_VARIABLE"), (1,), (2,))
    yield "variable that nothing declares", File(handle, [read]).bytes()
    absolute = NAMES.index("ABS")
    circle = [Operator(absolute, (1,), (2,)), Operator(absolute, (2,), (1,))]
    floats = [replace(t, type="float32") for t in handle]
    yield "operators in a circle", File(floats, circle).bytes()
