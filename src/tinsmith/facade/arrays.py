"""Cases as people hold them in a notebook, made the arrays that a model takes."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tinsmith.core.errors import UserError, did_you_mean
from tinsmith.core.sandbox import run
from tinsmith.ir.types import TensorType

Cases = ArrayLike | Mapping[str, ArrayLike] | os.PathLike[str]
"""Cases of a model's inputs: an array [case, *shape]; where there are several inputs a list of
arrays in their order, or a mapping from their names (or ``in_0``, ``in_1``, ...); or the path of an
.npz file that holds such arrays."""

_READER = "tinsmith.flow.model_inputs:load_arrays"
_FIRST_AXIS = "The first axis of every array counts the cases."


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


def taken(cases: Cases, inputs: Mapping[str, TensorType]) -> Taken:
    """Cases as a model takes them.

    Values are converted where nothing is lost but the digits of float64 beyond float32; axes of
    length 1 may be left out.

    Raises:
        UserError: ``model.inputs.file`` (no such file, no .npz), ``model.inputs.names`` (an array
            is missing or unknown), ``model.inputs.case`` (one case without the axis of cases),
            ``model.inputs.type`` (dtype, shape, or numbers of cases that differ).
    """
    named = _named(cases, inputs)
    fitted = {n: _fitted(n, _array(n, named[n]), t) for n, t in inputs.items()}
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


def _named(cases: Cases, inputs: Mapping[str, TensorType]) -> Mapping[str, ArrayLike]:
    """The arrays by name of the input."""
    if isinstance(cases, str | os.PathLike):
        return _by_name(_loaded(Path(cases)), inputs)
    if isinstance(cases, Mapping):
        return _by_name(cases, inputs)
    if len(inputs) == 1:
        return dict.fromkeys(inputs, cases)
    given = list(cases) if isinstance(cases, Sequence) else [cases]
    if len(given) != len(inputs):
        raise UserError(
            "model.inputs.names",
            f"The model has {len(inputs)} inputs ({', '.join(inputs)}); got {len(given)} array"
            f"{'s' * (len(given) != 1)}.",
            "Pass a list with an array for each input, or a mapping from their names.",
        )
    return dict(zip(inputs, given, strict=True))


def _loaded(path: Path) -> dict[str, ArrayLike]:
    """The inputs in an .npz file, read in the sandbox; outputs beside them are passed over."""
    if not path.is_file():
        raise UserError(
            "model.inputs.file",
            f"There is no file {path}.",
            "Write it with numpy.savez: in_0, in_1, ... in the order of the model's inputs.",
        )
    arrays = run(_READER, (path.resolve(),), dict[str, np.ndarray])
    return {n: a for n, a in arrays.items() if not n.startswith("out_")}


def _by_name(
    arrays: Mapping[str, ArrayLike], inputs: Mapping[str, TensorType]
) -> Mapping[str, ArrayLike]:
    numbered = {f"in_{i}": name for i, name in enumerate(inputs)}
    named = {n if n in inputs else numbered.get(n, n): a for n, a in arrays.items()}
    missing = [n for n in inputs if n not in named]
    extra = [n for n in named if n not in inputs]
    if missing or extra:
        said = f"There is no array {missing[0]!r}." if missing else f"{extra[0]!r} is no input."
        guess = did_you_mean(missing[0], extra) if missing else ""
        raise UserError(
            "model.inputs.names",
            f"{said}{guess} The model takes {', '.join(inputs)}.",
            "Name the arrays as the model does, or in_0, in_1, ... in the order of its inputs.",
        )
    return named


def _array(name: str, values: ArrayLike) -> np.ndarray:
    try:
        array = np.asarray(values)
    except (ValueError, TypeError, RuntimeError) as e:  # ragged lists; tensors that are no arrays
        raise UserError(
            "model.inputs.type", f"Input {name!r} is no array: {e}", "Pass a numpy array."
        ) from None
    if array.dtype.kind not in "biuf":
        raise UserError(
            "model.inputs.type",
            f"Input {name!r} holds {array.dtype}, which are no numbers.",
            "Pass a numpy array of numbers.",
        )
    return array


def _fitted(name: str, array: np.ndarray, want: TensorType) -> tuple[np.ndarray, bool]:
    """An array as [case, *shape], and whether it came without the model's own first axis."""
    got = f"Input {name!r} is {array.dtype.name}{list(array.shape)}"
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
    values = converted(array, want.dtype)
    if values is None:
        raise UserError("model.inputs.type", f"{got}; {takes}.", _advice(array, want))
    return values.reshape(len(array), *want.shape), bare


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


def examples(example: Any) -> list[np.ndarray]:
    """Example inputs of a live model, a batch of 1 each: the first case of what was given."""
    if example is None:
        return []
    given = list(example) if isinstance(example, list | tuple) else [example]
    found = []
    for i, values in enumerate(given):
        array = _array(f"example {i}", values)
        if array.ndim == 0:
            raise UserError(
                "load.example",
                f"Example input {i} is a single number.",
                "Pass an array whose first axis is the batch.",
            )
        single = array.astype(np.float32) if array.dtype.name == "float64" else array
        found.append(single[:1])
    return found
