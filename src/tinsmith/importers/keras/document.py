"""What a Keras file holds: its configuration (JSON) and its weights (HDF5), read with limits.

Two formats: ``.keras`` (a zip of config.json, metadata.json and model.weights.h5; Keras 3) and
``.h5`` (one HDF5 file with the attribute model_config; Keras 2 and 3). HDF5 files can point at
other files (external links, external storage, virtual data sets): such models are refused, nothing
of those files is opened.
"""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinsmith.core.errors import MissingTool
from tinsmith.importers._frame import Refusal

MOST_BYTES = 512_000_000
MOST_CONFIG_BYTES = 16_000_000
MOST_NODES = 100_000
CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"


refuse = Refusal("keras")


@dataclass(frozen=True)
class Document:
    """A Keras file.

    Args:
        config: the model's configuration, as JSON holds it.
        weights: path of a variable -> its array, float32 or integers. In ``.keras`` files paths
            are ``layers/dense_1/vars/0``; in ``.h5`` files ``<layer>/<number>/<name>``, numbered in
            the order in which the layer lists them.
        names: path of a layer's folder -> the layer's name, where the file says so (``.keras``).
        legacy: whether it is an ``.h5`` file.
        version: of the Keras that wrote it, e.g. ``2.4.0``; empty where the file does not say.
    """

    config: Any
    weights: dict[str, np.ndarray]
    names: dict[str, str]
    legacy: bool
    version: str


def read(path: Path) -> Document:
    """Read a .keras or .h5 file.

    Raises:
        UserError: ``import.keras.limit`` (too large), ``.file`` (not such a file, or a part is
            missing), ``.link`` (it points at other files), ``.config`` (broken configuration).
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        refuse("limit", f"The file has {size} bytes; at most {MOST_BYTES} are read.")
    data = path.read_bytes()
    try:
        if data.startswith(b"PK"):
            return _read_zip(data)
        if data.startswith(b"\x89HDF\r\n\x1a\n"):
            return _read_legacy(data)
    except (OSError, RuntimeError, ValueError, TypeError, LookupError) as e:
        refuse("file", f"Its HDF5 part is broken: {str(e)[:200]}.")  # h5py raises all of these
    refuse(
        "file",
        f"{path.name!r} is neither a .keras archive nor an HDF5 file.",
        "Save the model by model.save('name.keras').",
    )


def _read_zip(data: bytes) -> Document:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            config = _json(_member(archive, CONFIG, MOST_CONFIG_BYTES))
            stored = _member(archive, WEIGHTS, MOST_BYTES)
            about = _json(_member(archive, METADATA, MOST_CONFIG_BYTES))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as e:
        refuse("file", f"The archive is broken: {e}.")
    weights, names = {}, {}
    for path, item in _items(_open(stored)):
        if path.endswith("vars") and "name" in item.attrs:
            names[path.removesuffix("vars").rstrip("/")] = str(item.attrs["name"])
        elif _is_array(item):
            weights[path] = _array(item, path)
    version = about.get("keras_version", "3") if isinstance(about, dict) else "3"
    return Document(config, weights, names, False, str(version))


def _member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    if name not in archive.namelist():
        refuse("file", f"The archive holds no {name}: it is no Keras model.")
    if archive.getinfo(name).file_size > most:
        refuse("limit", f"{name} unpacks to more than {most} bytes.")
    with archive.open(name) as stream:
        data = stream.read(most + 1)
    if len(data) > most:
        refuse("limit", f"{name} unpacks to more than {most} bytes.")
    return data


def _read_legacy(data: bytes) -> Document:
    file = _open(data)
    config = file.attrs.get("model_config")
    if config is None:
        refuse(
            "file",
            "The file holds weights but no model (attribute model_config is missing).",
            "Save the whole model by model.save(...), not by save_weights.",
        )
    arrays = {path: item for path, item in _items(file) if _is_array(item)}
    root = "model_weights" if "model_weights" in file else ""
    group = file[root] if root else file
    weights: dict[str, np.ndarray] = {}
    for layer in _texts(group.attrs.get("layer_names", [])):
        listed = group[layer].attrs.get("weight_names", []) if layer in group else []
        for number, name in enumerate(_texts(listed)):
            path = "/".join(p for p in (root, layer, name) if p)
            if path not in arrays:
                refuse("file", f"Weight {name!r} of layer {layer!r} is missing.")
            weights[f"{layer}/{number}/{name}"] = _array(arrays[path], path)
    text = config.encode() if isinstance(config, str) else bytes(config)
    version = _texts(file.attrs.get("keras_version", []))
    return Document(_json(text), weights, {}, True, version[0] if version else "")


def _open(data: bytes) -> Any:
    try:
        import h5py
    except ImportError as e:
        raise MissingTool("h5py", "pip install 'tinsmith[keras]'") from e
    try:
        return h5py.File(io.BytesIO(data), "r")
    except (OSError, ValueError, RuntimeError) as e:
        refuse("file", f"Its HDF5 part is broken: {e}.")


def _items(file: Any) -> Iterator[tuple[str, Any]]:
    """Every group and array with its path; links are looked at before they are followed."""
    import h5py

    pending, seen = [("", file)], 0
    visited: set[Any] = {file.id}
    while pending:
        path, group = pending.pop()
        for key in group:
            seen += 1
            inner = f"{path}/{key}" if path else key
            if seen > MOST_NODES:
                refuse("limit", f"It holds more than {MOST_NODES} objects.")
            if not isinstance(group.get(key, getlink=True), h5py.HardLink):
                refuse("link", f"{inner!r} is a link; models with links are not read.")
            try:
                item = group[key]
            except (OSError, KeyError, RuntimeError, ValueError) as e:
                refuse("file", f"Its HDF5 part is broken at {inner!r}: {e}.")
            yield inner, item
            if isinstance(item, h5py.Group) and item.id not in visited:
                visited.add(item.id)
                pending.append((inner, item))


def _is_array(item: Any) -> bool:
    return hasattr(item, "dtype") and hasattr(item, "shape")


def _array(item: Any, path: str) -> np.ndarray:
    if item.external or item.is_virtual:
        refuse("link", f"{path!r} lies in another file; such models are not read.")
    if item.dtype.kind not in "fiub" or item.dtype.itemsize > 8:
        refuse("file", f"{path!r} is of type {item.dtype}; weights are numbers.")
    if item.shape is None or int(np.prod(item.shape)) * item.dtype.itemsize > MOST_BYTES:
        refuse("limit", f"{path!r} has shape {item.shape}: too large.")
    try:
        array = np.asarray(item[()])
    except (OSError, RuntimeError, ValueError) as e:
        refuse("file", f"{path!r} cannot be read: {e}.")
    return array.astype(np.float32) if array.dtype.kind == "f" else array


def _texts(listed: Any) -> list[str]:
    """An attribute of names: bytes in old files, str in new ones."""
    values = np.asarray(listed).ravel().tolist()
    return [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in values if v]


def _json(data: bytes) -> Any:
    if len(data) > MOST_CONFIG_BYTES:
        refuse("limit", f"Its configuration has {len(data)} bytes.")
    try:
        return json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as e:
        refuse("config", f"Its configuration is broken: {e}.")
