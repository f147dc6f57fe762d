"""Inputs and outputs of a model as .npz files: ``in_0``, ``in_1``, ... and ``out_0``, ``out_1``,
..., each [case, *shape] in the model's own types. A file of reference vectors holds both; its
outputs (``out_0``, ``out_0_<kernels>``) are passed over where inputs are read."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinsmith.core.cache import write_atomically
from tinsmith.core.errors import UserError, did_you_mean
from tinsmith.core.progress import SILENT, Progress
from tinsmith.core.sandbox import run
from tinsmith.ir.graph import Graph
from tinsmith.ir.types import TensorType

SEED = 12345
_HINT = "Write it with numpy.savez: in_0, in_1, ... in the order of the model's inputs."
_READER = "tinsmith.flow.model_inputs:load_arrays"
_OUTPUT = re.compile(r"out_\d+(_.*)?")


def default_inputs(graph: Graph) -> dict[str, np.ndarray]:
    """One case for every input, from the bytes of `lcg_bytes`, which run on through all inputs.

    int8 and uint8 take a byte each, int16 two (low byte first), float32 int8(byte) / 128, bool the
    lowest bit of a byte.

    Raises:
        UserError ``model.inputs.default``: an input of another type.
    """
    at, found = SEED, {}
    for name in graph.inputs:
        found[name], at = _drawn(name, graph.type(name), at)
    return found


def lcg_bytes(count: int, state: int = SEED) -> tuple[np.ndarray, int]:
    """``count`` bytes and the state behind them: x = x * 1664525 + 1013904223 modulo 2^32 (Press et
    al., Numerical Recipes, section 7.1), of each x the upper eight bits."""
    found = bytearray(count)
    for i in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        found[i] = state >> 24
    return np.frombuffer(bytes(found), np.uint8), state


def _drawn(name: str, type: TensorType, state: int) -> tuple[np.ndarray, int]:
    if type.dtype not in ("int8", "uint8", "int16", "float32", "bool"):
        raise UserError(
            "model.inputs.default",
            f"Input {name!r} is {type}; there are no default values for {type.dtype}.",
            "Pass values with --inputs X.npz.",
        )
    data, state = lcg_bytes(type.elements * (2 if type.dtype == "int16" else 1), state)
    if type.dtype == "float32":
        values = data.view(np.int8).astype(np.float32) / np.float32(128)
    elif type.dtype == "bool":
        values = (data & 1).astype(np.bool_)
    else:
        values = data.view(np.dtype(type.dtype).newbyteorder("<")).astype(type.dtype)
    return values.reshape(1, *type.shape), state


def read_inputs(
    path: Path,
    graph: Graph,
    tell: Callable[[str], None] = lambda _: None,
    job: Progress = SILENT,
) -> dict[str, np.ndarray]:
    """The inputs of a graph by name, from a file whose arrays are ``in_0``, ``in_1``, ...

    An array whose cases differ from the model's shape only by axes of length 1 is reshaped;
    ``tell`` hears of it.

    Raises:
        UserError: ``model.inputs.file`` (missing, no .npz, objects in it), ``model.inputs.names``
            (an array is missing or unknown), ``model.inputs.case`` (one case without the axis of
            cases), ``model.inputs.type`` (dtype or shape, or the numbers of cases differ).
    """
    if path.is_dir():
        raise UserError("model.inputs.file", f"{path} is a folder.", _HINT)
    if not path.is_file():
        raise UserError("model.inputs.file", f"There is no file {path}.", _HINT)
    arrays = run(_READER, (path.resolve(),), dict[str, np.ndarray], job=job)
    wanted = {f"in_{i}": name for i, name in enumerate(graph.inputs)}
    _check_names(path, arrays, tuple(wanted))
    found = {}
    for key, name in wanted.items():
        found[name] = _checked(f"{path}: {key}", arrays[key], graph.type(name), tell)
    counts = {len(a) for a in found.values()}
    if len(counts) > 1 or 0 in counts:
        raise UserError(
            "model.inputs.type",
            f"{path}: all arrays need the same number of cases, at least 1; got {sorted(counts)}.",
            "The first axis of every array counts the cases.",
        )
    return found


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
        text = f"{path} is no .npz file of plain arrays: {e}."
        raise UserError("model.inputs.file", text, _HINT) from None
    wrong = [n for n, a in found.items() if a.dtype.kind not in "biuf"]
    if wrong:
        text = f"{path}: array {wrong[0]!r} holds {found[wrong[0]].dtype}, which are no numbers."
        raise UserError("model.inputs.file", text, _HINT)
    return {n: a.astype(a.dtype.newbyteorder("="), copy=False) for n, a in found.items()}


def _check_names(path: Path, arrays: Mapping[str, np.ndarray], wanted: Sequence[str]) -> None:
    missing = [k for k in wanted if k not in arrays]
    extra = [k for k in arrays if k not in wanted and not _OUTPUT.fullmatch(k)]
    if missing or extra:
        said = f"lacks {', '.join(missing)}" if missing else f"has {extra[0]!r}, which is unknown"
        guess = did_you_mean(missing[0], extra) if missing else ""
        raise UserError(
            "model.inputs.names",
            f"{path} {said}.{guess} The model takes {', '.join(wanted)}.",
            _HINT,
        )


def _checked(
    what: str, array: np.ndarray, want: TensorType, tell: Callable[[str], None]
) -> np.ndarray:
    got = f"{what} is {array.dtype.name}{list(array.shape)}"
    takes = f"the model takes {want.dtype}{_cases(want.shape)}"
    if array.dtype.name != want.dtype:
        raise UserError("model.inputs.type", f"{got}; {takes}.", _conversion(array.dtype, want))
    if array.shape == want.shape:
        raise UserError(
            "model.inputs.case",
            f"{got}: one case without the axis of cases; {takes}.",
            "Add the axis before you save it: x[None], or numpy.stack(cases) for several.",
        )
    if array.ndim == 0 or _long(array.shape[1:]) != _long(want.shape):
        raise UserError("model.inputs.type", f"{got}; {takes}.", "The first axis counts the cases.")
    if array.shape[1:] != want.shape:
        tell(f"{got}; {takes}: reshaped, for only axes of length 1 differ.")
        array = array.reshape(len(array), *want.shape)
    # A byte of a boolean array may be any; the model's are 0 and 1.
    return array.view(np.uint8) != 0 if want.dtype == "bool" else array


def _cases(shape: tuple[int, ...]) -> str:
    return f"[{', '.join(('case', *map(str, shape)))}]"


def _long(shape: tuple[int, ...]) -> list[int]:
    """A shape without its axes of length 1."""
    return [d for d in shape if d != 1]


def _conversion(got: "np.dtype[Any]", want: TensorType) -> str:
    """How values become those that the model takes."""
    if got.kind == "f" and want.quant is not None and want.quant.axis is None:
        scale, zero = want.quant.scale[0], want.quant.zero_point[0]
        return (
            f"Real values become integers by round(x / {scale:.9g}) + {zero}, cut to the range of "
            f"{want.dtype}."
        )
    return f"Convert it before you save it: x.astype(numpy.{np.dtype(want.dtype).name})."


def write_outputs(path: Path, outputs: Sequence[np.ndarray]) -> None:
    """``out_0``, ``out_1``, ..., whole or not at all."""
    write_arrays(path, {f"out_{i}": array for i, array in enumerate(outputs)})


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """An .npz file, whole or not at all."""
    out, named = io.BytesIO(), dict[str, Any](arrays)
    np.savez(out, **named)
    write_atomically(path, out.getvalue())
