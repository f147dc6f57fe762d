"""LiteRT's reference kernels and the graph that the importer makes of a file: equal integers.

Models are written here, one operator each, with random scales, zero points, shapes and options.
What `importers/tflite/rounding.py` says of LiteRT is what these tests saw.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tflites
from tflite_layers import (
    Layer,
    draw,
    draw_pool,
    draw_quantize,
    draw_softmax,
    draw_sum,
    litert,
)
from tflites import File

from tinsmith.importers.tflite.convert import convert
from tinsmith.ir.interp import run_cases

MODELS = 20
Draw = Callable[[np.random.Generator], tuple[File, list[np.ndarray]]]
KINDS = ("FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV")
INTEGERS = [
    *(Layer(kind, dtype) for kind in KINDS for dtype in ("int8", "uint8")),
    *(Layer(kind, per_channel=True) for kind in KINDS),
    *(Layer(kind, "int16", per_channel=p, bias="int64") for kind in KINDS for p in (False, True)),
    *(Layer(kind, "int16", bias="int32") for kind in KINDS if kind != "DEPTHWISE_CONV_2D"),
    Layer("FULLY_CONNECTED", weight_zero=True),
    Layer("FULLY_CONNECTED", weights="int4"),
    Layer("CONV_2D", weights="int4", per_channel=True),
    Layer("DEPTHWISE_CONV_2D", weights="int4", per_channel=True),
    Layer("FULLY_CONNECTED", weights="int2"),
    Layer("FULLY_CONNECTED", weights="int2", per_channel=True),
]
DYNAMIC = [
    Layer("FULLY_CONNECTED", "float32"),
    Layer("FULLY_CONNECTED", "float32", per_channel=True),
    Layer("FULLY_CONNECTED", "float32", asymmetric=True),
    Layer("FULLY_CONNECTED", "float32", weights="int4", per_channel=True),
    Layer("FULLY_CONNECTED", "float32", weights="int2", per_channel=True),
    Layer("CONV_2D", "float32"),
    Layer("CONV_2D", "float32", per_channel=True),
    Layer("DEPTHWISE_CONV_2D", "float32", per_channel=True),
]
OTHERS: dict[str, Draw] = {
    f"{name}-{dtype}": lambda rng, dtype=dtype, code=code: draw_sum(rng, dtype, code)
    for dtype in ("int8", "uint8", "int16", "float32")
    for name, code in (("add", tflites.ADD), ("sub", tflites.SUB), ("mul", tflites.MUL))
}
OTHERS |= {
    f"{name}-{dtype}": lambda rng, dtype=dtype, code=code: draw_pool(rng, dtype, code)
    for dtype in ("int8", "uint8", "int16")
    for name, code in (("average", tflites.AVERAGE_POOL_2D), ("max", tflites.MAX_POOL_2D))
}
OTHERS |= {
    f"softmax-{dtype}": lambda rng, dtype=dtype: draw_softmax(rng, dtype)
    for dtype in ("int8", "uint8", "int16")
}
OTHERS |= {
    f"quantize-{a}-{b}": lambda rng, a=a, b=b: draw_quantize(rng, a, b)
    for a in ("int8", "uint8", "int16")
    for b in ("int8", "uint8", "int16", "int32")
    if (b != "int32" and (a, b) != ("int16", "uint8")) or (a, b) == ("int16", "int32")
}


@pytest.fixture
def ours(tmp_path: Path) -> Callable[..., np.ndarray]:
    """Our interpreter's results of a file."""

    def run(file: File, *inputs: np.ndarray) -> np.ndarray:
        path = tmp_path / "net.tflite"
        path.write_bytes(file.bytes())
        graph = convert(path, "net", "litert")
        values = run_cases(graph, dict(zip(graph.inputs, inputs, strict=True)))
        return values[graph.outputs[0]]

    return run


def name(layer: Layer) -> str:
    parts = (
        layer.kind, layer.dtype, layer.weights, "per-channel" * layer.per_channel, layer.bias,
        "zero" * layer.weight_zero, "asymmetric" * layer.asymmetric,
    )  # fmt: skip
    return "-".join(p for p in parts if p)


@pytest.mark.parametrize("layer", INTEGERS, ids=name)
def test_integer_layers_are_literts(layer: Layer, ours, rng: np.random.Generator) -> None:
    for _ in range(MODELS):
        file, x = draw(rng, layer)
        np.testing.assert_array_equal(ours(file, x), litert(file, x))


@pytest.mark.parametrize("kind", KINDS[1:])
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "float32"])
def test_windows_beyond_the_picture_are_literts(
    kind: str, dtype: str, ours, rng: np.random.Generator
) -> None:
    """3x3 over 1x1, 7x7 over 3x3: ``same`` pads as much as it takes."""
    for _ in range(MODELS):
        layer = Layer(kind, dtype, bias="int64" if dtype == "int16" else "int32", beyond=True)
        file, x = draw(rng, layer)
        if dtype == "float32":
            w = file.tensors[1]
            w.type, w.scale, w.zero, w.data = "float32", (), (), rng.normal(size=w.shape)
        require_alike(ours(file, x), litert(file, x))


POOLS = [
    *((code, dtype) for code in (tflites.AVERAGE_POOL_2D, tflites.MAX_POOL_2D)
      for dtype in ("int8", "uint8", "int16", "float32")),
    (tflites.L2_POOL_2D, "float32"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "dtype"), POOLS)
def test_pools_beyond_the_picture_are_literts(
    code: int, dtype: str, ours, rng: np.random.Generator
) -> None:
    for _ in range(MODELS):
        file, inputs = draw_pool(rng, dtype, code, beyond=True)
        require_alike(ours(file, *inputs), litert(file, *inputs))


def require_alike(got: np.ndarray, want: np.ndarray) -> None:
    """Integers exactly; of floats the order of the sums is left."""
    if want.dtype != np.float32:
        np.testing.assert_array_equal(got, want)
    assert np.abs(got - want).max() <= 1e-5 * np.abs(want).max() + 1e-30


@pytest.mark.parametrize("kind", KINDS)
def test_sums_beyond_32_bits_are_literts(kind: str, ours, rng: np.random.Generator) -> None:
    """Biases as large as 2^28 to 2^40."""
    for _ in range(MODELS):
        file, x = draw(rng, Layer(kind, "int16", bias="int64", per_channel=bool(rng.integers(2))))
        _, w, b, y = file.tensors[:4]
        top = int(rng.integers(28, 41))
        b.data = rng.integers(-(1 << top), 1 << top, b.shape)
        y.scale = (file.tensors[0].scale[0] * w.scale[0] * (1 << top) / 30000,)
        np.testing.assert_array_equal(ours(file, x), litert(file, x))


@pytest.mark.parametrize("layer", DYNAMIC, ids=name)
def test_layers_of_dynamic_range_are_literts(layer: Layer, ours, rng: np.random.Generator) -> None:
    """The same steps: what is left is the order in which float32 factors are multiplied."""
    for _ in range(MODELS):
        file, x = draw(rng, layer)
        want = litert(file, x)
        assert np.abs(ours(file, x) - want).max() <= 1e-6 * np.abs(want).max() + 1e-30


@pytest.mark.parametrize("what", OTHERS)
def test_other_operators_are_literts(what: str, ours, rng: np.random.Generator) -> None:
    for _ in range(MODELS):
        file, inputs = OTHERS[what](rng)
        np.testing.assert_array_equal(ours(file, *inputs), litert(file, *inputs))


@pytest.mark.parametrize("layer", [Layer("CONV_2D", weights="float16"), Layer("FULLY_CONNECTED")])
def test_weights_that_an_operator_makes_real(layer: Layer, ours, rng: np.random.Generator) -> None:
    """float16 weights, or int8 ones per channel, behind a DEQUANTIZE: constants at import."""
    for _ in range(MODELS):
        file, x = draw(rng, Layer(layer.kind, "float32", per_channel=True))
        w = file.tensors[1]
        if layer.weights == "float16":
            w.type, w.scale, w.zero, w.data = "float16", (), (), rng.normal(size=w.shape)
        file.tensors.append(tflites.Tensor("real", w.shape))
        last = len(file.tensors) - 1
        file.operators.insert(0, tflites.Operator(tflites.DEQUANTIZE, (1,), (last,)))
        file.operators[1].inputs = (0, last, 2)
        want = litert(file, x)
        np.testing.assert_allclose(ours(file, x), want, rtol=1e-4, atol=1e-5 * np.abs(want).max())
