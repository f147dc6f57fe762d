"""Hostile ONNX files: protocol buffers that nest, lie about sizes or point elsewhere, and graphs
that ask for too much."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxes import info, model

Crafted = Iterator[tuple[str, bytes]]
BIG = 2**31 - 1
X, Y = info("x", [1, 4]), info("y", [1, 4])


def crafted() -> Crafted:
    """Name and content of every file."""
    yield from _raw()
    for part in (_contents, _graphs, _nested, _functions, _bombs, _declared):
        for name, made in part():
            yield name, made.SerializeToString()


def _relu() -> Any:
    return model([helper.make_node("Relu", ["x"], ["y"], name="first")], [X], [Y])


def _changed(change: Callable[[Any], object]) -> Any:
    made = _relu()
    change(made)
    return made


def _length(data: bytes) -> bytes:
    """A varint of the number of bytes, and the bytes."""
    number, out = len(data), bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number]) + data


def _raw() -> Crafted:
    data = _relu().SerializeToString()
    yield "a length of 2^63", b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f" + data
    yield "a varint without end", b"\x3a" + b"\xff" * 64
    yield "half of a model", data[: len(data) // 2]
    yield "model twice", data + data
    yield "group without end", data + b"\x3b" * 50_000
    deep = b""
    for _ in range(5000):  # graph.node.attribute.g, as deep as the bytes go
        deep = b"\x0a" + _length(b"\x2a" + _length(b"\x32" + _length(deep)))
    yield "graphs in graphs, 5,000 deep", b"\x08\x09\x3a" + _length(deep)
    yield "text as a graph", b"\x3a" + _length(b"/etc/passwd" * 20)


def _tensor(**changes: Any) -> Any:
    def change(made: Any) -> None:
        made.graph.node[0].op_type = "Add"
        made.graph.node[0].input.append("w")
        tensor = made.graph.initializer.add(name="w", data_type=TensorProto.FLOAT, dims=[4])
        tensor.raw_data = bytes(16)
        for key, value in changes.items():
            if key == "dims":
                del tensor.dims[:]
                tensor.dims.extend(value)
            elif key == "location":
                tensor.data_location = TensorProto.EXTERNAL
                tensor.external_data.add(key="location", value=value)
            else:
                setattr(tensor, key, value)

    return _changed(change)


def _contents() -> Iterator[tuple[str, Any]]:
    for place in ("/etc/passwd", "../../x", "weights.bin", "\0", "http://localhost/x", ""):
        yield f"content in {place!r}", _tensor(location=place)
    shapes: Sequence[Sequence[int]] = (
        (-1,), (2**62,), (BIG, BIG, 4), (2**32, 2**32), (5,), (3,), (0,), (1,) * 100, (-2, -2),
    )  # fmt: skip
    for shape in shapes:
        yield f"content of shape {shape[:4]}", _tensor(dims=shape)
    for type in (0, 8, 11, 14, 16, 17, 22, 99, -1):
        yield f"content of type {type}", _tensor(data_type=type)
    for size in (0, 1, 15, 17):
        yield f"{size} raw bytes", _tensor(raw_data=bytes(size))
    for number in (np.nan, -np.inf):
        yield f"weights {number}", _tensor(raw_data=np.full(4, number, "f4").tobytes())
    yield "name of a megabyte", _tensor(name="w" * 1_000_000)

    def sparse(made: Any) -> None:
        tensor = made.graph.sparse_initializer.add()
        tensor.dims.append(2**40)
        tensor.values.name = "w"

    yield "sparse content", _changed(sparse)
    held = numpy_helper.from_array(np.zeros(1, np.float32))
    places = numpy_helper.from_array(np.array([2**40]))
    value = helper.make_sparse_tensor(held, places, [2**41])
    nodes = [helper.make_node("Constant", [], ["c"], sparse_value=value),
             helper.make_node("Add", ["x", "c"], ["y"])]  # fmt: skip
    yield "sparse constant", model(nodes, [X], [Y])
    other = helper.make_node("Constant", [], ["c"], value_string="a" * 100_000)
    yield "constant of text", model([other, nodes[1]], [X], [Y])


def _graphs() -> Iterator[tuple[str, Any]]:
    node = helper.make_node
    circle = [node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"]), node("Relu", ["a"], "y")]
    yield "nodes in a circle", model(circle, [X], [Y])
    yield "a node that reads itself", model([node("Add", ["x", "y"], ["y"])], [X], [Y])
    twice = [node("Relu", ["x"], ["y"]), node("Neg", ["x"], ["y"])]
    yield "the same result twice", model(twice, [X], [Y])
    yield "result named as the input", model([node("Relu", ["x"], ["x"])], [X], [X])
    yield "the same input twice", model([node("Add", ["x", "x"], ["y"])], [X, X], [Y])
    yield "the same output twice", model([node("Relu", ["x"], ["y"])], [X], [Y, Y])
    yield "no nodes", model([], [X], [X])
    yield "no inputs", model([node("Relu", ["x"], ["y"])], [], [Y])
    yield "no outputs", model([node("Relu", ["x"], ["y"])], [X], [])
    yield "nothing named", model([node("Relu", [""], [""])], [X], [Y])
    yield "a hundred operands", model([node("Relu", ["x"] * 100, ["y"])], [X], [Y])
    yield "no operands", model([node("Add", [], ["y"])], [X], [Y])
    yield "other domain", model([node("Relu", ["x"], ["y"], domain="evil")], [X], [Y], evil=1)
    yield "operator without name", model([node("", ["x"], ["y"])], [X], [Y])
    for version in (-1, 0, 6, 29, 2**62):
        yield f"operator set {version}", model([node("Relu", ["x"], ["y"])], [X], [Y], None,
                                                version)  # fmt: skip
    for name, attributes in {
        "axis": {"axis": 2**62},
        "alpha": {"alpha": float("nan")},
        "perm": {"perm": [0] * 500},
        "text": {"mode": "x" * 100_000},
        "floats": {"scales": [float("inf")] * 9},
    }.items():
        for kind in ("Softmax", "LeakyRelu", "Transpose", "Flatten"):
            yield f"{kind} with {name}", model([node(kind, ["x"], ["y"], **attributes)], [X], [Y])


def _nested() -> Iterator[tuple[str, Any]]:
    for kind, depth in (("If", 30), ("If", 6), ("Loop", 30), ("Scan", 3)):
        yield f"{kind}, {depth} deep", _deep(kind, depth)
    flag = {"c": np.array(True), "n": np.array(BIG), "big": np.array([2**40])}
    inner = [helper.make_node("Relu", ["v"], ["w"]), helper.make_node("Identity", ["k"], ["k2"])]
    body = helper.make_graph(
        inner, "b", [info("i", [], "int64"), info("k", [], "bool"), info("v", [1, 4])],
        [info("k2", [], "bool"), info("w", [1, 4])],
    )  # fmt: skip
    loop = helper.make_node("Loop", ["n", "c", "x"], ["y"], body=body)
    yield "two thousand million rounds", model([loop], [X], [Y], flag)
    endless = helper.make_node("Loop", ["", "", "x"], ["y"], body=body)
    yield "rounds without end", model([endless], [X], [Y], flag)
    nothing = helper.make_graph([], "e", [], [])
    node = helper.make_node("If", ["c"], ["y"], then_branch=nothing, else_branch=nothing)
    yield "branches that give nothing", model([node], [X], [Y], flag)


def _deep(kind: str, depth: int) -> Any:
    """Subgraphs inside each other; both branches hold the same, so all of them are 2^depth."""
    leaf = helper.make_node("Relu", ["x"], ["z0"])
    inner = helper.make_graph([leaf], "g", [], [info("z0", [1, 4])])
    data = inner.SerializeToString()
    for level in range(1, depth + 1):
        if len(data) > 200_000:
            break
        names = ("then_branch", "else_branch") if kind == "If" else ("body",)
        node = helper.make_node(kind, ["c"], [f"z{level}"])
        for name in names:
            node.attribute.add(name=name, type=onnx.AttributeProto.GRAPH).g.ParseFromString(data)
        inner = helper.make_graph([node], "g", [], [info(f"z{level}", [1, 4])])
        data = inner.SerializeToString()
    last = inner.output[0].name
    return model(list(inner.node), [X], [info(last, [1, 4])], {"c": np.array(True)})


def _functions() -> Iterator[tuple[str, Any]]:
    for count, calls in ((3, 2), (60, 2), (300, 1), (3000, 1), (12, 12)):
        yield f"{count} functions, {calls} calls each", _called(count, calls)
    made = _called(2, 1)
    made.functions[0].node[0].op_type = "f1"
    made.functions[1].node[0].op_type = "f0"
    yield "functions that call each other", made
    made = _called(2, 1)
    made.functions.append(made.functions[0])
    yield "the same function twice", made


def _called(count: int, calls: int) -> Any:
    """Functions of which each calls the next ``calls`` times."""
    made = model([helper.make_node("f0", ["x"], ["y"], domain="own")], [X], [Y], own=1)
    for number in range(count):
        kind, domain = (f"f{number + 1}", "own") if number < count - 1 else ("Relu", "")
        names = ["a", *(f"t{i}" for i in range(1, calls)), "b"]
        body = [helper.make_node(kind, [names[i]], [names[i + 1]], domain=domain)
                for i in range(calls)]  # fmt: skip
        opsets = [helper.make_opsetid("own", 1), helper.make_opsetid("", 18)]
        made.functions.append(helper.make_function("own", f"f{number}", ["a"], ["b"], body, opsets))
    return made


def _bombs() -> Iterator[tuple[str, Any]]:
    big = np.array([2**20, 2**20])
    over = np.array([2**40, 2**40])
    for name, shape in (("", big), (" beyond 64 bits", over), (" below 0", -over)):
        grown: dict[str, tuple[tuple[str, ...], dict[str, np.ndarray]]] = {
            "ConstantOfShape": (("s",), {"s": shape}),
            "Expand": (("x", "s"), {"s": shape}),
            "Reshape": (("x", "s"), {"s": shape}),
            "Tile": (("x", "s"), {"s": shape}),
            "Pad": (("x", "s"), {"s": np.array([*shape, *shape])}),
            "Range": (("a", "s", "d"), {"a": np.array(0), "s": shape[0] * 2**20, "d": np.array(1)}),
            "Resize": (("p", "", "", "s"), {"s": np.array([1, 1, *shape]),
                                            "p": np.ones((1, 1, 2, 2), np.float32)}),
            "OneHot": (("i", "s", "v"), {"i": np.array([[1]]), "s": shape[:1],
                                         "v": np.float32([0, 1])}),
            "EyeLike": (("s",), {"s": shape}),
        }  # fmt: skip
        for kind, (operands, constants) in grown.items():
            constants = {k: np.asarray(v) for k, v in constants.items()}
            node = helper.make_node(kind, operands, ["y"])
            yield f"{kind}{name}", model([node], [X], [info("y", None)], constants)
    first = [helper.make_node("Relu", ["x"], ["t0"])]
    yield "doubled sixty times", model([*first, *_doubling()], [X], [info("t60", None)])
    for kernel, pads in (([BIG, BIG], [0] * 4), ([1, 1], [2**40] * 4), ([0, 0], [0] * 4),
                         ([-1, 3], [-9] * 4), ([3], [0])):  # fmt: skip
        node = helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=kernel, pads=pads)
        yield f"MaxPool {kernel} {pads[:1]}", model([node], [info("x", [1, 1, 4, 4])],
                                                    [info("y", None)])  # fmt: skip


def _doubling() -> list[Any]:
    return [helper.make_node("Concat", [f"t{i}", f"t{i}"], [f"t{i + 1}"], axis=0)
            for i in range(60)]  # fmt: skip


def greedy() -> Crafted:
    """Constants whose folding takes memory, and constants whose folding takes time."""
    constant = {"t0": np.zeros((1, 4), np.float32)}
    made = model(_doubling(), [X], [info("t60", None)], constant)
    yield "sandbox.memory", made.SerializeToString()
    powers = [helper.make_node("MatMul", [f"t{i}", f"t{i}"], [f"t{i + 1}"]) for i in range(9000)]
    square = {"t0": np.eye(500, dtype=np.float32)}
    made = model(powers, [X], [info("t9000", None)], square)
    yield "sandbox.cpu", made.SerializeToString()


def _declared() -> Iterator[tuple[str, Any]]:
    shapes: Sequence[Sequence[int | str] | None] = (
        (-1, 4), (0, 4), (2**62, 4), (BIG, BIG), (1,) * 50, (), ("", ""), ("n" * 5000, 4), None,
        (1, 5),
    )  # fmt: skip
    for shape in shapes:
        node = helper.make_node("Relu", ["x"], ["y"])
        named = str(shape)[:20]
        yield f"input of {named}", model([node], [info("x", shape)], [info("y", None)])
        yield f"output of {named}", model([node], [X], [info("y", shape)])

    def sequence(made: Any) -> None:
        made.graph.input[0].type.Clear()
        made.graph.input[0].type.sequence_type.elem_type.tensor_type.elem_type = 1

    yield "input of a sequence", _changed(sequence)

    def unknown(made: Any) -> None:
        made.graph.input[0].type.tensor_type.elem_type = 77

    yield "input of type 77", _changed(unknown)
