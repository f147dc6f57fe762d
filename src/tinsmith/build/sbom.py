"""Bill of materials of a package: CycloneDX 1.6 as JSON (ECMA-424; bom-1.6.schema.json), without a
time stamp, so that equal packages have equal bills."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from tinsmith.build.package import Order
from tinsmith.ir.text import graph_hash
from tinsmith.version import __version__

BOM = "bom.json"
_LICENCE = [{"license": {"id": "Apache-2.0"}}]


@dataclass(frozen=True)
class Tool:
    """A compiler that made a part of the package."""

    name: str
    version: str


def bom(kind: str, order: Order, files: Mapping[str, bytes], tools: tuple[Tool, ...] = ()) -> bytes:
    """The bill: model, kernels, compilers, and every file with its hash.

    The serial number is made of the hash of the content: another content, another number.
    """
    name = f"{order.module.name}-{kind}"
    parts = [_model(order), _kernels(order), *map(_tool, tools)]
    body: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "tools": {"components": [_tinsmith()]},
            "component": {
                "type": "library", "bom-ref": name, "name": name, "version": order.version,
                "description": f"Inference module {order.module.name} for {order.module.board}",
            },
        },
        "components": [*parts, *(_file(p, files[p]) for p in sorted(files))],
        "dependencies": [
            {"ref": name, "dependsOn": ["model"]},
            {"ref": "model", "dependsOn": ["kernels"]},
        ],
    }  # fmt: skip
    body["serialNumber"] = uuid5(NAMESPACE_OID, sha256(_text(body)).hexdigest()).urn
    return _text(body)


def _tinsmith() -> dict[str, Any]:
    return {"type": "application", "name": "tinsmith", "version": __version__}


def _model(order: Order) -> dict[str, Any]:
    module = order.module
    constants = sum(c.nbytes for c in module.graph.constants.values())
    facts = {
        "board": module.board,
        "arena_bytes": module.plan.arena_bytes,
        "state_bytes": module.plan.state_bytes,
        "weights_bytes": constants,
    }
    return {
        "type": "machine-learning-model", "bom-ref": "model", "name": module.name,
        "version": order.version,
        "hashes": [{"alg": "SHA-256", "content": graph_hash(module.graph)}],
        "properties": [{"name": f"tinsmith:{k}", "value": str(v)} for k, v in facts.items()],
    }  # fmt: skip


def _kernels(order: Order) -> dict[str, Any]:
    sources = order.module.sources
    paths = sorted(p for p in sources if p.startswith("kernels/"))
    return {
        "type": "library", "bom-ref": "kernels", "name": "tinsmith-kernels",
        "version": __version__, "licenses": _LICENCE,
        "components": [_file(p, sources[p].encode()) for p in paths],
    }  # fmt: skip


def _tool(tool: Tool) -> dict[str, Any]:
    return {
        "type": "application", "bom-ref": f"tool-{tool.name}", "name": tool.name,
        "version": tool.version, "scope": "excluded",
    }  # fmt: skip


def _file(path: str, data: bytes) -> dict[str, Any]:
    digest = sha256(data).hexdigest()
    return {"type": "file", "name": path, "hashes": [{"alg": "SHA-256", "content": digest}]}


def _text(body: Mapping[str, Any]) -> bytes:
    return (json.dumps(body, indent=1, sort_keys=True) + "\n").encode()
