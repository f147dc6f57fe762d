"""The compiler as a whole: the C contract, its dumps, and code that means what the graph means."""

import re
from dataclasses import replace
from pathlib import Path
from time import process_time

import numpy as np
import pytest

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.objects import compile_all, compiler_for
from tinsmith.build.shared import build_shared
from tinsmith.codegen.choices import Choices
from tinsmith.codegen.compile import PIPELINE, compile_graph
from tinsmith.codegen.emit import comment_text
from tinsmith.core.errors import InternalError, UnknownKind
from tinsmith.devices.board import BOARDS
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.op import OPS, In, Kernel, Out, Scratch
from tinsmith.ir.ops.rfft_power import twiddles
from tinsmith.ir.types import Quant, TensorType


def wrist() -> Graph:
    """Float and int8, scratch, three states (one that keeps itself, two that swap), passed-through
    outputs, and a stage with a comment in it."""
    b = Builder("wrist-motion", "quantised")
    x = b.input("x", TensorType((2, 8), "float32"))
    b.stage = "spectrum */ 'a'"
    power = b.op("rfft_power", x, b.constant("w", twiddles(8)), name="power")
    kept = b.state("kept", np.ones((2, 5), np.float32))
    left = b.state("left", np.full((2, 5), 2, np.float32))
    right = b.state("right", np.full((2, 5), 3, np.float32))
    b.update(left, right)
    b.update(right, left)
    total = b.op("sub", b.op("add", b.op("mul", power, kept), left), right, name="total")
    flat = b.op("reshape", b.op("relu", total), shape=(1, 10))
    b.stage = "quantise"
    q = b.op("quantize", flat, quant=Quant((0.5,), (-128,)), name="q")
    return b.build([q, total, x])


def case_values() -> dict[str, np.ndarray]:
    return {"x": np.random.default_rng(3).normal(size=(4, 2, 8)).astype(np.float32)}


def test_host_c_equals_the_reference_with_states_kept_and_reset(tmp_path: Path) -> None:
    module = compile_graph(wrist(), "host")
    firmware, host = build_shared(module, tmp_path), BOARDS.get("host")
    for reset_each in (True, False):
        want = run_cases(wrist(), case_values(), reset_each)
        options = RunOptions(case_values(), trace=True, reset_each=reset_each)
        got = run(firmware, host, "host", options)
        assert got.trace is not None
        assert got.outputs["q"].tobytes() == want["q"].tobytes()
        assert got.outputs["x_out"].tobytes() == want["x"].tobytes()
        for name in ("power", "total", "q"):
            assert got.trace[name].tobytes() == want[name].tobytes()


@pytest.mark.parametrize(
    ("board", "toolchain"),
    [("nucleo_l4r5zi", "zig"), ("rpi_pico", "arm_gcc"), ("nucleo_l4r5zi", "arm_gcc")],
)
def test_compiles_without_a_warning(
    board: str, toolchain: str, tmp_path: Path, require_tool
) -> None:
    if toolchain == "arm_gcc":
        require_tool("arm-none-eabi-gcc")
    extra = ("-Wcast-align", "-Wpedantic", "-Wshadow")
    compiler = compiler_for(BOARDS.get(board).core, toolchain, tmp_path, extra)
    own = {k: v for k, v in compile_graph(wrist(), board).sources.items() if k.startswith("wrist")}
    headers = {
        k: v for k, v in compile_graph(wrist(), board).sources.items() if k.startswith("kernels/ts")
    }
    assert len(compile_all(compiler, own | headers)) == 2


def test_the_contract_of_the_public_header() -> None:
    module = compile_graph(wrist(), "nucleo_l4r5zi")
    assert module.name == "wrist_motion"
    header = module.sources["wrist_motion.h"]
    macros = dict(re.findall(r"^#define WRIST_MOTION_(\w+) (.*)$", header, re.MULTILINE))
    plan = module.plan
    assert macros["ABI"] == "3" and macros["ALIGN"] == "8"
    assert macros["ARENA_BYTES"] == str(plan.arena_bytes)
    assert macros["STATE_BYTES"] == str(plan.state_bytes) == "120"
    assert macros["INPUT_X_OFFSET"] == str(plan.places["x"].offset)
    assert macros["INPUT_X_KEPT"] == str(int("x" in plan.kept)) == "0"
    kept = compile_graph(wrist(), "nucleo_l4r5zi", choices=Choices(keep_inputs=True))
    assert "#define WRIST_MOTION_INPUT_X_KEPT 1\n" in kept.sources["wrist_motion.h"]
    assert kept.plan.arena_bytes > plan.arena_bytes
    assert (macros["INPUT_X_BYTES"], macros["INPUT_X_TYPE"]) == ("64", "float")
    assert (macros["OUTPUT_Q_ELEMENTS"], macros["OUTPUT_Q_TYPE"]) == ("10", "int8_t")
    assert (macros["OUTPUT_Q_SCALE"], macros["OUTPUT_Q_ZERO_POINT"]) == ("0.5", "(-128)")
    assert macros["STEPS"] == str(len(module.steps))
    assert (macros["INPUT_COUNT"], macros["OUTPUT_COUNT"]) == ("1", "3")
    assert (macros["INPUT_X_RANK"], macros["INPUT_X_SHAPE"]) == ("2", "{2, 8}")
    assert (macros["INPUT_X_DIM_0"], macros["INPUT_X_DIM_1"]) == ("2", "8")
    for prototype in ("void {}_init(void *state);", "void {}_reset(void *state);",
                      "int32_t {}_run(void *arena, void *state);",
                      "int32_t {}_run_step(void *arena, void *state, int32_t step);"):  # fmt: skip
        assert prototype.format("wrist_motion") in header


def test_files_steps_and_comments() -> None:
    module = compile_graph(wrist(), "rpi_pico")
    own = {p for p in module.sources if not p.startswith("kernels/")}
    assert own == {f"wrist_motion{s}" for s in (".h", ".c", "_weights.c", "_internal.h")}
    code = module.sources["wrist_motion.c"]
    calls = re.findall(r"^    (wrist_motion_step_\w+)\(a, s\);$", code, re.MULTILINE)
    assert calls == list(module.steps.values())
    assert list(module.steps) == [n.name for n in module.graph.nodes]
    assert module.steps["power"] == "wrist_motion_step_000_power"
    assert "stage spectrum * / 'a'" in code
    assert "Board:  rpi_pico" in code and module.compiler in code


def test_nothing_writable_is_static_and_no_address_is_stored() -> None:
    module = compile_graph(wrist(), "rpi_pico")
    for path, text in module.sources.items():
        plain = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        assert not re.search(r"^static (?!inline|const)", plain, re.MULTILINE), path
        assert not re.search(r"^\w[^(\n]*\*\s*(const )?\w+\[[^(]*=", plain, re.MULTILINE), path


def test_equal_arguments_give_equal_bytes_and_dump_shows_each_pass() -> None:
    seen: list[str] = []
    first = compile_graph(wrist(), "host", dump=lambda name, graph: seen.append(name))
    assert seen == ["source", *PIPELINE]
    assert dict(first.sources) == dict(compile_graph(wrist(), "host").sources)


def test_an_fpu_is_asked_for_where_the_board_has_one() -> None:
    texts = {
        board: compile_graph(wrist(), board).sources["wrist_motion_internal.h"]
        for board in ("nucleo_l4r5zi", "rpi_pico", "esp32_c3")
    }
    assert [b for b, text in texts.items() if "__ARM_FP" in text] == ["nucleo_l4r5zi"]


def test_unknown_boards_and_broken_graphs_are_refused() -> None:
    with pytest.raises(UnknownKind, match="nucleo_l4r5zi"):
        compile_graph(wrist(), "nucleo_l4r5z")
    with pytest.raises(InternalError, match="at least one output"):
        compile_graph(wrist().with_(outputs=()), "host")


def test_a_comment_neither_ends_early_nor_begins_again() -> None:
    assert comment_text("a /* b */ c\nd") == "a / * b * / c d"


def test_several_pieces_of_scratch_lie_behind_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    op, get = OPS.get("rfft_power"), type(OPS).get
    arguments = [In(0), In(1), Out(), Scratch(12), Scratch(64), 1, 8]
    greedy = replace(op, kernels={"float32": Kernel(lambda site: arguments)})
    monkeypatch.setattr(
        type(OPS), "get", lambda self, n: greedy if n == "rfft_power" else get(self, n)
    )
    b = Builder("net")
    x = b.input("x", TensorType((1, 8), "float32"))
    power = b.op("rfft_power", x, b.constant("w", twiddles(8)), name="power")
    module = compile_graph(b.build([power]), "host")
    place = module.plan.places["power#scratch"]
    assert place.nbytes == 16 + 64
    for at in (place.offset, place.offset + 16):
        assert f"(void *)(arena + {at})," in module.sources["net.c"]


def test_a_thousand_nodes_are_compiled_in_seconds() -> None:
    """Every planner and the verifier included; what grew with the cube of the nodes took a minute
    and more."""
    b = Builder("long")
    before = value = b.input("x", TensorType((1, 24), "float32"))
    for i in range(1000):
        value, before = (b.op("abs", value) if i % 2 else b.op("add", value, before)), value
    start = process_time()
    module = compile_graph(b.build([value]), "host")
    assert process_time() - start < 10
    assert len(module.steps) == 1000 and module.plan.arena_bytes == 2 * 96
