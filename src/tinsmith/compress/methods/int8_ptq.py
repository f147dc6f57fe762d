"""Post-training quantisation to int8: weights per channel, activations calibrated, DSP in float."""

from typing import Literal

import numpy as np

from tinsmith.compress.method import Calibration, Compressed, LayerError, Method
from tinsmith.compress.ranges import dequantised, sqnr_db
from tinsmith.compress.rewrite import Rewriter
from tinsmith.compress.rules import RULES, quantisable
from tinsmith.dsp.front import signal_processing
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases


def quantise(
    graph: Graph,
    calibration: Calibration,
    rounding: Literal["double", "single", "onnx"] = "double",
) -> Compressed:
    """The graph with its network in int8.

    Signal processing (`dsp/front.py`) stays float to the last bit. Behind it, each op with a rule
    becomes integer from the first dense on; an op without one stays float between a dequantize and
    a quantize.

    Source: Jacob et al., CVPR 2018 (scheme); Krishnamoorthi, arXiv 1806.08342, section 3
    (per-channel weights, calibrated activations).
    """
    values = run_cases(graph, calibration.inputs)
    rewriter = Rewriter(graph, values, rounding)
    fixed = signal_processing(graph)
    for node in graph.nodes:
        if all(rewriter.has_int8(o) for o in node.outputs):
            continue  # a relu that its dense has taken in
        if node.name not in fixed and quantisable(rewriter, node):
            RULES[node.op].rewrite(rewriter, node)
        else:
            rewriter.copy(node)
    result = rewriter.finish()
    return Compressed(result, METHOD.name, _errors(rewriter, result, values, calibration))


def _errors(
    rewriter: Rewriter, graph: Graph, values: dict[str, np.ndarray], calibration: Calibration
) -> tuple[LayerError, ...]:
    """SQNR of every int8 value and of the outputs, in order of execution."""
    seen = run_cases(graph, calibration.inputs)
    sources = {new: old for old, new in rewriter.int8_forms().items()}
    rows = []
    for node in graph.nodes:
        for value in node.outputs:
            quant = graph.type(value).quant
            if value in sources and quant is not None:
                real, got = values[sources[value]], dequantised(seen[value], quant)
            elif value in graph.outputs:
                output = rewriter.graph.outputs[graph.outputs.index(value)]
                real, got = values[output], seen[value]
            else:
                continue
            rows.append(LayerError(value, node.stage, sqnr_db(real, got)))
    return tuple(rows)


METHOD = Method("int8_ptq", quantise)
