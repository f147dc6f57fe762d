"""Random TensorFlow Lite models of one recurrent layer, and comparisons of models with memory with
LiteRT: cases are one sequence, run in order on a fresh interpreter."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tflites import File, Operator, Tensor

from tinsmith.importers.tflite.convert import convert
from tinsmith.importers.tflite.operators import NAMES
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases

GATES = "ifco"
LEFT_OUT = (-1, -1, -1)
TOLERANCE = 1e-5


def litert(data: bytes, x: np.ndarray) -> list[np.ndarray]:
    """Every output of every case in order."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    machine = Interpreter(
        model_content=data, experimental_op_resolver_type=OpResolverType.BUILTIN_REF
    )
    machine.allocate_tensors()
    (place,) = [d["index"] for d in machine.get_input_details()]
    outputs = [d["index"] for d in machine.get_output_details()]
    seen = []
    for case in x:
        machine.set_tensor(place, case)
        machine.invoke()
        seen.append([machine.get_tensor(o).copy() for o in outputs])
    return [np.stack(column) for column in zip(*seen, strict=True)]


def compared(file: File, x: np.ndarray, folder: Path, varied: bool = True) -> Graph:
    """The graph, whose results are LiteRT's, and ``varied``: not all the same."""
    path = folder / "net.tflite"
    path.write_bytes(file.bytes())
    graph = convert(path, "net", "litert")
    values = run_cases(graph, {graph.inputs[0]: x}, reset_each=False)
    for name, want in zip(graph.outputs, litert(file.bytes(), x), strict=True):
        got = values[name]
        assert (got.dtype, got.shape) == (want.dtype, want.shape)
        assert not varied or len(np.unique(want)) > 1
        if want.dtype == np.float32:
            assert np.abs(got - want).max() <= TOLERANCE * np.abs(want).max()
        else:
            np.testing.assert_array_equal(got, want)
    return graph


@dataclass(frozen=True)
class Drawn:
    """What a layer is drawn as.

    Args:
        steps, batch, depth, units: lengths.
        first: whether time is the first axis.
        loud: how far sums reach: 1.0 fills the gates' range now and then, more saturates them.
        clip: bound of the cell, 0.0: none.
        power: scale of the cell is 2^power.
    """

    steps: int
    batch: int
    depth: int
    units: int
    first: bool
    loud: float = 1.0
    clip: float = 0.0
    power: int = -11

    @property
    def x(self) -> tuple[int, int, int]:
        """Shape of the input."""
        front = (self.steps, self.batch) if self.first else (self.batch, self.steps)
        return (*front, self.depth)


def drawn(rng: np.random.Generator, number: int) -> Drawn:
    """Lengths 1 to 17, both orders of time, every scale of the cell that there is."""
    return Drawn(
        steps=int(rng.integers(1, 7)), batch=int(rng.integers(1, 4)),
        depth=int(rng.integers(1, 18)), units=int(rng.integers(1, 18)), first=number % 2 == 0,
        loud=float(rng.choice([0.3, 1.0, 4.0, 40.0])), clip=float(rng.choice([0.0, 0.0, 0.4, 9.0])),
        power=-15 + number % 7,
    )  # fmt: skip


def f32(value: float) -> float:
    """The nearest float32."""
    return float(np.float32(value))


def lstm8(rng: np.random.Generator, d: Drawn, cases: int = 4) -> tuple[File, np.ndarray]:
    """int8 activations and weights, int16 cell; what lies between steps has the result's scale."""
    zero_x, zero_h = (int(v) for v in rng.integers(-128, 128, 2))
    scale_x, scale_h = f32(rng.uniform(0.01, 0.05)), f32(rng.uniform(1 / 150, 1 / 100))
    steps_x = d.loud / scale_x / 127 / np.sqrt(d.depth) / 64
    steps_h = d.loud / scale_h / 127 / np.sqrt(d.units) / 64
    tensors = [Tensor("x", d.x, "int8", (scale_x,), (zero_x,))]
    for gate in GATES:
        w = rng.integers(-127, 128, (d.units, d.depth))
        scale = f32(steps_x * rng.uniform(0.5, 1.5))
        tensors.append(Tensor(f"w_{gate}", w.shape, "int8", (scale,), (0,), data=w))
    for gate in GATES:
        r = rng.integers(-127, 128, (d.units, d.units))
        scale = f32(steps_h * rng.uniform(0.5, 1.5))
        tensors.append(Tensor(f"r_{gate}", r.shape, "int8", (scale,), (0,), data=r))
    for i, gate in enumerate(GATES):
        scale = f32(tensors[1 + i].scale[0] * scale_x)
        b = np.round(rng.normal(size=d.units) * d.loud / scale).astype("i4")
        tensors.append(Tensor(f"b_{gate}", b.shape, "int32", (scale,), (0,), data=b))
    hidden = {"scale": (scale_h,), "zero": (zero_h,)}
    front, state = d.x[:2], (d.batch, d.units)
    tensors += [
        Tensor("h", state, "int8", **hidden, variable=True),
        Tensor("c", state, "int16", (2.0**d.power,), (0,), variable=True),
        Tensor("y", (*front, d.units), "int8", **hidden),
        *(Tensor(f"between_{g}", (0,), "int16", (1.0,), (0,)) for g in GATES),
        Tensor("between_h", (0,), "int8", **hidden),
    ]
    file = File(tensors, [full_lstm((0, *range(1, 13)), (13, 14), 15, d)], outputs=(15,))
    file.operators[0].intermediates = (16, 17, 18, 19, 20)
    return file, rng.integers(-128, 128, (cases, *d.x)).astype("int8")


def full_lstm(given: Sequence[int], states: Sequence[int], result: int, d: Drawn) -> Operator:
    """The operator with x, eight weights and four biases ``given``, and no optional operand."""
    inputs = (*given[:9], *LEFT_OUT, *given[9:], -1, -1, *states, -1, *LEFT_OUT)
    options = {0: ("b", 4), 1: ("f", d.clip), 3: ("b", int(d.first))}
    code = NAMES.index("UNIDIRECTIONAL_SEQUENCE_LSTM")
    return Operator(code, inputs, (result,), 71, options)


def bidirectional(
    rng: np.random.Generator, d: Drawn, kind: str, merged: bool
) -> tuple[File, np.ndarray]:
    """A float32 layer of ``lstm`` or ``rnn`` in both directions, which of an lstm have
    as many units each: LiteRT refuses others."""
    weights, states, inputs = [], [], [0]
    activation = 1 if d.loud > 1 and d.units > 2 else 4  # relu, which may silence few units; tanh
    for way, units in (("f", d.units), ("b", d.units if kind == "lstm" else 4)):
        shapes = [(units, d.depth), (units, units), (units,)]
        gates = 4 if kind == "lstm" else 1
        arrays = [rng.normal(size=s) * 0.6 for s in shapes for _ in range(gates)]
        at = 1 + len(weights)
        weights += [Tensor(f"{way}{i}", a.shape, data=a) for i, a in enumerate(arrays)]
        made = list(range(at, at + len(arrays)))
        inputs += [*made[:8], *LEFT_OUT, *made[8:], -1, -1] if gates == 4 else [*made, way]
        states.append([
            Tensor(f"{way}_{s}", (d.batch, units), variable=True) for s in "hc"[: 1 + gates // 4]
        ])  # fmt: skip
    tensors = [Tensor("x", d.x), *weights, *states[0], *states[1]]
    first = 1 + len(weights)
    if kind == "lstm":
        inputs += [*range(first, first + 4), *(-1,) * 9]
        options = {0: ("b", activation), 1: ("f", d.clip), 3: ("b", merged), 4: ("b", int(d.first))}
    else:
        inputs = [{"f": first, "b": first + 1}.get(i, i) for i in inputs] + list(LEFT_OUT)
        options = {0: ("b", int(d.first)), 1: ("b", activation), 2: ("b", merged)}
    sizes = [s[0].shape[1] for s in states]
    at = len(tensors)
    widths = [sum(sizes)] if merged else sizes
    tensors += [Tensor(f"y{i}", (*d.x[:2], n)) for i, n in enumerate(widths)]
    outputs = tuple(range(at, len(tensors)))
    code = NAMES.index(f"BIDIRECTIONAL_SEQUENCE_{kind.upper()}")
    type = 69 if kind == "lstm" else 70
    file = File(tensors, [Operator(code, inputs, outputs, type, options)], outputs=outputs)
    return file, rng.normal(size=(4, *d.x)).astype("f4")


def dynamic_lstm(rng: np.random.Generator, d: Drawn, asymmetric: bool) -> tuple[File, np.ndarray]:
    """float32 activations, int8 weights."""
    tensors = [Tensor("x", d.x)]
    for name, columns in (("w", d.depth), ("r", d.units)):
        for gate in GATES:
            w = rng.integers(-127, 128, (d.units, columns))
            scale = f32(rng.uniform(0.3, 1.0) / 60 / columns**0.5)
            tensors.append(Tensor(f"{name}_{gate}", w.shape, "int8", (scale,), (0,), data=w))
    tensors += [Tensor(f"b_{g}", (d.units,), data=rng.normal(size=d.units)) for g in GATES]
    tensors += [Tensor(n, (d.batch, d.units), variable=True) for n in "hc"]
    tensors.append(Tensor("y", (*d.x[:2], d.units)))
    operator = full_lstm((0, *range(1, 13)), (13, 14), 15, d)
    operator.options = {**operator.options, 4: ("b", int(asymmetric))}
    return File(tensors, [operator], outputs=(15,)), rng.normal(size=(4, *d.x)).astype("f4")
