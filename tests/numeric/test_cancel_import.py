"""The import of a model is cancelled at any moment: back within two seconds, nothing is left, the
next import gives what an undisturbed one gives."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper
from onnxes import info, model

from tinsmith.core.cache import Cache
from tinsmith.core.errors import Cancelled
from tinsmith.core.job import Job
from tinsmith.core.store import LocalStore
from tinsmith.flow.model import open_model
from tinsmith.importers import IMPORTERS
from tinsmith.ir.text import graph_hash

BACK_S = 2.0


def chain(op: str, count: int, *constants: np.ndarray) -> Any:
    """x through ``count`` nodes, one behind the other."""
    held = {f"c{i}": c for i, c in enumerate(constants)}
    names = ["x", *(f"v{i}" for i in range(count))]
    nodes = [
        helper.make_node(op, [names[i], *list(held)[i : i + 1]], [names[i + 1]])
        for i in range(count)
    ]
    shape = (1, constants[0].shape[0] if constants else 8)
    return model(nodes, [info("x", shape)], [info(names[-1], shape)], held)


@pytest.fixture(scope="module", params=["large", "long"])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of 100 MB, and one of 10,000 nodes."""
    rng = np.random.default_rng(1)
    weights = [rng.normal(size=(1000, 1000)).astype(np.float32) / 32 for _ in range(25)]
    made = chain("MatMul", 25, *weights) if request.param == "large" else chain("Abs", 10_000)
    path = tmp_path_factory.mktemp(request.param) / "model.onnx"
    onnx.save(made, path)
    return path


def children() -> set[int]:
    """Processes that this one started and that are still there."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = stat.read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if int(parent) == os.getpid():
            found.add(int(stat.parent.name))
    return found


def late(job: Job, seconds: float, work: Callable[[], object]) -> float | None:
    """How long work takes that is cancelled after some seconds, from then on; None where it was
    done before."""
    asked: list[float] = []

    def cancel() -> None:
        asked.append(time.monotonic())
        job.cancel()

    timer = threading.Timer(seconds, cancel)
    timer.start()
    try:
        work()
    except Cancelled:
        return time.monotonic() - asked[0]
    finally:
        timer.cancel()
    assert not asked, "it was cancelled, and went on to its end"
    return None


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_the_import_of_a_file(source: Path, tmp_path: Path) -> None:
    began = time.monotonic()
    whole = graph_hash(open_model(source, "", Job(Cache(LocalStore(tmp_path / "whole"), "a"))))
    took, before, cache = time.monotonic() - began, children(), Cache(LocalStore(tmp_path), "a")
    found = []
    for share in (0.05, 0.2, 0.4, 0.6, 0.75, 0.9):
        job = Job(cache)
        found.append(late(job, share * took, lambda j=job: open_model(source, "", j)))
        assert children() <= before
        if found[-1] is None:
            break
    known = [f for f in found if f is not None]
    assert len(known) >= 2 and max(known) < BACK_S, found
    assert graph_hash(open_model(source, "", Job(cache))) == whole


def test_the_import_of_a_live_module() -> None:
    """torch exports it in seconds; another export begins when the first has ended."""
    torch = pytest.importorskip("torch")
    layers = [m for _ in range(300) for m in (torch.nn.Linear(8, 8), torch.nn.ReLU())]
    module, example = torch.nn.Sequential(*layers), [np.zeros((1, 8), np.float32)]
    load = IMPORTERS.get("torch").load
    whole = graph_hash(load(module, example, "net"))
    for seconds in (0.05, 0.3):
        job = Job()
        took = late(job, seconds, lambda j=job: load(module, example, "net", j))
        assert took is not None and took < 0.5
    assert graph_hash(load(module, example, "net", Job())) == whole
