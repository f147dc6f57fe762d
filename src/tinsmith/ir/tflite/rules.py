"""What each TensorFlow Lite operator becomes. To support another, add its rule to the table.

Sources: TensorFlow Lite 8-bit quantization specification; the options tables of TensorFlow Lite's
schema, version 3.
"""

from collections.abc import Mapping
from functools import partial
from math import prod

import numpy as np

from tinsmith.ir.tflite import memory, shapes, tables
from tinsmith.ir.tflite.layers import bounded, clamp, conv, ends_with, fully_connected, window
from tinsmith.ir.tflite.slices import strided_slice
from tinsmith.ir.tflite.translate import Rule, Unsupported, Use

RELU, RELU6 = 1, 3
"""Codes of the activations that are operators too."""


def _reshape(use: Use) -> str:
    shape = use.result.checked().shape
    if prod(shape) != use.type(use.value(0)).elements:
        raise Unsupported(f"{use.type(use.value(0))} does not have the elements of {list(shape)}")
    return use.op("reshape", use.value(0), shape=shape)


def _add(use: Use) -> str:
    """Sum of two values; the smaller one is repeated along the first axes of the larger."""
    a, b = use.value(0), use.value(1)
    if use.type(a).elements < use.type(b).elements:
        a, b = b, a
    shape = use.type(b).shape
    while len(shape) > 1 and shape[0] == 1 and shape != use.type(a).shape:
        shape = shape[1:]
    b = use.reshape(b, shape, f"{use.name}_term")
    if use.type(a).dtype == "float32":
        total = use.op("add", a, b, name=ends_with(use, use.option(0)))
        return bounded(use, total, use.option(0))
    out = use.result.quant()
    low, high = clamp(use.option(0), out)
    return use.op("add", a, b, quant=out, act_min=low, act_max=high)


def _relu(use: Use) -> str:
    """An activation as an operator of its own; int8 only where scale and zero point stay."""
    x = use.value(0)
    if use.type(x).dtype == "int8":
        _same_meaning(use, x)
        return use.op("relu", x)
    return bounded(use, x, RELU)


def _relu6(use: Use) -> str:
    x = use.value(0)
    if use.type(x).dtype != "float32":
        raise Unsupported("only float32; int8 has it inside of a layer")
    return bounded(use, x, RELU6)


def _same_meaning(use: Use, x: str) -> None:
    if use.is_int8 and use.type(x).quant != use.result.quant():
        raise Unsupported(f"it rescales {use.type(x)} to {use.result.quant()}")


def _softmax(use: Use) -> str:
    """Options 0: beta, a factor on the input."""
    x, options = use.value(0), use.operator.options
    beta = np.float32(options.number(0, "<f") if options else 0)
    if not np.isfinite(beta):
        raise Unsupported(f"its factor beta is {beta}")
    if use.type(x).dtype == "int8":
        return use.op("softmax", x, beta=float(beta))
    if beta != 1:
        factor = use.constant(f"{use.name}_beta", np.full(1, beta, np.float32))
        x = use.op("mul", x, factor, name=f"{use.name}_scaled")
    return use.op("softmax", x)


def _quantize(use: Use) -> str:
    """float32 to int8; int8 to int8 only where nothing changes."""
    x = use.value(0)
    if use.type(x).dtype == "float32":
        return use.op("quantize", x, quant=use.result.quant())
    _same_meaning(use, x)
    return use.op("reshape", x, shape=use.type(x).shape)


def _dequantize(use: Use) -> str:
    return use.op("dequantize", use.value(0))


def _pool(use: Use, op: str) -> str:
    """Options 0..2 as convolutions have them, 3 and 4: the window along x and y, 5: the
    activation; int8 only where scale and zero point stay."""
    x, size = use.value(0), (use.option(4, "<i"), use.option(3, "<i"))
    attrs = window(use, x, size, (1, 1)) | {"size": size}
    if use.type(x).dtype == "float32":
        pooled = use.op(op, x, name=ends_with(use, use.option(5)), **attrs)
        return bounded(use, pooled, use.option(5))
    _same_meaning(use, x)
    low, high = clamp(use.option(5), use.result.quant())
    return use.op(op, x, **attrs, act_min=low, act_max=high)


def _pad(use: Use) -> str:
    """Operand 1: how many zeros before and behind each axis; one node per axis that grows."""
    x, tensor = use.value(0), use.tensor(1)
    sides = use.weights(1, "int64" if tensor and tensor.dtype == "int64" else "int32")
    type = use.type(x)
    if sides.shape != (len(type.shape), 2):
        raise Unsupported(f"its paddings have shape {list(sides.shape)} for {type}")
    value = float(0) if type.quant is None else type.quant.zero_point[0]
    grown = [(axis, int(b), int(a)) for axis, (b, a) in enumerate(sides) if b or a]
    for axis, before, after in grown:
        x = use.op("pad", x, axis=axis, before=before, after=after, value=value)
    return x if grown else use.op("reshape", x, shape=type.shape)


def _concatenation(use: Use) -> str:
    """Options 0: the axis, 1: the activation. More than two are joined one after the other."""
    joined, *rest = [use.value(i) for i in range(use.operands)]
    axis, rank = use.option(0, "<i"), len(use.type(joined).shape)
    if use.option(1) or not rest or not -rank <= axis < rank:
        raise Unsupported(f"{use.operands} operands, axis {axis}, activation {use.option(1)}")
    for part in rest:
        joined = use.op("concat", joined, part, axis=axis % rank)
    return joined


_FLOAT = ("float32",)
_BYTES = ("float32", "int8", "uint8")
_REAL = (*_BYTES, "int16")
_NUMBERS = (*_REAL, "int32", "int64")
_ANY = (*_NUMBERS, "bool")
_PLAIN = ("float32", "int32", "int64")


MOVING: Mapping[str, Rule] = {
    "PAD": Rule("pad", 22, shapes.pad, _ANY),
    "PADV2": Rule("pad", 43, shapes.pad, _ANY),
    "MIRROR_PAD": Rule("pad", 77, shapes.mirror_pad, _ANY),
    "RESHAPE": Rule("reshape", 17, shapes.reshape, _ANY),
    "SQUEEZE": Rule("reshape", 30, shapes.reshape, _ANY),
    "EXPAND_DIMS": Rule("reshape", 52, shapes.reshape, _ANY),
    "CONCATENATION": Rule("concat", 10, shapes.concatenation, _ANY),
    "TRANSPOSE": Rule("transpose", 26, shapes.transpose, _ANY),
    "SLICE": Rule("slice", 48, shapes.slice_, _ANY),
    "STRIDED_SLICE": Rule("slice", 32, strided_slice, _ANY),
    "SPLIT": Rule("split", 35, shapes.split, _ANY, typed=1),
    "SPLIT_V": Rule("split", 79, shapes.split_v, _ANY),
    "PACK": Rule("pack", 59, shapes.pack, _ANY),
    "UNPACK": Rule("unpack", 64, shapes.unpack, _ANY),
    "GATHER": Rule("gather", 23, shapes.gather, _ANY, "no batch dimensions"),
    "GATHER_ND": Rule("gather", 83, shapes.gather_nd, _ANY, "constant indices"),
    "EMBEDDING_LOOKUP": Rule("gather", 0, shapes.embedding_lookup, _ANY, typed=1),
    "TILE": Rule("tile", 51, shapes.tile, _ANY),
    "BROADCAST_TO": Rule("expand", 104, shapes.broadcast_to, _ANY),
    "FILL": Rule("fill", 68, shapes.fill, _ANY, "constant shape", typed=1),
    "REVERSE_V2": Rule("flip", 81, shapes.reverse, _ANY),
    "SPACE_TO_DEPTH": Rule("space_to_depth", 19, shapes.space_to_depth, _ANY),
    "DEPTH_TO_SPACE": Rule("depth_to_space", 94, shapes.depth_to_space, _ANY),
    "SPACE_TO_BATCH_ND": Rule("space_to_batch", 25, shapes.space_to_batch, _ANY),
    "BATCH_TO_SPACE_ND": Rule("batch_to_space", 24, shapes.batch_to_space, _ANY),
}
"""Operators that move elements."""

KNOWN: Mapping[str, Rule] = {
    "SHAPE": Rule("shape", 55, shapes.shape_of, _ANY),
    "RANK": Rule("shape", 86, shapes.shape_of, _ANY),
    "RANGE": Rule("range", 73, shapes.range_, _PLAIN, "constant operands"),
    "WHERE": Rule("where", 85, shapes.where, _ANY, "constant condition"),
    "ZEROS_LIKE": Rule("zeros", 67, shapes.zeros, _ANY),
}
"""Operators whose results are known at import."""


VARIABLES: Mapping[str, Rule] = {
    "CALL_ONCE": Rule("memory", 103, memory.call_once),
    "VAR_HANDLE": Rule("memory", 111, memory.var_handle),
    "READ_VARIABLE": Rule("memory", 112, memory.read_variable),
    "ASSIGN_VARIABLE": Rule("memory", 113, memory.assign_variable),
}
"""Operators on variables."""

RULES: Mapping[str, Rule] = {
    "FULLY_CONNECTED": Rule("dense", 8, fully_connected),
    "CONV_2D": Rule("conv2d", 1, partial(conv, depthwise=False)),
    "DEPTHWISE_CONV_2D": Rule("depthwise_conv2d", 2, partial(conv, depthwise=True)),
    "AVERAGE_POOL_2D": Rule("avg_pool2d", 5, partial(_pool, op="avg_pool2d")),
    "MAX_POOL_2D": Rule("max_pool2d", 5, partial(_pool, op="max_pool2d")),
    "PAD": Rule("pad", 22, _pad),
    "RESHAPE": Rule("reshape", 17, _reshape),
    "SOFTMAX": Rule("softmax", 9, _softmax),
    "ADD": Rule("add", 11, _add),
    "RELU": Rule("relu", 0, _relu),
    "RELU6": Rule("relu6", 0, _relu6),
    "QUANTIZE": Rule("quantize", 89, _quantize),
    "DEQUANTIZE": Rule("dequantize", 38, _dequantize),
    "LOGISTIC": Rule("logistic", 0, lambda use: tables.of_reals(use, tables.logistic)),
    **MOVING,
    **KNOWN,
    **VARIABLES,
}
"""Operator -> its translation."""
