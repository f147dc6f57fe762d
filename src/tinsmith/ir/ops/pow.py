"""x to the power b, float32; the smaller of the two repeats.

Special cases are those of C99, F.9.4.4: anything to the power 0 is 1, so is 1 to any power; a
negative value to a power that is not whole is NaN. Error below 1 unit in the last place.
"""

import numpy as np

from tinsmith.ir.op import Attrs, Extension, Kernel, Op, Types
from tinsmith.ir.ops._binary import (
    binary_oracle,
    binary_reference,
    float_cases,
    infer_binary,
    ordered_arguments,
)
from tinsmith.ir.ops._cases import SPECIAL, array, case, normal, positive
from tinsmith.ir.ops._pow import pow32
from tinsmith.ir.types import TensorType, type_of


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """Two float32 operands, one of which may repeat."""
    return infer_binary("pow", inputs, "float32")


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """To a small whole power, or a fraction (NaN where x is negative, which is not drawn); or a
    number to the power x."""
    if x.dtype != "float32":
        return None
    if rng.integers(4) == 0:
        base = np.asarray(2 ** rng.uniform(-2, 2, x.shape[-1:]), np.float32)
        return Extension(((base, type_of(base)), 0))
    b = np.asarray(rng.choice([-1, 0, 0.5, 1, 2, 3, 1.7], (1,) * min(1, len(x.shape))), np.float32)
    return Extension((0, (b, type_of(b))))


_POWERS = array("float32", [0.0, 0.5, 1.0, 2.0, 3.0, -1.0, -2.5, 1.1])
CASES = dict(float_cases()) | {
    "powers": case(np.repeat(positive(5, 1), 8, 1), _POWERS, constant=(1,)),
    "whole_powers": case(normal(9, 6), array("float32", [1, 2, 3, -1, -2, 5]), constant=(1,)),
    "near_one": case(1 + normal(40, scale=1e-4), normal(40, seed=1, scale=1e4)),
    "denormal": case(np.full(4, 2.0, np.float32), array("float32", [-149, -140.5, -126.5, -150])),
    "roots": case(np.abs(SPECIAL), array("float32", [1 / 3])),
    "overflow": case(array("float32", [10, 10, 2, 2]), array("float32", [38.5, 38.6, 127.9, 128])),
}

OP = Op(
    name="pow",
    infer=infer,
    reference=binary_reference(pow32),
    oracle=binary_oracle(np.power, pow),
    kernels={"float32": Kernel(ordered_arguments)},
    cases=CASES,
    extend=extend,
    access="elementwise",
    alias=(0, 1),
    pointwise=2,
)
