"""A step that is called by itself does what it does in a run, and nothing else."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from firmwares import CACHE, TARGETS, image, mixed, mixed_graph, sabotaged

from tinsmith.bench import step_driver
from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.bench.runners.unicorn import call_steps
from tinsmith.bench.step_call import StepCall, StepResult
from tinsmith.build.firmware import Firmware
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.core.errors import MissingTool, UserError
from tinsmith.devices.board import BOARDS
from tinsmith.ir.interp import Interpreter

OPTIONS = RunOptions({}, cache=CACHE)
HELIUM = BOARDS.get("alif_e7")


def given(firmware: Firmware) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    return Interpreter(mixed_graph()).run({"x": rng.normal(size=(1, 12)).astype("float32")})


def call(firmware: Firmware, node: str, values: dict[str, np.ndarray], paint: int) -> StepCall:
    """An arena that holds the operands of a step and paint."""
    module = firmware.module
    arena = bytearray([paint]) * module.plan.arena_bytes
    found = next(n for n in module.graph.nodes if n.name == node)
    for name in found.inputs:
        if name in module.plan.places:
            at = module.plan.places[name].offset
            arena[at : at + values[name].nbytes] = values[name].tobytes()
    return StepCall(node, bytes(arena), bytes(module.plan.state_bytes))


@pytest.mark.parametrize(("board", "toolchain"), TARGETS)
def test_every_step_computes_its_result_from_its_operands(
    board: str, toolchain: str, require_tool: Callable[..., str]
) -> None:
    if toolchain == "arm_gcc":
        require_tool("arm-none-eabi-gcc")
    firmware, found = image(board, toolchain), BOARDS.get(board)
    values, graph = given(firmware), firmware.module.graph
    calls = [call(firmware, n.name, values, p) for n in graph.nodes for p in (0xA5, 0x5A)]
    results = call_steps(firmware, found, calls, OPTIONS).results
    for asked, done in zip(calls, results, strict=True):
        (result,) = next(n for n in graph.nodes if n.name == asked.node).outputs
        at, want = firmware.module.plan.places[result].offset, values[result].tobytes()
        assert done.arena[at : at + len(want)] == want
        assert (done.state, done.outside) == (asked.state, False)
    told = run(firmware, found, "unicorn", RunOptions({"x": values["x"][None]}, cache=CACHE))
    assert told.layers is not None and told.stack is not None
    for asked, done in zip(calls, results, strict=True):
        around = told.layers[asked.node].value - done.instructions  # calls, and states at the end
        assert 0 <= around < 300
        assert done.stack <= told.stack.value


def test_a_write_outside_is_seen() -> None:
    board = BOARDS.get("nucleo_l4r5zi")
    module = sabotaged(board.id, f"arena[{64 * 1024}] = 1;")
    firmware = build_image(module, board, "zig", BuildOptions(CACHE))
    asked = call(firmware, next(iter(module.steps)), given(firmware), 0)
    (done,) = call_steps(firmware, board, [asked], OPTIONS).results
    assert done.outside


def test_a_zero_outside_is_seen() -> None:
    """RAM holds zeros after start-up; a step that writes one there would change nothing."""
    board = BOARDS.get("nucleo_l4r5zi")
    module = sabotaged(board.id, f"arena[{64 * 1024}] = 0;")
    firmware = build_image(module, board, "zig", BuildOptions(CACHE))
    asked = call(firmware, next(iter(module.steps)), given(firmware), 0)
    assert all(
        done.outside for done in call_steps(firmware, board, [asked, asked], OPTIONS).results
    )


def made(statement: str) -> tuple[Firmware, StepCall]:
    """An image whose first step does something else first, and a call of that step."""
    firmware = build_image(
        sabotaged(HELIUM.id, statement), HELIUM, "zig", BuildOptions(CACHE, stack_bytes=512)
    )
    return firmware, call(firmware, next(iter(firmware.module.steps)), given(firmware), 0)


def called(statement: str, *, timeout_s: float = 60.0) -> StepResult:
    firmware, asked = made(statement)
    options = RunOptions({}, timeout_s=timeout_s, cache=CACHE)
    (done,) = step_driver.step_calls(firmware, HELIUM, [asked], options).results
    return done


def test_every_step_is_called_where_the_machine_has_other_memories(
    require_tool: Callable[..., str],
) -> None:
    require_tool("qemu-system-arm")
    firmware = build_image(mixed(HELIUM.id), HELIUM, "zig", BuildOptions(CACHE))
    values, graph = given(firmware), firmware.module.graph
    calls = [call(firmware, n.name, values, p) for n in graph.nodes for p in (0xA5, 0x5A)]
    found = step_driver.step_calls(firmware, HELIUM, calls, OPTIONS)
    ported = build_image(mixed(HELIUM.id), HELIUM, "zig", BuildOptions(CACHE, port="qemu"))
    told = run(ported, HELIUM, "qemu", RunOptions({"x": values["x"][None]}, cache=CACHE))
    assert told.layers is not None
    for asked, done in zip(calls, found.results, strict=True):
        (result,) = next(n for n in graph.nodes if n.name == asked.node).outputs
        at, want = firmware.module.plan.places[result].offset, values[result].tobytes()
        assert done.arena[at : at + len(want)] == want
        assert (done.state, done.outside) == (asked.state, False)
        assert 0 <= told.layers[asked.node].value - done.instructions < 300
    bounds = firmware.stack
    assert bounds is not None
    assert all(
        0 < d.stack <= bounds.steps[c.node].whole for c, d in zip(calls, found.results, strict=True)
    )
    entries = {firmware.symbols[f] for f in firmware.module.steps.values()}
    assert set(found.executed) == entries
    assert all(any(at == entry for at, _ in found.executed[entry]) for entry in entries)


def test_whole_runs_of_such_an_image_equal_the_interpreter(
    require_tool: Callable[..., str],
) -> None:
    require_tool("qemu-system-arm")
    firmware = build_image(mixed(HELIUM.id), HELIUM, "zig", BuildOptions(CACHE))
    values = given(firmware)
    inputs = {"x": np.stack([values["x"], 2 * values["x"], values["x"]])}
    found = step_driver.run(firmware, HELIUM, RunOptions(inputs, cache=CACHE))
    for name in firmware.module.graph.outputs:
        assert found.outputs[name][0].tobytes() == values[name].tobytes()
        assert np.array_equal(found.outputs[name][0], found.outputs[name][2])
        assert not np.array_equal(found.outputs[name][0], found.outputs[name][1])


def test_a_write_beside_arena_and_state_is_seen(require_tool: Callable[..., str]) -> None:
    require_tool("qemu-system-arm")
    assert not called("(void)arena;").outside
    assert called("arena[200] = 1;").outside
    assert called("arena[200] = 0;").outside


@pytest.mark.parametrize(
    ("statement", "code", "says"),
    [
        ("arena[64 * 1024] = 0;", "bench.memory", "0x02010"),
        ("*(volatile uint8_t *)0x80000000u = 0;", "bench.memory", "0x80000000"),
        ("arena[0] = *(volatile uint8_t *)0x10000000u;", "bench.memory", "mixed_step"),
        ("arena[0] = *(volatile uint8_t *)0x70000000u;", "bench.memory", "mixed_step"),
        ("volatile uint8_t deep[700]; for (int i = 0; i < 700; i++) { deep[i] = 1; }",
         "bench.stack-overflow", "below RAM"),
        ("__asm__ volatile(\"udf #1\");", "bench.instruction", "mixed_step"),
        ("for (;;) { __asm__ volatile(\"\"); }", "bench.timeout", "time"),
    ],
)  # fmt: skip
def test_what_the_board_would_not_survive_ends_it(
    statement: str, code: str, says: str, require_tool: Callable[..., str]
) -> None:
    require_tool("qemu-system-arm")
    with pytest.raises(UserError) as e:
        called(statement, timeout_s=3.0 if ";;" in statement else 60.0)
    assert e.value.code == code
    assert says in e.value.message


def test_where_the_emulator_is_missing_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    firmware, asked = made("(void)arena;")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MissingTool, match="qemu-system-arm"):
        step_driver.step_calls(firmware, HELIUM, [asked], OPTIONS)


def test_boards_whose_flash_the_machine_does_not_have_are_refused() -> None:
    assert step_driver.refuses(HELIUM) == ""
    assert "Cortex-M4" in step_driver.refuses(BOARDS.get("nucleo_l4r5zi"))
    flash, ram = HELIUM.memories
    moved = replace(HELIUM, memories=(replace(flash, origin=0x08000000), ram))
    assert "addresses of its flash" in step_driver.refuses(moved)
