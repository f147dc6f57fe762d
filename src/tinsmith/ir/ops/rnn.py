"""Recurrent layer over a sequence: h[t] = f(bias + w x[t] + r h[t - 1]); operands and attributes in
`_recurrent.py`, with one gate, one bias, one start and one activation, f.

The result holds h of every step: [steps, directions, batch, units].
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Cost, Extension, In, Kernel, Op, Out, Site, Types
from tinsmith.ir.ops._recurrent import (
    ACTIVATIONS,
    Operands,
    Sizes,
    activate,
    activations_of,
    clip_argument,
    clip_of,
    exact,
    flag_of,
    geometry,
    more,
    order,
    recurrent_case,
    recurrent_extend,
    sizes_of,
)
from tinsmith.ir.types import TensorType

COUNTS = (1, 1, 1)


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """See `_recurrent.py` -> [steps, directions, batch, units]."""
    s = sizes_of("rnn", inputs, *COUNTS)
    activations_of("rnn", attrs, 1), clip_of("rnn", attrs), flag_of("rnn", attrs, "backward")
    return (TensorType((s.steps, s.directions, s.batch, s.units), "float32"),)


def reference(operands: Operands, site: Site) -> tuple[np.ndarray, ...]:
    """Sums start at the bias and run over x, then h, in order; products are rounded before they
    are added."""
    x, w, r, bias, start = operands
    (f,), clip = activations_of("rnn", site.attrs, 1), clip_of("rnn", site.attrs)
    y = np.empty(site.outputs[0].shape, np.float32)
    sizes = sizes_of("rnn", site.inputs, *COUNTS)
    with np.errstate(all="ignore"):
        for d, t, before in order(sizes, flag_of("rnn", site.attrs, "backward")):
            h = start[d] if before is None else y[before, d]
            total = np.broadcast_to(bias[d], (sizes.batch, sizes.units))
            y[t, d] = activate(more(more(total, x[t], w[d]), h, r[d]), f, clip)
    return (y,)


def oracle(operands: Operands, site: Site) -> tuple[np.ndarray, ...]:
    """The formula in float64."""
    x, w, r, bias, start = (o.astype(np.float64) for o in operands)
    (f,), clip = activations_of("rnn", site.attrs, 1), clip_of("rnn", site.attrs)
    y = np.empty(site.outputs[0].shape)
    sizes = sizes_of("rnn", site.inputs, *COUNTS)
    for d, t, before in order(sizes, flag_of("rnn", site.attrs, "backward")):
        h = start[d] if before is None else y[before, d]
        y[t, d] = exact(x[t] @ w[d].T + h @ r[d].T + bias[d], f, clip)
    return (y,)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, w, r, bias, start, y, steps, batch, depth, directions, units, backward, f, clip)"""
    lengths = geometry(
        sizes_of("rnn", site.inputs, *COUNTS), flag_of("rnn", site.attrs, "backward")
    )
    return [
        *(In(i) for i in range(5)), Out(), *lengths, *activations_of("rnn", site.attrs, 1),
        clip_argument("rnn", site),
    ]  # fmt: skip


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind float32 activations of three axes."""
    kinds = (int(rng.integers(len(ACTIVATIONS) - 1)),)
    return recurrent_extend(rng, x, COUNTS, {"activations": kinds})


CASES = {
    "one_step": recurrent_case(Sizes(1, 2, 2, 1, 3), COUNTS, activations=(1,)),
    "steps": recurrent_case(Sizes(5, 1, 3, 1, 4), COUNTS, activations=(1,)),
    "backward": recurrent_case(Sizes(4, 2, 3, 1, 2), COUNTS, activations=(2,), backward=True),
    "both": recurrent_case(Sizes(4, 2, 3, 2, 2), COUNTS, activations=(0,), clip=0.5),
    "hard": recurrent_case(Sizes(3, 6, 3, 2, 5), COUNTS, 3.0, activations=(3,)),
    "hard_6": recurrent_case(Sizes(3, 6, 3, 2, 5), COUNTS, 3.0, activations=(4,)),
    "linear": recurrent_case(Sizes(3, 2, 3, 2, 2), COUNTS, activations=(5,)),
}

OP = Op(
    name="rnn",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"float32": Kernel(arguments)},
    cost=lambda s: Cost(
        s.inputs[0].shape[0] * s.inputs[0].shape[1] * (s.inputs[1].elements + s.inputs[2].elements),
        s.inputs[1].nbytes + s.inputs[2].nbytes + s.inputs[3].nbytes,
    ),
    cases=CASES,
    extend=extend,
)
