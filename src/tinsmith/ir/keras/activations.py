"""Activations of Keras by name, as layers of their own or inside of others.

Source: keras.io/api/layers/activations; hard_sigmoid changed from clip(0.2 x + 0.5) in Keras 2 to
relu6(x + 3) / 6 in Keras 3.
"""

from collections.abc import Mapping
from typing import Any

from tinsmith.ir.compose import elementwise, reduction
from tinsmith.ir.keras.translate import Unsupported, Use

UNARY: Mapping[str, str] = {
    "relu": "relu", "sigmoid": "sigmoid", "tanh": "tanh", "softplus": "softplus",
    "softsign": "softsign", "exponential": "exp", "silu": "silu", "swish": "swish", "mish": "mish",
    "gelu": "gelu", "hard_silu": "hard_swish", "hard_swish": "hard_swish",
    "log_sigmoid": "log_sigmoid",
}  # fmt: skip
NAMES = (
    "linear", "softmax", "log_softmax", "relu6", "elu", "selu", "leaky_relu", "hard_sigmoid",
    *UNARY,
)  # fmt: skip


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
    match name:
        case "linear":
            return x
        case "softmax":
            return reduction.softmax(b, x, -1)
        case "log_softmax":
            return reduction.log_softmax(b, x, -1)
        case "relu6":
            return elementwise.clip(b, x, 0.0, 6.0)
        case "elu":
            return elementwise.elu(b, x, 1.0)
        case "selu":
            return elementwise.selu(b, x)
        case "leaky_relu":
            return elementwise.leaky_relu(b, x, 0.2)
        case "hard_sigmoid":
            return hard_sigmoid(use, x)
        case "relu":
            return b.op("relu", x, name=use.name)
    if name not in UNARY:
        raise Unsupported(f"activation {name!r}; known: {', '.join(sorted(NAMES))}")
    return elementwise.unary(b, UNARY[name], x)


def hard_sigmoid(use: Use, x: str) -> str:
    """Slope 1/5 up to Keras 2, 1/6 from Keras 3 on."""
    slope = 0.2 if use.t.document.version.startswith(("1.", "2.")) else 1 / 6
    scaled = elementwise.binary(use.b, "mul", x, elementwise.scalar(use.b, x, slope))
    shifted = elementwise.binary(use.b, "add", scaled, elementwise.scalar(use.b, x, 0.5))
    return elementwise.clip(use.b, shifted, 0.0, 1.0)
