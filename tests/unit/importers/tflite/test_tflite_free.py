"""Models whose batch is free: inner shapes are those under a batch of 1, whatever the file declares
of them. Compared with LiteRT, which works them out anew too."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tflite_layers import litert
from tflite_options import ints
from tflites import File, Operator, Tensor

from tinsmith.codegen.compile import lower
from tinsmith.core.errors import UserError
from tinsmith.importers.tflite.convert import convert
from tinsmith.importers.tflite.operators import NAMES
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases

Options = dict[int, tuple[str, Any]]


@pytest.fixture
def load(tmp_path: Path) -> Callable[[File], Graph]:
    def from_file(file: File) -> Graph:
        path = tmp_path / "net.tflite"
        path.write_bytes(file.bytes())
        return convert(path, "net", "litert")

    return from_file


class Net:
    """A model that grows; what operators make is declared as one number, which it never is."""

    def __init__(self, shape: Sequence[int]) -> None:
        self.file = File([Tensor("x", shape, signature=(-1, *shape[1:]))], [])

    def known(self, values: Any, dtype: str = "int32") -> int:
        self.file.tensors.append(ints(f"c{len(self.file.tensors)}", values, dtype))
        return len(self.file.tensors) - 1

    def op(
        self, kind: str, *inputs: int, dtype: str = "float32", type: int = 0,
        options: Options | None = None,
    ) -> int:  # fmt: skip
        name = f"t{len(self.file.tensors)}"
        self.file.tensors.append(Tensor(name, (1,), dtype, signature=(-1,)))
        made = len(self.file.tensors) - 1
        self.file.operators.append(
            Operator(NAMES.index(kind), inputs, (made,), type, options if type else None)
        )
        return made

    def batch(self, x: int = 0) -> int:
        """The first length of a tensor, as converters have it: SHAPE, then STRIDED_SLICE."""
        shape = self.op("SHAPE", x, dtype="int32", type=55, options={0: ("b", 2)})
        ends = [self.known([0]), self.known([1]), self.known([1])]
        return self.op("STRIDED_SLICE", shape, *ends, dtype="int32", type=32,
                       options={4: ("i", 1)})  # fmt: skip

    def pack(self, *values: int) -> int:
        options: Options = {0: ("i", len(values)), 1: ("i", 0)}
        return self.op("PACK", *values, dtype="int32", type=59, options=options)

    def reshape(self, x: int, *lengths: int) -> int:
        """To lengths of which the first is of the batch."""
        wanted = self.pack(self.batch(), *(self.known(n) for n in lengths))
        return self.op("RESHAPE", x, wanted, type=17, options={})


def require_equal(file: File, graph: Graph, rng: np.random.Generator) -> np.ndarray:
    x = rng.normal(size=(3, *graph.type(graph.inputs[0]).shape)).astype("f4")
    want = litert(file, x)
    got = run_cases(graph, {graph.inputs[0]: x})[graph.outputs[0]]
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-5 * np.abs(want).max(), strict=True)
    return got


def split_batch() -> Net:
    """[1, 36, 3] as [2, 18, 3]: the batch counts twice."""
    net = Net((1, 36, 3))
    twice = net.op("MUL", net.batch(), net.known(2), dtype="int32", type=21, options={})
    shape = net.pack(twice, net.known(18), net.known(3))
    net.op("RESHAPE", 0, shape, type=17, options={})
    return net


def dense(keep: int) -> Net:
    """FULLY_CONNECTED on [1, 6, 4], all axes kept or not."""
    net = Net((1, 24))
    rows = net.reshape(0, 6, 4)
    w = net.known(np.linspace(-1, 1, 20).reshape(5, 4), "float32")
    net.op("FULLY_CONNECTED", rows, w, type=8, options={2: ("b", keep)})
    return net


def picture() -> Net:
    """A picture of a row, convolved, brought to twice its size, joined to itself and flat."""
    net = Net((1, 24))
    x = net.reshape(0, 3, 4, 2)
    w = net.known(np.linspace(-1, 1, 54).reshape(3, 3, 3, 2), "float32")
    b = net.known(np.zeros(3), "float32")
    options: Options = {0: ("b", 0), 1: ("i", 1), 2: ("i", 1), 3: ("b", 3)}
    x = net.op("CONV_2D", x, w, b, type=1, options=options)
    x = net.op("RESIZE_BILINEAR", x, net.known([6, 8]), type=15, options={3: ("b", 1)})
    x = net.op("CONCATENATION", x, x, type=10, options={0: ("i", -1)})
    size = net.pack(net.batch(), net.known(12), net.known(16), net.known(2))
    w = net.known(np.linspace(-1, 1, 48).reshape(2, 2, 2, 6), "float32")
    x = net.op("TRANSPOSE_CONV", size, w, x, type=49,
               options={0: ("b", 0), 1: ("i", 2), 2: ("i", 2)})  # fmt: skip
    net.reshape(x, -1)
    return net


def axes() -> Net:
    """Axes added, taken away and summed over."""
    net = Net((1, 4, 1, 3))
    x = net.op("EXPAND_DIMS", 0, net.known(1), type=52, options={})
    x = net.op("SQUEEZE", x, type=30, options={0: ("o", np.array([3], "<i4"))})
    x = net.op("ADD", x, 0, type=11, options={})
    x = net.op("SQUEEZE", x, type=30, options={})
    net.op("SUM", x, net.known([0]), type=27, options={0: ("b", 1)})
    return net


def filled() -> Net:
    """A state of zeros for each of the batch, as a recurrent layer begins with."""
    net = Net((1, 4))
    shape = net.pack(net.batch(), net.known(4))
    zeros = net.op("FILL", shape, net.known(0.5, "float32"), type=68, options={})
    x = net.op("PACK", 0, zeros, type=59, options={0: ("i", 2), 1: ("i", 1)})
    net.op("SHAPE", x, dtype="int32", type=55, options={0: ("b", 2)})
    sides = net.known([[0, 0], [1, 0], [0, 1]])
    net.op("PAD", x, sides, type=22, options={})
    return net


NETS: dict[str, tuple[Callable[[], Net], tuple[int, ...]]] = {
    "a batch of parts": (split_batch, (2, 18, 3)),
    "a dense layer with all axes": (lambda: dense(1), (1, 6, 5)),
    "a dense layer of rows": (lambda: dense(0), (6, 5)),
    "a picture": (picture, (1, 384)),
    "axes": (axes, (1, 4, 3)),
    "filled": (filled, (1, 3, 5)),
}


@pytest.mark.parametrize("what", NETS)
def test_shapes_under_a_batch_of_one_count(what: str, load, rng: np.random.Generator) -> None:
    make, shape = NETS[what]
    file = make().file
    graph = load(file)
    assert require_equal(file, graph, rng).shape[1:] == shape
    left = lower(graph)
    computed = {left.type(o).dtype for n in left.nodes for o in n.outputs}
    assert computed == {"float32"}, "what shapes are computed of is gone"


def test_a_free_batch_that_is_declared_as_another_is_one_and_said(
    load, rng: np.random.Generator
) -> None:
    net = dense(1)
    graph = load(net.file)
    assert graph.notes == ()
    net.file.tensors[0].shape = (4, 24)
    again = load(net.file)
    assert again.type("x").shape == (1, 24)
    assert again.notes == (
        "Input 'x' has a free batch, declared as 4: it is compiled for a batch of 1.",
    )


def test_a_shape_that_only_the_run_knows_is_refused(load) -> None:
    net = Net((1, 4))
    lengths = net.op("CAST", 0, dtype="int32", type=37, options={})
    net.op("RESHAPE", 0, lengths, type=17, options={})
    with pytest.raises(UserError, match="not known before it runs") as e:
        load(net.file)
    assert "operator RESHAPE (node 1, 't2')" in e.value.message


def test_a_shape_that_cannot_be_held_is_refused(load) -> None:
    net = Net((1, 4))
    net.op("TILE", 0, net.known([1 << 20, 1 << 10]))
    with pytest.raises(UserError) as e:
        load(net.file)
    assert e.value.code == "import.tflite.shape"


def test_a_fixed_model_that_declares_other_shapes_is_refused(load) -> None:
    net = split_batch()
    for tensor in net.file.tensors:
        tensor.signature = ()
    net.file.tensors[-1].shape = (1, 18, 3)
    with pytest.raises(UserError) as e:
        load(net.file)
    assert e.value.code == "import.tflite.op"
