"""Activations of Keras by name, as layers of their own or inside of others.

Source: keras.io/api/layers/activations; hard_sigmoid changed from clip(0.2 x + 0.5) in Keras 2 to
relu6(x + 3) / 6 in Keras 3.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tinsmith.compose import elementwise, movement, reduction
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.keras.translate import Use
from tinsmith.ir.builder import Builder

UNARY: Mapping[str, str] = {
    "relu": "relu", "sigmoid": "sigmoid", "tanh": "tanh", "softplus": "softplus",
    "softsign": "softsign", "exponential": "exp", "silu": "silu", "swish": "swish", "mish": "mish",
    "gelu": "gelu", "hard_silu": "hard_swish", "hard_swish": "hard_swish",
    "log_sigmoid": "log_sigmoid", "tanh_shrink": "tanh_shrink",
}  # fmt: skip
PIECES: Mapping[str, Callable[[Builder, str], str]] = {
    "relu6": lambda b, x: elementwise.clip(b, x, 0.0, 6.0),
    "hard_tanh": lambda b, x: elementwise.clip(b, x, -1.0, 1.0),
    "elu": lambda b, x: elementwise.elu(b, x, 1.0),
    "selu": elementwise.selu,
    "celu": elementwise.celu,
    "leaky_relu": lambda b, x: elementwise.leaky_relu(b, x, 0.2),
    "softmax": lambda b, x: reduction.softmax(b, x, -1),
    "log_softmax": lambda b, x: reduction.log_softmax(b, x, -1),
    "glu": lambda b, x: _glu(b, x),
    "hard_shrink": lambda b, x: _hard_shrink(b, x),
    "soft_shrink": lambda b, x: _soft_shrink(b, x),
    "sparse_sigmoid": lambda b, x: elementwise.hard_sigmoid(b, x, 0.5, 0.5),
    "sparse_plus": lambda b, x: _sparse_plus(b, x),
    "squareplus": lambda b, x: _squareplus(b, x),
}
"""Activations with numbers in them: (builder, x) -> result."""
NAMES = ("linear", "hard_sigmoid", *PIECES, *UNARY)


def activation_name(config: Any) -> str:
    """Name of an activation: a text, or what Keras 3 writes for functions and layers."""
    if config is None:
        return "linear"
    if isinstance(config, str):
        return config
    inner = config.get("config")
    if isinstance(inner, str):
        return inner
    raise Unsupported(f"its activation is {config.get('class_name')!r}, no function by name")


def activate(use: Use, x: str, config: Any) -> str:
    """An activation behind x."""
    b, name = use.b, activation_name(config)
    if name == "linear":
        return x
    if name == "hard_sigmoid":
        return hard_sigmoid(use, x)
    if name == "relu":
        return b.op("relu", x, name=use.name)
    if name in PIECES:
        return PIECES[name](b, x)
    if name not in UNARY:
        raise Unsupported(f"activation {name!r}; known: {', '.join(sorted(NAMES))}")
    return elementwise.unary(b, UNARY[name], x)


def _with(b: Builder, op: str, x: str, number: float) -> str:
    return elementwise.binary(b, op, x, elementwise.scalar(b, x, number))


def _glu(b: Builder, x: str) -> str:
    """The first half of the last axis times the sigmoid of the second."""
    half = b.type(x).shape[-1] // 2
    first, second = (movement.cut(b, x, -1, at, half) for at in (0, half))
    return elementwise.binary(b, "mul", first, elementwise.unary(b, "sigmoid", second))


def _hard_shrink(b: Builder, x: str) -> str:
    """Zero between -0.5 and 0.5."""
    size, zero = elementwise.unary(b, "abs", x), elementwise.scalar(b, x, 0.0)
    small = elementwise.compare(b, "less_equal", size, elementwise.scalar(b, x, 0.5))
    return elementwise.where(b, small, zero, x)


def _soft_shrink(b: Builder, x: str) -> str:
    """x without what of it lies between -0.5 and 0.5."""
    return elementwise.binary(b, "sub", x, elementwise.clip(b, x, -0.5, 0.5))


def _sparse_plus(b: Builder, x: str) -> str:
    """0 up to -1, (x + 1)^2 / 4 up to 1, x above."""
    half = _with(b, "mul", _with(b, "add", elementwise.clip(b, x, -1.0, 1.0), 1.0), 0.5)
    rest = _with(b, "max", _with(b, "sub", x, 1.0), 0.0)
    return elementwise.binary(b, "add", elementwise.unary(b, "square", half), rest)


def _squareplus(b: Builder, x: str) -> str:
    """(x + sqrt(x^2 + 4)) / 2."""
    root = elementwise.unary(b, "sqrt", _with(b, "add", elementwise.unary(b, "square", x), 4.0))
    return _with(b, "mul", elementwise.binary(b, "add", x, root), 0.5)


def hard_sigmoid(use: Use, x: str) -> str:
    """Slope 1/5 up to Keras 2, 1/6 from Keras 3 on."""
    slope = 0.2 if use.t.document.version.startswith(("1.", "2.")) else 1 / 6
    return elementwise.hard_sigmoid(use.b, x, slope)
