"""Small modules to build and run, and the folder that keeps compiled objects between test runs."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from tinsmith.build.firmware import Firmware
from tinsmith.build.image import PORT, BuildOptions, build_image
from tinsmith.codegen.compile import compile_graph
from tinsmith.codegen.module import InferenceModule
from tinsmith.devices.board import BOARDS, Core
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.types import Quant, TensorType

CACHE = Path(__file__).resolve().parents[1] / ".tools" / "objects"
"""Objects are kept by content, so sharing them among runs cannot hide a change."""

TARGETS = (
    ("nucleo_l4r5zi", "zig"),
    ("nucleo_l4r5zi", "arm_gcc"),
    ("rpi_pico", "zig"),
    ("rpi_pico", "arm_gcc"),
    ("esp32_c3", "zig"),
)
"""A board of each of three instruction sets, with every toolchain that serves it."""

MORE_CORES = tuple(
    (board, toolchain)
    for board in ("nucleo_f103rb", "nucleo_f746zg", "nucleo_u575zi")
    for toolchain in ("zig", "arm_gcc")
)
"""Cortex-M3, M7 and M33, which two engines run as well."""


def emulator_of(core: Core) -> tuple[str, str]:
    """Port and runner that emulate a core: Unicorn knows no Helium."""
    return ("qemu", "qemu") if "mve" in core.features else ("bare", "unicorn")


@cache
def mixed_graph() -> Graph:
    """Float and int8, with a state: dense, running sum, softmax; quantised dense beside it."""
    rng = np.random.default_rng(11)
    b = Builder("mixed", "quantised")
    x = b.input("x", TensorType((1, 12), "float32"))
    w, bias = rng.normal(size=(6, 12)).astype("float32"), rng.normal(size=6).astype("float32")
    y = b.op("dense", x, b.constant("w", w), b.constant("bias", bias), name="first")
    memory = b.state("memory", np.zeros((1, 6), "float32"))
    total = b.op("add", y, memory, name="total")
    b.update(memory, total)
    share = b.op("softmax", total, name="share")
    q = b.op("quantize", x, name="q", quant=Quant((0.05,), (3,)))
    w8 = rng.integers(-127, 128, (5, 12)).astype("int8")
    w8_name = b.constant("w8", w8, Quant((0.01,), (0,)))
    b32 = b.constant("b32", rng.integers(-900, 900, 5).astype("int32"), Quant((0.0005,), (0,)))
    sums = b.op("dense", q, w8_name, b32, name="sums")
    return b.build([share, sums])


def mixed(board: str) -> InferenceModule:
    """`mixed_graph` compiled for a board."""
    return compile_graph(mixed_graph(), board)


def inputs(cases: int = 3) -> dict[str, np.ndarray]:
    """Inputs of `mixed_graph`."""
    rng = np.random.default_rng(12)
    return {"x": rng.normal(size=(cases, 1, 12)).astype("float32")}


def image(board: str, toolchain: str, port: str = PORT, stack_bytes: int | None = None) -> Firmware:
    """`mixed_graph` linked for a board."""
    options = BuildOptions(CACHE, port, stack_bytes)
    return build_image(mixed(board), BOARDS.get(board), toolchain, options)


def sabotaged(board: str, statement: str) -> InferenceModule:
    """A module whose first step executes a C statement of the test's before anything else."""
    module = mixed(board)
    path = f"{module.name}.c"
    first = next(iter(module.steps.values()))
    head, brace, tail = module.sources[path].partition(f"void {first}(uint8_t *arena")
    signature, opening, body = tail.partition("{\n")
    text = head + brace + signature + opening + f"    {statement}\n" + body
    return replace(module, sources={**module.sources, path: text})
