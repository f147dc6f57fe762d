"""Recurrent layer over a sequence: h[t] = f(bias + w x[t] + r h[t - 1]); operands and attributes in
`_recurrent.py`, with one gate, one bias, one start and one activation, f.

The result holds h of every step: [steps, directions, batch, units].
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Argument, Extension, Kernel, Op, Site
from tinsmith.ir.ops._recurrent import (
    ACTIVATIONS,
    Cell,
    Now,
    Operands,
    Sizes,
    activate,
    all_sums,
    clip_argument,
    exact,
)
from tinsmith.ir.types import TensorType

CELL = Cell("rnn", gates=1, biases=1, starts=1, activations=1)


def _step(now: Now) -> Sequence[np.ndarray]:
    return (activate(all_sums(now), now.activations[0], now.clip),)


def reference(operands: Operands, site: Site) -> tuple[np.ndarray, ...]:
    """Sums start at the bias and run over x, then h, in order; products are rounded before they
    are added."""
    with np.errstate(all="ignore"):
        return CELL.run(operands, site, _step)


def _exact(now: Now) -> Sequence[np.ndarray]:
    sums = now.x @ now.w.T + now.past[0] @ now.r.T + now.bias
    return (exact(sums, now.activations[0], now.clip),)


def oracle(operands: Operands, site: Site) -> tuple[np.ndarray, ...]:
    """The formula in float64."""
    return CELL.run([o.astype(np.float64) for o in operands], site, _exact)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, w, r, bias, start, y, steps, batch, depth, directions, units, backward, f, clip)"""
    return [*CELL.arguments(site), clip_argument("rnn", site)]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind float32 activations of three axes."""
    return CELL.extend(rng, x, {"activations": (int(rng.integers(len(ACTIVATIONS) - 1)),)})


CASES = {
    "one_step": CELL.case(Sizes(1, 2, 2, 1, 3), activations=(1,)),
    "steps": CELL.case(Sizes(5, 1, 3, 1, 4), activations=(1,)),
    "backward": CELL.case(Sizes(4, 2, 3, 1, 2), activations=(2,), backward=True),
    "both": CELL.case(Sizes(4, 2, 3, 2, 2), activations=(0,), clip=0.5),
    "hard": CELL.case(Sizes(3, 6, 3, 2, 5), 3.0, activations=(3,)),
    "hard_6": CELL.case(Sizes(3, 6, 3, 2, 5), 3.0, activations=(4,)),
    "linear": CELL.case(Sizes(3, 2, 3, 2, 2), activations=(5,)),
}

OP = Op(
    name="rnn",
    infer=CELL.infer,
    reference=reference,
    oracle=oracle,
    kernels={"float32": Kernel(arguments)},
    cost=CELL.cost,
    cases=CASES,
    extend=extend,
    access="steps",
)
