"""Model: a trained model that was read, as an object; and the way in for files and live models."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.core.job import Job
from tinsmith.core.units import count_text
from tinsmith.facade import _work
from tinsmith.facade.arrays import Cases, examples, taken
from tinsmith.facade.shown import Row, Shown, tensors
from tinsmith.ir.graph import Graph
from tinsmith.ir.naming import graph_name
from tinsmith.ir.types import TensorType

_LIVE = {
    ("torch.nn.modules.module", "Module"): "torch",
    ("sklearn.base", "BaseEstimator"): "sklearn",
    ("xgboost.core", "Booster"): "xgboost",
    ("xgboost.sklearn", "XGBModel"): "xgboost",
    ("lightgbm.basic", "Booster"): "lightgbm",
    ("lightgbm.sklearn", "LGBMModel"): "lightgbm",
}
"""Class (module, name) -> the importer of its objects. A class is told by its name, so that no
framework is loaded to ask."""


@dataclass(frozen=True, repr=False, eq=False)
class Model(Shown):
    """A model: a graph of operations with its weights, float or quantised.

    Args:
        graph: the operations (`tinsmith.ir.graph.Graph`).
        origin: the file's name, or the class of the live object that it came from.

    Example:
        >>> model = ts.load("gestures.onnx")
        >>> print(model)
    """

    graph: Graph
    origin: str

    @property
    def name(self) -> str:
        """Prefix of the C functions that it is compiled to."""
        return self.graph.name

    @property
    def inputs(self) -> Mapping[str, TensorType]:
        """Shape and dtype of each input by name, in order; without the axis of cases."""
        return {n: self.graph.type(n) for n in self.graph.inputs}

    @property
    def outputs(self) -> Mapping[str, TensorType]:
        """Shape and dtype of each output by name, in order; without the axis of cases."""
        return {n: self.graph.type(n) for n in self.graph.outputs}

    @property
    def labels(self) -> Mapping[str, tuple[str, ...]]:
        """Names of classes by output, where the model says them: element i is of class i; of an
        output with one element, its value is the number of the class."""
        return self.graph.labels

    @property
    def notes(self) -> tuple[str, ...]:
        """What the importer has to say of the model, one sentence each."""
        return self.graph.notes

    @property
    def weights_bytes(self) -> int:
        """Bytes of weights, biases and tables."""
        return sum(c.nbytes for c in self.graph.constants.values())

    def predict(self, cases: Cases) -> np.ndarray | Any:
        """The answers by the reference in numpy: what compiled C computes, bit for bit; slow.

        Args:
            cases: [case, *shape] for each input, see `Cases`. A model with states is reset once and
                then fed the cases in order.

        Returns:
            An array [case, *shape]; of a model with several outputs a dict of arrays by name. Where
            the inputs came without the model's own first axis of length 1, so do the answers.

        Raises:
            UserError: ``model.inputs.*``.

        Example:
            >>> model.predict(x).argmax(axis=1)
        """
        given = taken(cases, self.inputs)
        return given.answers(_work.reference(self.graph, given.arrays))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the model as a file of our own, which `load` and every command take.

        Args:
            path: ends in ``.tinsmith``.

        Raises:
            UserError: ``model.save`` (another suffix), ``output.place`` (it cannot be written
                there), ``import.tinsmith.op`` (the model has an operation that such files do not
                hold).

        Example:
            >>> model.save("gestures.tinsmith")
        """
        return _work.write_graph(self.graph, Path(path))

    def _title(self) -> str:
        return f"{self.name} from {self.origin}"

    def _rows(self) -> Iterable[Row]:
        yield "inputs", tensors(self.inputs.items())
        yield "outputs", tensors(self.outputs.items())
        yield "weights", f"{count_text(self.weights_bytes)} B, {self.graph.dialect}"
        for output, classes in self.labels.items():
            yield "classes", f"{output}: {', '.join(classes)}"
        for note in self.notes:
            yield "note", note


def load(
    source: Any,
    example: Any = None,
    name: str = "",
    semantics: str = "",
    job: Job | None = None,
) -> Model:
    """Read a model.

    Args:
        source: path of a model file (TensorFlow Lite, ONNX, Keras, PyTorch .pt2, scikit-learn .tsk,
            XGBoost, LightGBM, our own .tinsmith), read in a sandbox; or a live object: a
            torch.nn.Module, an estimator of scikit-learn, a model of XGBoost or LightGBM.
        example: for live objects: an array for each input (a list where there are several), its
            first axis the batch, of which the first case counts. PyTorch needs it for shapes and
            types, the others do not.
        name: prefix of the C functions; the file's name or the object's class if empty.
        semantics: whose integers a quantised file means (``litert`` or ``tflm``); the importer's
            first if empty.
        job: from `tinsmith.job`: a file is not read again, and it can be watched and cancelled.

    Raises:
        UserError: ``model.file`` (there is none), ``model.name``, ``load.object`` (no importer
            takes such objects), ``load.example``, ``import.*`` (what is not supported, by name of
            the operator and node).
        MissingTool: the file's reader needs a package that is not installed.

    Example:
        >>> model = ts.load("gestures.tflite")
        >>> model = ts.load(network, example=x[:1])
    """
    _work.check_name(name)
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        graph = _work.open_model(path, semantics, job or Job())
        return Model(graph.with_(name=name or graph.name), path.name)
    kind = type(source).__name__
    importer = _importer_of(source)
    if semantics:
        raise UserError(
            "load.semantics", f"A {kind} holds floats: no integers are meant.", "Leave it out."
        )
    graph = _work.take(importer, source, examples(example), graph_name(Path(kind), name))
    return Model(graph, kind)


def _importer_of(source: object) -> str:
    """The importer of a live object, by its classes from the object's own upwards."""
    for kind in type(source).__mro__:
        if (kind.__module__, kind.__name__) in _LIVE:
            return _LIVE[kind.__module__, kind.__name__]
    raise UserError(
        "load.object",
        f"Objects of class {type(source).__module__}.{type(source).__name__} are not taken.",
        "Pass a model of PyTorch (torch.nn.Module), scikit-learn, XGBoost or LightGBM; save others "
        "to a file and pass its path.",
    )
