"""Operators with memory: SVDF. Its state is a variable tensor, zeros at first.

Source: Nakkiran et al., "Compressing Deep Neural Networks using a Rank-Constrained Topology",
Interspeech 2015; steps and their roundings: TensorFlow Lite,
lite/kernels/internal/reference/svdf.h and lite/kernels/svdf.cc.
"""

from dataclasses import dataclass

import numpy as np

from tinsmith.compose import elementwise, movement, reduction
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.tflite.layers import bounded
from tinsmith.importers.tflite.scaling import finished, quant_of, scaled
from tinsmith.importers.tflite.use import Use


@dataclass(frozen=True)
class _Filters:
    """Sizes: batches, filters, rank (filters per unit), steps of memory."""

    batches: int
    filters: int
    rank: int
    memory: int


def svdf(use: Use) -> str:
    """Operands: x [batch, inputs], feature weights [filters, inputs], time weights [filters,
    memory], bias [units] or none, state [batch, filters * memory]. Options 0: rank, 1: the
    activation."""
    x, features, times = use.type(use.value(0)), use.given(1), use.given(2)
    sizes = _Filters(x.shape[0], features.shape[0], use.option(0, "<i", 1), times.shape[-1])
    if sizes.rank < 1 or sizes.filters % sizes.rank or times.shape[0] != sizes.filters:
        raise Unsupported(f"{features} and {times} at rank {sizes.rank}")
    if x.dtype == "float32" and features.dtype != "float32":
        raise Unsupported(f"float32 with {features}")
    state = use.value(4)
    shape = (sizes.batches, sizes.filters, sizes.memory)
    past = movement.reshape(use.b, state, shape)
    if x.dtype == "int8":
        seen = _remembered(use, past, _features_int8(use, sizes))
        y = _sums_int8(use, seen, sizes)
    else:
        seen = _remembered(use, past, _features(use, sizes))
        y = _sums(use, seen, sizes)
    _shift(use, seen, sizes)
    return y


def _features(use: Use, sizes: _Filters) -> str:
    w = use.constant(f"{use.name}_features", use.weights(1, "float32"))
    zero = use.constant(f"{use.name}_no_bias", np.zeros(sizes.filters, np.float32))
    return use.op("dense", use.value(0), w, zero, name=f"{use.name}_now")


def _features_int8(use: Use, sizes: _Filters) -> str:
    """int8 products in the state's scale, int16. Its activation is relu, which the reference
    demands, and leaves to the result's own range."""
    if use.option(1) != 1:
        raise Unsupported(f"its activation {use.option(1)} is not relu")
    x, weights = use.value(0), use.given(1)
    w = use.constant(f"{use.name}_features", use.weights(1, "int8"), weights.quant())
    zero = use.constant(f"{use.name}_no_bias", np.zeros(sizes.filters, np.int32))
    total = use.op("dense", x, w, zero, name=f"{use.name}_sum")
    state = quant_of(use, use.value(4))
    if weights.quant().axis is not None or any(state.zero_point):
        raise Unsupported("its weights need one scale, its state the zero point 0")
    factor = quant_of(use, x).scale[0] * weights.quant().scale[0] / state.scale[0]
    wide = elementwise.clip(use.b, scaled(use, total, factor), -(2**15), 2**15 - 1)
    return use.op("cast", wide, quant=state, name=f"{use.name}_now", dtype="int16")


def _remembered(use: Use, past: str, now: str) -> str:
    """The memory with the newest step in its last place."""
    shape = use.type(past).shape
    column = movement.reshape(use.b, now, (*shape[:2], 1))
    if shape[2] == 1:
        return column
    older = movement.cut(use.b, past, 2, 0, shape[2] - 1)
    return movement.concat(use.b, [older, column], 2)


def _sums(use: Use, seen: str, sizes: _Filters) -> str:
    times = use.constant(f"{use.name}_times", use.weights(2, "float32"))
    y = reduction.reduce(use.b, "sum", elementwise.binary(use.b, "mul", seen, times), [2], False)
    y = _units(use, y, sizes)
    if use.tensor(3) is not None:
        bias = use.constant(f"{use.name}_bias", use.weights(3, "float32"))
        y = elementwise.binary(use.b, "add", y, bias)
    return bounded(use, y, use.option(1))


def _sums_int8(use: Use, seen: str, sizes: _Filters) -> str:
    weights = use.weights(2, "int16").astype(np.int32)
    times = use.constant(f"{use.name}_times", weights)
    wide = elementwise.cast(use.b, seen, "int32")
    y = reduction.reduce(use.b, "sum", elementwise.binary(use.b, "mul", wide, times), [2], False)
    y = _units(use, y, sizes)
    bias = np.zeros(1, np.int32)
    if use.tensor(3) is not None:
        bias = use.weights(3, "int32")
        y = elementwise.binary(use.b, "add", y, use.constant(f"{use.name}_bias", bias))
    _say_where_sums_wrap(use, weights, bias, sizes)
    scale = quant_of(use, use.value(4)).scale[0] * use.given(2).quant().scale[0]
    out = use.wanted.quant
    if out is None:
        raise Unsupported("its result has no scale")
    return finished(use, y, scale / out.scale[0])


def _say_where_sums_wrap(use: Use, weights: np.ndarray, bias: np.ndarray, sizes: _Filters) -> None:
    """The reference adds in int32 without a look at its ends, and so do we; a memory full of the
    largest numbers may be one that no input ever makes, so the model is no worse for it."""
    filters = np.abs(weights.astype(np.int64)).sum(1) << 15
    most = filters.reshape(-1, sizes.rank).sum(1).max() + np.abs(bias.astype(np.int64)).max()
    if most >= 2**31:
        use.b.note(
            f"Operator {use.operator.kind} (node {use.operator.index}, {use.name!r}): its sums may "
            f"reach {most}, beyond int32, and wrap there as in the reference."
        )


def _units(use: Use, y: str, sizes: _Filters) -> str:
    """Sums over the filters of each unit."""
    units = sizes.filters // sizes.rank
    parts = movement.reshape(use.b, y, (sizes.batches, units, sizes.rank))
    return reduction.reduce(use.b, "sum", parts, [2], False)


def _shift(use: Use, seen: str, sizes: _Filters) -> str:
    """After the run each step of memory is one older; the last place is empty."""
    type = use.type(seen)
    zero = np.zeros((*type.shape[:2], 1), type.dtype)
    empty = use.constant(f"{use.name}_empty", zero, type.quant)
    later = empty
    if sizes.memory > 1:
        newer = movement.cut(use.b, seen, 2, 1, sizes.memory - 1)
        later = movement.concat(use.b, [newer, empty], 2)
    state = use.given(4)
    flat = movement.reshape(use.b, later, state.shape)
    use.t.variables.write(state, flat)
    return flat
