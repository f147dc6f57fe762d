"""Long short-term memory over a sequence; operands and attributes in `_recurrent.py`, with gates i,
o, f, c, four biases, two starts (h, c) and three activations f, g, e.

c[t] = f(sum f) * c[t - 1] + f(sum i) * g(sum c); h[t] = f(sum o) * e(c[t]); each sum is
bias + w x[t] + r h[t - 1]. Attribute cell_clip bounds |c[t]| (0.0: not; source: TensorFlow Lite,
lite/kernels/internal/reference/lstm_cell.h). The result holds both of every step: [steps,
directions, 2 (h, c), batch, units].
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Cost, Extension, In, Kernel, Op, Out, Site, Types
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

COUNTS = (4, 4, 2)


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """See `_recurrent.py` -> [steps, directions, 2, batch, units]."""
    s = sizes_of("lstm", inputs, *COUNTS)
    activations_of("lstm", attrs, 3), clip_of("lstm", attrs), flag_of("lstm", attrs, "backward")
    clip_of("lstm", attrs, "cell_clip")
    return (TensorType((s.steps, s.directions, 2, s.batch, s.units), "float32"),)


def reference(operands: Operands, site: Site) -> tuple[np.ndarray, ...]:
    """Sums start at the bias and run over x, then h, in order; products are rounded before they
    are added."""
    x, w, r, bias, *starts = operands
    (f, g, e), clip = activations_of("lstm", site.attrs, 3), clip_of("lstm", site.attrs)
    y = np.empty(site.outputs[0].shape, np.float32)
    sizes = sizes_of("lstm", site.inputs, *COUNTS)
    with np.errstate(all="ignore"):
        for d, t, before in order(sizes, flag_of("lstm", site.attrs, "backward")):
            h, c = (s[d] for s in starts) if before is None else y[before, d]
            total = np.broadcast_to(bias[d], (sizes.batch, 4 * sizes.units))
            sums = np.split(more(more(total, x[t], w[d]), h, r[d]), 4, axis=1)
            i, o, forget = (activate(s, f, clip) for s in sums[:3])
            y[t, d, 1] = _bounded(forget * c + i * activate(sums[3], g, clip), site)
            y[t, d, 0] = o * activate(y[t, d, 1], e)
    return (y,)


def _bounded(c: np.ndarray, site: Site) -> np.ndarray:
    bound = np.float32(clip_of("lstm", site.attrs, "cell_clip"))
    if bound == 0:
        return c
    return np.where(c < -bound, -bound, np.where(c > bound, bound, c))


def oracle(operands: Operands, site: Site) -> tuple[np.ndarray, ...]:
    """The formulas in float64."""
    x, w, r, bias, *starts = (v.astype(np.float64) for v in operands)
    (f, g, e), clip = activations_of("lstm", site.attrs, 3), clip_of("lstm", site.attrs)
    y = np.empty(site.outputs[0].shape)
    sizes = sizes_of("lstm", site.inputs, *COUNTS)
    for d, t, before in order(sizes, flag_of("lstm", site.attrs, "backward")):
        h, c = (s[d] for s in starts) if before is None else y[before, d]
        i, o, forget, new = np.split(x[t] @ w[d].T + h @ r[d].T + bias[d], 4, axis=1)
        c = _bounded(exact(forget, f, clip) * c + exact(i, f, clip) * exact(new, g, clip), site)
        y[t, d] = exact(o, f, clip) * exact(c, e), c
    return (y,)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, w, r, bias, start h, start c, y, steps, batch, depth, directions, units, backward, f, g,
    e, clip, cell clip)"""
    lengths = geometry(
        sizes_of("lstm", site.inputs, *COUNTS), flag_of("lstm", site.attrs, "backward")
    )
    return [
        *(In(i) for i in range(6)), Out(), *lengths, *activations_of("lstm", site.attrs, 3),
        clip_argument("lstm", site), clip_argument("lstm", site, "cell_clip"),
    ]  # fmt: skip


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind float32 activations of three axes."""
    kinds = (int(rng.choice([0, 3, 4])), int(rng.integers(3)), int(rng.integers(3)))
    bound = float(rng.choice([0.0, 0.25]))
    return recurrent_extend(rng, x, COUNTS, {"activations": kinds, "cell_clip": bound})


USUAL = (0, 1, 1)
CASES = {
    "one_step": recurrent_case(Sizes(1, 2, 2, 1, 3), COUNTS, activations=USUAL),
    "steps": recurrent_case(Sizes(5, 1, 3, 1, 4), COUNTS, activations=USUAL),
    "cell_clip": recurrent_case(Sizes(5, 2, 3, 1, 4), COUNTS, activations=USUAL, cell_clip=0.125),
    "backward": recurrent_case(Sizes(4, 2, 3, 1, 2), COUNTS, activations=USUAL, backward=True),
    "both": recurrent_case(Sizes(3, 2, 3, 2, 2), COUNTS, activations=USUAL, clip=0.5),
    "others": recurrent_case(Sizes(3, 2, 3, 2, 3), COUNTS, activations=(3, 2, 5)),
}

OP = Op(
    name="lstm",
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
