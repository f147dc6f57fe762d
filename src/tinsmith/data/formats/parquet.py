"""Parquet tables: a row is a sample, columns are channels, labels, groups and time as in CSV files.

Read by Apache Arrow (extra ``data``), piece by piece. Columns are recognised by name: time
(``time``, ``timestamp``, ``t``, with ``_s``, ``_ms``, ``_us`` or ``_ns``; or by a type of time),
label, group; every other column of numbers is a channel, one of texts is metadata where it holds
one value. A run of rows with one label and group is a recording; so is what follows where time goes
back.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from tinsmith.core.errors import MissingTool, UserError, did_you_mean
from tinsmith.data import rows
from tinsmith.data.binary import channels_of, contract_of, converted, open_file, too_short
from tinsmith.data.dataset import Contract, RawRecording, Reading, Rows
from tinsmith.data.format import Format, ReadOptions
from tinsmith.data.naming import GROUPS, label_of
from tinsmith.data.rate import Stamps, rate_of
from tinsmith.data.text import Source

_TIME = re.compile(r"(?:time|timestamp|t)(?:_(s|ms|us|ns))?", re.IGNORECASE)
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_LABELS = ("label", "class", "activity")
_COLUMNS = 4096
_BATCH = 1 << 16
_RATIO, _SMALL_BYTES = 1000, 100_000_000
"""Tables that unpack to more than this times the file, and are not small, are no recordings."""
_COPY = "Copy or save the file again."


@dataclass(frozen=True)
class _Columns:
    """Names of the columns by what they are for."""

    time: str | None
    label: str | None
    group: str | None
    channels: tuple[str, ...]
    texts: tuple[str, ...]


def read(path: Path, options: ReadOptions) -> Reading:
    """Read one file.

    Raises:
        UserError: ``data.parquet.<what>``.
        MissingTool: Apache Arrow is not installed.
    """
    source = Source("parquet", path.name)
    with open_file(path, source) as file:
        magic = file.read(4)
    if magic != b"PAR1":
        raise source.error("header", "this is no Parquet file.", _COPY)
    parquet = _arrow()
    try:
        with parquet.ParquetFile(path, memory_map=False) as table:
            return _reading(table, path, options, source)
    except (UserError, MemoryError):
        raise
    except Exception as e:  # Arrow raises a dozen kinds, some of them Python's own
        raise _broken(e, source) from e


def _arrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ModuleNotFoundError as e:
        raise MissingTool("Python package 'pyarrow'", "Try: pip install 'tinsmith[data]'") from e
    pyarrow.set_cpu_count(1)
    pyarrow.set_io_thread_count(1)
    return pyarrow.parquet


def _reading(table: Any, path: Path, options: ReadOptions, source: Source) -> Reading:
    size = table.metadata.num_rows
    columns = _columns(table.schema_arrow, options, source)
    _check_size(size, columns, path, source)
    seconds = _seconds(table, columns.time, options, source) if columns.time else None
    label, group = (_Key(table, c) if c else None for c in (columns.label, columns.group))
    dtype = np.result_type(*(_dtype(table.schema_arrow.field(c).type) for c in columns.channels))
    contract = contract_of(dtype, len(columns.channels), source)
    cuts = rows.Sequence(_rows(path, columns.channels, size, contract, source))
    metadata = _metadata(table, columns.texts)
    recordings, stamps, notes = [], [], []
    for first, stop in _runs(size, [k for k in (label, group) if k], seconds):
        named = options.label or (label.at(first) if label else label_of(path))
        if stop - first < 2 or not named:
            what = "a label that is empty" if stop - first > 1 else "a recording of one sample"
            notes.append(f"row {first}: {what} was left out")
            continue
        owner = (group.at(first) or None) if group else None
        part = cuts.cut(first, stop)
        recordings.append(RawRecording(str(first), part, named, owner, metadata))
        if seconds is not None:
            stamps.append(Stamps(seconds[first:stop], np.arange(first, stop)))
    if not recordings:
        raise source.error("label", "no label holds for two rows or more.", "Mend the labels.")
    rate = rate_of(stamps, source) if stamps else None
    channels = channels_of(columns.channels, options)
    return Reading(channels, rate, tuple(recordings), contract, tuple(notes))


class _Key:
    """A column of labels or groups."""

    def __init__(self, table: Any, name: str) -> None:
        column = table.read(columns=[name], use_threads=False).column(0).combine_chunks()
        coded = column.dictionary_encode()
        self.codes: np.ndarray = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        self._texts = [_text(v) for v in coded.dictionary.to_pylist()]

    def at(self, row: int) -> str:
        """The text of a row, empty where there is none."""
        code = int(self.codes[row])
        return self._texts[code] if code >= 0 else ""


def _check_size(size: int, columns: _Columns, path: Path, source: Source) -> None:
    unpacked = 4 * size * len(columns.channels)
    if unpacked > max(_SMALL_BYTES, _RATIO * path.stat().st_size):
        what = f"{size} rows of {len(columns.channels)} columns cannot be a recording of that size."
        raise source.error("bomb", what, "Save it without dictionaries and compression.")
    if size < 2:
        raise too_short(size, source)


def _columns(schema: Any, options: ReadOptions, source: Source) -> _Columns:
    names = list(schema.names)
    if len(names) > _COLUMNS or len(set(names)) < len(names):
        raise source.error("columns", f"{len(names)} columns, or two of one name.", _COPY)
    numeric = [n for n in names if _dtype(schema.field(n).type) is not None]
    moments = [n for n in names if str(schema.field(n).type).startswith("timestamp")]
    time = _find(names, options.time_column, [*moments, *filter(_TIME.fullmatch, names)], source)
    label = _find(names, options.label_column, [n for n in names if n.lower() in _LABELS], source)
    group = _find(names, options.group_column, [n for n in names if n.lower() in GROUPS], source)
    if lacking := [c for c in options.channels if c not in numeric]:
        guess = did_you_mean(lacking[0], numeric)
        what = f"there is no column of numbers {lacking[0]!r}.{guess}"
        raise source.error("column", what, f"Columns: {', '.join(names)[:300]}.")
    channels = options.channels or tuple(n for n in numeric if n not in (time, label, group))
    if not channels:
        raise source.error("columns", "no column holds numbers.", f"Columns: {names}."[:300])
    texts = [n for n in names if str(schema.field(n).type) in ("string", "large_string")]
    return _Columns(
        time, label, group, channels, tuple(t for t in texts if t not in (time, label, group))
    )


def _find(
    names: Sequence[str], asked: str | None, recognised: Sequence[str], source: Source
) -> str | None:
    """The column that the user asked for, else the first recognised one, else None."""
    if asked is None:
        return recognised[0] if recognised else None
    if asked not in names:
        what = f"there is no column {asked!r}.{did_you_mean(asked, names)}"
        raise source.error("column", what, f"Columns: {', '.join(names)[:300]}.")
    return asked


def _dtype(kind: Any) -> np.dtype | None:
    """NumPy's type of a column of numbers, None for other columns."""
    name = {"halffloat": "float16", "float": "float32", "double": "float64"}.get(
        str(kind), str(kind)
    )
    whole = re.fullmatch(r"u?int(8|16|32|64)|float(16|32|64)|bool", name)
    return np.dtype(name) if whole else None


def _rows(
    path: Path, channels: Sequence[str], size: int, contract: Contract, source: Source
) -> Rows:
    def pieces() -> Iterator[np.ndarray]:
        first = 0
        try:
            with _arrow().ParquetFile(path, memory_map=False) as table:
                for batch in table.iter_batches(_BATCH, columns=list(channels), use_threads=False):
                    parts = [_values(batch.column(c), c, first, source) for c in channels]
                    yield converted(np.stack(parts, axis=1), contract, source, first)
                    first += batch.num_rows
        except (UserError, MemoryError):
            raise
        except Exception as e:  # see `read`
            raise _broken(e, source) from e

    return Rows((size, len(channels)), np.dtype(contract.dtype), pieces)


def _values(column: Any, name: str, first: int, source: Source) -> np.ndarray:
    if column.null_count:
        at = first + int(np.argmin(column.is_valid().to_numpy(zero_copy_only=False)))
        what = f"row {at}, column {name!r}: the value is missing."
        raise source.error("missing_value", what, "Fill it in, or cut the recording there.")
    found: np.ndarray = column.to_numpy(zero_copy_only=False)
    return found


def _text(value: Any) -> str:
    return f"{value:.9g}" if isinstance(value, float) else str(value).strip()


def _seconds(table: Any, name: str, options: ReadOptions, source: Source) -> np.ndarray:
    """Time stamps in seconds, [rows] float64."""
    kind = str(table.schema_arrow.field(name).type)
    column = table.read(columns=[name], use_threads=False).column(0)
    unit = re.match(r"(?:timestamp|duration)\[(s|ms|us|ns)", kind)
    match = _TIME.fullmatch(name)
    said = unit[1] if unit else options.time_unit or (match[1] or "" if match else "")
    values = _values(column.cast("int64") if unit else column, name, 0, source).astype(np.float64)
    if not np.isfinite(values).all():
        raise source.error("time", f"column {name!r} holds NaN.", "Fill it in.")
    if said not in _SECONDS:
        what = f"the unit of the time column {name!r} is not said."
        hint = "Name it time_s, time_ms, time_us or time_ns, or say: --set time_unit=ms"
        raise source.error("time_unit", what, hint)
    seconds: np.ndarray = (values - values[0]) * _SECONDS[said]
    return seconds


def _metadata(table: Any, names: Sequence[str]) -> Mapping[str, str]:
    """Columns of texts that hold one value."""
    found = {}
    for name in names:
        values = table.read(columns=[name], use_threads=False).column(0).unique().to_pylist()
        if len(values) == 1 and values[0]:
            found[name] = values[0]
    return found


def _runs(size: int, keys: Sequence[_Key], seconds: np.ndarray | None) -> Iterator[tuple[int, int]]:
    """Contiguous rows of one label and group, in which time does not go back."""
    begins = np.zeros(size, bool)
    begins[0] = True
    if seconds is not None:
        begins[1:] |= np.diff(seconds) < 0
    for key in keys:
        begins[1:] |= np.diff(key.codes) != 0
    starts = [*(int(i) for i in np.flatnonzero(begins)), size]
    yield from pairwise(starts)


def _broken(e: Exception, source: Source) -> UserError:
    reason = " ".join(str(e).split())[:120] or type(e).__name__
    return source.error("broken", f"it cannot be read ({reason}).", _COPY)


def _example() -> bytes:
    """Two recordings of three rows and two channels."""
    import pyarrow

    out = io.BytesIO()
    values = {
        "time_ms": [0, 20, 40, 60, 80, 100], "x": [0.5, 1, 2, 3, 4, 5],
        "y": [9.5, 8, 7, 6, 5, 4], "label": ["rest"] * 3 + ["shake"] * 3,
    }  # fmt: skip
    _arrow().write_table(pyarrow.table(values), out, compression="none")
    return out.getvalue()


FORMAT = Format("parquet", (".parquet",), read, _example)
