"""Mutated and crafted ONNX files: each is refused with a UserError, or imported, and then its C on
this computer equals the interpreter. The parent process never crashes."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from firmwares import CACHE
from onnx import TensorProto, helper
from onnxes import info, model

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.shared import build_shared
from tinsmith.codegen.compile import compile_graph
from tinsmith.core.errors import UserError
from tinsmith.devices.board import BOARDS
from tinsmith.importers import read_model
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.prove.bits import equal

FULL = 300
SAMPLE = 6
LARGEST = 200_000
"""Bytes of values that a mutated model may have and still be run."""


def network(kind: int) -> bytes:
    """A small network: dense layers, convolutions, integers, shape arithmetic."""
    rng, make = np.random.default_rng(kind), helper.make_node
    w = {"w": rng.normal(size=(4, 2, 3, 3)), "v": rng.normal(size=(4, 3)), "b": rng.normal(size=4)}
    held: dict[str, np.ndarray] = {k: v.astype(np.float32) for k, v in w.items()}
    if kind % 3 == 0:
        nodes = [
            make("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1]), make("Relu", ["c"], ["r"]),
            make("GlobalAveragePool", ["r"], ["g"]), make("Flatten", ["g"], ["f"]),
            make("Gemm", ["f", "v"], ["y"]),
        ]  # fmt: skip
        shape = [1, 2, 5, 4]
    elif kind % 3 == 1:
        held |= {
            "s": np.float32(0.05),
            "z": np.int8(3),
            "q": np.int8(rng.integers(-99, 99, (3, 4))),
        }
        nodes = [
            make("QuantizeLinear", ["x", "s", "z"], ["xq"]),
            make("DequantizeLinear", ["xq", "s", "z"], ["xr"]),
            make("DequantizeLinear", ["q", "s"], ["wr"]), make("MatMul", ["xr", "wr"], ["m"]),
            make("QuantizeLinear", ["m", "s", "z"], ["mq"]),
            make("DequantizeLinear", ["mq", "s", "z"], ["y"]),
        ]  # fmt: skip
        shape = [2, 3]
    else:
        held |= {"one": np.int64([1]), "two": np.int64([2]), "minus": np.int64([-1])}
        nodes = [
            make("Shape", ["x"], ["n"]), make("Slice", ["n", "one", "two"], ["k"]),
            make("Concat", ["k", "minus"], ["to"], axis=0), make("Reshape", ["x", "to"], ["r"]),
            make("Softmax", ["r"], ["p"], axis=1), make("ReduceSum", ["p", "one"], ["y"]),
        ]  # fmt: skip
        shape = [2, 3, 4]
    return bytes(model(nodes, [info("x", shape)], [info("y", None)], held).SerializeToString())


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """Flipped bits, ends of ranges, a moved block, the end cut; or a field of the model changed."""
    out = bytearray(data)
    match int(rng.integers(5)):
        case 0:
            for at in rng.integers(len(out), size=int(rng.integers(1, 6))):
                out[at] ^= 1 << int(rng.integers(8))
        case 1:
            for at in rng.integers(len(out), size=int(rng.integers(1, 6))):
                out[at] = int(rng.choice([0, 1, 0x7F, 0x80, 0xFF]))
        case 2:
            n = int(rng.integers(1, 33))
            source, target = (int(v) for v in rng.integers(len(out) - n, size=2))
            out[target : target + n] = out[source : source + n]
        case 3:
            del out[int(rng.integers(len(out))) :]
        case 4:
            return reshaped(data, rng)
    return bytes(out)


def reshaped(data: bytes, rng: np.random.Generator) -> bytes:
    """An operand, an attribute, a dimension or an operator of another model in place."""
    proto = onnx.ModelProto.FromString(data)
    node = proto.graph.node[int(rng.integers(len(proto.graph.node)))]
    names = [i for n in proto.graph.node for i in n.input]
    match int(rng.integers(4)):
        case 0:
            node.input[int(rng.integers(len(node.input)))] = str(rng.choice(names))
        case 1:
            node.attribute.append(helper.make_attribute("axis", int(rng.integers(-5, 9))))
        case 2:
            tensor = proto.graph.initializer[int(rng.integers(len(proto.graph.initializer)))]
            tensor.dims.append(int(rng.choice([-1, 0, 1, 2, 2**40])))
        case 3:
            node.op_type = str(rng.choice(["Transpose", "Add", "TopK", "Resize", "Pad", "LSTM"]))
    return bytes(proto.SerializeToString())


def outcome_of(path: Path, rng: np.random.Generator) -> str:
    """``equal``, or the code of the refusal; anything else fails."""
    try:
        graph = read_model(path)
        if sum(t.nbytes for t in graph.types.values()) > LARGEST:
            return "large"
        module = compile_graph(graph, "host")
    except UserError as e:
        assert e.code.startswith(("import.onnx.", "sandbox.")), e.code
        return e.code
    inputs = {i: random_input(graph, i, rng) for i in graph.inputs}
    options = RunOptions(inputs, trace=True, cache=CACHE)
    outcome = run(build_shared(module, CACHE), BOARDS.get("host"), "host", options)
    wanted = run_cases(module.graph, inputs)
    assert outcome.trace is not None
    for name, got in {**outcome.trace, **outcome.outputs}.items():
        assert equal(got, wanted[name]), name
    return "equal"


def random_input(graph: Graph, name: str, rng: np.random.Generator) -> np.ndarray:
    type = graph.type(name)
    whole = (
        rng.integers(0, 2, (2, *type.shape))
        if type.dtype == "bool"
        else rng.integers(-100, 100, (2, *type.shape))
    )
    return np.asarray(whole / 16 if type.dtype == "float32" else whole).astype(type.dtype)


def campaign_of(numbers: range, folder: Path) -> Counter[str]:
    seen: Counter[str] = Counter()
    for number in numbers:
        rng = np.random.default_rng([2027, number])
        path = folder / f"m{number}.onnx"
        path.write_bytes(mutated(network(number), rng))
        seen[outcome_of(path, rng)] += 1
    return seen


def test_sample(tmp_path: Path) -> None:
    seen = campaign_of(range(SAMPLE), tmp_path)
    assert seen.total() == SAMPLE and len(seen) > 1, seen


@pytest.mark.slow
def test_full(
    campaign: Callable[..., int], record_result: Callable[..., None], tmp_path: Path
) -> None:
    files = campaign(FULL, least=SAMPLE)
    seen = campaign_of(range(files), tmp_path)
    assert seen["equal"] and seen.total() == files, seen
    record_result("onnx_mutations", {"files": files, "outcomes": dict(sorted(seen.items()))})


X = info("x", [1, 4])


def small(*nodes: Any, **held: np.ndarray) -> Any:
    return model(nodes, [X], [info("y", None)], held)


def huge_shapes() -> Iterator[Any]:
    """Operators that would make tensors of many gigabytes from a few bytes."""
    big, make = np.int64([2**20, 2**20]), helper.make_node
    for kind in ("ConstantOfShape", "Expand", "Tile", "Reshape"):
        given = ["s"] if kind == "ConstantOfShape" else ["c", "s"]
        node = make(kind, given, ["y"])
        yield small(node, s=big, c=np.ones((1, 1), np.float32))
        yield small(make(kind, given if kind == "ConstantOfShape" else ["x", "s"], ["y"]), s=big)
    yield small(
        make("Range", ["a", "b", "c"], ["y"]), a=np.int64(0), b=np.int64(2**60), c=np.int64(1)
    )
    yield small(make("Pad", ["x", "p"], ["y"]), p=np.int64([0, 2**40, 0, 2**40]))
    yield small(make("OneHot", ["i", "d", "v"], ["y"]), i=np.int64([1]), d=np.int64(2**40),
                v=np.float32([0, 1]))  # fmt: skip
    yield small(make("Resize", ["x", "", "s"], ["y"]), s=np.float32([1, 2**30]))
    yield small(make("TopK", ["x", "k"], ["v", "y"]), k=np.int64([2**40]))


def odd_attributes() -> Iterator[Any]:
    """Attributes of wrong sizes, signs and types."""
    make, big = helper.make_node, 2**62
    for axis in (-big, -7, 7, big):
        for kind in (
            "Softmax",
            "Concat",
            "Flatten",
            "ArgMax",
            "Gather",
            "Split",
            "LpNormalization",
        ):
            yield small(make(kind, ["x", "i"] if kind == "Gather" else ["x"], ["y"], axis=axis),
                        i=np.int64([0]))  # fmt: skip
    for perm in ([0], [0, 0], [5, 6], [0, 1, 2]):
        yield small(make("Transpose", ["x"], ["y"], perm=perm))
    for text in (b"\xff", b"x" * 5000):
        yield small(make("Pad", ["x", "p"], ["y"], mode=text), p=np.int64([0, 0, 0, 0]))
    for shape in ([-1, -1], [0, 0, 0], [3], [big, big], [-2, 2]):
        yield small(make("Reshape", ["x", "s"], ["y"]), s=np.int64(shape))
    w = np.ones((1, 1, 3, 3), np.float32)
    image = info("x", [1, 1, 4, 4])
    for key, value in (("strides", [0, 0]), ("strides", [-1, 1]), ("pads", [1]), ("group", 0),
                       ("group", -3), ("dilations", [big, big]), ("kernel_shape", [9, 9]),
                       ("pads", [-9, -9, -9, -9]), ("auto_pad", "ODD")):  # fmt: skip
        node = make("Conv", ["x", "w"], ["y"], **{key: value})
        yield model([node], [image], [info("y", None)], {"w": w})
        pool = make("MaxPool", ["x"], ["y"], **{"kernel_shape": [3, 3], key: value})
        yield model([pool], [image], [info("y", None)], {"w": w})


def broken_graphs() -> Iterator[Any]:
    """Cycles, values written twice or never, names of other files, dimensions of all kinds."""
    make = helper.make_node
    yield small(make("Relu", ["y"], ["a"]), make("Relu", ["a"], ["y"]))
    yield small(make("Relu", ["y"], ["y"]))
    yield small(make("Relu", ["x"], ["y"]), make("Abs", ["x"], ["y"]))
    yield small(make("Relu", ["x"], ["x"]))
    yield small(make("Relu", [], ["y"]))
    yield small(make("Relu", ["x"], []))
    yield small(make("Relu", [""], ["y"]))
    yield small(make("Identity", ["x"], ["other"]))
    for dims in ([-1, 4], [0, 4], [2**62, 2**62], [1] * 40, ["batch", "k"]):
        yield model([make("Relu", ["x"], ["y"])], [info("x", dims)], [info("y", None)])
    for place in ("/etc/passwd", "../secret", "C:\\secret", ""):
        made = small(make("Add", ["x", "w"], ["y"]))
        tensor = made.graph.initializer.add(name="w", data_type=TensorProto.FLOAT, dims=[4])
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=place)
        yield made
    for kind in range(0, 40, 3):
        made = small(make("Add", ["x", "w"], ["y"]))
        made.graph.initializer.add(name="w", data_type=kind, dims=[3], raw_data=b"12345")
        yield made
    lstm = make("LSTM", ["x", "w", "w"], ["y"], hidden_size=-4)
    yield small(lstm, w=np.zeros((1, 4, 1), np.float32))


CRAFTED = {"huge": huge_shapes, "odd": odd_attributes, "broken": broken_graphs}
TAKEN = {"odd": 30}
"""Of the odd attributes some mean something after all; at most so many."""


@pytest.mark.parametrize("kind", CRAFTED)
def test_crafted_files_are_refused_or_mean_something(kind: str) -> None:
    """In this process, so that an unexpected error shows where it comes from."""
    from tinsmith.importers.onnx.convert import from_bytes

    taken = 0
    for made in CRAFTED[kind]():
        try:
            from_bytes(made.SerializeToString(), "m")
            taken += 1
        except UserError as e:
            assert e.code.startswith("import.onnx."), e.code
    assert taken <= TAKEN.get(kind, 1)


def test_a_hostile_file_ends_in_the_sandbox(tmp_path: Path) -> None:
    path = tmp_path / "huge.onnx"
    path.write_bytes(next(huge_shapes()).SerializeToString())
    with pytest.raises(UserError) as e:
        read_model(path)
    assert e.value.code == "import.onnx.op"
