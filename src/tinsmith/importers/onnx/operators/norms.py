"""Normalisations, for inference.

Source: ONNX operators (onnx/docs/Operators.md, onnx/docs/Changelog.md).
"""

import numpy as np

from tinsmith.compose import norms
from tinsmith.compose.elementwise import binary, unary
from tinsmith.compose.movement import expand, reshape
from tinsmith.compose.reduction import reduce
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.operator import Operator
from tinsmith.importers.onnx.use import Use

FLOAT = ("float32",)


def _epsilon(use: Use) -> float:
    return use.number("epsilon", 1e-5)


def _batch(use: Use) -> str:
    if use.integer("training_mode", 0) or any(use.wants(i) for i in range(1, 5)):
        raise Unsupported("it is in training mode")
    if use.version < 9 and not use.integer("spatial", 1):
        raise Unsupported("its attribute spatial is 0")
    scale, bias, mean, var = (use.weights(i) for i in range(1, 5))
    x = use.value(0, *FLOAT)
    return use.b.renamed(
        norms.batch_norm(use.b, x, (mean, var), (scale, bias), _epsilon(use)), use.name
    )


def _instance(use: Use) -> str:
    affine = use.weights(1), use.weights(2)
    return use.b.renamed(
        norms.instance_norm(use.b, use.value(0, *FLOAT), affine, _epsilon(use)), use.name
    )


def _layer(use: Use) -> list[str | None]:
    """Results: the normed values, the means, 1 / standard deviations."""
    x, rank = use.value(0, *FLOAT), len(use.shape(0))
    axes = tuple(range(use.axis("axis", -1, rank), rank))
    affine = use.weights(1), use.weights(2) if use.has(2) else None
    y = use.b.renamed(norms.layer_norm(use.b, x, affine, axes, _epsilon(use)), use.name)
    if not use.wants(1) and not use.wants(2):
        return [y]
    mean = reduce(use.b, "mean", x, axes, True)
    centred = binary(use.b, "sub", x, mean)
    variance = reduce(use.b, "mean", binary(use.b, "mul", centred, centred), axes, True)
    raised = binary(use.b, "add", variance, use.constant_of(np.float32(_epsilon(use))))
    return [y, mean, unary(use.b, "reciprocal", unary(use.b, "sqrt", raised))]


def _group(use: Use) -> str:
    """Groups of channels normed together; scale and bias per channel (version 18: per group)."""
    x, groups = use.value(0, *FLOAT), use.integer("num_groups")
    affine = _per_channel(use, 1, groups), _per_channel(use, 2, groups)
    return use.b.renamed(norms.group_norm(use.b, x, groups, affine, _epsilon(use)), use.name)


def _per_channel(use: Use, position: int, groups: int) -> str | np.ndarray:
    shape, value = use.shape(0), use.weights(position)
    if use.version >= 21:
        return value
    if groups < 1 or len(shape) < 3 or shape[1] % groups:
        raise Unsupported(f"{groups} groups of a tensor {shape}")
    each = shape[1] // groups
    if isinstance(value, np.ndarray):
        return np.repeat(value, each)
    wide = expand(use.b, reshape(use.b, value, (groups, 1)), (groups, each))
    return reshape(use.b, wide, (shape[1],))


def _rms(use: Use) -> str:
    x, rank = use.value(0, *FLOAT), len(use.shape(0))
    axes = tuple(range(use.axis("axis", -1, rank), rank))
    return use.b.renamed(norms.rms_norm(use.b, x, use.weights(1), axes, _epsilon(use)), use.name)


OPERATORS = (
    Operator("BatchNormalization", _batch, FLOAT, note="inference only"),
    Operator("InstanceNormalization", _instance, FLOAT),
    Operator("LayerNormalization", _layer, FLOAT),
    Operator("GroupNormalization", _group, FLOAT),
    Operator("RMSNormalization", _rms, FLOAT),
)
