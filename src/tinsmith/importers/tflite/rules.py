"""What each TensorFlow Lite operator becomes. To support another, add its rule to the table.

Sources: TensorFlow Lite 8-bit quantization specification; the options tables of TensorFlow Lite's
schema, version 3.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from tinsmith.importers._frame import Support
from tinsmith.importers.tflite import (
    arithmetic,
    indexing,
    memory,
    pools,
    products,
    recurrent,
    reductions,
    resizing,
    sequences,
    shapes,
    unary,
)
from tinsmith.importers.tflite.dynamic import dequantize
from tinsmith.importers.tflite.layers import conv, conv3d, fully_connected, transpose_conv
from tinsmith.importers.tflite.slices import strided_slice
from tinsmith.importers.tflite.use import Rule

_FLOAT = ("float32",)
_BYTES = ("float32", "int8", "uint8")
_REAL = (*_BYTES, "int16")
_NUMBERS = (*_REAL, "int32", "int64")
_ANY = (*_NUMBERS, "bool")
_PLAIN = ("float32", "int32", "int64")
_SIGNED = ("float32", "int8", "int16")
_WIDE_BYTES = (*_BYTES, "int32", "int64")
_SEQUENCES = ("float32", "uint8", "int16", "int32", "int64")
_ORDERED = (*_BYTES, "int32", "bool")


def _binary(stage: str, options: int, op: str, types: tuple[str, ...] = _PLAIN) -> Rule:
    return Rule(stage, options, partial(arithmetic.plain, op=op), types)


def _unary(stage: str, options: int, types: tuple[str, ...] = _FLOAT) -> Rule:
    return Rule(stage, options, unary.unary, types)


def _compare(stage: str, options: int, op: str, types: tuple[str, ...] = _NUMBERS) -> Rule:
    return Rule(stage, options, partial(arithmetic.compare, op=op), types)


_WEIGHTS = "constant weights; those of int8, int4 and int2 with float32: dynamic range"
_COMPUTED = f"{_WEIGHTS}; computed weights of float32 and int8"
LAYERS: Mapping[str, Rule] = {
    "FULLY_CONNECTED": Rule("dense", 8, fully_connected, _REAL, _COMPUTED),
    "CONV_2D": Rule("conv2d", 1, partial(conv, depthwise=False), _REAL, _WEIGHTS),
    "DEPTHWISE_CONV_2D": Rule(
        "depthwise_conv2d", 2, partial(conv, depthwise=True), _REAL, _WEIGHTS
    ),
    "TRANSPOSE_CONV": Rule(
        "conv_transpose2d", 49, transpose_conv, _REAL, "constant weights", typed=2
    ),
    "CONV_3D": Rule("conv3d", 106, conv3d, _FLOAT, "constant weights"),
    "AVERAGE_POOL_2D": Rule("avg_pool2d", 5, partial(pools.pool, op="avg_pool2d"), _REAL),
    "MAX_POOL_2D": Rule("max_pool2d", 5, partial(pools.pool, op="max_pool2d"), _REAL),
    "L2_POOL_2D": Rule("l2_pool2d", 5, pools.l2_pool, _FLOAT),
    "LOCAL_RESPONSE_NORMALIZATION": Rule("lrn", 13, pools.local_response, _FLOAT),
    "SOFTMAX": Rule("softmax", 9, pools.softmax, _REAL),
    "ADD": Rule("add", 11, pools.add, _NUMBERS),
    "DEQUANTIZE": Rule("dequantize", 38, dequantize, (*_REAL[1:], "float16")),
    "BATCH_MATMUL": Rule(
        "matmul", 101, products.batch_matmul, _SIGNED, "float32 also with int8 constants"
    ),
}
"""Layers, and what else their arithmetic is for."""

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
    "GATHER": Rule("gather", 23, indexing.gather, _ANY),
    "GATHER_ND": Rule("gather", 83, indexing.gather_nd, _ANY),
    "EMBEDDING_LOOKUP": Rule("gather", 0, shapes.embedding_lookup, _ANY, typed=1),
    "TILE": Rule("tile", 51, shapes.tile, _ANY),
    "BROADCAST_TO": Rule("expand", 104, shapes.broadcast_to, _ANY),
    "FILL": Rule("fill", 68, shapes.fill, _ANY, "constant shape", typed=1),
    "REVERSE_V2": Rule("flip", 81, shapes.reverse, _ANY),
    "SPACE_TO_DEPTH": Rule("space_to_depth", 19, shapes.space_to_depth, _ANY),
    "DEPTH_TO_SPACE": Rule("depth_to_space", 94, shapes.depth_to_space, _ANY),
    "SPACE_TO_BATCH_ND": Rule("space_to_batch", 25, shapes.space_to_batch, _ANY),
    "BATCH_TO_SPACE_ND": Rule("batch_to_space", 24, shapes.batch_to_space, _ANY),
    "RESIZE_NEAREST_NEIGHBOR": Rule("resize", 74, resizing.nearest, (*_REAL, "int32", "bool")),
    "RESIZE_BILINEAR": Rule("resize", 15, resizing.bilinear, _REAL),
    "REVERSE_SEQUENCE": Rule("flip", 87, indexing.reverse_sequence, _SEQUENCES),
    "SCATTER_ND": Rule(
        "scatter", 97, indexing.scatter_nd, _WIDE_BYTES, "constant indices and shape", typed=1
    ),
    "ONE_HOT": Rule(
        "one_hot",
        61,
        indexing.one_hot,
        (*_WIDE_BYTES, "bool"),
        "constants but the indices",
        typed=2,
    ),
    "MATRIX_DIAG": Rule("diagonal", 88, indexing.matrix_diag, _NUMBERS),
    "MATRIX_SET_DIAG": Rule("diagonal", 90, indexing.matrix_set_diag, _NUMBERS),
    "DYNAMIC_UPDATE_SLICE": Rule(
        "update", 117, indexing.dynamic_update_slice, _ANY, "constant place"
    ),
    "SELECT": Rule("where", 47, arithmetic.select, _ANY, typed=1),
    "SELECT_V2": Rule("where", 98, arithmetic.select, _ANY, typed=1),
}
"""Operators that move elements."""

KNOWN: Mapping[str, Rule] = {
    "SHAPE": Rule("shape", 55, shapes.shape_of, _ANY),
    "RANK": Rule("shape", 86, shapes.shape_of, _ANY),
    "RANGE": Rule("range", 73, shapes.range_, _PLAIN, "constant operands"),
    "WHERE": Rule("where", 85, shapes.where, _ANY, "constant condition"),
    "BROADCAST_ARGS": Rule(
        "shape", 0, shapes.broadcast_args, ("int32", "int64"), "constant operands"
    ),
    "ZEROS_LIKE": Rule("zeros", 67, shapes.zeros, _ANY),
}
"""Operators whose results are known at import."""

ELEMENTS: Mapping[str, Rule] = {
    "SUB": Rule("sub", 28, arithmetic.sub, _NUMBERS),
    "MUL": Rule("mul", 21, arithmetic.mul, _NUMBERS),
    "DIV": Rule("div", 29, lambda use: arithmetic.plain(use, "div", use.option(0)), _PLAIN[:2]),
    "FLOOR_DIV": _binary("floor_div", 65, "floordiv", _PLAIN[:2]),
    "FLOOR_MOD": _binary("floor_mod", 72, "mod"),
    "POW": _binary("pow", 56, "pow", _FLOAT),
    "SQUARED_DIFFERENCE": Rule(
        "squared_difference", 76, arithmetic.squared_difference, ("float32", "int8", "int32")
    ),
    "MAXIMUM": Rule("maximum", 39, partial(arithmetic.extreme, op="max"), _NUMBERS),
    "MINIMUM": Rule("minimum", 39, partial(arithmetic.extreme, op="min"), _NUMBERS),
    "ADD_N": Rule("add", 82, arithmetic.add_n, ("float32", "int32")),
    "EQUAL": _compare("equal", 53, "equal", _ANY),
    "NOT_EQUAL": _compare("not_equal", 54, "not_equal", _ANY),
    "LESS": _compare("less", 41, "less"),
    "LESS_EQUAL": _compare("less_equal", 46, "less_equal"),
    "GREATER": _compare("greater", 44, "greater"),
    "GREATER_EQUAL": _compare("greater_equal", 45, "greater_equal"),
    "LOGICAL_AND": Rule("and", 62, partial(arithmetic.logical, op="and"), ("bool",)),
    "LOGICAL_OR": Rule("or", 60, partial(arithmetic.logical, op="or"), ("bool",)),
    "LOGICAL_NOT": Rule("not", 63, arithmetic.logical_not, ("bool",)),
    "RELU": Rule("relu", 0, partial(unary.limited, low=0, high=None, code=1), _REAL),
    "RELU6": Rule("relu6", 0, partial(unary.limited, low=0, high=6, code=3), _REAL),
    "RELU_N1_TO_1": Rule("relu", 0, partial(unary.limited, low=-1, high=1, code=2), _BYTES),
    "RELU_0_TO_1": Rule("relu", 0, partial(unary.limited, low=0, high=1, code=0), _BYTES),
    "LEAKY_RELU": Rule("leaky_relu", 75, unary.leaky_relu, _REAL),
    "PRELU": Rule("prelu", 0, unary.prelu, _REAL),
    "HARD_SWISH": Rule("hard_swish", 91, unary.hard_swish, _BYTES),
    "GELU": Rule("gelu", 116, unary.gelu, _REAL),
    "LOGISTIC": _unary("logistic", 0, _REAL),
    "TANH": _unary("tanh", 0, _REAL),
    "ELU": _unary("elu", 0, ("float32", "int8")),
    "EXP": _unary("exp", 33, _SIGNED),
    "LOG": _unary("log", 0, _SIGNED),
    "ABS": _unary("abs", 78, (*_SIGNED, "int32")),
    "NEG": Rule(
        "neg",
        42,
        unary.unary,
        (*_SIGNED, "int32", "int64"),
        "integers with one scale, zero points 0",
    ),
    "SQRT": _unary("sqrt", 0, _SIGNED),
    "RSQRT": _unary("rsqrt", 0, _SIGNED),
    "SIN": _unary("sin", 0),
    "COS": _unary("cos", 84),
    "FLOOR": _unary("floor", 0),
    "CEIL": _unary("ceil", 0),
    "ROUND": _unary("round", 0),
    "SIGN": _unary("sign", 123, ("float32", "int32")),
    "SQUARE": Rule("square", 66, unary.square, _FLOAT),
    "CAST": Rule("cast", 37, unary.cast, _ANY),
    "QUANTIZE": Rule("quantize", 89, unary.quantize, (*_REAL, "int32")),
    "FAKE_QUANT": Rule("fake_quant", 58, unary.fake_quant, _FLOAT),
}
"""Operators that work element by element."""

ALONG: Mapping[str, Rule] = {
    "SUM": Rule("sum", 27, partial(reductions.reduce, op="sum"), _NUMBERS),
    "MEAN": Rule("mean", 27, partial(reductions.reduce, op="mean"), _NUMBERS),
    "REDUCE_MAX": Rule("reduce_max", 27, partial(reductions.reduce, op="max"), _ANY),
    "REDUCE_MIN": Rule("reduce_min", 27, partial(reductions.reduce, op="min"), _ANY),
    "REDUCE_PROD": Rule("reduce_prod", 27, partial(reductions.reduce, op="prod"), _PLAIN),
    "REDUCE_ANY": Rule("reduce_any", 27, partial(reductions.any_or_all, op="max"), ("bool",)),
    "REDUCE_ALL": Rule("reduce_all", 27, partial(reductions.any_or_all, op="min"), ("bool",)),
    "ARG_MAX": Rule("argmax", 40, partial(reductions.arg, which="max"), _ORDERED),
    "ARG_MIN": Rule("argmin", 57, partial(reductions.arg, which="min"), _ORDERED),
    "LOG_SOFTMAX": Rule("log_softmax", 36, reductions.softmax_log, ("float32", "int8")),
    "L2_NORMALIZATION": Rule("l2_norm", 12, reductions.l2_normalization, ("float32", "int8")),
    "SEGMENT_SUM": Rule(
        "segment_sum", 100, indexing.segment_sum, ("float32", "int32"), "constant segments"
    ),
    "CUMSUM": Rule("cumsum", 102, reductions.cumsum, _PLAIN),
    "TOPK_V2": Rule("topk", 34, reductions.topk, _NUMBERS),
}
"""Operators along axes."""

VARIABLES: Mapping[str, Rule] = {
    "CALL_ONCE": Rule("memory", 103, memory.call_once),
    "VAR_HANDLE": Rule("memory", 111, memory.var_handle),
    "READ_VARIABLE": Rule("memory", 112, memory.read_variable),
    "ASSIGN_VARIABLE": Rule("memory", 113, memory.assign_variable),
}
"""Operators on variables."""

_DYNAMIC = "int8 weights with float32: dynamic range"
_PLAIN_LSTM = "no coupled gates, peepholes, projection or normalisation"
MEMORY: Mapping[str, Rule] = {
    "SVDF": Rule("svdf", 6, recurrent.svdf, ("float32", "int8")),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": Rule(
        "lstm", 71, sequences.lstm, ("float32", "int8"), f"{_PLAIN_LSTM}; {_DYNAMIC}"
    ),
    "BIDIRECTIONAL_SEQUENCE_LSTM": Rule(
        "lstm", 69, sequences.bidirectional_lstm, _FLOAT, f"{_PLAIN_LSTM}, no second input"
    ),
    "BIDIRECTIONAL_SEQUENCE_RNN": Rule(
        "rnn", 70, sequences.bidirectional_rnn, _FLOAT, "no second input"
    ),
    "UNIDIRECTIONAL_SEQUENCE_RNN": Rule("rnn", 31, sequences.rnn, _FLOAT),
    "RNN": Rule("rnn", 7, sequences.rnn, _FLOAT),
}
"""Layers with states."""

RULES: Mapping[str, Rule] = {
    **LAYERS, **MOVING, **KNOWN, **ELEMENTS, **ALONG, **VARIABLES, **MEMORY,
}  # fmt: skip
"""Operator -> its translation."""


def support() -> Sequence[Support]:
    """The support table: every operator that has a rule."""
    return tuple(
        Support(name, rule.types or _ANY, rule.note) for name, rule in sorted(RULES.items())
    )
