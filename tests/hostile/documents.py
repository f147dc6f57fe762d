"""Hostile Keras files: archives and HDF5 that grow or point elsewhere, configurations that nest,
ask for too much or contradict their weights."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import h5py
import numpy as np

Crafted = Iterator[tuple[str, str, bytes]]
BIG = 2**31 - 1
DENSE: dict[str, Any] = {
    "class_name": "Dense", "config": {"name": "d", "units": 2, "activation": "linear"},
}  # fmt: skip
FIRST: dict[str, Any] = {
    "class_name": "InputLayer", "config": {"name": "x", "batch_shape": [None, 3]},
}  # fmt: skip


def crafted() -> Crafted:
    """Name, suffix and content of every file."""
    for name, config in _configs():
        yield name, ".keras", _archive(config, _weights(_dense))
    for name, fill in _fills():
        yield name, ".keras", _archive(_sequential(FIRST, DENSE), _weights(fill))
    yield from _archives()
    yield from _legacy()


def _sequential(*layers: Any) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "s", "layers": list(layers)}}


def _weights(fill: Callable[[Any], object]) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        fill(file)
    return out.getvalue()


def _dense(file: Any) -> None:
    group = file.create_group("layers/dense/vars")
    group["0"], group["1"] = np.ones((3, 2), np.float32), np.zeros(2, np.float32)


def _archive(config: Any, stored: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("config.json", config if isinstance(config, str) else json.dumps(config))
        made.writestr("metadata.json", '{"keras_version": "3.5.0"}')
        made.writestr("model.weights.h5", stored)
    return out.getvalue()


def _layer(kind: str, **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": "d", **config}}


def _configs() -> Iterator[tuple[str, Any]]:
    for value in (-1, 0, 2**31, 2**70, 1.5, "many", None, [], float("nan"), True):
        yield f"units {value}", _sequential(FIRST, _layer("Dense", units=value))
    for shape in ([None, -3], [None, 0], [None, 2**62], [None] * 99, [], None, "x", [None, "y"],
                  [None, [3]], [2**40, 3]):  # fmt: skip
        first = _layer("InputLayer", batch_shape=shape)
        yield f"input {str(shape)[:30]}", _sequential(first, DENSE)
    for layer in (
        _layer("RepeatVector", n=2**40), _layer("RepeatVector", n=-1),
        _layer("Reshape", target_shape=[2**40, -1]), _layer("Reshape", target_shape=[-1, -1]),
        _layer("Permute", dims=[9, 9]), _layer("Embedding", input_dim=2**40, output_dim=2**40),
        _layer("Lambda", function="__import__('os')"), _layer("TFOpLambda", function="x"),
        _layer("LSTM", units=2**50), _layer("Softmax", axis=99), _layer("ReLU", max_value="x"),
        _layer("Conv2D", filters=BIG, kernel_size=[BIG, BIG]), _layer("Bidirectional", layer=None),
        _layer("TimeDistributed", layer={}), _layer("Concatenate", axis=2**70),
        _layer("BatchNormalization", axis=[], epsilon=-1.0), _layer("Activation", activation={}),
    ):  # fmt: skip
        yield f"{layer['class_name']} {str(layer['config'])[:60]}", _sequential(FIRST, layer)
    wide = [_layer("InputLayer", batch_shape=[None, 9, 9, 1])]
    for kind in ("ZeroPadding2D", "Cropping2D", "UpSampling2D", "MaxPooling2D"):
        for value in (2**30, -5, [[2**40, 0], [0, 1]]):
            sizes = {"padding": value, "cropping": value, "size": value, "pool_size": value}
            yield f"{kind} by {value}", _sequential(*wide, _layer(kind, **sizes))
    nested = _sequential(FIRST, DENSE)
    for number in range(200):
        nested = _sequential({**nested, "config": {**nested["config"], "name": f"s{number}"}})
    yield "models 200 deep", nested
    yield "lists 100,000 deep", "[" * 100_000
    yield "objects 100,000 deep", '{"a":' * 100_000
    yield "a number of 100,000 digits", "9" * 100_000
    yield "ten thousand layers more", _sequential(FIRST, *[DENSE] * 10_001)
    yield from _functional()


def _functional() -> Iterator[tuple[str, Any]]:
    for name, called in (("itself", "d"), ("nothing", "ghost"), ("the future", "e")):
        layers = [
            {**FIRST, "name": "x", "inbound_nodes": []},
            {**DENSE, "name": "d", "inbound_nodes": [[[called, 0, 0, {}]]]},
            {**_layer("ReLU"), "name": "e", "inbound_nodes": [[["d", 0, 0, {}]]]},
        ]
        layers[2]["config"]["name"] = "e"
        ends = {"input_layers": [["x", 0, 0]], "output_layers": [["e", 0, 0]]}
        config = {"name": "f", "layers": layers, **ends}
        yield f"a layer that reads {name}", {"class_name": "Functional", "config": config}
        lost = {**config, "output_layers": [["d", 2**40, -1]]}
        yield f"lost output beside {name}", {"class_name": "Functional", "config": lost}


def _fills() -> Iterator[tuple[str, Callable[[Any], object]]]:
    def stored(array: Any) -> Callable[[Any], object]:
        return lambda file: file.create_dataset("layers/dense/vars/0", data=array)

    vars0 = "layers/dense/vars/0"
    yield "external link", lambda f: f.__setitem__("a", h5py.ExternalLink("/etc/passwd", "/"))
    yield "soft link to itself", lambda f: f.__setitem__("a", h5py.SoftLink("/a"))
    yield (
        "storage outside",
        lambda f: f.create_dataset(vars0, (3, 2), "f4", external=[("/etc/passwd", 0, 24)]),
    )
    yield (
        "a terabyte in chunks",
        lambda f: f.create_dataset(vars0, (1 << 38,), "f4", chunks=(1 << 20,)),
    )
    yield (
        "a hundred million zeros, packed",
        lambda f: f.create_dataset(
            vars0, (25_000, 1000), "f4", chunks=(1000, 1000), compression="gzip", fillvalue=1.0
        ),
    )
    yield "texts for weights", stored(np.array([b"a", b"b"]))
    yield "complex weights", stored(np.ones((3, 2), np.complex64))
    yield "records for weights", stored(np.zeros(2, [("a", "f4"), ("b", "O" if 0 else "i4")]))
    yield "weights of 128 bits", stored(np.ones((3, 2), np.longdouble))
    yield "weights without NaN's grace", stored(np.full((3, 2), np.nan, "f4"))
    yield "weights of another shape", stored(np.ones((7, 7, 7), "f4"))
    yield "a scalar for a matrix", stored(np.float32(1))
    yield "no numbers at all", lambda f: f.create_dataset(vars0, data=h5py.Empty("f4"))
    yield "references", lambda f: f.create_dataset(vars0, (2,), h5py.ref_dtype)
    yield "a named type", lambda f: f.__setitem__(vars0, np.dtype("f4"))

    def many(file: Any) -> None:
        for number in range(2000):
            file.create_group(f"g{number}")

    def circle(file: Any) -> None:
        _dense(file)
        file["layers/dense/again"] = file["layers"]

    def deep(file: Any) -> None:
        file.create_group("/".join("d" * 800))

    yield "groups in a circle", circle
    yield "groups 800 deep", deep
    yield "two thousand groups", many


def _archives() -> Crafted:
    good = _archive(_sequential(FIRST, DENSE), _weights(_dense))
    yield "cut archive", ".keras", good[:-30]
    yield "an archive of nothing", ".keras", b"PK\x05\x06" + bytes(18)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("config.json", " " * 200_000_000)
        made.writestr("model.weights.h5", b"")
        made.writestr("../../etc/passwd", b"x")
    yield "a configuration that unpacks to 200 MB", ".keras", out.getvalue()
    data = bytearray(good)
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = (BIG).to_bytes(4, "little")
    yield "a member that says it is large", ".keras", bytes(data)
    encrypted = bytearray(good)
    encrypted[encrypted.find(b"PK\x01\x02") + 8] |= 1
    yield "an encrypted member", ".keras", bytes(encrypted)
    yield "a pickle", ".keras", b"\x80\x04cposix\nsystem\n"
    yield "weights that are no HDF5", ".keras", _archive(_sequential(FIRST, DENSE), b"\x89HDF")


def _legacy() -> Crafted:
    config = json.dumps(_sequential(FIRST, DENSE))
    attributes: dict[str, Any] = {
        "bytes that are no text": np.void(b"\xff\xfe" * 50), "a number": 7, "a list": [1, 2],
        "half": config[:40], "deep": "[" * 60_000, "no weights": config, "empty": "",
    }  # fmt: skip
    for name, value in attributes.items():

        def fill(file: Any, value: Any = value) -> None:
            file.attrs["model_config"] = value
            file.create_group("model_weights").attrs["layer_names"] = [b"d", b"../..", b"ghost"]

        yield f"configuration: {name}", ".h5", _weights(fill)
    for named in (b"../../x", b"", b"/", b"d/kernel:0", b"\xff"):

        def listed(file: Any, named: bytes = named) -> None:
            file.attrs["model_config"] = config
            group = file.create_group("model_weights")
            group.attrs["layer_names"] = [b"d"]
            group.create_group("d").attrs["weight_names"] = np.array([named], "S9")

        yield f"a weight named {named!r}", ".h5", _weights(listed)

    def array(file: Any) -> None:
        file.attrs["model_config"] = config
        file["model_weights"] = np.ones(3)

    yield "weights that are no group", ".h5", _weights(array)
    yield "HDF5's signature only", ".h5", b"\x89HDF\r\n\x1a\n" + bytes(2000)
