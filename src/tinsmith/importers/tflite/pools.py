"""Poolings, softmax and sums, float and quantised.

Sources: TensorFlow Lite 8-bit quantization specification; lite/kernels/{pooling,activations,add}.cc
and lite/kernels/internal/reference; the options tables of TensorFlow Lite's schema, version 3.
"""

import numpy as np

from tinsmith.compose import elementwise, movement
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.tflite.integers import clamp, one_quant
from tinsmith.importers.tflite.layers import bounded, ends_with, window
from tinsmith.importers.tflite.scaling import centred, finished, scaled
from tinsmith.importers.tflite.shifting import by_shifts, shifted_pair
from tinsmith.importers.tflite.use import Use
from tinsmith.importers.tflite.values import is_shifted
from tinsmith.ir.ops.softmax16 import exp_table, reciprocal_table

_MOST_RADIUS = 128
REAL = ("float32", "int8", "uint8", "int16")


def pool(use: Use, op: str) -> str:
    """Options 0..2 as convolutions have them, 3 and 4: the window along x and y, 5: the
    activation. Integers keep scale and zero point; means of uint8 round halves up."""
    x, size = use.value(0), (use.option(4, "<i"), use.option(3, "<i"))
    attrs = window(use, x, size, (1, 1)) | {"size": size}
    if use.type(x).dtype == "float32":
        pooled = use.op(op, x, name=ends_with(use, use.option(5)), **attrs)
        return bounded(use, pooled, use.option(5))
    quant = one_quant(use.wanted.quant, "its result")
    if use.type(x).quant != quant:
        raise Unsupported(f"it rescales {use.type(x)} to {use.wanted}")
    low, high = clamp(use.option(5), quant, use.type(x).dtype)
    if op == "avg_pool2d" and is_shifted(use.given(0)):
        attrs["half_up"] = True
    return use.op(op, x, **attrs, act_min=low, act_max=high)


def l2_pool(use: Use) -> str:
    """The root of the mean of squares; options as `pool`."""
    b, x, size = use.b, use.value(0), (use.option(4, "<i"), use.option(3, "<i"))
    attrs = window(use, x, size, (1, 1)) | {"size": size}
    squares = elementwise.binary(b, "mul", x, x)
    means = use.op("avg_pool2d", squares, name=f"{use.name}_means", **attrs)
    root = elementwise.unary(b, "sqrt", means, name=ends_with(use, use.option(5)))
    return bounded(use, root, use.option(5))


def local_response(use: Use) -> str:
    """LOCAL_RESPONSE_NORMALIZATION: x times (bias + alpha * sum of squares) ^ -beta, over as many
    channels to each side as option 0 says; options 1 to 3: bias, alpha, beta."""
    b, x, radius = use.b, use.value(0), use.option(0, "<i")
    shape = use.type(x).shape
    if len(shape) != 4 or radius < 0:
        raise Unsupported(f"a radius of {radius} along {use.type(x)}")
    radius = min(radius, shape[3] - 1)
    if radius > _MOST_RADIUS:
        raise Unsupported(f"a radius of {radius}; at most {_MOST_RADIUS} are expressed")
    sides = [(0, 0)] * 3 + [(radius, radius)]
    padded = movement.pad(b, elementwise.binary(b, "mul", x, x), sides)
    total = movement.cut(b, padded, 3, 0, shape[3])
    for i in range(1, 2 * radius + 1):
        total = elementwise.binary(b, "add", total, movement.cut(b, padded, 3, i, shape[3]))
    bias, alpha, beta = (elementwise.scalar(b, x, use.real_option(i)) for i in (1, 2, 3))
    base = elementwise.binary(b, "add", elementwise.binary(b, "mul", total, alpha), bias)
    power = elementwise.binary(b, "pow", base, elementwise.unary(b, "neg", beta))
    return elementwise.binary(b, "mul", x, power, name=use.name)


def softmax(use: Use) -> str:
    """Options 0: beta, a factor on the input."""
    x, beta = use.value(0), use.real_option(0)
    if use.type(x).dtype == "int8":
        return use.op("softmax", x, beta=beta)
    if use.type(x).dtype == "int16":
        tables = (
            use.constant(f"{use.name}_exp", exp_table()),
            use.constant(f"{use.name}_reciprocal", reciprocal_table()),
        )
        return use.op("softmax16", x, *tables, beta=beta)
    if beta != 1:
        factor = use.constant(f"{use.name}_beta", np.full(1, beta, np.float32))
        x = use.op("mul", x, factor, name=f"{use.name}_scaled")
    return use.op("softmax", x)


def add(use: Use) -> str:
    """Options 0: the activation, 1: whether int16 is only shifted (`shifting.py`). Quantised: 20
    bits of headroom (int16: 15) on a common scale."""
    a, b = use.value(0), use.value(1)
    if use.type(a).quant is None or use.type(a).dtype == "float32":
        if use.option(0) and use.type(a).dtype != "float32":
            raise Unsupported(f"its activation {use.option(0)} on {use.type(a)}")
        name = ends_with(use, use.option(0))
        total = elementwise.binary(use.b, "add", a, b, name=name)
        return bounded(use, total, use.option(0)) if use.option(0) else total
    out = one_quant(use.wanted.quant, "its result")
    dtype = use.type(a).dtype
    if by_shifts(use):
        return shifted_pair(use, "add")
    if use.type(a).elements < use.type(b).elements:
        a, b = b, a
    ends = use.type(b).shape
    while len(ends) > 1 and ends[0] == 1 and ends != use.type(a).shape:
        ends = ends[1:]
    whole = use.type(a).shape == movement.broadcast(use.type(a).shape, use.type(b).shape)
    if dtype == "int8" and whole and use.type(a).shape[-len(ends) :] == ends:
        low, high = clamp(use.option(0), out)
        b = use.reshape(b, ends, f"{use.name}_term")
        return use.op("add", a, b, quant=out, act_min=low, act_max=high)
    return _broadcast_sum(use, a, b)


def _broadcast_sum(use: Use, a: str, b: str) -> str:
    """The same in steps, with broadcasting."""
    out = one_quant(use.wanted.quant, "its result")
    sa, sb = (one_quant(use.type(v).quant, "an operand").scale[0] for v in (a, b))
    common, bits = 2 * max(sa, sb), 15 if use.type(a).dtype == "int16" else 20
    left = scaled(use, centred(use, a, bits), sa / common)
    right = scaled(use, centred(use, b, bits), sb / common)
    total = elementwise.binary(use.b, "add", left, right)
    return finished(use, total, common / (2.0**bits * out.scale[0]), use.option(0))
