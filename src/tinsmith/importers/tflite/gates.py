"""What recurrent layers have in common: weights gate by gate, the bound of the cell, and states
that keep what they are at the end. Positions and options are those of UNIDIRECTIONAL_SEQUENCE_LSTM
(`sequences.lstm`)."""

from collections.abc import Sequence

import numpy as np

from tinsmith.compose import movement, recurrent
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.tflite.integers import one_quant
from tinsmith.importers.tflite.use import Use
from tinsmith.ir.types import Quant

GATES = "ifco"
"""Order of weights and biases in a file."""
WEIGHTS, RECURRENT, BIASES = range(1, 5), range(5, 9), range(12, 16)
H, C = 18, 19
"""Positions of operands."""


def stacked(use: Use, positions: Sequence[int], dtype: str) -> np.ndarray:
    """Constants of all gates one after the other, in the order of the operation."""
    arrays = [use.weights(p, dtype) for p in positions]
    if len({a.shape for a in arrays}) != 1:
        raise Unsupported(f"its gates have shapes {[list(a.shape) for a in arrays]}")
    return recurrent.reordered(np.concatenate(arrays), GATES, "iofc", 0)


def weight_quant(use: Use, position: int) -> Quant:
    """The one scale of a gate's weights, whose zero point is 0."""
    tensor = use.given(position)
    quant = one_quant(tensor.quant(), f"operand {position}")
    if quant.zero_point[0]:
        raise Unsupported(f"operand {position} ({tensor}) needs the zero point 0")
    return quant


def cell_clip(use: Use) -> float:
    """Option 1: the bound of the cell, 0: none."""
    clip = use.real_option(1)
    if clip < 0:
        raise Unsupported(f"its clip is {clip}")
    return clip


def keep(use: Use, position: int, value: str) -> None:
    """The state at a position holds ``value``, in its own shape, from now on."""
    state = use.given(position)
    use.t.variables.write(state, movement.reshape(use.b, value, state.shape))
