"""The facade where it compiles, links and runs."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from firmwares import CACHE, inputs, mixed_graph

import tinsmith as ts
from tinsmith.bench import run as bench
from tinsmith.bench.outcome import Outcome, RunOptions
from tinsmith.core.cache import Cache
from tinsmith.core.errors import Cancelled
from tinsmith.core.progress import Nobody, StepRecord
from tinsmith.core.store import LocalStore
from tinsmith.facade import _work
from tinsmith.facade.model import Model
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.types import Quant, TensorType

KEPT = CACHE.parent
M4 = "nucleo_l4r5zi"


def odd_names() -> Graph:
    """Two inputs and two outputs whose names are none in C."""
    b = Builder("odd", "quantised")
    one = b.input("in/1", TensorType((1, 3), "float32"))
    two = b.input("int", TensorType((3,), "int8", Quant((0.5,), (0,))))
    return b.build([b.op("relu", one, name="out:1"), b.op("relu", two, name="2nd")])


@pytest.fixture(scope="module")
def compiled() -> ts.Compiled:
    return ts.compile(Model(mixed_graph(), "here"), M4, cache=KEPT)


def test_the_compiled_c_answers_as_the_reference(compiled: ts.Compiled) -> None:
    x = inputs(4)["x"]
    found, want = compiled.predict(x[:, 0]), compiled.model.predict(x[:, 0])
    assert found.keys() == want.keys() == {"share", "sums"}
    for name in found:  # the state goes from case to case in both
        np.testing.assert_array_equal(found[name], want[name])
    assert not np.array_equal(found["share"][0], compiled.predict(x[1:2, 0])["share"])


def test_names_that_are_none_in_c_are_the_models_own() -> None:
    compiled = ts.compile(Model(odd_names(), "here"), "host", cache=KEPT)
    one, two = np.array([[[-1, 2, 3]]]), np.array([[4, -5, 6]])
    found = compiled.predict({"int": two, "in/1": one})
    assert found["out:1"].tolist() == [[[0, 2, 3]]]
    assert found["2nd"].tolist() == [[4, 0, 6]]
    assert compiled.prove({"int": two, "in/1": one}).equal


def test_what_was_measured_is_not_run_again(
    compiled: ts.Compiled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("unicorn")
    x = inputs(2)
    first = ts.compile(compiled.model, M4, cache=tmp_path).measure(x)
    assert {q.board for q in first.quantities.values()} == {M4}
    assert first.instructions.method == "emulated"
    assert first.flash.value == first.weights.value + first.code.value
    assert first.ram.value == first.ram_static.value + first.stack.value

    def again(*_: object) -> None:
        raise AssertionError("done before")

    monkeypatch.setattr("tinsmith.codegen.compile.emit", again)
    monkeypatch.setattr(_work.Target, "build", again)
    monkeypatch.setattr(_work.Target, "run", again)
    second = ts.compile(compiled.model, M4, cache=tmp_path)
    assert second.measure(x) == first
    with pytest.raises(AssertionError, match="done before"):
        second.measure(inputs(3))


def test_this_computer_shows_no_figures_of_a_board() -> None:
    host = ts.compile(Model(mixed_graph(), "here"), "host", cache=KEPT)
    found = host.measure()
    assert set(found.quantities) == {"arena", "state"}
    with pytest.raises(ts.UserError, match="Board 'host' shows no flash"):
        print(found.flash)
    assert [v.origin for v in host.prove().verdicts] == ["host C"]


def test_both_executions_are_proven(compiled: ts.Compiled) -> None:
    pytest.importorskip("unicorn")
    proof = compiled.prove(inputs(2))
    assert proof.check().equal
    assert [v.origin for v in proof.verdicts] == ["host C", f"{M4}/unicorn"]
    assert all(v.compared_values > 2 for v in proof.verdicts)


def test_layers_side_by_side(compiled: ts.Compiled) -> None:
    pytest.importorskip("unicorn")
    host = ts.compile(compiled.model, "host", cache=KEPT)
    for other, origins in (
        (None, ("reference", f"{M4}/unicorn")), (host, ("host/host", f"{M4}/unicorn")),
    ):  # fmt: skip
        found = compiled.compare(other, inputs(2))
        assert (found.origins, found.first, found.cases) == (origins, None, 2)
        assert found.layers and f"{origins[0]} and {origins[1]}: equal" in str(found)
    other = ts.compile(Model(odd_names(), "here"), "host", cache=KEPT)
    assert other.compare().first is None
    with pytest.raises(ts.UserError, match="with another model"):
        compiled.compare(other)
    with pytest.raises(ts.UserError, match="records no layers"):
        ts.compile(compiled.model, "alif_e7", cache=KEPT).compare()


def test_where_a_runner_sees_outputs_only_these_are_proven(require_tool) -> None:
    require_tool("qemu-system-arm")
    proof = ts.compile(Model(mixed_graph(), "here"), "alif_e7", cache=KEPT).prove(inputs(2))
    assert proof.equal
    assert [v.compared_values for v in proof.verdicts][1] == 2


def test_a_wrong_output_is_seen_where_no_runner_sees_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = ts.compile(Model(mixed_graph(), "here"), "alif_e7", cache=KEPT)
    x = inputs(1)
    want = run_cases(compiled.firmware.module.graph, x)
    outputs = {n: want[n].copy() for n in ("share", "sums")}

    def ran(target: _work.Target, firmware: object, options: RunOptions, job: object) -> Outcome:
        if target.runner == "host":
            return right(target, firmware, options, job)
        assert not options.trace and not options.check_alignment
        return Outcome("qemu", "qemu 0", "emulated", "alif_e7", outputs)

    right = _work.Target.run
    monkeypatch.setattr(_work.Target, "run", ran)
    monkeypatch.setattr(_work.Target, "running", lambda target: target)  # QEMU may not be there
    assert forgetful(compiled, tmp_path / "1").prove(x).equal
    outputs["sums"].flat[1] += 1
    proof = forgetful(compiled, tmp_path / "2").prove(x)
    assert [v.equal for v in proof.verdicts] == [True, False]
    assert proof.divergence is not None
    assert proof.divergence.value == "sums"


def forgetful(compiled: ts.Compiled, folder: Path) -> ts.Compiled:
    """The same, with no results of earlier calls."""
    shop = replace(compiled.shop, results=Cache(LocalStore(folder), "this test"))
    return replace(compiled, shop=shop)


def test_a_wrong_answer_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = bench.run

    def wrong(*arguments, **named):
        outcome = right(*arguments, **named)
        for array in outcome.trace.values():
            array.flat[0] += 1
        return outcome

    host = ts.compile(Model(mixed_graph(), "here"), "host", cache=KEPT)
    monkeypatch.setattr("tinsmith.flow.trial.run", wrong)
    proof = forgetful(host, tmp_path).prove(inputs(1))
    assert not proof.equal
    with pytest.raises(ts.UserError, match="host C diverges at"):
        proof.check()


def test_a_board_that_is_too_small_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(
        'name = "Tiny"\ncore = "cortex-m0plus"\nclock_mhz = 8\n'
        'memory = [{ name = "f", role = "flash", origin = 0, bytes = 1024 },\n'
        '{ name = "r", role = "ram", origin = 0x20000000, bytes = 8192 }]\n'
    )
    with pytest.raises(ts.UserError, match=r"does not fit tiny: .* has 1024 B") as e:
        ts.compile(Model(mixed_graph(), "here"), tmp_path / "tiny.toml", cache=KEPT)
    assert "rpi_pico" in e.value.hint


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"board": "rpi_pic"}, "board.unknown"),
        ({"board": "none.toml"}, "board.file"),
        ({"optimize": "sped"}, "optimisation.unknown"),
        ({"choices": {"first": "ref/none"}}, "codegen.choice"),
        ({"choices": "none.lock"}, "compile.choices"),
        ({"toolchain": "arm_gc"}, "model.target"),
        ({"board": "alif_e7", "runner": "unicorn"}, "model.target"),
        ({"stack_bytes": 12}, "build.stack"),
        ({"board": "host", "stack_bytes": 64}, "build.stack"),
    ],
)
def test_what_there_is_not_is_refused(change: dict, code: str) -> None:
    with pytest.raises(ts.UserError) as e:
        ts.compile(Model(mixed_graph(), "here"), **{"board": "rpi_pico", "cache": KEPT, **change})
    assert e.value.code == code
    assert e.value.hint


def test_a_kernel_is_pinned_by_name_or_by_lock_file(tmp_path: Path) -> None:
    model = Model(mixed_graph(), "here")
    own = ts.compile(model, M4, cache=KEPT)
    layer, kernel = next(iter(own.kernels.items()))
    lock = tmp_path / "net.lock"
    lock.write_text(f'["{M4}".pinned]\n"{layer}" = "{kernel}"\n')
    for choices in ({layer: kernel}, lock, str(lock)):
        pinned = ts.compile(model, M4, choices=choices, cache=KEPT)
        assert pinned.choices.kernels == {layer: kernel}
        assert pinned.sources == own.sources


def test_an_option_that_there_is_not_is_named() -> None:
    with pytest.raises(TypeError, match="'optimise'; it takes optimize, toolchain"):
        ts.compile(Model(mixed_graph(), "here"), M4, optimise="size")


def test_a_stack_of_ones_own_is_kept_in_the_file(tmp_path: Path) -> None:
    pytest.importorskip("unicorn")
    model, x = Model(mixed_graph(), "here"), inputs(1)
    with pytest.raises(ts.UserError, match="stack of 16 B overflowed"):
        ts.compile(model, M4, stack_bytes=16, cache=KEPT).measure(x)
    asked = {"stack_bytes": 8192, "runner": "unicorn", "optimize": "speed"}
    roomy = ts.compile(model, M4, cache=KEPT, **asked)
    again = ts.Compiled.load(roomy.save(tmp_path / "m.tsc"), cache=KEPT)
    assert (again.target.stack_bytes, again.target.runner) == (8192, "unicorn")
    assert (again.target.optimize, again.choices.aim) == ("speed", "speed")
    assert again.firmware.elf == roomy.firmware.elf


def test_states_are_reset_where_it_is_asked_for(compiled: ts.Compiled) -> None:
    pytest.importorskip("unicorn")
    x = inputs(3)
    assert compiled.measure(x, reset_each=True).cases == 3
    outcomes = [
        _work.stages.measured(compiled.shop.job(), compiled.firmware, compiled.target, cases)
        for cases in (_work.Cases(x, reset_each=True), _work.Cases(x, reset_each=False))
    ]
    assert not np.array_equal(*(outcome.outputs["share"] for outcome in outcomes))


def test_a_job_hears_of_steps_does_them_anew_and_ends(tmp_path: Path) -> None:
    class Heard(Nobody):
        served: list[bool]

        def finished(self, record: StepRecord) -> None:
            self.served.append(record.served)

    heard = Heard()
    path = Model(mixed_graph(), "here").save(tmp_path / "m.tinsmith")
    served = []
    for fresh in (False, False, True):
        heard.served = []
        job = ts.job(heard, KEPT, fresh=fresh)
        model = ts.load(path, job=job)
        ts.compile(model, "host", cache=KEPT, job=job).measure()
        assert [r.name for r in job.records] == [
            "import", "compile host", "build host", "measure host",
        ]  # fmt: skip
        served.append(heard.served)
    assert served[1:] == [[True] * 4, [False] * 4]
    job.cancel()
    with pytest.raises(Cancelled):
        ts.load(path, job=job)


def test_saved_and_loaded_it_is_the_same(tmp_path: Path, compiled: ts.Compiled) -> None:
    again = ts.Compiled.load(compiled.save(tmp_path / "m.tsc"), cache=KEPT)
    assert again.firmware.elf == compiled.firmware.elf
    assert str(again).splitlines()[1:] == str(compiled).splitlines()[1:]


def test_packages_bring_golden_vectors(tmp_path: Path, compiled: ts.Compiled) -> None:
    one = compiled.package("c_library", tmp_path / "new", inputs=inputs(3))
    assert (one.cases, one.kind, one.path.parent) == (3, "c_library", tmp_path / "new")
    assert one.path.stat().st_size == one.nbytes
    drawn = compiled.package("c_library", tmp_path, version="2.0.0")
    assert drawn.cases == 4
    for change, code in (
        ({"kind": "arduno"}, "package.unknown"), ({"version": "2"}, "package.version"),
    ):  # fmt: skip
        with pytest.raises(ts.UserError) as e:
            compiled.package(**{"kind": "c_library", "folder": tmp_path, **change})
        assert e.value.code == code
    (tmp_path / "file").write_text("")
    with pytest.raises(ts.UserError, match="is a file; a folder is needed"):
        compiled.package("c_library", tmp_path / "file")
