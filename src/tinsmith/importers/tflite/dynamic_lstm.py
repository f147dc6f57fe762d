"""UNIDIRECTIONAL_SEQUENCE_LSTM of dynamic range: float32 activations, weights of int8.

Each row of x and of h is quantised when it is known, with a zero point of its own where the
operator's option 4 says so; sums are exact integers, brought back to float32. Source: TensorFlow
Lite, lite/kernels/lstm_eval.cc, LstmStepHybrid.
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.compose import movement, recurrent
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.tflite.dynamic import MOST_DYNAMIC_SUM
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
from tinsmith.importers.tflite.use import Use
from tinsmith.ir.ops._recurrent import ACTIVATIONS


def dynamic_lstm(use: Use, x: str, activation: str) -> str:
    """h of every step, [steps, batch, units], of x [steps, batch, depth]; operands and options as
    `sequences.lstm` names them; ``activation`` by the name that `compose` has for it."""
    clip, asymmetric = cell_clip(use), bool(use.option(4))
    r, factors = _weights(use, RECURRENT)
    y = use.op(
        "lstm_rows", _sums(use, x, asymmetric), use.constant(f"{use.name}_recurrent", r),
        use.constant(f"{use.name}_recurrent_factor", factors), use.value(H), use.value(C),
        name=f"{use.name}_steps", activation=ACTIVATIONS.index(activation), cell_clip=clip,
        asymmetric=asymmetric,
    )  # fmt: skip
    steps, _, batch, units = use.type(y).shape
    for place, position in enumerate((H, C)):
        last = movement.cut(use.b, movement.cut(use.b, y, 0, steps - 1, 1), 1, place, 1)
        keep(use, position, last)
    every = movement.cut(use.b, y, 1, 0, 1)
    return movement.reshape(use.b, every, (steps, batch, units))


def _sums(use: Use, x: str, asymmetric: bool) -> str:
    """What x and the biases give to the gates, [steps, batch, 4 * units]: one layer over all
    steps."""
    steps, batch, depth = use.type(x).shape
    w, factors = _weights(use, WEIGHTS)
    channels = len(w)
    rows = use.reshape(x, (steps * batch, depth), f"{use.name}_rows")
    scales = use.op("row_scales", rows, name=f"{use.name}_scales", asymmetric=asymmetric)
    small = use.op("quantize_rows", rows, scales, name=f"{use.name}_small", asymmetric=asymmetric)
    none = use.constant(f"{use.name}_none", np.zeros(channels, np.int64))
    weights = use.constant(f"{use.name}_weights", w)
    sums = use.op("dense", small, weights, none, name=f"{use.name}_sums")
    operands = (
        use.constant(f"{use.name}_factor", np.repeat(factors, channels // len(factors))),
        use.constant(f"{use.name}_bias", stacked(use, BIASES, "float32")),
    )
    y = use.op("scale_rows", sums, scales, *operands, name=f"{use.name}_gates")
    return use.reshape(y, (steps, batch, channels), f"{use.name}_by_time")


def _weights(use: Use, positions: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Weights of all gates and the scale of each (float32), in the order of the operation."""
    array = stacked(use, positions, "int8")
    scales = [weight_quant(use, position).scale[0] for position in positions]
    if array.ndim != 2 or int(np.abs(array.astype(np.int64)).sum(1).max()) * 255 >= (
        MOST_DYNAMIC_SUM
    ):
        raise Unsupported(f"sums of its weights {list(array.shape)} may leave int32")
    return array, recurrent.reordered(np.array(scales, np.float32), GATES, "iofc", 0)
