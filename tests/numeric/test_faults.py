"""Planted faults in traces recorded from emulated firmware: stage and kind are named right; clean
sensors raise no alarm."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from firmwares import CACHE
from planting import (
    EXACT,
    KINDS,
    WRONG_LINES,
    Bench,
    WrongLine,
    deliver,
    make_bench,
    other_parameters,
    real_clock,
    wrong_line,
    wrong_scale,
)

from tinsmith.prove.diagnose import Hypothesis
from tinsmith.prove.parity import compare
from tinsmith.prove.record import reference_trace
from tinsmith.prove.trace import Trace, Verdict
from tinsmith.prove.variants import parameter_hypotheses

Check = Callable[[Trace, np.ndarray], Verdict]


@pytest.fixture(scope="session")
def bench() -> Bench:
    return make_bench("int16", CACHE)


@pytest.fixture(scope="session")
def wide_bench(bench: Bench) -> Bench:
    return make_bench("int32", bench.cache)


@pytest.fixture(scope="session")
def hypotheses(bench: Bench) -> tuple[Hypothesis, ...]:
    return parameter_hypotheses(bench.graph, bench.pipeline)


def judged(bench: Bench, golden: np.ndarray, seen: Trace, known: Any = ()) -> Verdict:
    return compare(bench.module.graph, reference_trace(bench.module.graph, {"raw": golden}), seen,
                   known)  # fmt: skip


def named(verdict: Verdict) -> tuple[str, str] | None:
    return (verdict.divergence.stage, verdict.divergence.kind) if verdict.divergence else None


def parts(trace: Trace, size: int) -> Iterator[Trace]:
    """A trace of several stimuli that ran in one go, cut into traces of ``size`` cases."""
    for at in range(0, len(trace.raw["raw"]), size):
        raw = {k: v[at : at + size] for k, v in trace.raw.items()}
        yield Trace(trace.origin, raw, {k: v[at : at + size] for k, v in trace.values.items()})


DRIVER_FAULTS = (
    "gain x2", "g instead of m/s2", "swapped x and y", "half rate", "byte order", "dropped sample",
)  # fmt: skip


def test_six_driver_faults(bench: Bench, rng: np.random.Generator) -> None:
    """Gain, unit, axes, rate, byte order and a dropped sample, through a real sensor's clock."""
    picks = bench.windows(rng, 2)
    clock = real_clock(rng)
    raw = [deliver(bench, picks, fault, clock, rng) for fault in DRIVER_FAULTS]
    trace = bench.trace(np.concatenate(raw))
    for fault, seen in zip(DRIVER_FAULTS, parts(trace, len(picks)), strict=True):
        verdict = judged(bench, bench.golden(picks), seen)
        assert named(verdict) == ("driver", KINDS[fault]), (fault, str(verdict))


def test_sixteen_instead_of_thirty_two_bit(
    bench: Bench, wide_bench: Bench, rng: np.random.Generator
) -> None:
    for used in (bench, wide_bench):
        picks = used.windows(rng, 2)
        for fault in used.word_sizes():
            seen = used.trace(deliver(used, picks, fault, real_clock(rng), rng))
            verdict = judged(used, used.golden(picks), seen)
            assert named(verdict) == ("driver", "word-size"), (fault, str(verdict))


def test_one_wrong_dsp_parameter(bench: Bench, hypotheses: Any, rng: np.random.Generator) -> None:
    golden = bench.golden(bench.windows(rng, 1))
    found = other_parameters(bench)
    for stage, module in (found[0], found[-1]):
        verdict = judged(bench, golden, bench.trace(golden, module), hypotheses)
        assert named(verdict) == (stage, "dsp-parameter"), str(verdict)
    assert "floor" in verdict.divergence.evidence


@pytest.mark.parametrize(
    ("value", "stage", "factor"),
    [("standard_int8", "quantise", 1.25), ("hidden_int8", "dense_0", 0.8),
     ("physical", "scale", 1.02)],
)  # fmt: skip
def test_one_wrong_quantisation_scale(
    bench: Bench, hypotheses: Any, rng: np.random.Generator, value: str, stage: str, factor: float
) -> None:
    golden = bench.golden(bench.windows(rng, 2))
    seen = bench.trace(golden, wrong_scale(bench, value, factor))
    verdict = judged(bench, golden, seen, hypotheses)
    assert named(verdict) == (stage, "quantisation-scale"), str(verdict)
    told = float(verdict.divergence.evidence.partition("(")[2].partition("x)")[0])
    assert told == pytest.approx(factor, rel=0.01)


@pytest.mark.parametrize("line", [WRONG_LINES[5], WRONG_LINES[8]], ids=lambda line: line.kernel)
def test_one_wrong_kernel_line(
    bench: Bench, hypotheses: Any, rng: np.random.Generator, line: WrongLine
) -> None:
    golden = bench.golden(bench.windows(rng, 1))
    verdict = judged(bench, golden, bench.trace(golden, wrong_line(bench, line)), hypotheses)
    stage = bench.graph.producer(line.value).stage
    assert named(verdict) == (stage, "kernel"), str(verdict)
    assert verdict.divergence.value == line.value


def test_twenty_clean_traces_raise_no_alarm(
    bench: Bench, hypotheses: Any, rng: np.random.Generator
) -> None:
    """1 LSB of noise, a clock within 1 %, jitter of 1 % of a period, any phase."""
    picks = [bench.windows(rng, 1) for _ in range(20)]
    raw = [deliver(bench, p, "none", real_clock(rng), rng) for p in picks]
    trace = bench.trace(np.concatenate(raw))
    for p, seen in zip(picks, parts(trace, len(picks[0])), strict=True):
        verdict = judged(bench, bench.golden(p), seen, hypotheses)
        assert verdict.equal, str(verdict)
        assert verdict.compared_values == len(bench.module.graph.nodes)


def test_the_golden_stimulus_itself_is_equal(bench: Bench, rng: np.random.Generator) -> None:
    picks = bench.windows(rng, 1)
    golden = bench.golden(picks)
    np.testing.assert_array_equal(golden, deliver(bench, picks, "none", EXACT, rng))
    verdict = judged(bench, golden, bench.trace(golden))
    assert verdict.equal and verdict.cases == 4


@pytest.mark.slow
def test_campaign(
    bench: Bench,
    wide_bench: Bench,
    hypotheses: Any,
    rng: np.random.Generator,
    campaign: Callable[..., int],
    record_result: Callable[[str, Any], None],
) -> None:
    """Every kind of fault, many seeds and windows, int16 and int32: at least 95 % named right and
    at most one clean trace in a hundred suspected."""
    rounds = campaign(10)
    seen: Counter[tuple[str, str]] = Counter()
    for _ in range(rounds):
        for used in (bench, wide_bench):
            seen.update(driver_round(used, rng))
        seen.update(firmware_round(bench, hypotheses, rng, campaign))
    wrong = {k: n for k, n in seen.items() if k[0] != k[1]}
    clean = sum(n for k, n in seen.items() if k[0] == "clean")
    record_result("faults", {f"{a} -> {b}": n for (a, b), n in sorted(seen.items())})
    faults = sum(n for k, n in seen.items() if k[0] != "clean")
    missed = sum(n for k, n in wrong.items() if k[0] != "clean")
    alarms = sum(n for k, n in wrong.items() if k[0] == "clean")
    assert missed <= 0.05 * faults, wrong
    assert alarms <= 0.01 * clean, wrong


def driver_round(used: Bench, rng: np.random.Generator) -> Counter[tuple[str, str]]:
    """All driver faults and as many clean traces, on windows and clocks of one round."""
    sizes = [f for f, k in KINDS.items() if k == "word-size"]
    faults = [f for f in KINDS if f not in sizes or f in used.word_sizes()]
    plans = [(fault, used.windows(rng, 2)) for fault in [*faults, *["none"] * len(faults)]]
    raw = [deliver(used, picks, fault, real_clock(rng), rng) for fault, picks in plans]
    trace = used.trace(np.concatenate(raw))
    seen: Counter[tuple[str, str]] = Counter()
    for (fault, picks), part in zip(plans, parts(trace, len(plans[0][1])), strict=True):
        found = named(judged(used, used.golden(picks), part))
        true = f"driver {KINDS[fault]}" if fault in KINDS else "clean"
        seen[true, " ".join(found) if found else "clean"] += 1
    return seen


def firmware_round(
    used: Bench, hypotheses: Any, rng: np.random.Generator, campaign: Callable[..., int]
) -> Counter[tuple[str, str]]:
    """Every DSP parameter, scale and kernel line (a part of them in a sample), fresh windows."""
    plans = [(f"{s} dsp-parameter", m) for s, m in other_parameters(used)]
    scales = ("standard_int8", "hidden_int8", "dense_1_int8", "physical")
    for value in scales:
        factor = float(np.exp(rng.choice([-1, 1]) * rng.uniform(0.05, 1.0)))
        stage = used.graph.producer(value).stage
        plans.append((f"{stage} quantisation-scale", wrong_scale(used, value, factor)))
    for line in WRONG_LINES:
        stage = used.graph.producer(line.value).stage
        plans.append((f"{stage} kernel", wrong_line(used, line)))
    chosen = rng.permutation(len(plans))[: campaign(len(plans), least=3)]
    seen: Counter[tuple[str, str]] = Counter()
    for true, module in (plans[i] for i in chosen):
        golden = used.golden(used.windows(rng, 2))
        found = named(judged(used, golden, used.trace(golden, module), hypotheses))
        seen[true, " ".join(found) if found else "clean"] += 1
    return seen
