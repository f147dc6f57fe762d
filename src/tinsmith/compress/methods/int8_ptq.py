"""Post-training quantisation to int8: weights per channel, activations calibrated, DSP in float."""

from dataclasses import replace

from tinsmith.compress.clamps import clamp_behind
from tinsmith.compress.fold import prepare
from tinsmith.compress.method import Calibration, Compressed, FloatNode, Method, Options
from tinsmith.compress.observe import observed
from tinsmith.compress.pointwise import Regions
from tinsmith.compress.report import reported
from tinsmith.compress.rewrite import Rewriter
from tinsmith.compress.rules import CLAMP, rule_of, staying, table
from tinsmith.dsp.front import signal_processing
from tinsmith.ir.graph import Graph, Node


def quantise(graph: Graph, calibration: Calibration, options: Options | None = None) -> Compressed:
    """The graph with its network in int8.

    Signal processing (`dsp/front.py`) stays float to the last bit. Behind it, each op with a rule
    becomes integer from the first layer with weights on, and so does what is a function of single
    elements; an op without a rule stays float between a dequantize and a quantize.

    Source: Jacob et al., CVPR 2018 (scheme); Krishnamoorthi, arXiv 1806.08342, section 3
    (per-channel weights, calibrated activations).
    """
    options = options or Options()
    fixed = signal_processing(graph)
    ready = prepare(graph, fixed)
    values = observed(ready, calibration, options.reset_each)
    rewriter = Rewriter(ready, values, options)
    floats = _rewritten(rewriter, fixed)
    result = rewriter.finish()
    done = reported(METHOD.name, rewriter, result, values, calibration)
    return replace(done, floats=floats)


def _rewritten(rewriter: Rewriter, fixed: frozenset[str]) -> tuple[FloatNode, ...]:
    """Every node in turn; returns those that stay float, signal processing left out."""
    graph, regions = rewriter.graph, _plan(rewriter, fixed)
    taken: set[str] = set()
    floats = []
    for node in graph.nodes:
        if node.name in taken:
            continue  # a clamp that its layer has taken in
        region = None if node.name in fixed else regions.region(node.outputs[0])
        if region is not None and rewriter.born_int8(region.root):
            _region(rewriter, regions, node)
            continue
        reason = "" if node.name in fixed else staying(rewriter, node)
        rule = rule_of(node.op)
        if rule is None or reason or node.name in fixed:
            rewriter.copy(node)
        else:
            rule.rewrite(rewriter, node)
            taken |= {n.name for n in rewriter.clamp(node).nodes}
        if reason:
            floats.append(FloatNode(node.name, node.op, node.stage, reason))
    return tuple(floats)


def _plan(rewriter: Rewriter, fixed: frozenset[str]) -> Regions:
    """Which clamps belong to which node, and which nodes are a function of one value."""
    graph, regions = rewriter.graph, Regions(rewriter.graph)
    inside: set[str] = set()
    for node in graph.nodes:
        if node.name in fixed or node.name in inside or regions.visit(node):
            continue
        rule = rule_of(node.op)
        if rule is not None and rule.clamps and not rule.refusal(rewriter, node):
            clamp = clamp_behind(graph, node)
            if clamp.nodes and not {n.name for n in clamp.nodes} & fixed:
                rewriter.absorbed[node.name] = clamp
                inside |= {n.name for n in clamp.nodes}
    return regions


def _region(rewriter: Rewriter, regions: Regions, node: Node) -> None:
    """A table where the value is read outside of its region; a lone clamp needs none."""
    (value,) = node.outputs
    region = regions.region(value)
    seen = regions.seen_outside(value) and rewriter.graph.type(value).dtype == "float32"
    if region is None or not seen:
        return  # what needs it after all, in float, has it computed (`Rewriter.float`)
    if len(region.nodes) == 1 and rule_of(node.op) is CLAMP:
        CLAMP.rewrite(rewriter, node)
    else:
        table(rewriter, region, node)


METHOD = Method("int8_ptq", quantise)
