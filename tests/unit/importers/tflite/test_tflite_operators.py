"""Operators of TensorFlow Lite against LiteRT's reference kernels, on drawn models: integers
exactly, floats within 1e-5 of the largest result."""

from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from tflite_elements import ALONG, ELEMENTS
from tflite_indexing import INDEXING
from tflite_movements import MOVEMENTS
from tflite_options import Draw, Drawer, numbers

from tinsmith.codegen.compile import lower
from tinsmith.importers.tflite.convert import convert
from tinsmith.importers.tflite.rules import RULES
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import Interpreter

MODELS = 20
TOLERANCE = 1e-5
TABLE: dict[str, Drawer] = {**MOVEMENTS, **INDEXING, **ELEMENTS, **ALONG}
UNKNOWN_TO_LITERT: dict[str, tuple[str, ...]] = {
    "EQUAL": ("int16",),
    "NOT_EQUAL": ("int16",),
    "SPLIT": ("bool",),
    "SPLIT_V": ("bool",),
    "PACK": ("bool",),
    "UNPACK": ("int64",),
    "SPACE_TO_DEPTH": ("int16", "bool"),
    "DEPTH_TO_SPACE": ("int16", "bool"),
}
"""Types that our rules take, and LiteRT's reference does not run or compares in other scales."""
ONLY: dict[str, tuple[str, ...]] = {
    "FULLY_CONNECTED computed": ("float32", "int8"),
    "BATCH_MATMUL hybrid": ("float32",),
    "ADD shifted": ("int16",),
    "SUB shifted": ("int16",),
}
"""Types of some uses, where the operator takes others too."""
ROWS = [
    (name, dtype)
    for name in TABLE
    for dtype in ONLY.get(name, RULES[name.split()[0]].types)
    if dtype not in UNKNOWN_TO_LITERT.get(name, ())
]


NOT_AMONG_REFERENCE_KERNELS = ("ELU", "CEIL", "ROUND", "SEGMENT_SUM")
"""Operators that LiteRT has once only, outside of its reference kernels."""
WRONG_REFERENCE_KERNELS = (
    ("SUM", "int8"),
    ("SUM", "int16"),
    ("LOCAL_RESPONSE_NORMALIZATION", "float32"),
)
"""Where LiteRT's reference kernels go wrong, so that its other ones are compared with: sums read
all integers as uint8, the last channel of each window is left out."""


def litert(draw: Draw, inputs: list[np.ndarray]) -> list[list[np.ndarray]]:
    """All results of LiteRT's reference kernels for each case.

    Raises:
        RuntimeError, ValueError: LiteRT refuses the model.
    """
    from ai_edge_litert.interpreter import Interpreter as LiteRT
    from ai_edge_litert.interpreter import OpResolverType

    resolver = OpResolverType.BUILTIN_REF
    other = (draw.kind, draw.operands[0].type) in WRONG_REFERENCE_KERNELS
    if draw.kind in NOT_AMONG_REFERENCE_KERNELS or other:
        resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    machine = LiteRT(model_content=draw.file().bytes(), experimental_op_resolver_type=resolver)
    machine.allocate_tensors()
    places = [d["index"] for d in machine.get_input_details()]
    results = []
    for case in range(len(inputs[0])):
        for place, array in zip(places, inputs, strict=True):
            machine.set_tensor(place, array[case])
        machine.invoke()
        results.append(
            [machine.get_tensor(d["index"]).copy() for d in machine.get_output_details()]
        )
    return results


def lifted(values: np.ndarray, lift: float) -> np.ndarray:
    """Floats above a number, integers from 0."""
    if values.dtype == np.float32:
        return np.abs(values) + np.float32(lift)
    return values & np.array(np.iinfo(values.dtype).max, values.dtype)


def drawn(name: str, dtype: str, number: int) -> tuple[Draw, list[np.ndarray]]:
    rng = np.random.default_rng([crc32(f"{name} {dtype}".encode()), number])
    draw = TABLE[name](rng, dtype)
    inputs = [numbers(rng, t) for t in draw.operands if t.data is None]
    if draw.lift:
        inputs = [lifted(i, draw.lift) for i in inputs]
    return draw, inputs


def differences(draw: Draw, inputs: list[np.ndarray], folder: Path) -> Graph:
    path = folder / "net.tflite"
    path.write_bytes(draw.file().bytes())
    graph = convert(path, "net", "litert")
    machine = Interpreter(graph)
    for case, wanted in enumerate(litert(draw, inputs)):
        values = machine.run({k: v[case] for k, v in zip(graph.inputs, inputs, strict=True)})
        got = [values.get(o, graph.constants.get(o)) for o in graph.outputs]
        for a, b in zip(got, wanted, strict=True):
            assert (a.dtype, a.shape) == (b.dtype, b.shape)
            if a.dtype == np.float32:
                where = np.isfinite(b)
                np.testing.assert_array_equal(np.isfinite(a), where)
                most = np.abs(b[where]).max(initial=1e-30)
                assert np.abs(a - b)[where].max(initial=0) <= TOLERANCE * most, (draw, a, b)
            else:
                wrong = np.argwhere(a != b)
                assert not len(wrong), f"{len(wrong)} of {a.size} differ: {draw}\n{a}\n{b}"
    return graph


@pytest.mark.parametrize(("name", "dtype"), ROWS)
def test_results_are_literts(name: str, dtype: str, tmp_path: Path) -> None:
    for number in range(MODELS):
        graph = differences(*drawn(name, dtype, number), tmp_path)
    assert lower(graph).dialect == "lowered"  # there are kernels for all of it


@pytest.mark.parametrize("name", ["LOG", "SQRT", "RSQRT"])
def test_int16_next_to_zero_is_literts(name: str, tmp_path: Path) -> None:
    """Where tables are between their points at zero and behind it."""
    for number in range(MODELS):
        draw, inputs = drawn(name, "int16", number)
        if name == "RSQRT":  # whose results are large there
            draw.results[0].scale = (draw.results[0].scale[0] * 64,)
        differences(draw, [i % 127 + 1 for i in inputs], tmp_path)


def test_tensorflow_lite_micro_sums_in_integers(tmp_path: Path) -> None:
    """LiteRT has float32 for int8; the sums here are the real ones to within a step."""
    for number in range(MODELS):
        draw, (x,) = drawn("SUM", "int8", number)
        path = tmp_path / "net.tflite"
        path.write_bytes(draw.file().bytes())
        graph = convert(path, "net", "tflm")
        assert "float32" not in {t.dtype for t in graph.types.values()}
        (given, axes), (result,) = draw.operands, draw.results
        real = (x[0].astype(float) - given.zero[0]) * given.scale[0]
        total = real.sum(tuple(np.ravel(axes.data).tolist())).reshape(result.shape)
        steps = np.clip(total / result.scale[0] + result.zero[0], -128, 127)
        got = Interpreter(graph).run({graph.inputs[0]: x[0]})[graph.outputs[0]]
        assert np.abs(got - steps).max() < 1


def position_of_indices(name: str) -> int:
    return 0 if name == "EMBEDDING_LOOKUP" else 1


@pytest.mark.parametrize(
    "name", ["GATHER", "GATHER rows", "GATHER_ND", "REVERSE_SEQUENCE", "EMBEDDING_LOOKUP"]
)
@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_indices_that_come_in_are_literts(name: str, dtype: str, tmp_path: Path) -> None:
    """The same uses, but their indices are an input."""
    for number in range(MODELS):
        draw, (x,) = drawn(name, dtype, number)
        at = position_of_indices(name)
        known = draw.operands[at].data
        draw.operands[at].data = None
        inputs = [x, np.stack([known] * len(x))]
        differences(draw, inputs[::-1] if at == 0 else inputs, tmp_path)
