"""Models with memory against LiteRT's reference: variables, SVDF, recurrent layers; cases are one
sequence, run in order on a fresh interpreter."""

from pathlib import Path

import numpy as np
import pytest
from tflite_options import ints
from tflite_recurrent import compared
from tflites import File, Operator, Tensor

from tinsmith.core.errors import UserError
from tinsmith.importers import read_model
from tinsmith.importers.tflite.convert import convert
from tinsmith.importers.tflite.operators import NAMES
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases


def operator(kind: str, inputs, outputs, type: int = 0, options=None) -> Operator:
    return Operator(NAMES.index(kind), inputs, outputs, type, options)


def handle(name: str, output: int) -> Operator:
    return operator("VAR_HANDLE", (), (output,), 111, {1: ("o", name)})


def variables(kind: dict, first: np.ndarray) -> File:
    """Two handles of one variable: reads before and after an assignment of x + old, and another
    variable that keeps the newest x; contents come from a subgraph."""
    call = operator("CALL_ONCE", (), (), 103, {0: ("i", 1)})
    s = first.shape
    tensors = [
        Tensor("x", s, **kind), Tensor("h1", (), "resource"), Tensor("old", s, **kind),
        Tensor("sum", s, **kind), Tensor("h2", (), "resource"), Tensor("new", s, **kind),
        Tensor("h3", (), "resource"), Tensor("last", s, **kind), Tensor("y", s, **kind),
    ]  # fmt: skip
    operators = [
        call, handle("total", 1), operator("READ_VARIABLE", (1,), (2,)),
        operator("ADD", (2, 0), (3,), 11, {}), handle("total", 4),
        operator("ASSIGN_VARIABLE", (4, 3), ()), operator("READ_VARIABLE", (1,), (5,)),
        handle("last", 6), operator("READ_VARIABLE", (6,), (7,)),
        operator("ASSIGN_VARIABLE", (6, 0), ()), operator("ADD", (5, 7), (8,), 11, {}),
    ]  # fmt: skip
    starts = [
        Tensor("g1", (), "resource"), Tensor("first", s, **kind, data=first),
        Tensor("g2", (), "resource"), Tensor("double", s, **kind),
    ]  # fmt: skip
    assigned = [
        handle("total", 0), operator("ASSIGN_VARIABLE", (0, 1), ()), handle("last", 2),
        operator("ADD", (1, 1), (3,), 11, {}), operator("ASSIGN_VARIABLE", (2, 3), ()),
    ]  # fmt: skip
    init = File(starts, assigned, (), ())
    return File(tensors, operators, (0,), (2, 5, 7, 8), more=[init])


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8"])
def test_variables(dtype: str, rng: np.random.Generator, tmp_path: Path) -> None:
    quant = {"float32": {}, "int8": {"scale": (0.1,), "zero": (-7,)},
             "uint8": {"scale": (0.1,), "zero": (121,)}}[dtype]  # fmt: skip
    whole = rng.integers(0, 40, (7, 2, 3)) + (110 if dtype == "uint8" else 0)
    x = (whole / 8 if dtype == "float32" else whole).astype(dtype)
    graph = compared(variables({"type": dtype, **quant}, x[0]), x[1:], tmp_path)
    assert len(graph.states) == 2


def test_what_nothing_initialises_begins_as_real_zeros(tmp_path: Path) -> None:
    kind = {"type": "int8", "scale": (0.1,), "zero": (-7,)}
    file = variables(kind, np.zeros((2, 3), "int8"))
    file.operators, file.more = file.operators[1:], ()
    path = tmp_path / "net.tflite"
    path.write_bytes(file.bytes())
    assert all((s.initial == -7).all() for s in convert(path, "net", "litert").states)


def _later(file: File) -> None:
    file.operators = [*file.operators[1:], file.operators[0]]


def _other_shape(file: File) -> None:
    file.more[0].tensors[1] = Tensor("first", (6,), data=np.zeros(6))
    file.more[0].operators = file.more[0].operators[:2]


def _unknown_handle(file: File) -> None:
    file.operators[2].inputs = (0,)


def _no_subgraph(file: File) -> None:
    file.operators[0].options = {0: ("i", 2)}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_later, "before its first content"), (_other_shape, "begins as float32[6]"),
        (_unknown_handle, "no handle"), (_no_subgraph, "subgraph 2 of 2"),
    ],
)  # fmt: skip
def test_variables_that_cannot_be(change, words: str, tmp_path: Path) -> None:
    file = variables({"type": "float32"}, np.zeros((2, 3), "f4"))
    change(file)
    path = tmp_path / "net.tflite"
    path.write_bytes(file.bytes())
    with pytest.raises(UserError) as e:
        convert(path, "net", "litert")
    assert e.value.code == "import.tflite.op" and words in e.value.message, e.value


def svdf(rng: np.random.Generator, dtype: str) -> tuple[File, np.ndarray]:
    batch, depth, units, rank, memory = (int(v) for v in rng.integers(1, 5, 5))
    filters = units * rank
    shapes = ((batch, depth), (filters, depth), (filters, memory), (units,),
              (batch, filters * memory), (batch, units))  # fmt: skip
    names = ("x", "features", "times", "bias", "state", "y")
    if dtype == "float32":
        data = [None, *(rng.normal(size=s) for s in shapes[1:4]), None, None]
        tensors = [Tensor(n, s, data=d) for n, s, d in zip(names, shapes, data, strict=True)]
        x = rng.normal(size=(6, *shapes[0])).astype("f4")
    else:
        kinds = ("int8", "int8", "int16", "int32", "int16", "int8")
        data = [None, rng.integers(-127, 128, shapes[1]), rng.integers(-999, 1000, shapes[2]),
                rng.integers(-9000, 9000, shapes[3]), None, None]  # fmt: skip
        scales = (0.05, 0.01, 2e-4, 2e-4 * 0.0003, 0.0003, 0.05)
        zeros = (int(rng.integers(-128, 128)), 0, 0, 0, 0, int(rng.integers(-128, 128)))
        tensors = [
            Tensor(n, s, k, (float(np.float32(c)),), (z,), data=d)
            for n, s, k, c, z, d in zip(names, shapes, kinds, scales, zeros, data, strict=True)
        ]
        x = rng.integers(-128, 128, (6, *shapes[0])).astype("int8")
    tensors[4].variable = True
    options = {0: ("i", rank), 1: ("b", int(dtype == "int8" or rng.integers(2)))}
    inputs = (0, 1, 2, 3 if rng.integers(3) else -1, 4)
    return File(tensors, [operator("SVDF", inputs, (5,), 6, options)]), x


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_svdf(dtype: str, tmp_path: Path) -> None:
    for number in range(20):
        rng = np.random.default_rng([6, number])
        file, x = svdf(rng, dtype)
        if file.tensors[1].shape == (1, 1):
            continue  # one number of each: relu may leave nothing to compare
        compared(file, x, tmp_path)


def test_sums_of_svdf_wrap_as_the_reference_does_and_are_told(tmp_path: Path) -> None:
    """Weights of full range over a memory that is full of the largest numbers."""
    wrapped = 0
    for number in range(20):
        rng = np.random.default_rng([7, number])
        file, x = svdf(rng, "int8")
        features, times, y = file.tensors[1], file.tensors[2], file.tensors[5]
        if times.shape[1] < 3:
            continue  # two terms of 2^30 reach an end, but do not pass it
        features.data = rng.choice([-127, 127], features.shape)
        times.data = rng.choice([-32767, 32767, 20000], times.shape)
        y.scale = (float(np.float32(2.0**24 * 2e-4 * 0.0003)),)
        graph = compared(file, x, tmp_path, varied=False)
        (note,) = graph.notes
        assert "Operator SVDF (node 0, 'y'): its sums may reach" in note and "wrap" in note
        wrapped += _leaves_int32(graph, x)
    assert wrapped > 5
    assert read_model(tmp_path / "net.tflite").notes == graph.notes  # out of the sandbox, too


def _leaves_int32(graph: Graph, x: np.ndarray) -> bool:
    """Whether some sum of the model, made in 64 bits, is not the one that was made."""
    values = run_cases(graph, {graph.inputs[0]: x}, reset_each=False)
    product = next(n for n in graph.nodes if n.op == "mul")
    wide, times = (np.asarray(values.get(i, graph.constants.get(i)), np.int64)
                   for i in product.inputs)  # fmt: skip
    return bool((np.abs((wide * times).sum(-1)) >= 2**31).any())


def test_svdf_that_cannot_leave_int32_says_nothing(tmp_path: Path) -> None:
    file, x = svdf(np.random.default_rng([6, 0]), "int8")
    assert compared(file, x, tmp_path).notes == ()


def lstm(rng: np.random.Generator) -> tuple[File, np.ndarray]:
    steps, batch, depth, units = (int(v) for v in rng.integers(1, 5, 4))
    first = int(rng.integers(2))
    x_shape = (steps, batch, depth) if first else (batch, steps, depth)
    shapes = [(units, depth)] * 4 + [(units, units)] * 4 + [(units,)] * 4
    weights = [Tensor(f"w{i}", s, data=rng.normal(size=s) * 0.7) for i, s in enumerate(shapes)]
    states = [Tensor(n, (batch, units), variable=True) for n in ("h", "c")]
    tensors = [Tensor("x", x_shape), *weights, *states, Tensor("y", (*x_shape[:2], units))]
    inputs = (0, *range(1, 9), -1, -1, -1, *range(9, 13), -1, -1, 13, 14, -1, -1, -1, -1)
    clip = float(rng.choice([0.0, 0.5, 10.0]))
    options = {0: ("b", 4), 1: ("f", clip), 3: ("b", first)}
    file = File(tensors, [operator("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, (15,), 71, options)])
    return file, rng.normal(size=(4, *x_shape)).astype("f4")


def test_lstm_keeps_its_states(tmp_path: Path) -> None:
    for number in range(20):
        graph = compared(*lstm(np.random.default_rng([7, number])), tmp_path)
        assert len(graph.states) == 2


def rnn(rng: np.random.Generator, kind: str) -> tuple[File, np.ndarray]:
    steps, batch, depth, units = (int(v) for v in rng.integers(1, 5, 4))
    first, activation = int(rng.integers(2)), int(rng.choice([1, 4]))
    x_shape = (steps, batch, depth) if first else (batch, steps, depth)
    options = {0: ("b", first), 1: ("b", activation)}
    if kind == "RNN":
        x_shape, options = (batch, depth), {0: ("b", activation)}
    shapes = ((units, depth), (units, units), (units,))
    weights = [Tensor(f"w{i}", s, data=rng.normal(size=s) * 0.5) for i, s in enumerate(shapes)]
    state = Tensor("h", (batch, units), variable=True)
    tensors = [Tensor("x", x_shape), *weights, state, Tensor("y", (*x_shape[:-1], units))]
    type = 7 if kind == "RNN" else 31
    file = File(tensors, [operator(kind, (0, 1, 2, 3, 4), (5,), type, options)])
    return file, rng.normal(size=(4, *x_shape)).astype("f4")


@pytest.mark.parametrize("kind", ["RNN", "UNIDIRECTIONAL_SEQUENCE_RNN"])
def test_rnn_keeps_its_state(kind: str, tmp_path: Path) -> None:
    for number in range(20):
        file, x = rnn(np.random.default_rng([8, number]), kind)
        if x[0].size > 1:
            compared(file, x, tmp_path)


def test_concatenation_of_uint8_rescales(rng: np.random.Generator, tmp_path: Path) -> None:
    for number in range(20):
        rng = np.random.default_rng([9, number])
        kinds = [
            {"scale": (float(np.float32(s)),), "zero": (int(rng.integers(256)),)}
            for s in rng.uniform(0.01, 0.1, 3)
        ]
        other = rng.integers(0, 256, (2, 3))
        tensors = [
            Tensor("x", (2, 4), "uint8", **kinds[0]),
            Tensor("b", (2, 3), "uint8", **kinds[1], data=other),
            Tensor("y", (2, 7), "uint8", **kinds[2]),
        ]
        file = File(tensors, [operator("CONCATENATION", (0, 1), (2,), 10, {0: ("i", 1)})])
        compared(file, rng.integers(0, 256, (3, 2, 4)).astype("uint8"), tmp_path)


def test_what_is_known_at_import_is_no_node(rng: np.random.Generator, tmp_path: Path) -> None:
    """SHAPE, its first place, PACK with a constant, FILL and an addition; RANGE of floats."""
    tensors = [
        Tensor("x", (3, 4)), Tensor("shape", (2,), "int32"), ints("zero", [0]), ints("one", [1]),
        Tensor("rows", (), "int32"), ints("four", 4), Tensor("pair", (2,), "int32"),
        Tensor("half", (), data=np.array(0.5)), Tensor("filled", (3, 4)), Tensor("y", (3, 4)),
        Tensor("limit", (), data=np.array(0.4)), Tensor("step", (), data=np.array(0.1)),
        Tensor("start", (), data=np.array(0.0)), Tensor("steps", (4,)), Tensor("z", (3, 4)),
    ]  # fmt: skip
    operators = [
        operator("SHAPE", (0,), (1,), 55, {0: ("b", 2)}),
        operator("STRIDED_SLICE", (1, 2, 3, 3), (4,), 32, {4: ("i", 1)}),
        operator("PACK", (4, 5), (6,), 59, {0: ("i", 2)}),
        operator("FILL", (6, 7), (8,)), operator("ADD", (0, 8), (9,), 11, {}),
        operator("RANGE", (12, 10, 11), (13,)), operator("MUL", (9, 13), (14,), 21, {}),
    ]  # fmt: skip
    compared(
        File(tensors, operators, (0,), (14,)), rng.normal(size=(2, 3, 4)).astype("f4"), tmp_path
    )
