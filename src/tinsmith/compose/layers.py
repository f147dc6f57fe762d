"""Layers of networks: products of matrices here; convolutions, poolings, norms and resizing from
the files beside this one, under one roof for importers.

Values are float32 unless said otherwise. Weights may be names of values or numpy arrays; arrays
become constants in the order of axes that the operations of `ir/ops` want.
"""

from collections.abc import Sequence
from math import prod

import numpy as np

from tinsmith.compose import movement
from tinsmith.compose.convolution import ConvSpec as ConvSpec
from tinsmith.compose.convolution import conv as conv
from tinsmith.compose.convolution import conv_transpose as conv_transpose
from tinsmith.compose.norms import batch_norm as batch_norm
from tinsmith.compose.norms import group_norm as group_norm
from tinsmith.compose.norms import instance_norm as instance_norm
from tinsmith.compose.norms import layer_norm as layer_norm
from tinsmith.compose.norms import rms_norm as rms_norm
from tinsmith.compose.pictures import same_padding as same_padding
from tinsmith.compose.pooling import PoolSpec as PoolSpec
from tinsmith.compose.pooling import pool as pool
from tinsmith.compose.resizing import ResizeSpec as ResizeSpec
from tinsmith.compose.resizing import along as along
from tinsmith.compose.resizing import resize as resize
from tinsmith.compose.value import Value, need_float, operand, reshaped, shape_of
from tinsmith.ir.builder import Builder
from tinsmith.ir.op import ShapeError


def dense(b: Builder, x: str, w: Value, bias: Value | None = None) -> str:
    """y[..., n] = bias[n] + sum over k of x[..., k] * w[n, k]; float32.

    Raises:
        ShapeError: shapes or dtypes do not fit.
    """
    need_float("dense", b, x, w)
    shape, (channels, depth) = b.type(x).shape, _two("dense", shape_of(b, w))
    if not shape or shape[-1] != depth:
        raise ShapeError("dense", f"x {shape}, w {(channels, depth)}; expected [..., k], [n, k]")
    bias = np.zeros(channels, np.float32) if bias is None else bias
    need_float("dense", b, bias)
    rows = movement.reshape(b, x, (prod(shape[:-1]), depth))
    weights = operand(b, w, "weight"), operand(b, bias, "bias")
    y = b.op("dense", rows, *weights)
    return movement.reshape(b, y, (*shape[:-1], channels))


def _two(op: str, shape: tuple[int, ...]) -> tuple[int, int]:
    if len(shape) != 2:
        raise ShapeError(op, f"w {shape}; expected a matrix")
    return shape[0], shape[1]


def matmul(b: Builder, x: Value, y: Value) -> str:
    """The product that numpy.matmul means: matrices in the last two axes, the others broadcast, an
    axis that a vector lacks is added and taken away. float32, int32 or int64; integers wrap.

    Raises:
        ShapeError: shapes do not fit, or other dtypes.
    """
    left, right = shape_of(b, x), shape_of(b, y)
    if not left or not right or left[-1] != right[-2 if len(right) > 1 else 0]:
        raise ShapeError("matmul", f"x {left}, y {right}; expected [..., m, k], [..., k, n]")
    rows, columns = left[-2:-1], right[-1:] if len(right) > 1 else ()
    batch = movement.broadcast(left[:-2], right[:-2])
    wanted = (*batch, *rows, *columns)
    known = isinstance(x, str) and isinstance(y, np.ndarray) and y.dtype == np.float32
    if known and prod(right[:-2]) == 1:
        weights = np.asarray(y).reshape(left[-1], prod(columns)).T
        return movement.reshape(b, dense(b, str(x), weights), wanted)
    m, k, n = prod(rows), left[-1], prod(columns)
    many = prod(right[:-2]) > 1
    x = _stacked(b, x, (m, k), batch if many else left[:-2], many)
    y = _stacked(b, y, (k, n), batch if many else (), True)
    return movement.reshape(b, b.op("matmul", x, y), wanted)


def _stacked(
    b: Builder, value: Value, matrix: tuple[int, int], batch: Sequence[int], stack: bool
) -> str:
    """A value as [batch, *matrix] (``stack``) or with the batch as more rows: [1, rows, k]."""
    before = shape_of(b, value)[:-2]
    named = operand(b, reshaped(b, value, (*before, *matrix)), "matrix")
    named = movement.expand(b, named, (*batch, *matrix))
    count, (rows, columns) = prod(batch), matrix
    return movement.reshape(
        b, named, (count, rows, columns) if stack else (1, count * rows, columns)
    )
