"""What to draw for operators that work element by element or along axes; `tflite_options.py`."""

from math import sqrt

import numpy as np
from tflite_options import (
    LIMITS,
    Draw,
    Drawer,
    fixed,
    ints,
    numbers,
    pair,
    same,
    scale,
    shape,
    tensor,
)
from tflites import Tensor


def positive(kind: str, type: int = 0) -> Drawer:
    """The operand is above zero: floats and int16 by their data, bytes by their zero point. LOG of
    int16 alone has a result at and below zero."""

    def draw(rng: np.random.Generator, dtype: str) -> Draw:
        s = shape(rng)
        if dtype == "float32":
            operands, results = [Tensor("x", s, dtype)], [Tensor("y", s, dtype)]
            return Draw(kind, operands, results, type, lift=1e-3)
        x = scale(rng, dtype) | {"zero": (LIMITS[dtype][0],) if dtype != "int16" else (0,)}
        return Draw(kind, [tensor("x", s, dtype, x)], [tensor("y", s, dtype, scale(rng, dtype))],
                    type, lift=float(dtype == "int16" and kind != "LOG"))  # fmt: skip

    return draw


def hard_swish(rng: np.random.Generator, dtype: str) -> Draw:
    """The result's scale leaves room for the shift to the right that the reference demands."""
    s = shape(rng)
    x = scale(rng, dtype, 8.0)
    y = scale(rng, dtype)
    if dtype in LIMITS:
        y["scale"] = (float(np.float32(x["scale"][0] * rng.uniform(0.05, 2))),)
    return Draw("HARD_SWISH", [tensor("x", s, dtype, x)], [tensor("y", s, dtype, y)], 91)


def leaky_relu(rng: np.random.Generator, dtype: str) -> Draw:
    s = shape(rng)
    operands = [tensor("x", s, dtype, scale(rng, dtype))]
    results = [tensor("y", s, dtype, scale(rng, dtype))]
    alpha = float(np.float32(rng.uniform(-1.5, 1.5)))
    return Draw("LEAKY_RELU", operands, results, 75, {0: ("f", alpha)})


def prelu(rng: np.random.Generator, dtype: str) -> Draw:
    s = shape(rng, int(rng.integers(2, 5)))
    kind = "int8" if dtype == "int16" else dtype
    alpha = tensor("alpha", (1,) * (len(s) - 2) + s[-1:], kind, scale(rng, kind, 0.5))
    if dtype == "float32":
        alpha.data = rng.normal(size=alpha.shape)
    else:
        alpha.data = rng.integers(*LIMITS[kind], alpha.shape)
    x = tensor("x", s, dtype, scale(rng, dtype))
    return Draw("PRELU", [x, alpha], [tensor("y", s, dtype, scale(rng, dtype))])


def gelu(rng: np.random.Generator, dtype: str) -> Draw:
    s = shape(rng)
    operands = [tensor("x", s, dtype, scale(rng, dtype))]
    results = [tensor("y", s, dtype, scale(rng, dtype))]
    return Draw("GELU", operands, results, 116, {0: ("b", int(rng.integers(2)))})


def alike(kind: str, type: int) -> Drawer:
    """Two operands and a result of one scale."""
    draw_pair = pair(kind, type)

    def draw(rng: np.random.Generator, dtype: str) -> Draw:
        made = draw_pair(rng, dtype)
        x, b = made.operands
        for t in (b, *made.results):
            t.scale, t.zero = x.scale, x.zero
        return made

    return draw


def divided(kind: str, type: int, lift: float, activation: bool = False) -> Drawer:
    """No divisor is 0: a constant."""
    draw_pair = pair(kind, type, activation)

    def draw(rng: np.random.Generator, dtype: str) -> Draw:
        made = draw_pair(rng, dtype)
        b = made.operands[1]
        if dtype == "float32":
            b.data = rng.choice([-1, 1], b.shape) * (lift + rng.exponential(size=b.shape))
        else:
            b.data = rng.choice([-1, 1], b.shape) * rng.integers(1, 9, b.shape)
        return made

    return draw


def shifted(kind: str, type: int) -> Drawer:
    """int16 of one shape with powers of two for scales: one operand has the result's."""

    def draw(rng: np.random.Generator, dtype: str) -> Draw:
        s, step = shape(rng), int(rng.integers(-14, -6))
        steps = [step, step - int(rng.integers(0, 6))]
        steps = [*rng.permutation(steps), step]
        x, b, y = (Tensor(n, s, dtype, (2.0**e,), (0,)) for n, e in zip("xby", steps, strict=True))
        return Draw(kind, [x, b], [y], type, {0: ("b", int(rng.choice([0, 1, 3])))})

    return draw


def power(rng: np.random.Generator, dtype: str) -> Draw:
    made = pair("POW", 56)(rng, dtype)
    made.operands[0].data = rng.exponential(size=made.operands[0].shape) + 0.1
    return made


def add_n(rng: np.random.Generator, dtype: str) -> Draw:
    s = shape(rng)
    operands = [Tensor(f"x{i}", s, dtype) for i in range(int(rng.integers(2, 5)))]
    return Draw("ADD_N", operands, [Tensor("y", s, dtype)], 82)


def cast(rng: np.random.Generator, dtype: str) -> Draw:
    s = shape(rng)
    to = str(rng.choice([d for d in ("float32", "int32", "int64", "bool") if d != dtype]))
    return Draw("CAST", [Tensor("x", s, dtype)], [Tensor("y", s, to)], 37)


def quantize(rng: np.random.Generator, dtype: str) -> Draw:
    s = shape(rng)
    to = str(rng.choice(["int8", "uint8", "int16"]))
    if dtype == "int32":
        to = str(rng.choice(["int8", "int16"]))
        x = Tensor("x", s, dtype, (float(np.float32(rng.uniform(0.01, 0.1))),), (0,))
        return Draw("QUANTIZE", [x], [tensor("y", s, to, scale(rng, to))], 89)
    if dtype != "float32" and "int16" not in (dtype, to):
        to = str(rng.choice(["int8", "uint8"]))
    elif dtype in LIMITS:
        to = {"int8": "int16", "uint8": "int8", "int16": "int8"}[dtype]
    x, y = tensor("x", s, dtype, scale(rng, dtype)), tensor("y", s, to, scale(rng, to))
    return Draw("QUANTIZE", [x], [y], 89)


def negative(rng: np.random.Generator, dtype: str) -> Draw:
    s, quant = shape(rng), scale(rng, dtype)
    if quant:
        quant["zero"] = (0,)
    return Draw("NEG", [tensor("x", s, dtype, quant)], [tensor("y", s, dtype, quant)], 42)


def fake_quant(rng: np.random.Generator, dtype: str) -> Draw:
    s = shape(rng)
    low, high = (float(np.float32(v)) for v in rng.uniform((-3, 0.1), (0, 4)))
    options = {0: ("f", low), 1: ("f", high), 2: ("i", int(rng.integers(2, 17)))}
    return Draw("FAKE_QUANT", [Tensor("x", s, dtype)], [Tensor("y", s, dtype)], 58, options)


def l2_pool(rng: np.random.Generator, dtype: str) -> Draw:
    n, h, w, c = (int(v) for v in rng.integers((1, 3, 3, 1), (3, 8, 8, 5)))
    (ky, kx), stride, same = (
        rng.integers(1, 4, 2).tolist(),
        int(rng.integers(1, 3)),
        rng.integers(2),
    )
    rows, columns = (-(-(d if same else d - k + 1) // stride) for d, k in ((h, ky), (w, kx)))
    options = {0: ("b", int(not same)), 1: ("i", stride), 2: ("i", stride), 3: ("i", kx),
               4: ("i", ky), 5: ("b", int(rng.choice([0, 1, 3])))}  # fmt: skip
    x, y = Tensor("x", (n, h, w, c), dtype), Tensor("y", (n, rows, columns, c), dtype)
    return Draw("L2_POOL_2D", [x], [y], 5, options)


def conv3d(rng: np.random.Generator, dtype: str) -> Draw:
    x, k = rng.integers(3, 7, 3).tolist(), rng.integers(1, 4, 3).tolist()
    n, c, m = (int(v) for v in rng.integers(1, 4, 3))
    stride, steps = rng.integers(1, 3, 3).tolist(), rng.integers(1, 3, 3).tolist()
    same = int(rng.integers(2))
    if not same:
        steps = [s if (a - 1) * s < d else 1 for a, s, d in zip(k, steps, x, strict=True)]
    result = [
        -(-(d if same else d - (a - 1) * e) // s)
        for d, a, s, e in zip(x, k, stride, steps, strict=True)
    ]
    options = {0: ("b", 1 - same), 4: ("b", int(rng.choice([0, 1, 3])))}
    options |= {i: ("i", stride[a]) for i, a in ((1, 0), (2, 2), (3, 1))}
    options |= {i: ("i", steps[a]) for i, a in ((5, 0), (6, 2), (7, 1))}
    operands = [
        Tensor("x", (n, *x, c), dtype), Tensor("w", (*k, c, m), dtype), Tensor("b", (m,), dtype)
    ]  # fmt: skip
    for t in operands[1:]:
        t.data = rng.normal(size=t.shape)
    return Draw("CONV_3D", operands[: int(rng.integers(2, 4))],
                [Tensor("y", (n, *result, m), dtype)], 106, options)  # fmt: skip


def local_response(rng: np.random.Generator, dtype: str) -> Draw:
    s = shape(rng, 4)
    bias, alpha, beta = (float(np.float32(v)) for v in rng.uniform((0.5, 0, 0.2), (2, 1, 1.2)))
    options = {0: ("i", int(rng.integers(0, 7))), 1: ("f", bias), 2: ("f", alpha), 3: ("f", beta)}
    kind = "LOCAL_RESPONSE_NORMALIZATION"
    return Draw(kind, [Tensor("x", s, dtype)], [Tensor("y", s, dtype)], 13, options)


def select(kind: str, type: int) -> Drawer:
    def draw(rng: np.random.Generator, dtype: str) -> Draw:
        s, quant = shape(rng), scale(rng, dtype)
        x, y, z = (tensor(n, s, dtype, quant) for n in "xyz")
        c = Tensor("c", s if kind == "SELECT" or rng.integers(2) else s[-1:], "bool")
        if kind == "SELECT" and len(s) > 1 and rng.integers(2):
            c.shape = s[:1]
        return Draw(kind, [c, x, y], [z], type)

    return draw


def reduced(kind: str, same_scale: bool = False) -> Drawer:
    """Some axes, kept or not."""

    def draw(rng: np.random.Generator, dtype: str) -> Draw:
        s, quant = shape(rng), scale(rng, dtype)
        axes = rng.permutation(len(s))[: int(rng.integers(1, len(s) + 1))]
        keep = int(rng.integers(2))
        result = [1 if i in axes else d for i, d in enumerate(s) if keep or i not in axes]
        out = quant if same_scale else scale(rng, dtype)
        if not same_scale and kind == "SUM" and dtype in LIMITS:
            count = np.prod([s[a] for a in axes])
            out = out | {"scale": (float(np.float32(quant["scale"][0] * sqrt(count))),)}
        given = axes - rng.integers(0, 2, len(axes)) * len(s)
        operands = [tensor("x", s, dtype, quant), ints("axes", given)]
        return Draw(kind, operands, [tensor("y", result, dtype, out)], 27, {0: ("b", keep)})

    return draw


def arg(kind: str, type: int) -> Drawer:
    def draw(rng: np.random.Generator, dtype: str) -> Draw:
        s = shape(rng)
        axis, to = int(rng.integers(len(s))), str(rng.choice(["int32", "int64"]))
        operands = [tensor("x", s, dtype, scale(rng, dtype)), ints("axis", axis)]
        result = Tensor("y", (*s[:axis], *s[axis + 1 :]), to)
        return Draw(kind, operands, [result], type, {0: ("b", 2 if to == "int32" else 4)})

    return draw


def cumsum(rng: np.random.Generator, dtype: str) -> Draw:
    s = shape(rng)
    operands = [Tensor("x", s, dtype), ints("axis", int(rng.integers(len(s))))]
    options = {0: ("b", int(rng.integers(2))), 1: ("b", int(rng.integers(2)))}
    return Draw("CUMSUM", operands, [Tensor("y", s, dtype)], 102, options)


def topk(rng: np.random.Generator, dtype: str) -> Draw:
    s, quant = shape(rng), scale(rng, dtype)
    k = int(rng.integers(1, s[-1] + 1))
    results = [tensor("v", (*s[:-1], k), dtype, quant), Tensor("i", (*s[:-1], k), "int32")]
    return Draw("TOPK_V2", [tensor("x", s, dtype, quant), ints("k", k)], results, 34)


def batch_matmul(rng: np.random.Generator, dtype: str) -> Draw:
    lead, (m, k, n) = shape(rng, int(rng.integers(0, 3)), 3), shape(rng, 3)
    flip_x, flip_y = (int(v) for v in rng.integers(0, 2, 2))
    x = tensor("x", (*lead, *((k, m) if flip_x else (m, k))), dtype, scale(rng, dtype))
    y = tensor("y", (*lead, *((n, k) if flip_y else (k, n))), dtype, scale(rng, dtype))
    if rng.integers(2):
        y.shape = y.shape[-2:]
        y.data = numbers(rng, y, 1)
    options = {0: ("b", flip_x), 1: ("b", flip_y)}
    z = tensor("z", (*lead, m, n), dtype, scale(rng, dtype, 8.0))
    return Draw("BATCH_MATMUL", [x, y], [z], 101, options)


def hybrid_matmul(rng: np.random.Generator, dtype: str) -> Draw:
    """float32 times a known int8 matrix; one batch axis longer than 1."""
    made = batch_matmul(rng, dtype)
    x, y, z = *made.operands, *made.results
    if len(x.shape) > 3:
        x.shape, z.shape = (1, *x.shape[1:]), (1, *z.shape[1:])
    y.shape, y.type = y.shape[-2:], "int8"
    y.scale, y.zero = (float(np.float32(rng.uniform(0.01, 0.1))),), (0,)
    y.data = rng.integers(-127, 128, y.shape)
    made.options[2] = ("b", int(rng.integers(2)))
    return made


def computed_weights(rng: np.random.Generator, dtype: str) -> Draw:
    """FULLY_CONNECTED whose weights come in like x; half of them with a known bias."""
    m, k, n = shape(rng, 3, 9)
    x, w = (tensor(t, s, dtype, scale(rng, dtype)) for t, s in (("x", (m, k)), ("w", (n, k))))
    operands = [x, w]
    if rng.integers(2):
        b = ints("b", rng.integers(-900, 900, n)) if dtype == "int8" else Tensor("b", (n,), dtype)
        b.data = rng.normal(size=n) if dtype == "float32" else b.data
        b.scale = (x.scale[0] * w.scale[0],) if dtype == "int8" else ()
        operands.append(b)
    y = tensor("y", (m, n), dtype, scale(rng, dtype, 12.0))
    return Draw("FULLY_CONNECTED", operands, [y], 8, {0: ("b", int(rng.choice([0, 1, 3])))})


_ZEROS = {"int8": -128, "uint8": 0}
ELEMENTS: dict[str, Drawer] = {
    **{k: same(k, t) for k, t in {
        "RELU": 0, "RELU6": 0, "RELU_N1_TO_1": 0, "RELU_0_TO_1": 0, "ABS": 78, "EXP": 33,
        "ELU": 0, "SIN": 0, "COS": 84, "FLOOR": 0, "CEIL": 0, "ROUND": 0, "SQUARE": 66, "SIGN": 123,
    }.items()},
    "LOGISTIC": fixed("LOGISTIC", 1 / 256, _ZEROS),
    "TANH": fixed("TANH", 1 / 128, {"int8": 0, "uint8": 128}),
    "LOG": positive("LOG"), "SQRT": positive("SQRT"), "RSQRT": positive("RSQRT"),
    "HARD_SWISH": hard_swish, "LEAKY_RELU": leaky_relu, "PRELU": prelu, "GELU": gelu,
    "SUB": pair("SUB", 28, True), "MUL": pair("MUL", 21, True),
    "DIV": divided("DIV", 29, 0.1, True), "FLOOR_DIV": divided("FLOOR_DIV", 65, 0.5),
    "FLOOR_MOD": divided("FLOOR_MOD", 72, 0.5), "POW": power, "ADD_N": add_n,
    "SQUARED_DIFFERENCE": pair("SQUARED_DIFFERENCE", 76),
    "MAXIMUM": alike("MAXIMUM", 39), "MINIMUM": alike("MINIMUM", 39),
    **{k: pair(k, t, result="bool") for k, t in {
        "EQUAL": 53, "NOT_EQUAL": 54, "LESS": 41, "LESS_EQUAL": 46, "GREATER": 44,
        "GREATER_EQUAL": 45, "LOGICAL_AND": 62, "LOGICAL_OR": 60,
    }.items()},
    "LOGICAL_NOT": same("LOGICAL_NOT", 63), "CAST": cast, "QUANTIZE": quantize,
    "ADD shifted": shifted("ADD", 11), "SUB shifted": shifted("SUB", 28),
    "CONV_3D": conv3d, "NEG": negative, "FAKE_QUANT": fake_quant, "L2_POOL_2D": l2_pool,
    "LOCAL_RESPONSE_NORMALIZATION": local_response,
    "SELECT": select("SELECT", 47), "SELECT_V2": select("SELECT_V2", 98),
}  # fmt: skip
"""Name -> how to draw a use of it."""
ALONG: dict[str, Drawer] = {
    "SUM": reduced("SUM"), "MEAN": reduced("MEAN"), "REDUCE_PROD": reduced("REDUCE_PROD"),
    "REDUCE_MAX": reduced("REDUCE_MAX", True), "REDUCE_MIN": reduced("REDUCE_MIN", True),
    "ARG_MAX": arg("ARG_MAX", 40), "ARG_MIN": arg("ARG_MIN", 57), "CUMSUM": cumsum,
    "TOPK_V2": topk, "LOG_SOFTMAX": fixed("LOG_SOFTMAX", 1 / 16, {"int8": 127}, 36),
    "REDUCE_ANY": reduced("REDUCE_ANY"), "REDUCE_ALL": reduced("REDUCE_ALL"),
    "L2_NORMALIZATION": fixed("L2_NORMALIZATION", 1 / 128, {"int8": 0}, 12),
    "BATCH_MATMUL": batch_matmul, "BATCH_MATMUL hybrid": hybrid_matmul,
    "FULLY_CONNECTED computed": computed_weights,
}  # fmt: skip
