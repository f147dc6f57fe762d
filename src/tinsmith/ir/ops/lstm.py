"""Long short-term memory over a sequence; operands and attributes in `_recurrent.py`, with gates i,
o, f, c, four biases, two starts (h, c) and three activations f, g, e.

c[t] = f(sum f) * c[t - 1] + f(sum i) * g(sum c); h[t] = f(sum o) * e(c[t]); each sum is
bias + w x[t] + r h[t - 1]. Attribute cell_clip bounds |c[t]| (0.0: not; source: TensorFlow Lite,
lite/kernels/internal/reference/lstm_cell.h). The result holds both of every step: [steps,
directions, 2 (h, c), batch, units].
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Extension, Kernel, Op, Site, Types
from tinsmith.ir.ops._recurrent import (
    Cell,
    Now,
    Operands,
    Sizes,
    activate,
    all_sums,
    bounded,
    clip_argument,
    clip_of,
    exact,
)
from tinsmith.ir.types import TensorType

CELL = Cell("lstm", gates=4, biases=4, starts=2, activations=3)


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """See `_recurrent.py` -> [steps, directions, 2, batch, units]."""
    clip_of("lstm", attrs, "cell_clip")
    return CELL.infer(inputs, attrs)


def reference(operands: Operands, site: Site) -> tuple[np.ndarray, ...]:
    """Sums start at the bias and run over x, then h, in order; products are rounded before they
    are added."""
    with np.errstate(all="ignore"):
        return CELL.run(operands, site, _step)


def _step(now: Now) -> Sequence[np.ndarray]:
    f, g, e = now.activations
    *gates, new = np.split(all_sums(now), 4, axis=1)
    i, o, forget = (activate(s, f, now.clip) for s in gates)
    c = _bounded(forget * now.past[1] + i * activate(new, g, now.clip), now.attrs)
    return o * activate(c, e), c


def _bounded(c: np.ndarray, attrs: Attrs) -> np.ndarray:
    return bounded(c, clip_of("lstm", attrs, "cell_clip"))


def oracle(operands: Operands, site: Site) -> tuple[np.ndarray, ...]:
    """The formulas in float64."""
    return CELL.run([o.astype(np.float64) for o in operands], site, _exact)


def _exact(now: Now) -> Sequence[np.ndarray]:
    (h, c), (f, g, e), clip = now.past, now.activations, now.clip
    i, o, forget, new = np.split(now.x @ now.w.T + h @ now.r.T + now.bias, 4, axis=1)
    c = _bounded(exact(forget, f, clip) * c + exact(i, f, clip) * exact(new, g, clip), now.attrs)
    return exact(o, f, clip) * exact(c, e), c


def arguments(site: Site) -> Sequence[Argument]:
    """(x, w, r, bias, start h, start c, y, steps, batch, depth, directions, units, backward, f, g,
    e, clip, cell clip)"""
    clips = clip_argument("lstm", site), clip_argument("lstm", site, "cell_clip")
    return [*CELL.arguments(site), *clips]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind float32 activations of three axes."""
    kinds = (int(rng.choice([0, 3, 4])), int(rng.integers(3)), int(rng.integers(3)))
    bound = float(rng.choice([0.0, 0.25]))
    return CELL.extend(rng, x, {"activations": kinds, "cell_clip": bound})


USUAL = (0, 1, 1)
CASES = {
    "one_step": CELL.case(Sizes(1, 2, 2, 1, 3), activations=USUAL),
    "steps": CELL.case(Sizes(5, 1, 3, 1, 4), activations=USUAL),
    "cell_clip": CELL.case(Sizes(5, 2, 3, 1, 4), activations=USUAL, cell_clip=0.125),
    "backward": CELL.case(Sizes(4, 2, 3, 1, 2), activations=USUAL, backward=True),
    "both": CELL.case(Sizes(3, 2, 3, 2, 2), activations=USUAL, clip=0.5),
    "others": CELL.case(Sizes(3, 2, 3, 2, 3), activations=(3, 2, 5)),
}

OP = Op(
    name="lstm",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"float32": Kernel(arguments)},
    cost=CELL.cost,
    cases=CASES,
    extend=extend,
    access="steps",
)
