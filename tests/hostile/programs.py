"""Hostile exported programs of PyTorch: archives that grow or lie, weights that reach beyond their
bytes, programs that name what is not there, nest, ask for too much, or run code."""

import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from hostile.mutate import zipped

Crafted = Iterator[tuple[str, str, bytes]]
BIG = 2**40
FLOAT, LONG, HALF = 7, 5, 6
Edit = Callable[[dict[str, Any]], Any]


def meta(*shape: int, dtype: int = FLOAT, **more: Any) -> dict[str, Any]:
    """A TensorMeta, dense and row by row."""
    strides = [int(np.prod(shape[k + 1 :], dtype=object)) for k in range(len(shape))]
    return {
        "dtype": dtype, "sizes": [{"as_int": s} for s in shape], "requires_grad": False,
        "device": {"type": "cpu", "index": None}, "strides": [{"as_int": s} for s in strides],
        "storage_offset": {"as_int": 0}, "layout": 7, **more,
    }  # fmt: skip


def tensor(name: str) -> dict[str, Any]:
    """An argument that is a value."""
    return {"as_tensor": {"name": name}}


def node(target: str, result: Any, **arguments: Any) -> dict[str, Any]:
    """A node with one result, or with the given list of them."""
    results = result if isinstance(result, list) else [tensor(result)]
    inputs = [{"name": n, "arg": a, "kind": 1} for n, a in arguments.items()]
    stack = "L__self__,,M;L__self__d,d,torch.nn.Linear"
    return {
        "target": f"torch.ops.aten.{target}", "inputs": inputs, "outputs": results,
        "metadata": {"nn_module_stack": stack}, "name": None,
    }  # fmt: skip


def document() -> dict[str, Any]:
    """relu(linear(x, w, b)), x float32 [1, 3]."""
    nodes = [
        node("linear.default", "y", input=tensor("x"), weight=tensor("w"), bias=tensor("b")),
        node("relu.default", "z", self=tensor("y")),
    ]
    values = {"x": meta(1, 3), "w": meta(2, 3), "b": meta(2), "y": meta(1, 2), "z": meta(1, 2)}
    inputs = [
        {"parameter": {"arg": {"name": "w"}, "parameter_name": "d.weight"}},
        {"parameter": {"arg": {"name": "b"}, "parameter_name": "d.bias"}},
        {"user_input": {"arg": tensor("x")}},
    ]
    return {
        "graph_module": {
            "graph": {
                "inputs": [tensor(n) for n in "wbx"], "outputs": [tensor("z")], "nodes": nodes,
                "tensor_values": values, "sym_int_values": {}, "sym_bool_values": {},
                "sym_float_values": {}, "custom_obj_values": {}, "is_single_tensor_return": False,
            },
            "signature": {
                "input_specs": inputs, "output_specs": [{"user_output": {"arg": tensor("z")}}],
            },
            "module_call_graph": [], "metadata": {},
        },
        "schema_version": {"major": 8, "minor": 20}, "torch_version": "2.13.0",
    }  # fmt: skip


def payload(path: str, type: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    """An entry of a list of weights."""
    return {"path_name": path, "is_param": True, "use_pickle": False, "tensor_meta": type, **more}


def weights() -> dict[str, Any]:
    """The list of the two weights."""
    listed = {"d.weight": payload("weight_0", meta(2, 3)), "d.bias": payload("weight_1", meta(2))}
    return {"config": listed}


def members(program: Any = None, listed: Any = None) -> dict[str, bytes]:
    """Members of an archive, as torch.export.save writes them."""
    text = program if isinstance(program, str) else json.dumps(program or document())
    return {
        "m/data/weights/weight_0": np.arange(6, dtype="<f4").tobytes(),
        "m/data/weights/weight_1": np.ones(2, "<f4").tobytes(),
        "m/data/weights/model_weights_config.json": json.dumps(listed or weights()).encode(),
        "m/data/constants/model_constants_config.json": b'{"config": {}}',
        "m/models/model.json": text.encode(),
        "m/data/sample_inputs/model.pt": b"\x80\x02cposix\nsystem\n",
        "m/archive_format": b"pt2", "m/archive_version": b"0", "m/byteorder": b"little",
    }  # fmt: skip


def crafted() -> Crafted:
    """Name, suffix and content of every file."""
    yield "a sound one", ".pt2", zipped(members())
    yield "a sound one, packed", ".pt2", zipped(members(), zipfile.ZIP_DEFLATED)
    for name, edit in (*_programs(), *_types()):
        made = document()
        edit(made)
        yield name, ".pt2", zipped(members(made))
    for name, text in (("lists", "["), ("objects", '{"a":')):
        yield f"{name} 100,000 deep", ".pt2", zipped(members(text * 100_000))
    yield "a program of digits", ".pt2", zipped(members("9" * 100_000))
    for name, change in _weights():
        listed = weights()
        change(listed["config"])
        yield name, ".pt2", zipped(members(None, listed))
    yield from _archives()


def _graph(made: dict[str, Any]) -> dict[str, Any]:
    return made["graph_module"]["graph"]  # type: ignore[no-any-return]


def _instead(target: str, type: Any, **arguments: Any) -> Edit:
    """The last node replaced by another operation on y, with this type of its result."""

    def edit(made: dict[str, Any]) -> None:
        graph = _graph(made)
        graph["nodes"][1] = node(target, "z", **{"self": tensor("y"), **arguments})
        graph["tensor_values"]["z"] = type

    return edit


def _ints(*values: Any) -> dict[str, Any]:
    return {"as_ints": list(values)}


def _programs() -> Iterator[tuple[str, Edit]]:
    def reads(name: str) -> Edit:
        return lambda m: _graph(m)["nodes"][0]["inputs"][0].update(arg=tensor(name))

    for name in ("z", "y", "ghost", "", "x y", "x" * 600, "../x"):
        yield f"a node that reads {name[:20]!r}", reads(name)
    yield "a name that is no text", reads(7)  # type: ignore[arg-type]
    yield "a value computed twice", lambda m: _graph(m)["nodes"].append(_graph(m)["nodes"][0])
    yield "nodes in disorder", lambda m: _graph(m)["nodes"].reverse()
    yield "no nodes", lambda m: _graph(m).update(nodes=[])
    yield "nodes that are none", lambda m: _graph(m).update(nodes=[None, 7, [], "x"])
    yield "60,000 nodes", lambda m: _graph(m).update(nodes=[{}] * 60_000)
    yield "no results", lambda m: _graph(m).update(outputs=[])
    yield "another schema", lambda m: m.update(schema_version={"major": 9, "minor": 1})
    yield "a schema without version", lambda m: m.pop("schema_version")
    yield "no graph", lambda m: m.pop("graph_module")
    yield "symbolic sizes", lambda m: _graph(m).update(sym_int_values={"s0": {"as_int": 3}})
    yield from _arguments()
    yield from _described()


def _arguments() -> Iterator[tuple[str, Edit]]:
    outside = {"as_expr": {"expr_str": "__import__('os').system('true')", "hint": None}}
    for what, size in (("that is code", outside), ("of text", {"as_int": "3"}), ("none", None)):
        yield (
            f"a size {what}",
            lambda m, size=size: _graph(m)["tensor_values"]["x"].update(sizes=[size, size]),
        )
    code = {"name": "g", "graph": document()["graph_module"]["graph"]}
    for target in ("torch.ops.higher_order.cond", "os.system", "builtins.eval", "torch.load", ""):
        yield f"target {target!r}", lambda m, t=target: _graph(m)["nodes"][1].update(target=t)
    for kind, value in (
        ("as_graph", code), ("as_custom_obj", {"name": "o", "class_fqn": "os.system"}),
        ("as_operator", "os.system"), ("as_complex", {"real": 1.0, "imag": 1.0}),
        ("as_sym_int", {"as_name": "s0"}), ("as_int", 2**70), ("as_ints", [2**63, -(2**64)]),
        ("as_float", "1e999"), ("as_string", "y"), ("as_tensors", [{"name": "ghost"}]),
        ("as_nothing", 1), ("as_tensor", None), ("as_none", True),
    ):  # fmt: skip
        yield (
            f"an argument {kind} {str(value)[:30]}",
            lambda m, u={kind: value}: _graph(m)["nodes"][1]["inputs"][0].update(arg=u),
        )
    yield (
        "an argument twice",
        lambda m: _graph(m)["nodes"][1]["inputs"].extend(_graph(m)["nodes"][1]["inputs"]),
    )
    yield (
        "an argument of another name",
        lambda m: _graph(m)["nodes"][1]["inputs"][0].update(name="q"),
    )
    yield "a node without arguments", lambda m: _graph(m)["nodes"][1].update(inputs=[])


def _described() -> Iterator[tuple[str, Edit]]:
    yield (
        "a stack of modules of text",
        lambda m: _graph(m)["nodes"][1]["metadata"].update(
            nn_module_stack="a,b c/../..;x,*/ #include <x>,y;,,,;"
        ),
    )
    yield (
        "modules that are a list",
        lambda m: _graph(m)["nodes"][1]["metadata"].update(nn_module_stack=[["a"]]),
    )
    yield (
        "an input that is described otherwise",
        lambda m: m["graph_module"]["signature"]["input_specs"].reverse(),
    )
    yield (
        "a mutated buffer",
        lambda m: m["graph_module"]["signature"].update(
            output_specs=[{"buffer_mutation": {"arg": {"name": "z"}, "buffer_name": "d.bias"}}]
        ),
    )
    for kind in ("custom_obj", "token", "ghost"):
        yield (
            f"an input of the kind {kind}",
            lambda m, k=kind: m["graph_module"]["signature"]["input_specs"].__setitem__(
                2, {k: {"arg": {"name": "x"}}}
            ),
        )


def _types() -> Iterator[tuple[str, Edit]]:
    yield "half precision", lambda m: _graph(m)["tensor_values"].update(x=meta(1, 3, dtype=HALF))
    yield "an unknown type", lambda m: _graph(m)["tensor_values"].update(x=meta(1, 3, dtype=99))
    yield "an input of nothing", lambda m: _graph(m)["tensor_values"].update(x=meta(0, 3))
    yield "an input of a terabyte", lambda m: _graph(m)["tensor_values"].update(x=meta(BIG, 3))
    yield "40 axes", lambda m: _graph(m)["tensor_values"].update(x=meta(*(1,) * 40))
    yield "a result of another shape", lambda m: _graph(m)["tensor_values"].update(z=meta(2, 1))
    yield (
        "a result of another type",
        lambda m: _graph(m)["tensor_values"].update(z=meta(1, 2, dtype=LONG)),
    )
    yield "a value without type", lambda m: _graph(m)["tensor_values"].pop("y")
    yield from _shapes()
    yield "a bound that is a tensor", _instead("clamp.default", meta(1, 2), min=tensor("x"))
    yield "not a number as a bound", _instead("clamp.default", meta(1, 2), min={"as_float": "NaN"})
    yield (
        "an exponent of text",
        _instead("pow.Tensor_Scalar", meta(1, 2), exponent={"as_string": "x"}),
    )
    yield (
        "writing into the input",
        lambda m: _graph(m)["nodes"][0].update(node("relu_.default", "y", self=tensor("x"))),
    )
    yield (
        "several results of one",
        lambda m: _graph(m)["nodes"][1].update(outputs=[tensor("z"), tensor("q")]),
    )
    yield (
        "results in lists of lists",
        lambda m: _graph(m)["nodes"][1].update(
            outputs=[{"as_tensors": [{"name": "z"}]}, {"as_tensors": [{"name": "z"}]}]
        ),
    )


def _shapes() -> Iterator[tuple[str, Edit]]:
    for shape in ((BIG, BIG), (2, 2**30), (-1, 2), (2, 0)):
        yield (
            f"zeros of {shape}",
            _instead("zeros.default", meta(*shape), self=tensor("y"), size=_ints(*shape)),
        )
        size = _ints(*shape)
        full = node("zeros.default", "z", size=size)

        def made(m: dict[str, Any], full: Any = full, shape: Any = shape) -> None:
            _graph(m)["nodes"][1] = full
            _graph(m)["tensor_values"]["z"] = meta(*shape)

        yield f"made of zeros {shape}", made
        yield f"expanded to {shape}", _instead("expand.default", meta(*shape), size=size)
        yield f"viewed as {shape}", _instead("view.default", meta(*shape), size=size)
        yield f"repeated to {shape}", _instead("repeat.default", meta(*shape), repeats=size)
        yield f"padded to {shape}", _instead("pad.default", meta(*shape), pad=size)
        yield f"permuted by {shape}", _instead("permute.default", meta(2, 1), dims=size)
    for step in (0, -1, BIG):
        yield (
            f"sliced by {step}",
            _instead("slice.Tensor", meta(1, 2), dim={"as_int": 1}, step={"as_int": step}),
        )
        yield f"softmax over {step}", _instead("softmax.int", meta(1, 2), dim={"as_int": step + 9})
        yield (
            f"pooled by {step}",
            _instead("max_pool1d.default", meta(1, 2), kernel_size=_ints(step)),
        )
        yield f"split by {step}", _instead("chunk.default", meta(1, 2), chunks={"as_int": step})
        yield (
            f"selected {step}",
            _instead("select.int", meta(1), dim={"as_int": 1}, index={"as_int": step + 7}),
        )


def _weights() -> Iterator[tuple[str, Edit]]:
    def changed(**more: Any) -> Edit:
        return lambda c: c["d.weight"]["tensor_meta"].update(more)

    yield "a pickled weight", lambda c: c["d.weight"].update(use_pickle=True)
    yield "a weight that may be pickled", lambda c: c["d.weight"].update(use_pickle=None)
    yield "a weight without type", lambda c: c["d.weight"].update(tensor_meta=None)
    yield "a weight that is missing", lambda c: c.pop("d.weight")
    for path in ("../weight_0", "/etc/passwd", "weight_9", "", "../../models/model.json", 7):
        yield f"a weight at {path!r}", lambda c, p=path: c["d.weight"].update(path_name=p)
    yield "a weight beyond its bytes", changed(storage_offset={"as_int": 1})
    yield "an offset of 2**62", changed(storage_offset={"as_int": 2**62})
    yield "a negative offset", changed(storage_offset={"as_int": -1})
    yield "a long stride", changed(strides=[{"as_int": 2**61}, {"as_int": 1}])
    yield "a negative stride", changed(strides=[{"as_int": -3}, {"as_int": 1}])
    yield "strides of zero", changed(strides=[{"as_int": 0}, {"as_int": 0}])
    yield (
        "a terabyte by strides of zero",
        lambda c: c["d.weight"]["tensor_meta"].update(
            meta(BIG, 3), strides=[{"as_int": 0}, {"as_int": 0}]
        ),
    )
    yield "fewer strides than sizes", changed(strides=[{"as_int": 1}])
    yield "bool that is none", changed(dtype=12)
    yield "float64 for float32", changed(dtype=8)
    yield "bfloat16", changed(dtype=13)
    yield "complex", changed(dtype=10)
    yield "a type of text", changed(dtype="float32")
    yield "a sparse weight", changed(layout=1)
    yield "a weight of another shape", lambda c: c["d.weight"].update(tensor_meta=meta(3, 2))


def _archives() -> Crafted:
    good = members()
    for name, change in {
        "big-endian numbers": {"m/byteorder": b"big"},
        "an archive of version 9": {"m/archive_version": b"9"},
        "an archive of another format": {"m/archive_format": b"zip"},
        "two methods": {"m/models/other.json": good["m/models/model.json"]},
        "two roots": {"n/models/model.json": b"{}"},
        "a name above the root": {"../../etc/passwd": b"x"},
        "weights of PyTorch 2.8": {"m/data/weights/model.pt": b"\x80\x02."},
        "a program of PyTorch 2.6": {"m/serialized_exported_program.json": b"{}"},
        "TorchScript": {"m/data.pkl": b"\x80\x02.", "m/code/__torch__.py": b"import os"},
        "texts that are none": {"m/models/model.json": b"\xff\xfe\x00"},
        "a list of weights that is a list": {"m/data/weights/model_weights_config.json": b"[]"},
        "cut weights": {"m/data/weights/weight_0": b"\0" * 23},
        "no weights": {"m/data/weights/weight_0": b""},
    }.items():  # fmt: skip
        yield name, ".pt2", zipped({**good, **change})
    for name in good:
        yield f"without {name}", ".pt2", zipped({k: v for k, v in good.items() if k != name})
    bomb = {**good, "m/data/weights/weight_0": bytes(50_000_000)}
    packed = bytearray(zipped(bomb, zipfile.ZIP_DEFLATED))
    at = packed.find(b"PK\x01\x02")
    packed[at + 24 : at + 28] = (24).to_bytes(4, "little")
    yield "a weight that unpacks to more than it says", ".pt2", bytes(packed)
    text = {**good, "m/models/model.json": b" " * 100_000_000}
    yield "a program that unpacks to 100 MB", ".pt2", zipped(text, zipfile.ZIP_DEFLATED)
    sound = zipped(good)
    yield "a cut archive", ".pt2", sound[:-30]
    yield "an archive of nothing", ".pt2", b"PK\x05\x06" + bytes(18)
    yield "a pickle", ".pt2", b"\x80\x04cposix\nsystem\n"
    encrypted = bytearray(sound)
    encrypted[encrypted.find(b"PK\x01\x02") + 8] |= 1
    yield "an encrypted member", ".pt2", bytes(encrypted)
    large = bytearray(sound)
    at = large.find(b"PK\x01\x02")
    large[at + 20 : at + 28] = (2**31 - 1).to_bytes(4, "little") * 2
    yield "a member that says it is large", ".pt2", bytes(large)
    yield "a member twice", ".pt2", sound.replace(b"weight_1", b"weight_0")
