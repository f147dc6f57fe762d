"""The pipeline on random graphs full of transposes, pads and axes: every pass keeps every bit and
does nothing when run again."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tinsmith.codegen.compile import PIPELINE
from tinsmith.core.errors import UserError
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.types import Quant, TensorType
from tinsmith.rewrite import PASSES
from tinsmith.rewrite._turns import turned

MOST_ELEMENTS = 400


class Draft:
    """A float or an int8 graph over four axes, grown node by node."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.b = Builder("net", "quantised")
        zero = int(self.rng.integers(-9, 9))
        self.quant = Quant((0.1,), (zero,)) if self.rng.integers(2) else None
        shape = tuple(int(d) for d in self.rng.integers(1, 5, 4))
        type = TensorType(shape, "int8" if self.quant else "float32", self.quant)
        self.values = [self.b.input("x", type)]

    def graph(self) -> Graph:
        for _ in range(int(self.rng.integers(3, 14))):
            x = self.values[-1 - int(self.rng.integers(min(3, len(self.values))))]
            if self.b.type(x).elements > MOST_ELEMENTS or not self.b.type(x).shape:
                continue
            try:
                self.values.append(self._grown(x))
            except UserError:
                continue
        read = {i for n in self.b.build([self.values[-1]]).nodes for i in n.inputs}
        ends = [v for v in self.values[1:] if v not in read]
        return self.b.build(ends or [self.b.op("relu", "x")])

    def _grown(self, x: str) -> str:
        kind, b, rng = int(self.rng.integers(10)), self.b, self.rng
        shape = b.type(x).shape
        axis = int(rng.integers(len(shape)))
        if kind < 4:
            return self._turned(x, tuple(int(a) for a in rng.permutation(len(shape))))
        if kind == 4:
            return b.op("concat", x, self._alike(x), axis=axis)
        if kind == 5:
            start = int(rng.integers(shape[axis]))
            size = int(rng.integers(1, shape[axis] - start + 1))
            return b.op("slice", x, axis=axis, start=start, size=size)
        if kind == 6:
            before = tuple(int(a == axis) for a in range(len(shape)))
            value = self.quant.zero_point[0] if self.quant else 0.0
            return b.op("pad", x, before=before, after=(0,) * len(shape), value=value)
        if kind == 7:
            op, size = str(rng.choice(["avg_pool2d", "max_pool2d"])), shape[1:3]
            return b.op(op, x, size=size, stride=(1, 1))
        return self._whole(x, kind) if self.quant else self._real(x, axis, kind)

    def _turned(self, x: str, order: tuple[int, ...]) -> str:
        shape = self.b.type(x).shape
        walk, result = turned(shape, order), tuple(shape[a] for a in order)
        steps = {"shape": tuple(walk.lengths), "strides": tuple(walk.steps)}
        return self.b.op("strided", x, result=result, offset=0, **steps)

    def _alike(self, x: str) -> str:
        same = [v for v in self.values if self.b.type(v) == self.b.type(x)]
        return str(self.rng.choice(same))

    def _whole(self, x: str, kind: int) -> str:
        if kind == 8:
            return self.b.op("add", x, self._alike(x), quant=self.quant)
        table = self.rng.integers(-128, 128, 256).astype(np.int8)
        return self.b.op("lookup", x, self.b.constant("table", table, self.quant))

    def _real(self, x: str, axis: int, kind: int) -> str:
        """An axis reduced, or two values of which one may repeat along the first axis."""
        shape = self.b.type(x).shape
        if kind == 8:
            return self.b.op(str(self.rng.choice(["reduce_mean", "reduce_max"])), x, axis=axis)
        other = self._alike(x)
        if self.rng.integers(2):
            row = self.b.op("reduce_max", x, axis=0)
            steps = (0, *(int(np.prod(shape[a + 1 :])) for a in range(1, len(shape))))
            other = self.b.op("strided", row, result=shape, offset=0, shape=shape, strides=steps)
        pair = (x, other) if self.rng.integers(2) else (other, x)
        return self.b.op(str(self.rng.choice(["add", "mul", "sub"])), *pair)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_every_pass_keeps_every_bit(seed: int) -> None:
    graph, rng = Draft(seed).graph(), np.random.default_rng(seed)
    type = graph.type("x")
    x = (rng.normal(size=(2, *type.shape)) * 50).astype(type.dtype)
    if type.dtype == "float32":
        x[rng.random(x.shape) < 0.2] = -0.0
    want = run_cases(graph, {"x": x})
    wanted = [want[o] for o in graph.outputs]
    for name in PIPELINE:
        graph = PASSES.get(name)(graph)
        assert PASSES.get(name)(graph) is graph
        got = run_cases(graph, {"x": x})
        for a, o in zip(wanted, graph.outputs, strict=True):
            assert a.tobytes() == got[o].tobytes()


def test_most_transposes_of_these_graphs_go() -> None:
    before, behind = 0, 0
    for seed in range(60):
        graph = Draft(seed).graph()
        before += sum(n.op == "strided" for n in graph.nodes)
        for name in PIPELINE:
            graph = PASSES.get(name)(graph)
        behind += sum(n.op == "strided" for n in graph.nodes)
    assert behind < 0.75 * before
