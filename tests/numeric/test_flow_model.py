"""Model files measured and compared: figures that come from the image and the run, and refusals."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from firmwares import CACHE, inputs, mixed_graph
from tflites import dense

import tinsmith.flow.model as flow_model
from tinsmith.codegen.choose import choose
from tinsmith.codegen.compile import lower
from tinsmith.core.errors import MissingTool, UnknownKind, UserError
from tinsmith.core.job import Job
from tinsmith.core.progress import Nobody, StepRecord
from tinsmith.core.quantity import Planned
from tinsmith.flow.drawn import default_inputs
from tinsmith.flow.model import MeasureOptions, case_inputs, measure_graph, measure_model
from tinsmith.flow.model_compare import compare_model, side_by_side
from tinsmith.flow.model_target import (
    DoesNotFit,
    instructions_at_most,
    seconds_for,
)
from tinsmith.flow.quantise import QuantiseOptions, quantise_model
from tinsmith.importers import read_model
from tinsmith.ir.builder import Builder
from tinsmith.ir.interp import run_cases
from tinsmith.ir.store import dumps
from tinsmith.ir.types import TensorType
from tinsmith.prove.record import reference_trace

M4 = "nucleo_l4r5zi"


@pytest.fixture
def model(tmp_path: Path, rng: np.random.Generator) -> Path:
    path = tmp_path / "small.tflite"
    path.write_bytes(dense(rng).bytes())
    return path


def options(board: str = M4, **more) -> MeasureOptions:
    return MeasureOptions(board, cache=CACHE.parent, **more)


def test_every_figure_is_there_and_adds_up(model: Path, tmp_path: Path) -> None:
    measured = measure_model(model, options(outputs=tmp_path / "y.npz"))
    found, outcome = measured.figures, measured.outcome
    graph = read_model(model)
    want = run_cases(graph, default_inputs(graph))
    with np.load(tmp_path / "y.npz") as answers:
        np.testing.assert_array_equal(answers["out_0"], want[graph.outputs[0]])
    assert (measured.model, found.board, found.cases) == ("small.tflite", M4, 1)
    assert (outcome.runner, outcome.method) == ("unicorn", "emulated")
    assert measured.semantics == "litert"
    assert found.flash.value == found.weights.value + found.code.value
    assert found.ram.value == found.ram_static.value + found.stack.value
    assert found.ram_static.value >= found.arena.value > 0 == found.state.value
    assert found.instructions_least == found.instructions
    assert found.instructions.value > 100
    # Without wait states no instruction of this core takes less than a cycle; the range is +-15 %.
    assert found.cycles.low < found.cycles.high < 10 * found.instructions.value
    assert found.cycles.high / found.cycles.low == pytest.approx(1.15 / 0.85, rel=0.01)
    assert found.latency.low == pytest.approx(found.cycles.low / 120e6 * 1e3)
    assert found.latency.unit == "ms"
    methods = {n: q.method for n, q in found.quantities.items()}
    assert methods["flash"] == methods["ram_static"] == "linked image"
    assert (methods["stack"], methods["instructions"]) == ("painted, emulated", "emulated")
    assert (methods["arena"], methods["cycles"]) == ("planned", "estimated")
    assert methods["ram"] == "linked image + painted, emulated"
    record, counted = measured.record(), found.instructions.value
    assert record["latency_s"]["max"] == pytest.approx(found.latency.high / 1e3)
    assert record["instructions"] == {"min": counted, "max": counted}
    assert set(record) >= {
        "model", "board", "cases", "instructions", "cycles", "flash_bytes", "ram_static_bytes",
        "ram_bytes", "arena_bytes", "state_bytes", "stack_bytes", "weights_bytes", "code_bytes",
        "runner", "method", "toolchain", "compile_seconds", "semantics", "latency_s",
    }  # fmt: skip


def test_two_engines_say_the_same(model: Path, require_tool) -> None:
    require_tool("qemu-system-arm")
    one, two = (
        measure_model(model, options("nucleo_u575zi", runner=r)) for r in ("unicorn", "qemu")
    )
    counts = [{n: q.value for n, q in m.figures.quantities.items()} for m in (one, two)]
    assert counts[0] == counts[1]
    assert {"instructions", "stack", "flash"} <= counts[0].keys()
    assert "cycles" not in counts[0]
    assert (one.outcome.runner, two.outcome.runner) == ("unicorn", "qemu")


def test_this_computer_has_answers_and_no_counts(model: Path, tmp_path: Path) -> None:
    measured = measure_model(model, options("host", outputs=tmp_path / "y.npz"))
    found, record = measured.figures, measured.record()
    assert measured.outcome.method == "native"
    absent = ("instructions", "cycles", "latency_s", "flash_bytes", "ram_bytes", "stack_bytes")
    assert [record[name] for name in absent] == [None] * len(absent)
    assert found.arena.value > 0
    # No hardware of a board said any of this.
    assert {(n, q.method) for n, q in found.quantities.items()} == {
        ("arena", "planned"), ("state", "planned")
    }  # fmt: skip
    assert isinstance(found.arena, Planned)
    assert (tmp_path / "y.npz").exists()


def test_optimisations_differ_in_size_and_not_in_answers(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing is known of the kernels' costs, they are flags of the compiler."""
    monkeypatch.setattr("tinsmith.codegen.select.costs_of", lambda core: {})
    found = {}
    for name in ("size", "speed"):
        out = tmp_path / f"{name}.npz"
        found[name] = measure_model(model, options("rpi_pico", optimize=name, outputs=out))
    assert found["size"].figures.code.value < found["speed"].figures.code.value
    assert (found["size"].optimize, found["speed"].optimize) == ("size", "speed")
    assert (tmp_path / "size.npz").read_bytes() == (tmp_path / "speed.npz").read_bytes()
    with pytest.raises(UnknownKind, match="Did you mean 'speed'"):
        measure_model(model, options("rpi_pico", optimize="sped"))


@pytest.mark.parametrize("optimize", ["", "size", "speed"])
def test_kernels_are_chosen_for_what_is_asked_for(
    optimize: str, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aims = []

    def chosen(*arguments):
        aims.append(arguments[2])
        return choose(*arguments)

    monkeypatch.setattr("tinsmith.codegen.select.choose", chosen)
    measure_model(model, options(optimize=optimize))
    compare_model(model, options(optimize=optimize))
    assert aims == [optimize or "balanced"] * 2


@pytest.mark.parametrize("board", [M4, "host"])
@pytest.mark.parametrize("reset_each", [False, True])
def test_states_go_on_from_case_to_case_unless_reset(
    board: str, reset_each: bool, tmp_path: Path
) -> None:
    graph, x = mixed_graph(), inputs(4)
    np.savez(tmp_path / "x.npz", in_0=x["x"])
    files = {"inputs": tmp_path / "x.npz", "outputs": tmp_path / "y.npz"}
    asked = options(board, reset_each=reset_each, **files)
    found = measure_graph(graph, ("mixed", None), asked, Job())
    assert (found.figures.cases, found.figures.state.value > 0) == (4, True)
    want = run_cases(graph, x, reset_each)
    other = run_cases(graph, x, not reset_each)
    with np.load(tmp_path / "y.npz") as answers:
        for i, name in enumerate(graph.outputs):
            np.testing.assert_array_equal(answers[f"out_{i}"], want[name])
        assert (answers["out_0"] != other[graph.outputs[0]]).any()


def wide(inputs: int):
    b = Builder("wide")
    x = b.input("x", TensorType((1, inputs), "float32"))
    w = b.constant("w", np.ones((4, inputs), "float32"))
    return b.build([b.op("dense", x, w, b.constant("b", np.zeros(4, "float32")), name="y")])


def test_names_that_are_none_in_c_are_the_files_own(tmp_path: Path) -> None:
    b = Builder("odd")
    x = b.input("in/1", TensorType((1, 3), "float32"))
    path = tmp_path / "odd.tinsmith"
    path.write_bytes(dumps(b.build([b.op("relu", x, name="out:1")])))
    np.savez(tmp_path / "x.npz", **{"in/1": np.array([[-1, 2, 3]], np.float32)})
    asked = options("host", inputs=tmp_path / "x.npz", outputs=tmp_path / "y.npz")
    assert measure_model(path, asked).figures.cases == 1
    with np.load(tmp_path / "y.npz") as answers:
        assert answers["out_0"].tolist() == [[[0, 2, 3]]]
    assert compare_model(path, asked).first is None


def test_what_does_not_fit_says_how_much_of_both_memories_it_needs() -> None:
    """20 000 floats need 80 kB of RAM and 320 kB of flash; the board has 20 480 and 131 072 B."""
    with pytest.raises(DoesNotFit) as e:
        asked = options("nucleo_f103rb")
        measure_graph(wide(20_000), ("wide", None), asked, Job())
    assert e.value.code == "build.fit"
    flash, ram = e.value.flash_bytes, e.value.ram_bytes
    assert 320_000 < flash < 330_000
    assert 80_000 + 4096 < ram < 85_000
    assert f"needs {flash} B of flash, has 131072 B ({flash - 131072} B too many)" in str(e.value)
    assert f"needs {ram} B of RAM, has 20480 B ({ram - 20480} B too many)" in str(e.value)
    hint = e.value.hint  # the smallest that will do comes first
    assert hint.startswith("Boards with enough memory: b_l475e_iot01a, nucleo_f401re, ")
    assert "nucleo_f103rb" not in hint and "nano33_iot" not in hint and hint.endswith(" more.")


def test_what_one_memory_lacks_is_said_of_that_memory_alone() -> None:
    with pytest.raises(DoesNotFit, match=r"has 131072 B; needs .* RAM.*too many") as e:
        asked = options("nucleo_f103rb")
        measure_graph(wide(5_000), ("wide", None), asked, Job())
    assert e.value.flash_bytes < 131072
    assert str(e.value).count("too many") == 1


def test_missing_things_are_named(model: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no file .*none\.tflite") as e:
        measure_model(tmp_path / "none.tflite", options())
    assert e.value.code == "model.file"
    with pytest.raises(UnknownKind, match="Did you mean 'rpi_pico'"):
        measure_model(model, options("rpi_pcio"))
    with pytest.raises(UserError, match=r"'esp32_c3' and toolchain 'arm_gcc'") as e:
        measure_model(model, options("esp32_c3", toolchain="arm_gcc"))
    assert (e.value.code, e.value.hint) == ("model.target", "This board has: zig.")
    with pytest.raises(UserError, match="runner 'unicorn'"):
        measure_model(model, options("alif_e7", runner="unicorn"))
    with pytest.raises(UserError, match="Semantics 'onnx' are not known"):
        measure_model(model, options(semantics="onnx"))


def test_a_stack_that_is_too_small_is_found_out(model: Path) -> None:
    with pytest.raises(UserError, match="stack of 16 B overflowed"):
        measure_model(model, options(stack_bytes=16))


def test_time_grows_with_the_models_work() -> None:
    small, large = lower(wide(10)), lower(wide(10_000))
    assert instructions_at_most(large) > 500 * instructions_at_most(small)
    assert seconds_for(large, 100) > seconds_for(large, 1) > 120


@pytest.mark.parametrize("stack", [0, 7, 12, -8])
def test_a_stack_that_no_board_can_have_is_told_before_the_model_is_read(
    stack: int, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="multiple of 8 B") as e:
        measure_model(tmp_path / "none", options(stack_bytes=stack))
    assert e.value.code == "build.stack" and "multiple of 8" in e.value.hint
    with pytest.raises(UserError, match="no stack is reserved"):
        measure_model(tmp_path / "none", options("host", stack_bytes=4096))


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="there is no /proc on this system")
@pytest.mark.parametrize("suffix", ["tflite", "onnx", "json", "tinsmith"])
def test_a_file_that_cannot_be_read_is_no_bug(suffix: str, tmp_path: Path) -> None:
    """Root may open everything; at this file's beginning even root cannot read."""
    path = tmp_path / f"m.{suffix}"
    path.symlink_to("/proc/self/mem")
    with pytest.raises(UserError, match="cannot be read: Input/output error") as e:
        measure_model(path, options("host"))
    assert e.value.code == "model.file" and e.value.hint


def test_a_tool_that_is_missing_is_told_before_the_model_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for more in ({"toolchain": "arm_gcc"}, {"runner": "qemu"}):
        with pytest.raises(MissingTool):
            measure_model(tmp_path / "none", options(**more))


def test_a_dump_that_cannot_be_written_is_told_before_the_model_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="is a file") as e:
        compare_model(tmp_path / "none", options("host"), "reference", tmp_path / "file")
    assert e.value.code == "output.place"


def test_what_is_read_is_not_overwritten(model: Path, tmp_path: Path) -> None:
    inputs = tmp_path / "x.npz"
    np.savez(inputs, in_0=np.zeros((1, 1, 12), np.int8))
    (tmp_path / "link.npz").symlink_to(inputs)
    for outputs in (inputs, tmp_path / "link.npz", model):
        with pytest.raises(UserError, match="would be overwritten") as e:
            measure_model(model, options(inputs=inputs, outputs=outputs))
        assert e.value.code == "output.place"
    same = QuantiseOptions(inputs, tmp_path / "own.tinsmith")
    same.output.touch()
    with pytest.raises(UserError, match="would be overwritten"):
        quantise_model(same.output, same)


def test_cases_that_are_not_finite_are_noted(tmp_path: Path) -> None:
    values = np.zeros((3, 1, 4), np.float32)
    values[1, 0, 2], values[2, 0, 0] = np.nan, np.inf
    np.savez(tmp_path / "x.npz", in_0=values)
    heard: list[str] = []

    class Heard(Nobody):
        def noted(self, text: str) -> None:
            heard.append(text)

    case_inputs(wide(4), tmp_path / "x.npz", Job(listener=Heard()))
    assert len(heard) == 1 and "2 of 3 cases of 'x' hold NaN or infinity" in heard[0]


def test_what_an_importer_has_to_say_is_noted(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []

    class Heard(Nobody):
        def noted(self, text: str) -> None:
            heard.append(text)

    read = flow_model.read_model
    monkeypatch.setattr(
        flow_model, "read_model", lambda *a: read(*a).with_(notes=("Sums wrap.", "It is old."))
    )
    flow_model.open_model(model, "", Job(listener=Heard()))
    assert heard == [f"{model.name}: Sums wrap.", f"{model.name}: It is old."]


def test_steps_are_told_as_they_happen(model: Path) -> None:
    class Told(Nobody):
        names: list[str]

        def finished(self, record: StepRecord) -> None:
            self.names.append(record.name)

    told = Told()
    told.names = []
    measure_model(model, options(), Job(listener=told))
    assert told.names == ["import", f"compile {M4}", f"build {M4}", f"measure {M4}"]


@pytest.mark.parametrize("against", ["reference", "host", "rpi_pico"])
def test_every_layer_of_two_executions_is_equal(model: Path, against: str, tmp_path: Path) -> None:
    found = compare_model(model, options(), against, tmp_path / "dump")
    graph = lower(read_model(model))
    assert [r.node for r in found.layers] == [n.name for n in graph.nodes]
    assert found.first is None and not any(r.differing or r.max_difference for r in found.layers)
    assert found.record()["equal"] is True
    found.check()
    assert found.origins[1] == f"{M4}/unicorn"
    files = sorted((tmp_path / "dump").iterdir())
    assert len(files) == 2 and f"{M4}-unicorn.npz" in {p.name for p in files}
    with np.load(files[0]) as one, np.load(files[1]) as two:
        assert one.files == two.files
        assert len(one.files) == len(graph.inputs) + len(graph.nodes)
        for name in one.files:
            np.testing.assert_array_equal(one[name], two[name])


def test_the_first_layer_that_differs_is_named_and_explained() -> None:
    graph = lower(mixed_graph())
    golden = reference_trace(graph, inputs(2))
    spoiled = {k: v.copy() for k, v in golden.values.items()}
    real = [graph.type(n.outputs[0]).dtype == "float32" for n in graph.nodes]
    at = real.index(True, 1)  # behind another layer
    spoilt, second = graph.nodes[at].name, graph.nodes[at].outputs[0]
    for node in graph.nodes[at:]:
        (value,) = node.outputs
        spoiled[value].flat[0] += 3
    seen = replace(golden, origin="board/unicorn", values=spoiled)
    found = side_by_side("mixed", graph, golden, seen)
    assert found.first is not None
    assert (found.first.node, found.first.differing) == (spoilt, 1)
    assert found.layers[at - 1].differing == 0
    assert found.first.max_difference == pytest.approx(3)
    assert found.why
    with pytest.raises(UserError, match=f"differ first in node '{spoilt}'") as e:
        found.check()
    assert e.value.code == "compare.differs"
    spoiled[second].flat[0] = np.nan
    assert side_by_side("mixed", graph, golden, seen).first.max_difference is None


def test_a_board_is_not_compared_with_itself(model: Path) -> None:
    with pytest.raises(UserError, match="with itself") as e:
        compare_model(model, options("host"), "host")
    assert e.value.code == "compare.same"
    with pytest.raises(UserError, match="Did you mean 'host'"):
        compare_model(model, options(), "hots")


def test_a_board_is_not_compared_where_layers_are_not_seen(model: Path, require_tool) -> None:
    require_tool("qemu-system-arm")
    for board, against in (("alif_e7", "reference"), (M4, "alif_e7")):
        with pytest.raises(UserError, match="records no layers") as e:
            compare_model(model, options(board), against)
        assert e.value.code == "compare.trace"
