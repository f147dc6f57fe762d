"""Hypotheses for `parity.compare`: the same module with one DSP parameter changed."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tinsmith.codegen.compile import lower
from tinsmith.dsp.block import BLOCKS
from tinsmith.dsp.front import FEATURES, last_feature_node, signal_processing
from tinsmith.ir.graph import Attr, Graph
from tinsmith.learn.features import feature_graph, signal_of, stages
from tinsmith.learn.pipeline import BlockUse, Pipeline
from tinsmith.prove.diagnose import Hypothesis
from tinsmith.rewrite.fuse import taken_apart


def parameter_hypotheses(graph: Graph, pipeline: Pipeline) -> tuple[Hypothesis, ...]:
    """One hypothesis per alternative value that the pipeline's blocks name and that leaves the
    number of features as it is.

    Args:
        graph: what was compiled, before the compiler's passes: float or quantised.
        pipeline: where its signal processing comes from.
    """
    found = []
    for words, other in _pipelines(pipeline):
        changed = feature_graph(other)
        if changed.type(changed.outputs[0]) == graph.type(_features(graph)):
            lowered = taken_apart(lower(graft(graph, changed)))
            found.append(Hypothesis(words, "dsp-parameter", lowered))
    return tuple(found)


def graft(graph: Graph, features: Graph) -> Graph:
    """The graph with its signal processing replaced by another feature graph of the same type.

    Values of the network keep their names; a value of ``features`` that would clash gets a new one.
    """
    gone, joint = signal_processing(graph), _features(graph)
    rest = tuple(n for n in graph.nodes if n.name not in gone)
    used = {v for n in rest for v in (*n.inputs, *n.outputs)} | {s.name for s in graph.states}
    names = {v: _free(v, used) for v in features.types}
    names |= dict(zip(features.inputs, graph.inputs, strict=True)) | {features.outputs[0]: joint}
    front = tuple(
        replace(
            n,
            name=names[n.outputs[0]],
            inputs=tuple(names[i] for i in n.inputs),
            outputs=tuple(names[o] for o in n.outputs),
        )
        for n in features.nodes
    )
    types = {k: t for k, t in graph.types.items() if k in used or k in graph.inputs}
    constants = {k: c for k, c in graph.constants.items() if k in used}
    return graph.with_(
        nodes=front + rest,
        types=types | {names[k]: t for k, t in features.types.items()},
        constants=constants | {names[k]: c for k, c in features.constants.items()},
    )


def _pipelines(pipeline: Pipeline) -> Iterator[tuple[str, Pipeline]]:
    """Every alternative of every block, with what is different in words."""
    signal = signal_of(pipeline)
    for i, (stage, use) in enumerate(zip(stages(pipeline), pipeline.blocks, strict=True)):
        block = BLOCKS.get(use.block)
        given = block.complete(use.params)
        for params in block.alternatives(signal, given):
            blocks = list(pipeline.blocks)
            blocks[i] = BlockUse(use.block, params)
            yield f"{stage}: {_difference(given, params)}", replace(pipeline, blocks=tuple(blocks))


def _difference(given: Mapping[str, Attr], params: Mapping[str, Attr]) -> str:
    changed = [k for k in params if params[k] != given.get(k)]
    return ", ".join(f"{k}={params[k]!r} instead of {given.get(k)!r}" for k in changed)


def _features(graph: Graph) -> str:
    last = last_feature_node(graph)
    if last is None:
        raise ValueError(f"graph {graph.name!r} has no node of stage {FEATURES!r}")
    return last.outputs[0]


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_front"
    return name
