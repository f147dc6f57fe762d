"""C library: a zip of sources, stable header, CMakeLists, example, golden vectors, SELFTEST."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from tinsmith.build.package import Golden, Package
from tinsmith.codegen.cwriter import CTYPES, array_definition
from tinsmith.codegen.emit import io_macro
from tinsmith.codegen.module import InferenceModule
from tinsmith.core.errors import UserError

_EPOCH = (1980, 1, 1, 0, 0, 0)
_TEMPLATES = {
    "CMakeLists.txt": "CMakeLists.txt.j2",
    "README.md": "README.md.j2",
    "LICENSE.txt": "LICENSE.txt.j2",
    "example/main.c": "main.c.j2",
    "example/selftest.c": "selftest.c.j2",
    "example/golden.h": "golden.h.j2",
    "example/golden.c": "golden.c.j2",
}


def make(module: InferenceModule, golden: Golden) -> tuple[str, bytes]:
    """``<name>-c-library.zip``; everything lies in a folder ``<name>``.

    Raises:
        UserError ``package.golden``: the golden vectors are not those of this module.
    """
    facts = _facts(module, golden)
    templates = Environment(
        loader=PackageLoader("tinsmith.firmware", "package"), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    rendered = {p: templates.get_template(t).render(facts) for p, t in _TEMPLATES.items()}
    texts = {**module.sources, **rendered}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted(texts):
            entry = zipfile.ZipInfo(f"{module.name}/{path}", _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, texts[path])
    return f"{module.name}-c-library.zip", out.getvalue()


def _facts(module: InferenceModule, golden: Golden) -> dict[str, Any]:
    graph = module.graph
    inputs, outputs = (
        [{**v, "meaning": _meaning(golden, v["value"])} for v in _vectors(module, names, arrays)]
        for names, arrays in ((graph.inputs, golden.inputs), (graph.outputs, golden.outputs))
    )
    cases = {v["cases"] for v in inputs + outputs}
    if len(cases) != 1 or cases == {0}:
        raise UserError(
            "package.golden", f"Golden vectors need the same number of cases each; got {cases}."
        )
    return {
        "name": module.name,
        "NAME": module.name.upper(),
        "board": module.board,
        "compiler": module.compiler,
        "arena_bytes": module.plan.arena_bytes,
        "state_bytes": module.plan.state_bytes,
        "weight_bytes": sum(c.nbytes for c in graph.constants.values()),
        "library": sorted(p for p in module.sources if p.endswith(".c")),
        "cases": cases.pop(),
        "rate_hz": golden.rate_hz,
        "inputs": inputs,
        "outputs": outputs,
    }


def _meaning(golden: Golden, value: str) -> list[str]:
    """Names along the last axis, as text that can stand in Markdown and in a C string."""
    names = golden.meaning.get(value, ())
    plain = ("".join(c if c.isprintable() and c not in '"\\`|' else "_" for c in n) for n in names)
    return [n.replace("??", "__") for n in plain]


def _vectors(
    module: InferenceModule, names: tuple[str, ...], arrays: Mapping[str, np.ndarray]
) -> list[dict[str, Any]]:
    found = []
    for name in names:
        type = module.graph.type(name)
        array = arrays.get(name)
        if array is None or array.dtype.name != type.dtype or array.shape[1:] != type.shape:
            has = "nothing" if array is None else f"{array.dtype.name}{list(array.shape)}"
            raise UserError(
                "package.golden",
                f"Golden vectors of {name!r} are {has}; the model has [case, ...] of {type}.",
            )
        macro = io_macro(module.graph, name)
        symbol = f"golden_{macro.lower()}"
        rows = array.reshape(len(array), -1)
        found.append(
            {
                "value": name, "macro": macro, "symbol": symbol, "c_name": macro.lower(),
                "ctype": CTYPES[type.dtype], "size": array.size, "cases": len(array),
                "shape": ", ".join(map(str, type.shape)),
                "definition": array_definition(symbol, rows),
            }
        )  # fmt: skip
    return found


PACKAGE = Package(name="c_library", make=make)
