"""Export: a trained pipeline as one float graph, by the one road from PyTorch."""

import warnings
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from tinsmith.core.errors import InternalError
from tinsmith.core.progress import SILENT, Progress
from tinsmith.core.waiting import load_library
from tinsmith.importers import IMPORTERS
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.learn.family import FAMILIES, Rows
from tinsmith.learn.features import feature_graph, row_shape
from tinsmith.learn.pipeline import Pipeline

Weights = Mapping[str, np.ndarray]
"""The family's parameters by torch name."""


def to_graph(
    pipeline: Pipeline, labels: Sequence[str], weights: Weights, job: Progress = SILENT
) -> Graph:
    """Input ``raw``, output ``probabilities`` [1, classes]. Stages: those of `feature_graph`, the
    network's layers (``net_<layer>`` where one has the name of a stage before it), ``softmax``.

    Raises:
        Cancelled: the job was cancelled.
    """
    load_library("torch", job)
    front = feature_graph(pipeline)
    (row,) = front.outputs
    example = np.zeros(front.type(row).shape, np.float32)
    module = restore(pipeline, len(labels), weights)
    with warnings.catch_warnings():  # of how torch itself keeps the weights of recurrent layers
        warnings.filterwarnings("ignore", "The tensor attributes", UserWarning)
        network = IMPORTERS.get("torch").load(module, [example], pipeline.name, job)
    b = Builder(pipeline.name)
    raw = b.input("raw", front.type("raw"))
    (features,) = b.inline(front, raw)
    (logits,) = b.inline(_apart(network, {n.stage for n in front.nodes}), features)
    b.stage = "softmax"
    probabilities = b.op("softmax", logits, name="probabilities")
    b.label(probabilities, labels)
    return b.build([probabilities])


def joined(pipeline: Pipeline, labels: Sequence[str], network: Graph) -> Graph:
    """The same of a network that is a graph already and ends in ``probabilities``."""
    front = feature_graph(pipeline)
    b = Builder(pipeline.name)
    raw = b.input("raw", front.type("raw"))
    (features,) = b.inline(front, raw)
    (probabilities,) = b.inline(_apart(network, {n.stage for n in front.nodes}), features)
    b.label(probabilities, labels)
    return b.build([probabilities])


def _apart(network: Graph, taken: Set[str]) -> Graph:
    """The network with stages of its own: a layer that somebody calls ``features`` is none."""
    nodes = tuple(
        replace(n, stage=f"net_{n.stage}") if n.stage in taken else n for n in network.nodes
    )
    return network.with_(nodes=nodes)


def restore(pipeline: Pipeline, classes: int, weights: Weights) -> Any:
    """The family's torch module with the trained weights, in evaluation mode."""
    import torch

    shape, family = row_shape(pipeline), FAMILIES.get(pipeline.family)
    blank = Rows(np.zeros((2, prod(shape)), np.float32), shape)
    with torch.random.fork_rng(devices=[]):
        if family.build is None:
            raise InternalError(f"family {family.name} is no network")
        module = family.build(blank, classes, family.complete(pipeline.hyper))
    module.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in weights.items()})
    return module.eval()
