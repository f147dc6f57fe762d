"""The run's own proof: a divergence is named with hypotheses, and strict cores are watched."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from firmwares import CACHE
from planting import Bench, make_bench, other_parameters
from programs import reference_choices

from tinsmith.bench.outcome import RunOptions
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen import kernels
from tinsmith.codegen.compile import compile_graph, lower
from tinsmith.codegen.module import InferenceModule
from tinsmith.core.progress import SILENT
from tinsmith.devices.board import BOARDS
from tinsmith.flow import model_target
from tinsmith.flow.model_target import Target
from tinsmith.flow.trial import Cases, Trial, prove
from tinsmith.prove.diagnose import Hypothesis
from tinsmith.prove.variants import parameter_hypotheses


@pytest.fixture(scope="module")
def bench() -> Bench:
    return make_bench("int16", CACHE)


def linked(module: InferenceModule, board: str) -> Trial:
    target = BOARDS.get(board)
    firmware = build_image(module, target, "zig", BuildOptions(cache=CACHE))
    return Trial(firmware, Target(target, "zig", "unicorn", CACHE))


def test_a_wrong_parameter_is_named_on_host_and_board(
    bench: Bench, rng: np.random.Generator
) -> None:
    """The code of another parameter under the graph that was meant."""
    stage, other = other_parameters(bench)[-1]
    wrong = replace(other, graph=bench.module.graph)
    stimulus = Cases({"raw": bench.golden(bench.windows(rng, 1))})
    proof = prove(
        linked(wrong, "nucleo_l4r5zi"),
        stimulus,
        lambda: parameter_hypotheses(bench.graph, bench.pipeline),
        SILENT,
    )
    found = [(v.divergence.stage, v.divergence.kind) for v in proof.verdicts if v.divergence]
    assert found == [(stage, "dsp-parameter")] * 2


def test_nobody_is_asked_for_hypotheses_where_all_is_equal(
    bench: Bench, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And only the core that cannot load unaligned words is watched for them."""
    asked: list[RunOptions] = []
    real = model_target.run

    def listening(firmware, board, runner, options):  # type: ignore[no-untyped-def]
        asked.append(options)
        return real(firmware, board, runner, options)

    def nobody() -> Sequence[Hypothesis]:
        raise AssertionError("asked")

    monkeypatch.setattr(model_target, "run", listening)
    stimulus = Cases({"raw": bench.golden(bench.windows(rng, 1))})
    for name, strict in (("nucleo_l4r5zi", False), ("rpi_pico", True)):
        used = linked(compile_graph(bench.graph, name), name)
        verdicts = prove(used, stimulus, nobody, SILENT).verdicts
        assert verdicts and all(v.equal for v in verdicts)
        assert asked[-1].check_alignment is strict


WRONG = {
    "in the body that all dense layers share": (
        "ts_dense.inc", ("k = 0; k < depth", "k = 1; k < depth"),
        "dense_0_sum", "Found by computing dense + requantize one by one",
    ),
    "in the fused kernel alone": (
        "dense_requantize_int8.c", ("requantized(sum", "requantized(9999 + sum"),
        "hidden_int8", "dense + requantize are right: kernel ref/dense_requantize_int8 is wrong",
    ),
}  # fmt: skip


@pytest.mark.parametrize("where", WRONG)
def test_a_wrong_fused_step_is_computed_again_in_parts(
    bench: Bench, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    file, (old, new), value, told = WRONG[where]
    real = kernels._read

    def planted(kind: str, name: str) -> str:
        text = real(kind, name)
        return text.replace(old, new, 1) if name == file else text

    monkeypatch.setattr(kernels, "_read", planted)
    board = "nucleo_l4r5zi"
    taken = reference_choices(lower(bench.graph), board)
    wrong = linked(compile_graph(bench.graph, board, choices=taken), board)
    stimulus = Cases({"raw": bench.golden(bench.windows(rng, 1))})
    for verdict in prove(wrong, stimulus, tuple, SILENT).verdicts:
        assert verdict.divergence.kind == "kernel"
        assert verdict.divergence.value == value and told in verdict.divergence.evidence
