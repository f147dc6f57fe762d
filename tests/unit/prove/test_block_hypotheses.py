"""A device that was built with another parameter of a block is recognised by it, block by block."""

from dataclasses import replace

import numpy as np
import pytest
from planting import integers, network, pipeline

from tinsmith.codegen.compile import lower
from tinsmith.compress.apply import apply
from tinsmith.compress.method import Calibration
from tinsmith.data.windows import Windowing
from tinsmith.dsp.block import BLOCKS
from tinsmith.ir.graph import Graph
from tinsmith.learn.pipeline import BlockUse, Pipeline
from tinsmith.prove.parity import compare
from tinsmith.prove.record import reference_trace
from tinsmith.prove.variants import parameter_hypotheses

SAMPLES = 160
PARAMS = {"mfcc": {"coefficients": 6}, "spectrogram": {"fft_length": 32}}
NAMES = sorted(b.name for b in BLOCKS.all() if b.params)


def small(name: str) -> tuple[Pipeline, np.ndarray, Graph]:
    """A pipeline of one block at 10 Hz, some windows, and its network in int8."""
    blocks = (BlockUse(name, PARAMS.get(name, {})),)
    p = replace(pipeline("int16"), blocks=blocks, window=Windowing(SAMPLES, SAMPLES))
    quiet = np.random.default_rng(0).normal(0, 40, (3, SAMPLES, 6))  # noise floors show
    raw = integers(quiet, p)
    return p, raw, apply(network(p, raw), "int8_ptq", Calibration({"raw": raw})).graph


@pytest.mark.parametrize("name", NAMES)
def test_a_hypothesis_is_recognised_in_a_trace_of_it(name: str) -> None:
    p, raw, quantised = small(name)
    graph, found = lower(quantised), parameter_hypotheses(quantised, p)
    golden = reference_trace(graph, {"raw": raw})
    assert found
    for h in found:
        seen = reference_trace(h.graph, {"raw": raw})
        divergence = compare(graph, golden, seen, found).divergence
        assert divergence is not None
        assert divergence.kind == "dsp-parameter" and h.name in divergence.evidence
