"""Weights of a layer by their role (kernel, bias, gamma ...), whichever way the file names them."""

from collections.abc import Mapping, Sequence

import numpy as np

from tinsmith.importers.keras.document import Document, refuse
from tinsmith.importers.keras.model import Layer

SUBLAYERS = ("query", "key", "value", "attention_output")
"""Layers inside of attention by their names in ``.h5`` files."""


def roles(
    document: Document, layer: Layer, names: Sequence[str], part: str = ""
) -> Mapping[str, np.ndarray]:
    """Arrays of a layer.

    Args:
        names: the roles that it has, in the order in which Keras creates them.
        part: folder inside the layer's own, e.g. ``cell`` or ``backward_layer/cell``; one of
            `SUBLAYERS` in ``.h5`` files.

    Raises:
        UserError: ``import.keras.weights``: one is missing.
    """
    found = _legacy(document, layer, part) if document.legacy else _numbered(document, layer, part)
    if not document.legacy:
        found = dict(zip(names, found.values(), strict=False))
    missing = [n for n in names if n not in found]
    if missing:
        refuse("weights", f"Layer {layer.name!r} ({layer.kind}) lacks its {missing[0]}.")
    return {n: found[n] for n in names}


def _numbered(document: Document, layer: Layer, part: str) -> dict[str, np.ndarray]:
    """``<folder>/vars/0``, ``/1``, ...: by number."""
    folder = "/".join(p for p in (layer.folder, part, "vars") if p) + "/"
    own = {k.removeprefix(folder): v for k, v in document.weights.items() if k.startswith(folder)}
    return {k: own[k] for k in sorted((k for k in own if k.isdigit()), key=int)}


def _legacy(document: Document, layer: Layer, part: str) -> dict[str, np.ndarray]:
    """``<outermost layer>/<number>/<path>/<role>:0``: by the last word of the path. Layers of inner
    models are told apart by their name in the path, directions of a wrapper by its first word."""
    found = {}
    side = part.partition("_layer")[0] if "_layer" in part else ""
    for key, array in document.weights.items():
        top, _, path = key.split("/", 2)
        *where, role = path.split("/")
        inside = layer.top == layer.name or layer.name in where
        inside = inside and (part not in SUBLAYERS or part in where)
        if top == layer.top and inside and (not side or any(w.startswith(side) for w in where)):
            found[role.split(":")[0]] = array
    return found
