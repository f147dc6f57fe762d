"""Long short-term memory of float32 whose recurrent weights are int8: each row of h is brought to
8 bits when it is known (`_rows.py`). What x gives comes in as sums; gates in the order i, o, f, c.

Operands: sums float32 [steps, batch, 4 * units], biases included; r int8 [4 * units, units];
factor float32 [4], the scale of each gate's r; start h and c float32 [batch, units]. Attributes:
activation, a number of `_recurrent.ACTIVATIONS`, of the cell's gate and of the result; cell_clip,
bound on |c| (0.0: none); asymmetric, whether rows have a zero point.

c[t] = sigmoid(f) * c[t - 1] + sigmoid(i) * g(c gate); h[t] = sigmoid(o) * g(c[t]). The result holds
both of every step: [steps, 2 (h, c), batch, units]. Source: TensorFlow Lite, lite/kernels/
lstm_eval.cc, LstmStepHybrid.
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.graph import Attr
from tinsmith.ir.op import (
    Argument,
    Attrs,
    Case,
    Cost,
    Extension,
    In,
    Kernel,
    Op,
    Out,
    Scratch,
    ShapeError,
    Site,
    Types,
)
from tinsmith.ir.ops._cases import case, normal, whole
from tinsmith.ir.ops._layout import integer, of_dtype
from tinsmith.ir.ops._recurrent import ACTIVATIONS, activate, bounded, clip_argument, clip_of, exact
from tinsmith.ir.ops._rows import fields_of, is_asymmetric, lowest, steps_of
from tinsmith.ir.types import TensorType, type_of

GATES = 4
MOST_UNITS = 2**31 // (255 * 128)
"""Longest row whose sums int32 holds."""


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """See above -> float32 [steps, 2, batch, units]."""
    of_dtype("lstm_rows", inputs, 5, "float32")
    x, r = inputs[0].shape, inputs[1].shape
    if len(x) == 3 and len(r) == 2:
        units, state = r[1], ((x[1], r[1]), "float32")
        wanted = [((*x[:2], GATES * units), "float32"), ((GATES * units, units), "int8"),
                  ((GATES,), "float32"), state, state]  # fmt: skip
        if [(t.shape, t.dtype) for t in inputs] == wanted and units <= MOST_UNITS:
            _activation(attrs), clip_of("lstm_rows", attrs, "cell_clip")
            is_asymmetric("lstm_rows", attrs)
            return (TensorType((x[0], 2, x[1], units), "float32"),)
    raise ShapeError(
        "lstm_rows", f"operands {', '.join(map(str, inputs))}; expected float32 sums [steps, "
        "batch, 4 * units], int8 r [4 * units, units], float32 factor [4], two of [batch, units], "
        f"at most {MOST_UNITS} units",
    )  # fmt: skip


def _activation(attrs: Attrs) -> int:
    number = integer("lstm_rows", attrs, "activation")
    if not 0 <= number < len(ACTIVATIONS):
        raise ShapeError("lstm_rows", f"activation {number}; expected 0 to {len(ACTIVATIONS) - 1}")
    return number


def _clip(site: Site) -> float:
    return clip_of("lstm_rows", site.attrs, "cell_clip")


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Sums of integers are exact; each operation in float32 is rounded once."""
    x, r, factor, h, c = operands
    asymmetric = is_asymmetric("lstm_rows", site.attrs)
    number, clip = _activation(site.attrs), _clip(site)
    factors = np.repeat(factor, r.shape[1])
    y = np.empty(site.outputs[0].shape, np.float32)
    with np.errstate(all="ignore"):
        for t in range(len(x)):
            fields = fields_of(h, asymmetric)
            q = steps_of(h, fields, lowest(asymmetric)).astype(np.int64)
            sums = (q @ r.astype(np.int64).T).astype(np.float32)
            both = x[t] + sums * (fields[:, :1] * factors)
            i, o, f, new = np.split(both, GATES, 1)
            c = bounded(activate(f, 0) * c + activate(i, 0) * activate(new, number), clip)
            h = activate(o, 0) * activate(c, number)
            y[t] = h, c
    return (y,)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The formulas in float64, h as it is."""
    x, r, factor, h, c = (o.astype(np.float64) for o in operands)
    number, bound = _activation(site.attrs), _clip(site) or np.inf
    weights = r * np.repeat(factor, r.shape[1])[:, None]
    y = np.empty(site.outputs[0].shape)
    for t in range(len(x)):
        i, o, f, new = np.split(x[t] + h @ weights.T, GATES, 1)
        c = np.clip(exact(f, 0) * c + exact(i, 0) * exact(new, number), -bound, bound)
        h = exact(o, 0) * exact(c, number)
        y[t] = h, c
    return (y,)


def arguments(site: Site) -> Sequence[Argument]:
    """(sums, r, factor, start h, start c, y, scratch, steps, batch, units, activation, asymmetric,
    cell clip)"""
    steps, _, batch, units = site.outputs[0].shape
    asymmetric = is_asymmetric("lstm_rows", site.attrs)
    return [
        *(In(i) for i in range(5)), Out(), Scratch(2 * units), steps, batch, units,
        _activation(site.attrs), int(asymmetric), clip_argument("lstm_rows", site, "cell_clip"),
    ]  # fmt: skip


def _layer(batch: int, units: int, seed: int) -> list[np.ndarray]:
    """All operands behind the sums."""
    rng = np.random.default_rng([seed, units])
    factor = rng.uniform(0.3, 1.0, GATES) / 127 / units**0.5
    return [
        whole("int8", GATES * units, units, seed=seed), factor.astype(np.float32),
        normal(batch, units, seed=seed, scale=0.5), normal(batch, units, seed=seed + 1),
    ]  # fmt: skip


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind float32 activations of three axes, the last a multiple of four."""
    if x.dtype != "float32" or len(x.shape) != 3 or x.shape[2] % GATES:
        return None
    attrs: dict[str, Attr] = {
        "activation": int(rng.integers(3)), "cell_clip": float(rng.choice([0.0, 0.25])),
        "asymmetric": bool(rng.integers(2)),
    }  # fmt: skip
    arrays = _layer(x.shape[1], x.shape[2] // GATES, int(rng.integers(1000)))
    return Extension((0, *((a, type_of(a)) for a in arrays)), attrs)


def _case(steps: int, batch: int, units: int, clip: float = 0.0, **attrs: Attr) -> Case:
    x, rest = normal(steps, batch, GATES * units), _layer(batch, units, 1)
    constant = tuple(range(1, 5))
    return case(x, *rest, constant=constant, cell_clip=clip, **{"activation": 1, **attrs})


CASES = {
    "one_step": _case(1, 1, 3),
    "symmetric": _case(5, 3, 4),
    "asymmetric": _case(6, 2, 9, asymmetric=True),
    "cell_clip": _case(4, 2, 5, 0.25),
    "relu": _case(4, 2, 5, activation=2, asymmetric=True),
}

OP = Op(
    name="lstm_rows",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"float32": Kernel(arguments)},
    cost=lambda s: Cost(
        s.inputs[0].shape[0] * s.inputs[0].shape[1] * s.inputs[1].elements, s.inputs[1].nbytes
    ),
    cases=CASES,
    extend=extend,
    tolerance=2e-2,
    why="h is rounded to 8 bits at every step, and comes back",
)
