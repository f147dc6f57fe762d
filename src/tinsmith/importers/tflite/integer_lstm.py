"""UNIDIRECTIONAL_SEQUENCE_LSTM in integers: activations and weights of int8, a cell of int16.

Gates are scaled to steps of 2^-12; scales are multiplied in float32. Two references: LiteRT has
functions in fixed point, and scale and zero point of h from the fifth of the operator's
intermediate tensors, whatever its state and its result declare (lite/kernels/
unidirectional_sequence_lstm.cc, PopulateQuantizedLstmParams8x8_16; LiteRT 2.3.0, BUILTIN_REF);
TensorFlow Lite Micro has functions by table, and h as its state has it (lite/micro/kernels/
lstm_eval_common.cc, PrepareGateParametersInteger; tflite-micro 0.dev20261023, x86-64). Both round
sums twice and add the zero point of h; that was found by comparing models.
"""

from math import frexp

import numpy as np

from tinsmith.compose import movement
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.tflite.gates import (
    BIASES,
    GATES,
    RECURRENT,
    WEIGHTS,
    C,
    H,
    cell_clip,
    keep,
    stacked,
    weight_quant,
)
from tinsmith.importers.tflite.integers import one_quant
from tinsmith.importers.tflite.use import Use
from tinsmith.importers.tflite.values import type_of
from tinsmith.ir.ops._gates import INT16_MAX, MOST_BITS
from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.ops.sigmoid16 import sigmoid_table
from tinsmith.ir.types import Quant

_TANH, _HIDDEN = 4, 4
_ROOM = 2.0**31 - 2.0**16
"""What a sum and its product with a factor stay below: two of 16 bits are added."""


def integer_lstm(use: Use, x: str) -> str:
    """h of every step, [steps, batch, units], of x [steps, batch, depth]; operands and options as
    `sequences.lstm` names them."""
    micro = use.t.semantics == "tflm"
    if use.option(0) != _TANH:
        raise Unsupported(f"its activation {use.option(0)} is not tanh")
    if use.wanted.dtype != "int8":
        raise Unsupported(f"it makes {use.wanted.dtype} of int8")
    h, c = _state(use, H, "int8"), _state(use, C, "int16")
    hidden = h if micro else _hidden(use)
    multiplier, shift = _factors(use, x, h, 2.0**-30 / float(np.float32(hidden.scale[0])))
    operands = [
        _constant(use, "weights", stacked(use, WEIGHTS, "int8")),
        _constant(use, "recurrent", stacked(use, RECURRENT, "int8")),
        _constant(use, "bias", stacked(use, BIASES, "int32")),
        _constant(use, "multiplier", multiplier), _constant(use, "shift", shift),
    ]  # fmt: skip
    bits = _cell_bits(c)
    table = [_constant(use, "table", sigmoid_table())] if micro else []
    y = use.op(
        "lstm8", x, *operands, use.value(H), use.value(C), *table, name=f"{use.name}_steps",
        cell_bits=bits, cell_clip=_clip(use, c), zero_point=hidden.zero_point[0],
    )  # fmt: skip
    return _taken_apart(use, y, h, c)


def _taken_apart(use: Use, y: str, h: Quant, c: Quant) -> str:
    """Writes the states from what the node computed, [steps + 1, batch, units] of int16."""
    steps = use.type(y).shape[0] - 1
    last = movement.cut(use.b, y, 0, steps - 1, 1)
    last_h = use.op("cast", last, name=f"{use.name}_last_h", quant=h, dtype="int8")
    last_c = use.op("slice", y, name=f"{use.name}_last_c", quant=c, axis=0, start=steps, size=1)
    for position, value in ((H, last_h), (C, last_c)):
        keep(use, position, value)
    every = movement.cut(use.b, y, 0, 0, steps)
    return use.op("cast", every, name=f"{use.name}_h", quant=use.wanted.quant, dtype="int8")


def _constant(use: Use, what: str, array: np.ndarray) -> str:
    return use.constant(f"{use.name}_{what}", array)


def _state(use: Use, position: int, dtype: str) -> Quant:
    state = use.given(position)
    if state.dtype != dtype:
        raise Unsupported(f"its state {state} is not {dtype}")
    return one_quant(type_of(state).quant, f"its state {state}")


def _hidden(use: Use) -> Quant:
    """What the file says of h."""
    found = use.operator.intermediates
    if len(found) <= _HIDDEN:
        raise Unsupported(f"it has {len(found)} intermediates, not 5, of which the last is of h")
    tensor = use.t.model.tensor(found[_HIDDEN])
    return one_quant(tensor.quant(), f"its intermediate {tensor}")


def _cell_bits(c: Quant) -> int:
    """Integer bits of the cell, whose scale is 2^(bits - 15)."""
    fraction, exponent = frexp(c.scale[0])
    bits = exponent - 1 + 15
    if fraction != 0.5 or c.zero_point[0] or not 0 <= bits <= MOST_BITS:
        raise Unsupported(f"its cell has scale {c.scale[0]}, not a power of two, 2^-15 to 2^-9")
    return bits


def _clip(use: Use, c: Quant) -> int:
    """Option 1 in steps of the cell, its fraction dropped."""
    return int(min(float(np.float32(cell_clip(use)) / np.float32(c.scale[0])), INT16_MAX))


def _factors(use: Use, x: str, h: Quant, result: float) -> tuple[np.ndarray, np.ndarray]:
    """Multipliers and shifts of w's gates, of r's, and of the result, whose factor is held in
    float32 by LiteRT, in float64 by TensorFlow Lite Micro."""
    xq = one_quant(use.type(x).quant, "its input")
    of_x = [_factor(use, w, b, xq) for w, b in zip(WEIGHTS, BIASES, strict=True)]
    of_h = [_factor(use, r, None, h) for r in RECURRENT]
    gates = [f[GATES.index(g)] for f in (of_x, of_h) for g in "iofc"]
    result = result if use.t.semantics == "tflm" else float(np.float32(result))
    try:
        return multipliers([*gates, result])
    except ValueError as e:
        raise Unsupported(f"its scales do not fit: {e}") from e


def _factor(use: Use, position: int, bias: int | None, quant: Quant) -> float:
    """Of one gate's sums, in steps of 2^-12; ``quant`` is that of what the weights meet.

    The reference overflows where sums, or their products with the factor, leave int32.
    """
    own = weight_quant(use, position)
    factor = float(np.float32(own.scale[0]) * np.float32(quant.scale[0])) * 2.0**12
    widest = max(127 - quant.zero_point[0], quant.zero_point[0] + 128)
    sums = np.abs(use.weights(position, "int8").astype(np.int64)).sum(-1) * widest
    if bias is not None:
        sums = sums + np.abs(use.weights(bias, "int32").astype(np.int64))
    if (most := int(sums.max())) * max(factor, 1.0) >= _ROOM:
        raise Unsupported(f"its sums may reach {most}, times {factor:.6g}, beyond int32")
    return factor
