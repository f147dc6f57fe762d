"""Binary files: opening them, whole numbers as a sensor's driver would hand them over, and channels
without names, with errors that name the file."""

import stat
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from tinsmith.core.errors import UserError, did_you_mean
from tinsmith.data.dataset import FLOAT, Channel, Contract
from tinsmith.data.format import ReadOptions
from tinsmith.data.text import Source

_LARGEST = float(np.finfo(np.float32).max)
_WIDENED = {"bool": "int8", "uint8": "int16", "uint16": "int32"}


def open_file(path: Path, source: Source) -> BinaryIO:
    """An open file, its first byte next.

    Raises:
        UserError: ``missing``, ``empty`` or ``unreadable``.
    """
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):
            raise source.error("unreadable", "this is no file (a folder, pipe or device).", "")
        file = path.open("rb")
    except FileNotFoundError:
        raise source.error("missing", "there is no such file.", "Check the path.") from None
    except OSError as e:
        raise source.error("unreadable", f"cannot be read ({e.strerror}).", "Check it.") from None
    if not state.st_size:
        file.close()
        raise source.error("empty", "the file is empty.", "Record or export it again.")
    return file


def contract_of(dtype: np.dtype, channels: int, source: Source) -> Contract:
    """What samples of a type are kept as: integers as they are where 32 bits hold all of them,
    unsigned ones in the next wider type; everything else as float32.

    Raises:
        UserError ``dtype``: they are no real numbers.
    """
    if dtype.kind == "f":
        return Contract()
    if dtype.kind not in "iub":
        what = f"samples of type {dtype} are no real numbers."
        raise source.error("dtype", what, "Export them as integers or floats.")
    plain = _WIDENED.get(dtype.name, dtype.name)
    if plain in ("int8", "int16", "int32"):
        return Contract(plain, (1.0,) * channels)
    return Contract("int32", (1.0,) * channels)


def converted(values: np.ndarray, contract: Contract, source: Source, first: int = 0) -> np.ndarray:
    """Samples [n, channels] in the contract's dtype; ``first``: number of the first of them.

    Raises:
        UserError: ``nonfinite``, ``range``, naming sample and channel.
    """
    if contract.dtype == FLOAT:
        bad = ~(np.abs(values) <= _LARGEST)
        if bad.any():
            at, channel = (int(i[0]) for i in np.nonzero(bad))
            raise source.error(
                "nonfinite",
                f"sample {first + at}, channel {channel}: {values[at, channel]} is not a finite "
                "32-bit number.",
                "NaN and infinities are not allowed: fill it in, or cut the recording there.",
            )
        return np.ascontiguousarray(values, np.float32)
    if values.dtype.itemsize > 2:
        info = np.iinfo(contract.dtype)
        bad = (values < info.min) | (values > info.max)
        if bad.any():
            at, channel = (int(i[0]) for i in np.nonzero(bad))
            what = f"sample {first + at}, channel {channel}: {values[at, channel]} needs more than"
            raise source.error("range", f"{what} {info.bits} bits.", "Scale or offset the values.")
    return np.ascontiguousarray(values, contract.dtype)


def named(
    default: Sequence[str], options: ReadOptions, source: Source
) -> tuple[list[int], list[str]]:
    """Which channels are taken and what they are called: those that the user names, or all under
    the user's names where there are as many.

    Raises:
        UserError ``channels``: the user's names are neither.
    """
    wanted = options.channels
    if not wanted:
        return list(range(len(default))), list(default)
    if all(w in default for w in wanted):
        return [default.index(w) for w in wanted], list(wanted)
    if len(wanted) == len(default):
        return list(range(len(default))), list(wanted)
    odd = next(w for w in wanted if w not in default)
    raise source.error(
        "channels",
        f"there is no channel {odd!r}, and {len(wanted)} names do not fit {len(default)} channels."
        f"{did_you_mean(odd, default)}",
        f"Channels: {', '.join(default)[:200]}.",
    )


def channels_of(names: Sequence[str], options: ReadOptions) -> tuple[Channel, ...]:
    """Channels with the units that the user says."""
    return tuple(Channel(n, options.units.get(n, "")) for n in names)


def too_short(samples: int, source: Source) -> UserError:
    """A recording of less than two samples."""
    what = f"a recording of {samples} sample{'s' if samples != 1 else ''} is no signal."
    return source.error("one_sample", what, "A recording needs two samples or more.")
