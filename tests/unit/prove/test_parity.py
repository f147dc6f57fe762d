"""Comparing traces made by the interpreter: what is equal, where it diverges, and why."""

from dataclasses import replace

import numpy as np
import pytest

from tinsmith.bench.outcome import Outcome
from tinsmith.compress.apply import apply
from tinsmith.compress.method import Calibration
from tinsmith.core.errors import UserError
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import site_of
from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.types import Quant, TensorType
from tinsmith.prove.bits import differing, equal
from tinsmith.prove.diagnose import Hypothesis
from tinsmith.prove.parity import compare
from tinsmith.prove.record import reference_trace, trace_of
from tinsmith.prove.scales import Use, explain
from tinsmith.prove.trace import Trace

RAW = np.random.default_rng(1).integers(-9000, 9000, (6, 20, 3)).astype(np.int16)


def float_graph(power: float = 1.0) -> Graph:
    """Raw integers -> physical -> mean and spread -> dense, relu, dense -> softmax."""
    rng = np.random.default_rng(0)
    b = Builder("toy")
    b.stage = "scale"
    quant = Quant((0.001,) * 3, (0,) * 3, 1)
    raw = b.input("raw", TensorType((20, 3), "int16", quant))
    x = b.op("dequantize", raw, b.constant("lsb", np.full(3, 0.001, np.float32)), name="physical")
    b.stage = "statistics"
    x = b.op("mul", x, b.constant("power", np.full(3, power, np.float32)), name="weighed")
    mean = b.op("reduce_mean", x, axis=0, name="mean")
    high = b.op("reduce_max", x, axis=0, name="high")
    b.stage = "features"
    x = b.op("concat", mean, high, axis=0, name="joined")
    x = b.op("reshape", x, shape=(1, 6), name="features")
    for i, (wide, narrow) in enumerate([(6, 8), (8, 3)]):
        b.stage = f"dense_{i}"
        w = rng.normal(size=(narrow, wide)).astype(np.float32)
        bias = rng.normal(size=narrow).astype(np.float32)
        x = b.op("dense", x, b.constant(f"w{i}", w), b.constant(f"b{i}", bias), name=f"dense_{i}")
        x = b.op("relu", x, name="hidden") if i == 0 else x
    b.stage = "softmax"
    return b.build([b.op("softmax", x, name="probabilities")])


def module_graph(power: float = 1.0) -> Graph:
    """Quantised with the scales of power 1, whatever the power; what a compiler would lower."""
    graph = apply(float_graph(), "int8_ptq", Calibration({"raw": RAW})).graph
    constants = {**graph.constants, "power": np.full(3, power, np.float32)}
    return graph.with_(constants=constants)


GRAPH = module_graph()
GOLDEN = reference_trace(GRAPH, {"raw": RAW})


def other(graph: Graph) -> Trace:
    """A trace of a device that runs another graph."""
    return replace(reference_trace(graph, {"raw": RAW}), origin="device")


def changed(value: str, change) -> Trace:  # type: ignore[no-untyped-def]
    """A device whose result ``value`` is changed, with all that follows from it left right."""
    values = dict(GOLDEN.values)
    values[value] = change(values[value].copy())
    return replace(GOLDEN, values=values, origin="device")


def test_equal_traces():
    verdict = compare(GRAPH, GOLDEN, other(GRAPH))
    assert verdict.equal and verdict.cases == 6 and verdict.compared_values == len(GRAPH.nodes)
    assert str(verdict) == f"6 of 6 golden vectors equal on device, {len(GRAPH.nodes)} values each"


def test_arithmetic_is_judged_on_what_the_device_saw():
    """Noise of 1 LSB changes every value, and none of them is wrong."""
    noise = np.random.default_rng(2).integers(-1, 2, RAW.shape).astype(np.int16)
    seen = replace(reference_trace(GRAPH, {"raw": RAW + noise}), origin="device")
    assert not equal(seen.values["mean"], GOLDEN.values["mean"])
    assert compare(GRAPH, GOLDEN, seen).equal


def test_a_driver_fault_comes_before_an_arithmetic_one():
    raw = (2 * RAW).astype(np.int16)
    seen = changed("mean", lambda v: v + 1)
    verdict = compare(GRAPH, GOLDEN, replace(seen, raw={"raw": raw}))
    assert (verdict.divergence.stage, verdict.divergence.kind) == ("driver", "gain")


@pytest.mark.parametrize("value", [n.outputs[0] for n in GRAPH.nodes])
def test_the_first_wrong_value_is_named(value):
    """One bit of one element, in every value in turn."""

    def flip(v):  # type: ignore[no-untyped-def]
        v.view(f"u{v.itemsize}").reshape(len(v), -1)[2, 1] ^= 1
        return v

    verdict = compare(GRAPH, GOLDEN, changed(value, flip))
    d = verdict.divergence
    assert (d.value, d.stage, d.kind) == (value, GRAPH.producer(value).stage, "kernel")
    assert (d.case, d.differing, d.total) == (2, 1, GOLDEN.values[value].size)
    assert "1 of" in d.evidence and "case 2" in d.evidence and "expected" in d.evidence


def test_another_parameter_is_named_by_its_hypothesis():
    known = [
        Hypothesis("statistics: power=3 instead of 1", "dsp-parameter", module_graph(3.0)),
        Hypothesis("statistics: power=2 instead of 1", "dsp-parameter", module_graph(2.0)),
    ]
    verdict = compare(GRAPH, GOLDEN, other(module_graph(2.0)), known)
    d = verdict.divergence
    assert (d.stage, d.value, d.kind) == ("statistics", "weighed", "dsp-parameter")
    assert "power=2 instead of 1" in d.evidence
    unknown = compare(GRAPH, GOLDEN, other(module_graph(2.5)), known).divergence
    assert unknown.kind == "kernel"


def test_a_value_of_another_shape_is_a_divergence():
    verdict = compare(GRAPH, GOLDEN, changed("mean", lambda v: v[:, :2]))
    assert verdict.divergence.kind == "kernel" and "[6, 3] is right" in verdict.divergence.evidence


def requantised(factor: float) -> Graph:
    m, s = (GRAPH.constants[f"hidden_{k}"].astype(float) for k in ("multiplier", "shift"))
    new = dict(zip(("hidden_multiplier", "hidden_shift"), multipliers(m * 2.0 ** (s - 31) * factor),
                   strict=True))  # fmt: skip
    return GRAPH.with_(constants={**GRAPH.constants, **new})


def rescaled(value: str, scale: float, shift: int = 0) -> Graph:
    type = GRAPH.type(value)
    quant = Quant((float(np.float32(type.quant.scale[0] * scale)),),
                  (type.quant.zero_point[0] + shift,))  # fmt: skip
    return GRAPH.with_(types={**GRAPH.types, value: replace(type, quant=quant)})


@pytest.mark.parametrize("factor", [0.5, 0.9, 1.1, 1.7])
def test_another_scale_is_fitted(factor):
    requantise = compare(GRAPH, GOLDEN, other(requantised(1 / factor))).divergence
    assert (requantise.value, requantise.kind) == ("hidden_int8", "quantisation-scale")
    quantise = compare(GRAPH, GOLDEN, other(rescaled("features_int8", factor))).divergence
    assert (quantise.value, quantise.kind) == ("features_int8", "quantisation-scale")
    for d in (requantise, quantise):
        told = float(d.evidence.partition("(")[2].partition("x)")[0])
        assert told == pytest.approx(factor, rel=0.02)


def test_another_zero_point_is_fitted():
    d = compare(GRAPH, GOLDEN, other(rescaled("features_int8", 1.0, 3))).divergence
    zero = GRAPH.type("features_int8").quant.zero_point[0]
    assert d.kind == "quantisation-scale" and f"zero point {zero + 3} instead of" in d.evidence


def test_another_sensor_scale_is_fitted_per_channel():
    lsb = np.array([0.001, 0.002, 0.001], np.float32)
    d = compare(GRAPH, GOLDEN, other(GRAPH.with_(constants={**GRAPH.constants, "lsb": lsb})))
    assert d.divergence.kind == "quantisation-scale"
    assert "0.002 instead of 0.001" in d.divergence.evidence
    assert "(channels 1)" in d.divergence.evidence


def test_dequantize_scale_is_fitted():
    node = GRAPH.producer("dense_1")
    site = site_of(GRAPH, node)
    x = GOLDEN.values[node.inputs[0]]
    quant = site.inputs[0].quant
    steps = (x.astype(np.int64) - quant.zero_point[0]).astype(np.float32)
    wrong = steps * np.float32(quant.scale[0] * 1.3)
    assert "(1.3x)" in explain(Use("dequantize", site, (x,), (True,), wrong))
    wrong[0, 0, 0] += np.float32(0.5)
    assert explain(Use("dequantize", site, (x,), (True,), wrong)) is None


def test_too_few_elements_do_not_make_a_scale():
    node = GRAPH.producer("features_int8")
    x = GOLDEN.values["features"][:1, :, :2]
    type = replace(site_of(GRAPH, node).outputs[0], shape=(1, 2))
    site = replace(site_of(GRAPH, node), outputs=(type,))
    y = np.zeros(x.shape, np.int8)
    assert explain(Use("quantize", site, (x,), (True,), y)) is None


def test_the_same_kernel_wrong_twice_is_a_kernel_fault():
    """Both requantisations off by the same offset: no single zero point does that."""
    values = dict(GOLDEN.values)
    for value in ("hidden_int8", "dense_1_int8"):
        values[value] = np.clip(values[value].astype(int) - 2, -128, 127).astype(np.int8)
    verdict = compare(GRAPH, GOLDEN, replace(GOLDEN, values=values))
    assert verdict.divergence.kind == "kernel"


def test_bits():
    a = np.array([0.0, -0.0, np.nan, 1.0], np.float32)
    b = np.array([-0.0, -0.0, -np.nan, np.nextafter(np.float32(1), np.float32(2))], np.float32)
    assert differing(a, b).tolist() == [True, False, False, True]
    assert equal(a, a) and not equal(a, a.astype(np.float64)) and not equal(a, a[:2])


def test_traces_that_lack_something_are_refused():
    values = {k: v for k, v in GOLDEN.values.items() if k != "probabilities"}
    with pytest.raises(UserError, match="lacks probabilities"):
        compare(GRAPH, GOLDEN, replace(GOLDEN, values=values))
    with pytest.raises(UserError, match="lacks raw"):
        compare(GRAPH, replace(GOLDEN, raw={}), GOLDEN)
    partial = {"probabilities": GOLDEN.values["probabilities"]}
    assert compare(GRAPH, GOLDEN, replace(GOLDEN, values=partial)).compared_values == 1


def test_trace_of_an_outcome():
    outcome = Outcome("unicorn", "2.1", "emulated", "board", outputs={}, trace=GOLDEN.values)
    trace = trace_of(outcome, {"raw": RAW})
    assert trace.origin == "board/unicorn"
    assert compare(GRAPH, GOLDEN, trace).equal
    with pytest.raises(UserError, match="trace=True"):
        trace_of(replace(outcome, trace=None), {"raw": RAW})


def test_a_stream_is_judged_as_a_stream():
    """States are kept from case to case where the device kept them."""
    b = Builder("sum")
    quant = Quant((0.001,) * 3, (0,) * 3, 1)
    raw = b.input("raw", TensorType((20, 3), "int16", quant))
    x = b.op("dequantize", raw, b.constant("lsb", np.full(3, 0.001, np.float32)), name="physical")
    held = b.state("held", np.zeros((20, 3), np.float32))
    total = b.op("add", x, held, name="total")
    b.update(held, total)
    graph = b.build([total])
    seen = reference_trace(graph, {"raw": RAW}, reset_each=False)
    assert compare(graph, seen, seen, reset_each=False).equal
    divergence = compare(graph, seen, seen).divergence
    assert (divergence.value, divergence.case) == ("total", 1)
