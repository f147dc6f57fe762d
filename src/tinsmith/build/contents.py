"""What packages are filled with: the module's sources, golden vectors with a self-test, and texts
rendered from firmware/package."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from tinsmith.build.archive import zipped
from tinsmith.build.package import Golden, Order, check_version
from tinsmith.build.sbom import BOM, Tool, bom
from tinsmith.codegen.cwriter import CTYPES, array_definition
from tinsmith.codegen.emit import io_macro
from tinsmith.codegen.module import InferenceModule
from tinsmith.core.errors import UserError

_TARGETS = ("all", "clean", "help", "install", "package", "test")
"""Names that CMake keeps to itself (policy CMP0037)."""


class Contents:
    """The files of one package, while it is put together.

    Args:
        kind: the package kind; its templates lie in firmware/package/<kind>.

    Raises:
        UserError ``package.golden``: the golden vectors are not those of this module;
            ``package.version``: the version is not of the form 1.2.3.
    """

    def __init__(self, kind: str, order: Order) -> None:
        self.kind = kind
        self.order = order
        self.files: dict[str, bytes] = {}
        self.facts = {"kind": kind, **_facts(order)}
        self._templates = Environment(
            loader=PackageLoader("tinsmith.firmware", "package"), undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
        )  # fmt: skip

    @property
    def name(self) -> str:
        """Name of the module."""
        return self.order.module.name

    def text(self, template: str, **more: object) -> str:
        """A template of firmware/package with the facts of the order and ``more``."""
        return self._templates.get_template(template).render({**self.facts, **more})

    def add(self, texts: Mapping[str, str]) -> None:
        """Add files: path -> template."""
        self.files |= {path: self.text(template).encode() for path, template in texts.items()}

    def put(self, texts: Mapping[str, str]) -> None:
        """Add files: path -> text."""
        self.files |= {path: text.encode() for path, text in texts.items()}

    def sources(self, folder: str = "", selftest: str = "") -> None:
        """Add the module's sources below ``folder`` and the self-test below ``selftest`` (paths
        that end in a slash, or empty)."""
        self.put({folder + p: t for p, t in self.order.module.sources.items()})
        self.put({selftest + p: t for p, t in self.selftest().items()})

    def selftest(self) -> dict[str, str]:
        """Golden vectors and the function that checks them: file name -> text."""
        return {
            f"{self.name}_{what}": self.text(f"{what}.j2")
            for what in ("golden.c", "golden.h", "selftest.c", "selftest.h")
        }

    def finish(self, root: str = "", tools: tuple[Tool, ...] = (), bill: str = BOM) -> bytes:
        """README, licence and bill of materials, and the whole as a zip file below ``root``."""
        self.complete(tools, bill)
        return zipped(self.files, root)

    def certify(self, folder: str = "") -> None:
        """Add the module's certificate, where there is one, to a folder (ends in a slash, or
        empty); once."""
        path, found = f"{self.name}.certificate", self.order.papers.certificate
        if found and not any(p.endswith(path) for p in self.files):
            self.files[folder + path] = found

    def complete(self, tools: tuple[Tool, ...] = (), bill: str = BOM) -> None:
        """Add README, licence, certificate and, of all files so far, the bill of materials."""
        self.certify(bill.removesuffix("bom.json"))
        self.add({"README.md": "README.md.j2", "LICENSE.txt": "LICENSE.txt.j2"})
        self.files[bill] = bom(self.kind, self.order, self.files, tools)


def _facts(order: Order) -> dict[str, Any]:
    module, golden = order.module, order.golden
    check_version(order.version)
    inputs = _vectors(module, golden, golden.inputs, module.graph.inputs)
    outputs = _vectors(module, golden, golden.outputs, module.graph.outputs)
    cases = {v["cases"] for v in inputs + outputs}
    if len(cases) != 1 or cases == {0}:
        raise UserError(
            "package.golden", f"Golden vectors need the same number of cases each; got {cases}."
        )
    return {
        **_identity(order),
        "certified": bool(order.papers.certificate),
        "uncertified": order.papers.reason,
        "cases": cases.pop(),
        "reset_each": golden.reset_each,
        "rate_hz": golden.rate_hz,
        "inputs": inputs,
        "outputs": outputs,
    }


def _identity(order: Order) -> dict[str, Any]:
    """Names and sizes of the module."""
    module = order.module
    return {
        "name": module.name,
        "NAME": module.name.upper(),
        "target": f"{module.name}_model" if module.name in _TARGETS else module.name,
        "board": module.board,
        "compiler": module.compiler,
        "version": order.version,
        "arena_bytes": module.plan.arena_bytes,
        "state_bytes": module.plan.state_bytes,
        "alignment": module.plan.alignment,
        "weight_bytes": sum(c.nbytes for c in module.graph.constants.values()),
        "library": sorted(p for p in module.sources if p.endswith(".c")),
    }


def _meaning(golden: Golden, value: str) -> list[str]:
    """Names along the last axis, as text that can stand in Markdown and in a C string."""
    names = golden.meaning.get(value, ())
    plain = ("".join(c if c.isprintable() and c not in '"\\`|' else "_" for c in n) for n in names)
    return [n.replace("??", "__") for n in plain]


def _vectors(
    module: InferenceModule,
    golden: Golden,
    arrays: Mapping[str, np.ndarray],
    names: tuple[str, ...],
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
        vector = _vector(module, name, array)
        found.append({**vector, "meaning": _meaning(golden, name)})
    return found


def _vector(module: InferenceModule, name: str, array: np.ndarray) -> dict[str, Any]:
    """What templates say of an input or output: its place and type, and its golden vectors."""
    type = module.graph.type(name)
    macro = io_macro(module.graph, name)
    symbol = f"{module.name}_golden_{macro[len(module.name) + 1 :].lower()}"
    quant = type.quant if type.quant and type.quant.axis is None else None
    return {
        "value": name,
        "macro": macro,
        "dtype": type.dtype,
        "ctype": CTYPES[type.dtype],
        "dims": list(type.shape),
        "shape": ", ".join(map(str, type.shape)),
        "elements": type.elements,
        "nbytes": type.nbytes,
        "offset": module.plan.places[name].offset,
        "scale": float(quant.scale[0]) if quant else None,
        "zero_point": quant.zero_point[0] if quant else 0,
        "cases": len(array),
        "size": array.size,
        "symbol": symbol,
        "definition": array_definition(symbol, array.reshape(len(array), -1)),
    }
