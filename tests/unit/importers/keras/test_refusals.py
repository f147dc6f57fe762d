"""Broken and hostile Keras files end in a message that says what is wrong."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tinsmith.core.errors import UserError
from tinsmith.importers import IMPORTERS, read_model
from tinsmith.ir.interp import Interpreter

DENSE = {"class_name": "Dense", "config": {"name": "d", "units": 2, "activation": "linear"}}
FIRST: dict[str, Any] = {
    "class_name": "InputLayer",
    "config": {"name": "x", "batch_shape": [None, 3]},
}


def sequential(*layers: Any) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "s", "layers": list(layers)}}


def weights(fill: Callable[[Any], None] = lambda file: None) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        fill(file)
    return out.getvalue()


def dense(file: Any) -> None:
    group = file.create_group("layers/dense/vars")
    group["0"], group["1"] = np.ones((3, 2), np.float32), np.zeros(2, np.float32)


def archive(path: Path, config: Any, stored: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("config.json", config if isinstance(config, str) else json.dumps(config))
        made.writestr("metadata.json", '{"keras_version": "3.5.0"}')
        made.writestr("model.weights.h5", stored)
    return path


def link(file: Any) -> None:
    file["layers"] = h5py.ExternalLink("/etc/hostname", "/")


def soft(file: Any) -> None:
    file["layers"] = h5py.SoftLink("/elsewhere")


def outside(file: Any) -> None:
    group = file.create_group("layers/dense/vars")
    group.create_dataset("0", (3, 2), "f4", external=[("/etc/hostname", 0, 24)])


def virtual(file: Any) -> None:
    layout = h5py.VirtualLayout((3, 2), "f4")
    layout[:] = h5py.VirtualSource("/etc/hostname", "a", (3, 2))
    file.create_group("layers/dense/vars").create_virtual_dataset("0", layout)


def huge(file: Any) -> None:
    file.create_dataset("layers/dense/vars/0", (1 << 40,), "f4", chunks=(1 << 20,))


def deep(count: int) -> Any:
    model = sequential(FIRST, DENSE)
    for number in range(count):
        model = sequential({**model, "config": {**model["config"], "name": f"s{number}"}})
    return model


CUSTOM = {**DENSE, "registered_name": "mine>Layer"}
CASES: dict[str, tuple[Any, bytes, str]] = {
    "no json": ("{", weights(dense), "config"),
    "a list": ([1, 2], weights(dense), "config"),
    "nested": ("[" * 100_000, weights(dense), "config"),
    "no layers": ({"class_name": "Sequential", "config": {}}, weights(dense), "config"),
    "subclassed": ({"class_name": "Mine", "config": {}}, weights(dense), "model"),
    "custom": (sequential(FIRST, CUSTOM), weights(dense), "layer"),
    "lambda": (sequential(FIRST, {"class_name": "Lambda", "config": {"name": "l"}}), weights(dense),
               "layer"),
    "unknown units": (sequential({**FIRST, "config": {"name": "x", "batch_shape": [None, None]}},
                                 DENSE), weights(dense), "shape"),
    "negative": (sequential({**FIRST, "config": {"name": "x", "batch_shape": [None, -3]}}, DENSE),
                 weights(dense), "shape"),
    "huge input": (sequential({**FIRST, "config": {"name": "x", "batch_shape": [None, 1 << 60]}},
                              DENSE), weights(dense), "limit"),
    "strings": (sequential({**FIRST, "config": {**FIRST["config"], "dtype": "string"}}, DENSE),
                weights(dense), "type"),
    "no weights": (sequential(FIRST, DENSE), weights(), "weights"),
    "not hdf5": (sequential(FIRST, DENSE), b"weights", "file"),
    "deep": (deep(40), weights(dense), "config"),
    "external link": (sequential(FIRST, DENSE), weights(link), "link"),
    "soft link": (sequential(FIRST, DENSE), weights(soft), "link"),
    "external storage": (sequential(FIRST, DENSE), weights(outside), "link"),
    "virtual": (sequential(FIRST, DENSE), weights(virtual), "link"),
    "huge weight": (sequential(FIRST, DENSE), weights(huge), "limit"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_broken_file_is_refused(name: str, tmp_path: Path) -> None:
    config, stored, what = CASES[name]
    with pytest.raises(UserError) as refused:
        read_model(archive(tmp_path / "m.keras", config, stored))
    assert refused.value.code == f"import.keras.{what}"


def test_a_good_one_is_read_and_groups_in_a_circle_end(tmp_path: Path) -> None:
    stored = weights(circle)
    graph = read_model(archive(tmp_path / "m.keras", sequential(FIRST, DENSE), stored))
    assert [n.op for n in graph.nodes] == ["dense"]


def test_a_thresholded_relu_of_keras_2_passes_what_is_above(tmp_path: Path) -> None:
    layer = {"class_name": "ThresholdedReLU", "config": {"name": "t", "theta": 0.5}}
    graph = read_model(archive(tmp_path / "m.keras", sequential(FIRST, layer), weights()))
    x = np.array([[0.5, 0.75, -1.0]], np.float32)
    values = Interpreter(graph).run({graph.inputs[0]: x})
    assert values[graph.outputs[0]].tolist() == [[0.0, 0.75, 0.0]]


def test_a_model_that_was_built_for_a_batch_is_read_for_one_sample(tmp_path: Path) -> None:
    first = {**FIRST, "config": {**FIRST["config"], "batch_shape": [4, 3]}}
    graph = read_model(archive(tmp_path / "m.keras", sequential(first, DENSE), weights(dense)))
    note = (
        "It was built for a batch of 4; it is imported for a batch of 1: one run takes one sample."
    )
    assert graph.notes == (note,) and graph.type(graph.inputs[0]).shape == (1, 3)


def test_a_refusal_points_to_the_list_of_layers(tmp_path: Path) -> None:
    unknown = {"class_name": "Teleport", "config": {"name": "t"}}
    with pytest.raises(UserError) as refused:
        read_model(archive(tmp_path / "m.keras", sequential(FIRST, unknown), weights()))
    assert "Not supported: layer 't' (Teleport)." in refused.value.message
    assert refused.value.hint == "Layers that are supported: tinsmith kinds ops."


def circle(file: Any) -> None:
    dense(file)
    file["layers/dense/again"] = file["layers"]


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06", b"\x89HDF\r\n\x1a\nnothing", b"pickle"])
def test_what_is_no_keras_file_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "m.h5").write_bytes(content)
    with pytest.raises(UserError, match=r"Keras|keras|broken|HDF5"):
        read_model(tmp_path / "m.h5")


def test_weights_alone_are_no_model(tmp_path: Path) -> None:
    (tmp_path / "m.h5").write_bytes(weights(dense))
    with pytest.raises(UserError, match="weights but no model"):
        read_model(tmp_path / "m.h5")


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no file"):
        read_model(tmp_path / "m.keras")


def test_the_support_table_lists_the_layers() -> None:
    rows = IMPORTERS.get("keras").support()
    assert {"Dense", "LSTM", "Bidirectional"} <= {r.operator for r in rows}
