"""Resizing against ONNX's own reference implementation."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from tinsmith.compose import layers
from tinsmith.compose.layers import ResizeSpec
from tinsmith.compose.resizing import NEAREST, TRANSFORMS
from tinsmith.ir.builder import Builder
from tinsmith.ir.interp import Interpreter
from tinsmith.ir.op import ShapeError
from tinsmith.ir.types import type_of

X = np.random.default_rng(1).normal(size=(1, 2, 5, 4)).astype(np.float32)
SIZES = [(10, 8), (3, 2), (7, 3), (1, 9), (5, 4)]


def ours(compose: Callable[[Builder, str], str], x: np.ndarray = X) -> np.ndarray:
    b = Builder("net")
    y = compose(b, b.input("x", type_of(x)))
    return Interpreter(b.build([y])).run({"x": x})[y]


def reference(how: ResizeSpec, sizes: tuple[int, ...]) -> np.ndarray:
    """ONNX's, for sizes or scales of the last two axes."""
    given = "scales" if how.scales else "sizes"
    attrs: dict[str, Any] = {
        "mode": how.mode,
        "coordinate_transformation_mode": how.transform,
        "nearest_mode": how.rounding,
        "cubic_coeff_a": how.cubic_coeff,
        "exclude_outside": int(how.exclude_outside),
    }
    operands = ["x", "", given] if how.scales else ["x", "", "", given]
    node = onnx.helper.make_node("Resize", operands, ["y"], **attrs)
    value = np.array([1, 1, *how.scales], np.float32) if how.scales else np.array([1, 2, *sizes])
    kind = onnx.TensorProto.FLOAT if how.scales else onnx.TensorProto.INT64
    graph = onnx.helper.make_graph(
        [node],
        "g",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, X.shape),
         onnx.helper.make_tensor_value_info(given, kind, [4])],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)],
    )  # fmt: skip
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 19)])
    (y,) = ReferenceEvaluator(model).run(None, {"x": X, given: value})
    return np.asarray(y)


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("size", SIZES)
def test_interpolation(transform: str, size: tuple[int, int]) -> None:
    for mode, outside in itertools.product(("linear", "cubic"), (False, True)):
        if (mode, transform) == ("cubic", "pytorch_half_pixel") and 1 in size:
            continue  # a single place lies at 0 by the specification, at -0.5 in this reference
        how = ResizeSpec(mode, transform, cubic_coeff=-0.5, exclude_outside=outside)
        seen = ours(lambda b, x, h=how: layers.resize(b, x, (2, 3), size, h))
        wanted = reference(how, size)
        assert seen.shape == wanted.shape
        assert np.max(np.abs(seen - wanted)) < 1e-5, (mode, outside)


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("size", SIZES)
def test_nearest(transform: str, size: tuple[int, int]) -> None:
    for rounding in NEAREST:
        how = ResizeSpec("nearest", transform, rounding)
        seen = ours(lambda b, x, h=how: layers.resize(b, x, (2, 3), size, h))
        assert np.array_equal(seen, reference(how, size)), rounding


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
def test_scales_that_are_no_ratio_of_lengths(mode: str) -> None:
    how = ResizeSpec(mode, "half_pixel_symmetric", scales=(1.7, 0.6))
    size = (8, 2)  # floor(length * scale)
    seen = ours(lambda b, x: layers.resize(b, x, (-2, -1), size, how))
    wanted = reference(how, size)
    assert seen.shape == wanted.shape and np.max(np.abs(seen - wanted)) < 1e-5


def test_a_single_place_lies_at_the_first_element() -> None:
    how = ResizeSpec("cubic", "pytorch_half_pixel")
    assert np.array_equal(ours(lambda b, x: layers.resize(b, x, (2,), (1,), how)), X[:, :, :1])


def test_any_dtype_has_neighbours() -> None:
    x = np.arange(6, dtype=np.uint8).reshape(2, 3)
    how = ResizeSpec(transform="asymmetric", rounding="floor")
    seen = ours(lambda b, v: layers.resize(b, v, (0, 1), (4, 6), how), x)
    assert np.array_equal(seen, x.repeat(2, 0).repeat(2, 1)) and seen.dtype == np.uint8


def test_an_equal_size_adds_no_node() -> None:
    b = Builder("net")
    x = b.input("x", type_of(X))
    for mode in ("nearest", "linear", "cubic"):
        assert layers.resize(b, x, (2, 3), (5, 4), ResizeSpec(mode)) == x


def test_a_matrix_along_an_axis() -> None:
    matrix = np.random.default_rng(2).normal(size=(3, 2))
    seen = ours(lambda b, x: layers.along(b, x, matrix, 1))
    assert np.max(np.abs(seen - np.einsum("ab,nbhw->nahw", matrix, X))) < 1e-6
    with pytest.raises(ShapeError):
        ours(lambda b, x: layers.along(b, x, matrix, 2))


@pytest.mark.parametrize(
    ("axes", "sizes", "how"),
    [
        ((2, 3), (4,), ResizeSpec()),
        ((2, 4), (4, 4), ResizeSpec()),
        ((2,), (0,), ResizeSpec()),
        ((2,), (3,), ResizeSpec("area")),
        ((2,), (3,), ResizeSpec(transform="tf_crop_and_resize")),
        ((2,), (3,), ResizeSpec(rounding="up")),
        ((2,), (3,), ResizeSpec(scales=(0.6, 1.0))),
        ((2,), (3,), ResizeSpec(scales=(-0.6,))),
    ],
)
def test_refusals(axes: tuple[int, ...], sizes: tuple[int, ...], how: ResizeSpec) -> None:
    with pytest.raises(ShapeError):
        ours(lambda b, x: layers.resize(b, x, axes, sizes, how))
    with pytest.raises(ShapeError, match="expected float32"):
        ours(lambda b, x: layers.resize(b, x, (0,), (3,), ResizeSpec("cubic")), X.astype(np.int32))
