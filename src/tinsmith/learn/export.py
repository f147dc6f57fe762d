"""Export: a trained pipeline as one float graph, by the one road from PyTorch."""

from collections.abc import Set
from dataclasses import replace
from typing import Any

import numpy as np

from tinsmith.importers import IMPORTERS
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.learn.family import FAMILIES
from tinsmith.learn.features import feature_graph
from tinsmith.learn.trained import Trained


def to_graph(trained: Trained) -> Graph:
    """Input ``raw``, output ``probabilities`` [1, classes]. Stages: those of `feature_graph`, the
    network's layers (``net_<layer>`` where one has the name of a stage before it), ``softmax``."""
    front = feature_graph(trained.pipeline)
    (row,) = front.outputs
    example = np.zeros(front.type(row).shape, np.float32)
    network = IMPORTERS.get("torch").load(restore(trained), [example], trained.pipeline.name)
    b = Builder(trained.pipeline.name)
    raw = b.input("raw", front.type("raw"))
    (features,) = b.inline(front, raw)
    (logits,) = b.inline(_apart(network, {n.stage for n in front.nodes}), features)
    b.stage = "softmax"
    probabilities = b.op("softmax", logits, name="probabilities")
    b.label(probabilities, trained.labels)
    return b.build([probabilities])


def _apart(network: Graph, taken: Set[str]) -> Graph:
    """The network with stages of its own: a layer that somebody calls ``features`` is none."""
    nodes = tuple(
        replace(n, stage=f"net_{n.stage}") if n.stage in taken else n for n in network.nodes
    )
    return network.with_(nodes=nodes)


def restore(trained: Trained) -> Any:
    """The family's torch module with the trained weights, in evaluation mode."""
    import torch

    front = feature_graph(trained.pipeline)
    family = FAMILIES.get(trained.pipeline.family)
    blank = np.zeros((2, front.type(front.outputs[0]).elements), np.float32)
    hyper = family.complete(trained.pipeline.hyper)
    with torch.random.fork_rng(devices=[]):
        module = family.build(blank, len(trained.labels), hyper)
    weights = {k: torch.from_numpy(v.copy()) for k, v in trained.weights.items()}
    module.load_state_dict(weights)
    return module.eval()
