"""Packages of small models, unpacked and built as their users would."""

import io
import subprocess
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
from firmwares import CACHE, inputs, mixed_graph

from tinsmith.build.package import PACKAGES, Golden, Order
from tinsmith.codegen.compile import compile_graph
from tinsmith.devices.board import BOARDS
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.types import Quant, TensorType

STRICT = ("-Wall", "-Wextra", "-Werror", "-Wpedantic")
CORTEX_M4 = ("-mthumb", "-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard")


@cache
def other_graph() -> Graph:
    """A model without states that shares kernels with `mixed_graph`, and with them their names."""
    rng = np.random.default_rng(21)
    b = Builder("other", "quantised")
    x = b.input("x", TensorType((1, 7), "int8", Quant((0.1,), (-4,))))
    w = b.constant("w8", rng.integers(-127, 128, (3, 7)).astype("int8"), Quant((0.02,), (0,)))
    bias = b.constant("b32", rng.integers(-50, 50, 3).astype("int32"), Quant((0.002,), (0,)))
    return b.build([b.op("dense", x, w, bias, name="sums")])


def golden(graph: Graph, changed: bool = False) -> Golden:
    """Golden vectors; with ``changed`` the last output has a wrong element in its second case."""
    if graph.name == "mixed":
        given = inputs()
    else:
        rng = np.random.default_rng(22)
        given = {"x": rng.integers(-128, 128, (3, 1, 7)).astype("int8")}
    values = run_cases(graph, given, reset_each=not graph.states)
    outputs = {name: values[name].copy() for name in graph.outputs}
    if changed:
        outputs[graph.outputs[-1]][1].ravel()[2] += 1
    return Golden(given, outputs, reset_each=not graph.states)


def order(board: str = "host", graph: Graph | None = None, cache: Path = CACHE) -> Order:
    """An order for a model, `mixed_graph` if none is given."""
    found = graph or mixed_graph()
    return Order(compile_graph(found, board), BOARDS.get(board), golden(found), cache)


def made(kind: str, folder: Path, wanted: Order | None = None) -> tuple[str, Path]:
    """File name of a package and the folder that it was unpacked into."""
    name, data = PACKAGES.get(kind).make(wanted or order())
    zipfile.ZipFile(io.BytesIO(data)).extractall(folder)
    return name, folder


def sources(folder: Path) -> list[str]:
    """All C files below a folder but programs, relative to it."""
    found = sorted(p.relative_to(folder) for p in folder.rglob("*.c"))
    return [str(p) for p in found if p.parts[0] not in ("example", "examples", "samples")]


def call(*command: object, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run a command that must succeed; what it printed."""
    argv = [str(c) for c in command]
    done = subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
