"""Tuning on emulated boards: better by what was measured, kept, written down, and taken later."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from firmwares import CACHE
from pictures import network

import tinsmith as ts
from tinsmith.codegen.choices import Choices, read_tuned
from tinsmith.codegen.compile import compile_graph
from tinsmith.core.cache import Cache
from tinsmith.core.errors import Cancelled, UserError
from tinsmith.core.job import Job
from tinsmith.core.progress import Nobody, StepRecord
from tinsmith.core.store import LocalStore
from tinsmith.flow.model import MeasureOptions, measure_model, open_model, write_graph
from tinsmith.flow.tuning import TuneOptions, tune_model
from tinsmith.testing.uses import draw
from tinsmith.tune.choice import key

pytestmark = pytest.mark.emulator
M4, M0 = "nucleo_l4r5zi", "rpi_pico"


class Ear(Nobody):
    """Keeps what was noted."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def noted(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of results that these tests share."""
    return tmp_path_factory.mktemp("tuned")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Layers that several kernels compute, some of them the same."""
    return write_graph(draw(5, 4, "depthwise").graph, tmp_path / "small.tinsmith")


@pytest.fixture
def job(results: Path) -> Job:
    return Job(Cache(LocalStore(results), "tests"), Ear())


def again(job: Job) -> Job:
    return Job(job.cache, Ear())


def options(board: str, optimize: str = "", toolchain: str = "") -> MeasureOptions:
    return MeasureOptions(board, cache=CACHE.parent, optimize=optimize, toolchain=toolchain)


@pytest.mark.parametrize("board", [M4, M0])
@pytest.mark.parametrize("aim", ["speed", "size", "ram", "balanced"])
def test_no_worse_than_untuned_and_taken_later(model: Path, job: Job, board: str, aim: str) -> None:
    how = options(board, aim)
    untuned = measure_model(model, how, again(job)).figures
    found = tune_model(model, TuneOptions(how), job)
    assert key(aim, found.after) <= key(aim, found.before)
    assert found.unit == ("model cycles" if board == M4 else "instructions")
    assert found.figures[0].instructions.value == untuned.instructions.value
    after = measure_model(model, how, again(job)).figures
    assert after.instructions.value == found.figures[1].instructions.value
    assert (after.flash.value, after.ram.value) == (found.after.flash, found.after.ram)


def test_a_second_time_nothing_is_built_or_run(model: Path, job: Job) -> None:
    how = TuneOptions(options(M4, "speed"))
    first = tune_model(model, how, job)
    lock = first.lock.read_bytes()
    second = tune_model(model, how, again(job))
    assert (second.built, second.ran) == (0, 0) and second.images == first.images <= 200
    assert first.lock.read_bytes() == lock
    assert second.record() == {**first.record(), "built": 0, "ran": 0}


def test_stripes_are_tuned_as_layers(tmp_path: Path, job: Job) -> None:
    """The images that are measured have them, too; what was chosen is taken later."""
    graph = network(np.random.default_rng(6), 24, least=5).graph
    front = write_graph(graph, tmp_path / "front.tinsmith")
    found = tune_model(front, TuneOptions(options(M4, "ram")), job)
    assert [x for x in found.layers if "_rows" in x.layer]
    assert key("ram", found.after) <= key("ram", found.before)
    after = measure_model(front, options(M4, "ram"), again(job)).figures
    assert (after.instructions.value, after.ram.value) == (
        found.figures[1].instructions.value, found.after.ram,
    )  # fmt: skip


def test_limits_are_kept_and_the_nearest_is_said(model: Path, job: Job) -> None:
    free = tune_model(model, TuneOptions(options(M4, "speed")), job)
    small = tune_model(model, TuneOptions(options(M4, "size")), again(job))
    assert small.after.flash < free.after.flash
    limit = (small.after.flash + free.after.flash) // 2
    how = TuneOptions(options(M4, "speed"), max_flash=limit)
    kept = tune_model(model, how, again(job)).after
    assert small.after.flash <= kept.flash <= limit
    assert free.after.time <= kept.time <= small.after.time
    lock = free.lock.read_bytes()
    with pytest.raises(UserError, match=r"The nearest: flash ([0-9 ]+) of 100 B") as refused:
        tune_model(model, replace(how, max_flash=100), again(job))
    nearest = int(re.findall(r"flash ([0-9 ]+) of", refused.value.message)[0].replace(" ", ""))
    assert 1000 < nearest <= small.after.flash  # the least there is, at any number of instructions
    assert free.lock.read_bytes() == lock
    shallow = replace(how, max_flash=None, max_stack=free.after.stack - 8)
    deep = replace(how, max_flash=None, max_ram=small.after.ram)
    try:
        assert tune_model(model, shallow, again(job)).after.stack < free.after.stack
    except UserError as e:
        assert e.code == "tune.budget" and "stack" in e.message
    assert tune_model(model, deep, again(job)).after.ram <= small.after.ram


def test_latency_is_limited_where_it_is_known(model: Path, job: Job) -> None:
    how = TuneOptions(options(M4, "size"))
    slow = tune_model(model, how, job).figures[1].latency.high
    quick = tune_model(model, TuneOptions(options(M4, "speed")), again(job)).figures[1].latency.high
    assert quick < slow
    limit = (quick + slow) / 2
    found = tune_model(model, replace(how, max_latency=limit), again(job))
    assert found.figures[1].latency.high <= limit
    with pytest.raises(UserError, match="no calibrated cycle model"):
        tune_model(model, TuneOptions(options(M0), max_latency=1.0), again(job))


def test_another_toolchain_model_or_aim_is_told(model: Path, job: Job) -> None:
    found = tune_model(model, TuneOptions(options(M4, "speed")), job)
    text = found.lock.read_text()

    def notes(how: MeasureOptions) -> str:
        ear = again(job)
        measure_model(model, how, ear)
        return " ".join(ear.listener.notes)  # type: ignore[attr-defined]

    assert notes(options(M4)) == notes(options(M4, "speed")) == notes(options(M0)) == ""
    assert "tuned for speed, and size is asked for" in notes(options(M4, "size"))
    found.lock.write_text(text.replace(found.toolchain, "zig 0.1"))
    assert f"tuned with zig 0.1, and this is {found.toolchain}" in notes(options(M4))
    found.lock.write_text(text.replace('"tinsmith" = "', '"tinsmith" = "0.0.'))
    assert "tuned with tinsmith 0.0." in notes(options(M4))
    found.lock.write_text(text)
    write_graph(draw(6, 4, "depthwise").graph, model)
    assert "tuned for another model" in notes(options(M4))


def test_pins_stay(model: Path, job: Job) -> None:
    free = tune_model(model, TuneOptions(options(M4, "speed")), job)
    layer = free.layers[0].layer
    kernel = "ref/depthwise_conv2d_requantize_int8"
    assert free.layers[0].after.kernel != kernel
    free.lock.write_text(f'[{M4}.pinned]\n{layer} = "{kernel}"\n')
    found = tune_model(model, TuneOptions(options(M4, "speed")), again(job))
    assert found.layers[0].after.kernel == kernel
    assert read_tuned(found.lock, M4)[found.toolchain].kernels[layer] == kernel
    assert f'"{layer}" = "{kernel}"' in found.lock.read_text().split(".tuned.")[0]


def test_levels_are_compiled_with_any_toolchain(model: Path, job: Job, require_tool) -> None:
    """Committed costs are of one toolchain; what is tuned was measured with the very one."""
    require_tool("arm-none-eabi-gcc")
    found = tune_model(model, TuneOptions(options(M4, "speed", "arm_gcc")), job)
    assert "gcc" in found.toolchain
    assert found.after.time <= found.before.time
    taken = measure_model(model, options(M4, "speed", "arm_gcc"), again(job))
    assert taken.figures.instructions.value == found.figures[1].instructions.value
    module = taken.firmware.module
    assert module.tuned == found.toolchain and module.levels
    zig = again(job)
    measure_model(model, options(M4, "speed"), zig)
    assert "this is zig" in zig.listener.notes[0]  # type: ignore[attr-defined]


def test_where_nothing_counts_that_is_said(model: Path, job: Job) -> None:
    with pytest.raises(UserError, match="Nothing counts") as e:
        tune_model(model, TuneOptions(options("host")), job)
    assert e.value.code == "tune.board"


def test_what_was_measured_before_it_was_cancelled_is_kept(model: Path, tmp_path: Path) -> None:
    class Stops(Nobody):
        def started(self, step: str):
            return self

        def advance(self, done: int, total: int, note: str = "") -> None:
            if done == 3:
                stopped.cancel()

        def finished(self, record: StepRecord) -> None:
            pass

    cache = Cache(LocalStore(tmp_path / "kept"), "tests")
    stopped = Job(cache, Stops())
    with pytest.raises(Cancelled):
        tune_model(model, TuneOptions(options(M4)), stopped)
    found = tune_model(model, TuneOptions(options(M4)), Job(cache))
    assert found.ran == found.images - 4  # the untuned image and three more are there


def test_kws(shared: Path, tmp_path: Path, job: Job) -> None:
    """A real network: few builds, and faster."""
    model = tmp_path / "kws.tflite"
    model.write_bytes((shared / "models" / "kws_ref_model.tflite").read_bytes())
    found = tune_model(model, TuneOptions(options(M4, "speed")), job)
    assert found.built <= 200 and found.after.time <= found.before.time
    assert tune_model(model, TuneOptions(options(M4, "speed")), again(job)).built == 0


def test_choices_hold_levels_of_kernels_in_use_only(model: Path, job: Job) -> None:
    own = Choices(levels={"ref/nothing": "speed"}, toolchain="some 1")
    module = compile_graph(open_model(model, "", job), M4, choices=own)
    assert module.tuned == "some 1" and "kernels/nothing.c" not in module.levels


def test_the_facade_takes_a_lock_file_and_keeps_what_it_says(
    model: Path, job: Job, tmp_path: Path
) -> None:
    found = tune_model(model, TuneOptions(options(M4, "speed")), job)
    compiled = ts.compile(
        ts.load(model), board=M4, optimize="speed", choices=found.lock, cache=CACHE.parent
    )
    assert compiled.choices.levels and compiled.choices.toolchain == found.toolchain
    saved = compiled.save(tmp_path / "small.tsc")
    again = ts.Compiled.load(saved, cache=CACHE.parent)
    assert again.firmware.elf == compiled.firmware.elf
    assert again.firmware.size is not None
    assert again.firmware.size.flash.value == found.after.flash
