"""LSTM with peepholes, step by step: gates that see the cell.

i = s(x Wi + h Ri + Pi c + b), f likewise, c' = f c + i t(x Wc + h Rc + b), o sees c', h' = o t(c').
The op `lstm` has no such gates, and few models do: PyTorch's and Keras' layers know no peepholes,
those of TensorFlow 1 and CNTK do. So a step is written out in the ops that there are, in the order
of these formulas, and rounds where they do. Input and state are multiplied with all four gates at
once, whose rows ONNX stores in the order i, o, f, c; peepholes in the order i, o, f.

Source: ONNX operator LSTM; Gers and Schmidhuber, "Recurrent Nets that Time and Count", IJCNN 2000.
"""

import numpy as np

from tinsmith.compose import movement
from tinsmith.compose.elementwise import binary, unary
from tinsmith.compose.layers import dense
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.use import Use

MOST_STEPS = 64
"""Each step takes some twenty nodes per direction."""


def peephole_lstm(use: Use, x: str, starts: list[str | None]) -> list[str]:
    """All h [steps, directions, batch, units], the last h and the last c of each direction.

    Args:
        x: [steps, batch, depth].
        starts: h and c [directions, batch, units]; None: zeros.
    """
    b, steps = use.b, use.b.type(x).shape[0]
    directions = use.shape(2)[0]
    plain = use.texts("activations", ("Sigmoid", "Tanh", "Tanh") * directions)
    if steps > MOST_STEPS or plain != ("Sigmoid", "Tanh", "Tanh") * directions:
        raise Unsupported(f"it has peepholes, {steps} steps and activations {plain}")
    if use.number("clip", 0.0):
        raise Unsupported("it has peepholes and a clip")
    every, lasts, cells = [], [], []
    for d in range(directions):
        back = use.text("direction", "forward") == "reverse" or d == 1
        order = range(steps - 1, -1, -1) if back else range(steps)
        states = [s and movement.cut(b, s, 0, d, 1) for s in starts]
        found, cell = _one_way(use, x, d, list(order), states)
        every.append(movement.concat(b, [found[t] for t in range(steps)], 0))
        lasts.append(found[order[-1]])
        cells.append(cell)
    return [
        movement.concat(b, [movement.unsqueeze(b, e, (1,)) for e in every], 1),
        movement.concat(b, lasts, 0),
        movement.concat(b, [movement.unsqueeze(b, c, (0,)) for c in cells], 0),
    ]


def _one_way(
    use: Use, x: str, d: int, order: list[int], states: list[str | None]
) -> tuple[dict[int, str], str]:
    """h of every step, [1, batch, units] each, and the last c [batch, units]."""
    b, (_, batch, depth), units = use.b, use.b.type(x).shape, use.shape(2)[2]
    w, r, p = (_row(use, i, d) for i in (1, 2, 7))
    bias = _bias(use, d, 4 * units)
    h, c = (_start(use, s, batch, units) for s in states)
    found = {}
    for t in order:
        seen = movement.reshape(b, movement.cut(b, x, 0, t, 1), (batch, depth))
        sums = binary(b, "add", dense(b, seen, w, bias), dense(b, h, r))
        i, o, f, new = (movement.cut(b, sums, 1, k * units, units) for k in range(4))
        at_i, at_o, at_f = (movement.cut(b, p, 0, k * units, units) for k in range(3))
        i = unary(b, "sigmoid", binary(b, "add", i, binary(b, "mul", c, at_i)))
        f = unary(b, "sigmoid", binary(b, "add", f, binary(b, "mul", c, at_f)))
        kept, gained = binary(b, "mul", f, c), binary(b, "mul", i, unary(b, "tanh", new))
        c = binary(b, "add", kept, gained)
        o = unary(b, "sigmoid", binary(b, "add", o, binary(b, "mul", c, at_o)))
        h = binary(b, "mul", o, unary(b, "tanh", c))
        found[t] = movement.unsqueeze(b, h, (0,))
    return found, c


def _row(use: Use, position: int, d: int) -> str:
    """An operand's part for a direction, without its first axis."""
    value = use.value(position, "float32")
    return movement.squeeze(use.b, movement.cut(use.b, value, 0, d, 1), (0,))


def _bias(use: Use, d: int, rows: int) -> str | None:
    if not use.has(3):
        return None
    both = _row(use, 3, d)
    parts = movement.cut(use.b, both, 0, 0, rows), movement.cut(use.b, both, 0, rows, rows)
    return binary(use.b, "add", *parts)


def _start(use: Use, state: str | None, batch: int, units: int) -> str:
    if state is None:
        return use.constant_of(np.zeros((batch, units), np.float32), "start")
    return movement.reshape(use.b, state, (batch, units))
