"""Gated recurrent unit over a sequence; operands and attributes in `_recurrent.py`, with gates
z, r, h, four biases (z, r, h and q), one start and two activations f, g.

z and r are f(bias + w x[t] + r h[t - 1]); the candidate is g(p + q) with p = bias h + w x[t] and
q = bias q + r (r * h[t - 1]), or, with attribute reset_after (False if absent), g(p + r * q) with
q = bias q + r h[t - 1]; h[t] = (1 - z) * candidate + z * h[t - 1]. The result holds h of every
step: [steps, directions, batch, units].
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.graph import Attr
from tinsmith.ir.op import (
    Argument,
    Attrs,
    Cost,
    Extension,
    In,
    Kernel,
    Op,
    Out,
    Scratch,
    Site,
    Types,
)
from tinsmith.ir.ops._recurrent import (
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

COUNTS = (3, 4, 1)


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """See `_recurrent.py` -> [steps, directions, batch, units]."""
    s = sizes_of("gru", inputs, *COUNTS)
    activations_of("gru", attrs, 2), clip_of("gru", attrs), flag_of("gru", attrs, "backward")
    flag_of("gru", attrs, "reset_after")
    return (TensorType((s.steps, s.directions, s.batch, s.units), "float32"),)


def reference(operands: Operands, site: Site) -> tuple[np.ndarray, ...]:
    """Sums start at the bias and run over x, then h, in order; products are rounded before they
    are added."""
    x, w, r, bias, start = operands
    (f, g), clip = activations_of("gru", site.attrs, 2), clip_of("gru", site.attrs)
    after = flag_of("gru", site.attrs, "reset_after")
    y = np.empty(site.outputs[0].shape, np.float32)
    sizes = sizes_of("gru", site.inputs, *COUNTS)
    n = sizes.units
    with np.errstate(all="ignore"):
        for d, t, before in order(sizes, flag_of("gru", site.attrs, "backward")):
            h = start[d] if before is None else y[before, d]
            total = np.broadcast_to(bias[d], (sizes.batch, 4 * n))
            sums = more(total[:, : 3 * n], x[t], w[d])
            gates = activate(more(sums[:, : 2 * n], h, r[d, : 2 * n]), f, clip)
            z, reset = gates[:, :n], gates[:, n:]
            q = more(total[:, 3 * n :], h if after else reset * h, r[d, 2 * n :])
            new = activate(sums[:, 2 * n :] + (reset * q if after else q), g, clip)
            y[t, d] = (np.float32(1) - z) * new + z * h
    return (y,)


def oracle(operands: Operands, site: Site) -> tuple[np.ndarray, ...]:
    """The formulas in float64."""
    x, w, r, bias, start = (o.astype(np.float64) for o in operands)
    (f, g), clip = activations_of("gru", site.attrs, 2), clip_of("gru", site.attrs)
    y = np.empty(site.outputs[0].shape)
    sizes = sizes_of("gru", site.inputs, *COUNTS)
    for d, t, before in order(sizes, flag_of("gru", site.attrs, "backward")):
        h = start[d] if before is None else y[before, d]
        bz, br, bh, bq = np.split(bias[d], 4)
        (wz, wr, wh), (rz, rr, rh) = np.split(w[d], 3), np.split(r[d], 3)
        z = exact(x[t] @ wz.T + h @ rz.T + bz, f, clip)
        reset = exact(x[t] @ wr.T + h @ rr.T + br, f, clip)
        if flag_of("gru", site.attrs, "reset_after"):
            past = reset * (h @ rh.T + bq)
        else:
            past = (reset * h) @ rh.T + bq
        y[t, d] = (1 - z) * exact(x[t] @ wh.T + bh + past, g, clip) + z * h
    return (y,)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, w, r, bias, start, y, scratch, steps, batch, depth, directions, units, backward, f, g,
    reset_after, clip)"""
    sizes = sizes_of("gru", site.inputs, *COUNTS)
    lengths = geometry(sizes, flag_of("gru", site.attrs, "backward"))
    return [
        *(In(i) for i in range(5)), Out(), Scratch(8 * sizes.units), *lengths,
        *activations_of("gru", site.attrs, 2), int(flag_of("gru", site.attrs, "reset_after")),
        clip_argument("gru", site),
    ]  # fmt: skip


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind float32 activations of three axes."""
    kinds = (int(rng.choice([0, 3, 4])), int(rng.integers(3)))
    attrs: dict[str, Attr] = {"activations": kinds, "reset_after": bool(rng.integers(2))}
    return recurrent_extend(rng, x, COUNTS, attrs)


USUAL = (0, 1)
CASES = {
    "one_step": recurrent_case(Sizes(1, 2, 2, 1, 3), COUNTS, activations=USUAL),
    "steps": recurrent_case(Sizes(5, 1, 3, 1, 4), COUNTS, activations=USUAL),
    "reset_after": recurrent_case(
        Sizes(4, 2, 3, 1, 2), COUNTS, activations=USUAL, reset_after=True, backward=True
    ),
    "both": recurrent_case(Sizes(3, 2, 3, 2, 2), COUNTS, activations=USUAL, clip=0.5),
    "others": recurrent_case(Sizes(3, 2, 3, 2, 3), COUNTS, activations=(3, 2), reset_after=True),
}

OP = Op(
    name="gru",
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
