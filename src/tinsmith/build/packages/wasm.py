"""WebAssembly: the module for any host of wasm32 (wasmtime, Node.js, browsers), and a page that
runs it in a browser without a network (WebAssembly Core Specification 1.0, JavaScript Interface).
"""

from base64 import b64encode
from collections.abc import Mapping
from json import dumps

import numpy as np

from tinsmith.build.contents import Contents
from tinsmith.build.native import WASM, linked, zig
from tinsmith.build.package import Order, Package

_FUNCTIONS = ("init", "reset", "run", "run_step", "arena", "state")


def make(order: Order) -> tuple[str, bytes]:
    """``<name>-wasm.zip``: ``<name>.wasm``, the same wrapped as ``<name>.js``, and index.html."""
    contents = Contents("wasm", order)
    name = contents.name
    exports = [f"-Wl,--export={name}_{f}" for f in _FUNCTIONS]
    memory = {"wasm/memory.c": contents.text("wasm/memory.c.j2")}
    binary = linked(order, WASM, memory, ("-Wl,--no-entry", *exports))
    contents.files[f"{name}.wasm"] = binary
    golden = {**_texts(order.golden.inputs), **_texts(order.golden.outputs)}
    facts = {"binary": b64encode(binary).decode(), "golden": golden, "tensors": _tensors(contents)}
    contents.put({f"{name}.js": contents.text("wasm/model.js.j2", **facts)})
    contents.put({"index.html": contents.text("wasm/index.html.j2", **facts)})
    return f"{name}-wasm.zip", contents.finish(name, (zig(order),))


def _texts(arrays: Mapping[str, np.ndarray]) -> dict[str, str]:
    return {
        name: b64encode(a.astype(a.dtype.newbyteorder("<")).tobytes()).decode()
        for name, a in arrays.items()
    }


def _tensors(contents: Contents) -> dict[str, str]:
    """Sides -> their tensors, as JavaScript."""
    keys = ("offset", "nbytes", "elements", "dtype", "dims", "scale", "zero_point", "meaning")
    return {
        side: dumps({v["value"]: {k: v[k] for k in keys} for v in contents.facts[side]}, indent=4)
        for side in ("inputs", "outputs")
    }


PACKAGE = Package(name="wasm", make=make)
