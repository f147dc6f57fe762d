"""Hypotheses from a pipeline: the same module with one DSP parameter changed."""

import numpy as np
from planting import START, WINDOW, integers, network, pipeline

from tinsmith.codegen.compile import lower
from tinsmith.ir.interp import run_cases
from tinsmith.ir.rules import verify
from tinsmith.learn.features import feature_graph
from tinsmith.prove.parity import compare
from tinsmith.prove.record import reference_trace
from tinsmith.prove.variants import graft, parameter_hypotheses

PIPELINE = pipeline("int16")
RAW = integers(np.random.default_rng(0).normal(0, 4000, (3, START + WINDOW, 6)), PIPELINE)[
    :, START:
]
GRAPH = network(PIPELINE, RAW)


def test_each_hypothesis_is_a_module_of_its_own():
    found = parameter_hypotheses(GRAPH, PIPELINE)
    assert len({h.name for h in found}) == len(found) >= 8
    for h in found:
        verify(h.graph)
        assert h.kind == "dsp-parameter" and h.graph.dialect == "lowered"
        assert h.name.startswith(("statistics: ", "spectral: ")) and " instead of " in h.name
        assert h.graph.outputs == lower(GRAPH).outputs


def test_a_hypothesis_is_recognised_in_a_trace_of_it():
    graph, found = lower(GRAPH), parameter_hypotheses(GRAPH, PIPELINE)
    golden = reference_trace(graph, {"raw": RAW})
    for h in found:
        seen = reference_trace(h.graph, {"raw": RAW})
        divergence = compare(graph, golden, seen, found).divergence
        assert divergence.kind == "dsp-parameter" and h.name in divergence.evidence


def test_grafting_the_same_features_changes_nothing():
    same = graft(GRAPH, feature_graph(PIPELINE))
    verify(same)
    was, now = (run_cases(g, {"raw": RAW}) for g in (GRAPH, same))
    assert set(was) == set(now)
    np.testing.assert_array_equal(was["probabilities"], now["probabilities"])
