"""Cases of a model's inputs, as files and as arrays, made what the model takes; answers as files.

A file is an .npz: ``in_0``, ``in_1``, ... and ``out_0``, ``out_1``, ..., each [case, *shape]. A
file of reference vectors holds both; its outputs (``out_0``, ``out_0_<kernels>``) are passed over
where inputs are read."""

import io
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tinsmith.core.cache import write_atomically
from tinsmith.core.errors import UserError, did_you_mean
from tinsmith.core.progress import SILENT, Progress
from tinsmith.core.sandbox import run
from tinsmith.ir.graph import Graph
from tinsmith.ir.types import TensorType

Given = ArrayLike | Mapping[str, ArrayLike] | os.PathLike[str]
"""Cases of a model's inputs: an array [case, *shape]; where there are several inputs a list of
arrays in their order, or a mapping from their names (or ``in_0``, ``in_1``, ...); or the path of an
.npz file that holds such arrays."""
Types = Mapping[str, TensorType]
Tell = Callable[[str], None]
_HINT = "Write it with numpy.savez: in_0, in_1, ... in the order of the model's inputs."
_NAMES = "Name the arrays as the model does, or in_0, in_1, ... in the order of its inputs."
_FIRST_AXIS = "The first axis of every array counts the cases."
_READER = "tinsmith.flow.model_inputs:load_arrays"
_OUTPUT = re.compile(r"out_\d+(_.*)?")


@dataclass(frozen=True)
class Taken:
    """Arrays in the model's own types, input name -> [case, *shape]. ``bare``: they were given
    without the model's own first axis of length 1 (its batch), so its answers go without it too."""

    arrays: Mapping[str, np.ndarray]
    bare: bool

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))

    def answers(self, outputs: Mapping[str, np.ndarray]) -> np.ndarray | Any:
        """The only output, or a dict of all; each [case, *shape]. Which of them is known when the
        model is, so a type checker is not asked to tell them apart."""
        found = {n: a[:, 0] if self._batched(a) else a for n, a in outputs.items()}
        return next(iter(found.values())) if len(found) == 1 else found

    def _batched(self, array: np.ndarray) -> bool:
        return self.bare and array.ndim > 1 and array.shape[1] == 1


def read_inputs(
    path: Path, graph: Graph, tell: Tell = lambda _: None, job: Progress = SILENT
) -> dict[str, np.ndarray]:
    """The inputs of a graph by name, from a file; see `taken`."""
    types = {name: graph.type(name) for name in graph.inputs}
    return dict(taken(path, types, tell, job).arrays)


def taken(
    cases: Given, inputs: Types, tell: Tell = lambda _: None, job: Progress = SILENT
) -> Taken:
    """Cases as a model takes them.

    Values are converted where nothing is lost but the digits of float64 beyond float32; axes of
    length 1 may be left out. ``tell`` hears of both.

    Raises:
        UserError: ``model.inputs.file`` (no such file, no .npz, objects in it),
            ``model.inputs.names`` (an array is missing or unknown), ``model.inputs.case`` (one
            case without the axis of cases), ``model.inputs.type`` (dtype, shape, or numbers of
            cases that differ).
    """
    named = _named(cases, inputs, job)
    fitted = {n: _fitted(*named[n], t, tell) for n, t in inputs.items()}
    counts = {len(array) for array, _ in fitted.values()}
    if len(counts) > 1 or 0 in counts:
        raise UserError(
            "model.inputs.type",
            f"All arrays need the same number of cases, at least 1; got {sorted(counts)}.",
            _FIRST_AXIS,
        )
    batched = [bare for n, (_, bare) in fitted.items() if inputs[n].shape[:1] == (1,)]
    bare = bool(batched) and all(batched)
    return Taken({n: array for n, (array, _) in fitted.items()}, bare)


Named = Mapping[str, tuple[str, ArrayLike]]
"""Input -> what it is called in messages, and its values."""


def _named(cases: Given, inputs: Types, job: Progress) -> Named:
    if isinstance(cases, str | os.PathLike):
        return _of_file(Path(cases), inputs, job)
    numbered = {f"in_{i}": name for i, name in enumerate(inputs)}
    if isinstance(cases, Mapping):
        found = {name: f"Input {name!r}" for name in inputs}
        return _matched(cases, {**numbered, **{n: n for n in inputs}}, found, "")
    if len(inputs) == 1:
        given: Sequence[ArrayLike] = [cases]
    else:
        given = list(cases) if isinstance(cases, Sequence) else [cases]
    if len(given) != len(inputs):
        raise UserError(
            "model.inputs.names",
            f"The model has {len(inputs)} inputs ({', '.join(inputs)}); got {len(given)} array"
            f"{'s' * (len(given) != 1)}.",
            "Pass a list with an array for each input, or a mapping from their names.",
        )
    return {n: (f"Input {n!r}", array) for n, array in zip(inputs, given, strict=True)}


def _of_file(path: Path, inputs: Types, job: Progress) -> Named:
    """The inputs in an .npz file, read in the sandbox. Numbers go by the order of the inputs, also
    where one of these is called like a number."""
    if path.is_dir():
        raise UserError("model.inputs.file", f"{path} is a folder.", _HINT)
    if not path.is_file():
        raise UserError("model.inputs.file", f"There is no file {path}.", _HINT)
    arrays = run(_READER, (path.resolve(),), dict[str, np.ndarray], job=job)
    known = {**{n: n for n in inputs}, **{f"in_{i}": name for i, name in enumerate(inputs)}}
    mine = {k: a for k, a in arrays.items() if k in known or not _OUTPUT.fullmatch(k)}
    called = {name: f"{path}: in_{i}" for i, name in enumerate(inputs)}
    return _matched(mine, known, called, f"{path}: ")


def _matched(
    arrays: Mapping[str, ArrayLike], known: Mapping[str, str], called: Mapping[str, str], where: str
) -> Named:
    """Arrays by name of the input; ``known``: key -> input; ``called``: input -> its name in
    messages, which begin with ``where``."""
    found, extra = dict[str, tuple[str, ArrayLike]](), []
    for key, array in arrays.items():
        name = known.get(key, "")
        if key in known and name not in found:
            found[name] = called[name], array
        else:
            extra.append(key)
    missing = [i for i, n in enumerate(called) if n not in found]
    if missing or extra:
        wanted = [f"in_{i}" for i in range(len(called))] if where else list(called)
        lacks = wanted[missing[0]] if missing else ""
        said = f"There is no array {lacks!r}." if missing else f"{extra[0]!r} is no input."
        guess = did_you_mean(lacks, extra) if missing else ""
        raise UserError(
            "model.inputs.names",
            f"{where}{said}{guess} The model takes {', '.join(wanted)}.",
            _HINT if where else _NAMES,
        )
    return found


def renamed(
    arrays: Mapping[str, np.ndarray], graph: Graph, compiled: Graph
) -> dict[str, np.ndarray]:
    """Inputs of a graph by the names that they have in C, which are identifiers."""
    return {c: arrays[own] for own, c in zip(graph.inputs, compiled.inputs, strict=True)}


def array_of(what: str, values: ArrayLike) -> np.ndarray:
    """An array of numbers.

    Raises:
        UserError ``model.inputs.type``: it is none.
    """
    try:
        array = np.asarray(values)
    except (ValueError, TypeError, RuntimeError) as e:  # ragged lists; tensors that are no arrays
        raise UserError(
            "model.inputs.type", f"{what} is no array: {e}", "Pass a numpy array."
        ) from None
    if array.dtype.kind not in "biuf":
        raise UserError(
            "model.inputs.type",
            f"{what} holds {array.dtype}, which are no numbers.",
            "Pass a numpy array of numbers.",
        )
    return array


def _fitted(what: str, values: ArrayLike, want: TensorType, tell: Tell) -> tuple[np.ndarray, bool]:
    """An array as [case, *shape], and whether it came without the model's own first axis."""
    array = array_of(what, values)
    got = f"{what} is {array.dtype.name}{list(array.shape)}"
    takes = f"the model takes {want.dtype}[{', '.join(('case', *map(str, want.shape)))}]"
    bare = want.shape[:1] == (1,) and array.ndim <= len(want.shape)
    if array.shape == want.shape and not bare:
        raise UserError(
            "model.inputs.case",
            f"{got}: one case without the axis of cases; {takes}.",
            "Add the axis: x[None], or numpy.stack(cases) for several.",
        )
    if array.ndim == 0 or _long(array.shape[1:]) != _long(want.shape):
        raise UserError("model.inputs.type", f"{got}; {takes}.", _FIRST_AXIS)
    fitting = converted(array, want.dtype)
    if fitting is None:
        raise UserError("model.inputs.type", f"{got}; {takes}.", _advice(array, want))
    reshaped = array.shape[1:] != want.shape
    changes = {"converted": array.dtype.name != want.dtype, "reshaped": reshaped}
    if done := [word for word, so in changes.items() if so]:
        tell(f"{got}; {takes}: {' and '.join(done)}.")
    return fitting.reshape(len(array), *want.shape), bare


def _long(shape: tuple[int, ...]) -> list[int]:
    """A shape without its axes of length 1."""
    return [d for d in shape if d != 1]


def converted(array: np.ndarray, dtype: str) -> np.ndarray | None:
    """The values in another type; None where one of them would become another number, apart from
    what float32 has fewer digits than float64."""
    if array.dtype.name == dtype:
        # A byte of a boolean array may be any; the model's are 0 and 1.
        return array.view(np.uint8) != 0 if dtype == "bool" else array
    if array.dtype.kind == "f":
        if dtype != "float32":
            return None
        with np.errstate(over="ignore"):
            values = array.astype(np.float32)
        return values if np.array_equal(np.isfinite(values), np.isfinite(array)) else None
    low, high = _whole_numbers(dtype)
    fits = array.size == 0 or (int(array.min()) >= low and int(array.max()) <= high)
    return array.astype(dtype) if fits else None


def _whole_numbers(dtype: str) -> tuple[int, int]:
    """The integers from the first to the second are all numbers of this type."""
    if dtype == "float32":
        return -(2**24), 2**24
    if dtype == "bool":
        return 0, 1
    info = np.iinfo(dtype)
    return int(info.min), int(info.max)


def _advice(array: np.ndarray, want: TensorType) -> str:
    if array.dtype.kind == "f" and want.quant is not None and want.quant.axis is None:
        scale, zero = want.quant.scale[0], want.quant.zero_point[0]
        return (
            f"Real values become integers by round(x / {scale:.9g}) + {zero}, cut to the range of "
            f"{want.dtype}."
        )
    return f"Convert it: x.astype(numpy.{np.dtype(want.dtype).name})."


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """All arrays of an .npz file, of numbers and booleans; never pickled objects."""
    try:
        archive = np.load(path, allow_pickle=False)
        if not hasattr(archive, "files"):
            raise ValueError("it holds one array without a name")
        with archive:
            found = {name: np.asarray(archive[name]) for name in archive.files}
    except MemoryError:
        raise
    except Exception as e:  # noqa: BLE001 - zipfile, zlib, numpy and tokenize raise many kinds
        # numpy takes what it does not know for a pickle, and says how to load it all the same
        reason = (
            "it is of another kind, or holds objects" if "pickle" in str(e) else str(e).rstrip(".")
        )
        text = f"{path} is no .npz file of plain arrays: {reason}."
        raise UserError("model.inputs.file", text, _HINT) from None
    wrong = [n for n, a in found.items() if a.dtype.kind not in "biuf"]
    if wrong:
        text = f"{path}: array {wrong[0]!r} holds {found[wrong[0]].dtype}, which are no numbers."
        raise UserError("model.inputs.file", text, _HINT)
    return {n: a.astype(a.dtype.newbyteorder("="), copy=False) for n, a in found.items()}


def write_outputs(path: Path, outputs: Sequence[np.ndarray]) -> None:
    """``out_0``, ``out_1``, ..., whole or not at all."""
    write_arrays(path, {f"out_{i}": array for i, array in enumerate(outputs)})


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """An .npz file, whole or not at all."""
    out, named = io.BytesIO(), dict[str, Any](arrays)
    np.savez(out, **named)
    write_atomically(path, out.getvalue())
