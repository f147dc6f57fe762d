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
from tinsmith.ir.op import Argument, Attrs, Extension, Kernel, Op, Scratch, Site, Types
from tinsmith.ir.ops._layout import flag_of
from tinsmith.ir.ops._recurrent import (
    Cell,
    Now,
    Operands,
    Sizes,
    activate,
    clip_argument,
    exact,
    more,
)
from tinsmith.ir.types import TensorType

CELL = Cell("gru", gates=3, biases=4, starts=1, activations=2)


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """See `_recurrent.py` -> [steps, directions, batch, units]."""
    _reset_after(attrs)
    return CELL.infer(inputs, attrs)


def _reset_after(attrs: Attrs) -> bool:
    return flag_of("gru", attrs, "reset_after")


def reference(operands: Operands, site: Site) -> tuple[np.ndarray, ...]:
    """Sums start at the bias and run over x, then h, in order; products are rounded before they
    are added."""
    with np.errstate(all="ignore"):
        return CELL.run(operands, site, _step)


def _step(now: Now) -> Sequence[np.ndarray]:
    (h,), (f, g), after = now.past, now.activations, _reset_after(now.attrs)
    n = h.shape[1]
    total = np.broadcast_to(now.bias, (len(h), 4 * n))
    sums = more(total[:, : 3 * n], now.x, now.w)
    gates = activate(more(sums[:, : 2 * n], h, now.r[: 2 * n]), f, now.clip)
    z, reset = gates[:, :n], gates[:, n:]
    q = more(total[:, 3 * n :], h if after else reset * h, now.r[2 * n :])
    new = activate(sums[:, 2 * n :] + (reset * q if after else q), g, now.clip)
    return ((np.float32(1) - z) * new + z * h,)


def oracle(operands: Operands, site: Site) -> tuple[np.ndarray, ...]:
    """The formulas in float64."""
    return CELL.run([o.astype(np.float64) for o in operands], site, _exact)


def _exact(now: Now) -> Sequence[np.ndarray]:
    x, (h,), (f, g) = now.x, now.past, now.activations
    bz, br, bh, bq = np.split(now.bias, 4)
    (wz, wr, wh), (rz, rr, rh) = np.split(now.w, 3), np.split(now.r, 3)
    z = exact(x @ wz.T + h @ rz.T + bz, f, now.clip)
    reset = exact(x @ wr.T + h @ rr.T + br, f, now.clip)
    after = _reset_after(now.attrs)
    past = reset * (h @ rh.T + bq) if after else (reset * h) @ rh.T + bq
    return ((1 - z) * exact(x @ wh.T + bh + past, g, now.clip) + z * h,)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, w, r, bias, start, y, scratch, steps, batch, depth, directions, units, backward, f, g,
    reset_after, clip)"""
    scratch = Scratch(8 * CELL.sizes(site.inputs).units)
    after = int(_reset_after(site.attrs))
    return [*CELL.arguments(site, [scratch]), after, clip_argument("gru", site)]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind float32 activations of three axes."""
    kinds = (int(rng.choice([0, 3, 4])), int(rng.integers(3)))
    attrs: dict[str, Attr] = {"activations": kinds, "reset_after": bool(rng.integers(2))}
    return CELL.extend(rng, x, attrs)


USUAL = (0, 1)
CASES = {
    "one_step": CELL.case(Sizes(1, 2, 2, 1, 3), activations=USUAL),
    "steps": CELL.case(Sizes(5, 1, 3, 1, 4), activations=USUAL),
    "reset_after": CELL.case(
        Sizes(4, 2, 3, 1, 2), activations=USUAL, reset_after=True, backward=True
    ),
    "both": CELL.case(Sizes(3, 2, 3, 2, 2), activations=USUAL, clip=0.5),
    "others": CELL.case(Sizes(3, 2, 3, 2, 3), activations=(3, 2), reset_after=True),
}

OP = Op(
    name="gru",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"float32": Kernel(arguments)},
    cost=CELL.cost,
    cases=CASES,
    extend=extend,
    access="steps",
)
