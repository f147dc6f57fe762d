"""Named arrays as recordings: what formats that hold arrays (.npz, .mat) have in common.

Arrays with as many rows as the longest stand side by side as channels: a vector is one channel of
its name, a matrix [samples, channels] several. One array [recordings, samples, channels] holds many
recordings. An array ``label``, ``labels``, ``y``, ``target`` or ``class`` labels each recording, or
each sample (a run of one label is a recording) or all (one value). A single number called
``rate_hz``, ``fs`` or the like is the rate; other single values are metadata. ``channels`` chooses
arrays, also by patterns: ``*_DE_time`` takes the one array whose name fits, as ``DE_time``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from math import prod
from pathlib import Path

import numpy as np

from tinsmith.data import rows
from tinsmith.data.binary import channels_of, contract_of, converted, named, too_short
from tinsmith.data.dataset import Contract, RawRecording, Reading, Rows, Samples, whole
from tinsmith.data.format import ReadOptions
from tinsmith.data.naming import LABEL, RATES, label_of
from tinsmith.data.text import Source

_LABELS = (LABEL, "labels", "y", "target", "targets", "class", "classes")
_SMALL_BYTES = 4_000_000
_LABEL_BYTES = 400_000_000
_TEXT_BYTES = 4096
_TRANSPOSED = 8
"""A matrix with this many times more columns than rows holds channels in rows."""


@dataclass(frozen=True)
class Array:
    """An array in a file. ``pieces(n)`` gives it in pieces of n rows, the last one shorter."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    pieces: Callable[[int], Iterator[np.ndarray]]

    @property
    def size(self) -> int:
        """How many values it has."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        return self.size * self.dtype.itemsize

    def load(self) -> np.ndarray:
        """All of it."""
        parts = list(self.pieces(max(1, self.shape[0]) if self.shape else 1))
        return np.concatenate(parts) if parts else np.zeros(self.shape, self.dtype)


@dataclass(frozen=True)
class _Roles:
    """What the arrays of a file are for."""

    signals: list[Array]
    labels: Array | None
    rate_hz: float | None
    metadata: Mapping[str, str]
    notes: tuple[str, ...]


def reading_of(
    arrays: Sequence[Array], path: Path, options: ReadOptions, source: Source
) -> Reading:
    """Recordings from arrays; see the module's docstring.

    Raises:
        UserError: ``data.<format>.<what>``.
    """
    roles = _roles(arrays, options, source)
    label = options.label or roles.metadata.get(LABEL, "") or label_of(path)
    if len(roles.signals) == 1 and len(roles.signals[0].shape) == 3:
        reading = _many(roles, label, options, source)
    else:
        reading = _one(roles, label, options, source)
    metadata = {k: v for k, v in roles.metadata.items() if k != LABEL}
    recordings = tuple(replace(r, metadata=metadata) for r in reading.recordings)
    notes = (*roles.notes, *reading.notes)
    return replace(reading, rate_hz=roles.rate_hz, recordings=recordings, notes=notes)


def _roles(arrays: Sequence[Array], options: ReadOptions, source: Source) -> _Roles:
    metadata: dict[str, str] = {}
    labels, rate, signals = None, None, []
    for a in arrays:
        name = a.name.lower()
        single = a.size == 1 and a.nbytes <= _TEXT_BYTES
        if single and a.dtype.kind in "iufbU":
            value = _text(a.load().reshape(-1)[0])
            if name in RATES and a.dtype.kind in "iuf":
                rate = _rate(value, source)
            else:
                metadata[LABEL if name == LABEL else a.name] = value
        elif name in _LABELS:
            labels = _flat(a)
        elif a.dtype.kind in "iufb" and a.size:
            signals.append(_flat(a))
    chosen = _chosen(signals, options, source)
    taken = [a.pieces for a in chosen]
    notes = tuple(f"array {a.name} was left out" for a in signals if a.pieces not in taken)
    return _Roles(chosen, labels, rate, metadata, notes)


def _chosen(signals: list[Array], options: ReadOptions, source: Source) -> list[Array]:
    """The arrays that hold channels: those that the user names, else the longest."""
    if not signals:
        raise source.error("empty", "it holds no array of numbers.", "Save the samples in it.")
    found = []
    for pattern in options.channels:
        fitting = [a for a in signals if fnmatchcase(a.name, pattern)]
        if len(fitting) > 1:
            several = ", ".join(a.name for a in fitting)
            raise source.error("channels", f"{pattern!r} fits {several}.", "Name one of them.")
        if fitting:
            short = pattern.replace("*", "").replace("?", "").strip("_ ") or pattern
            name = fitting[0].name if fitting[0].name == pattern else short
            found.append(replace(fitting[0], name=name))
    if found and len(found) < len(options.channels):
        known = ", ".join(a.name for a in signals)
        raise source.error("channels", "not all channels are arrays.", f"Arrays: {known[:200]}.")
    if not found:
        deep = [a for a in signals if len(a.shape) == 3]
        if len(deep) == 1:
            return deep
        longest = max(a.shape[0] for a in signals)
        found = [a for a in signals if a.shape[0] == longest and len(a.shape) <= 2]
    if not found or (any(len(a.shape) > 2 for a in found) and len(found) > 1):
        shapes = ", ".join(f"{a.name} {list(a.shape)}" for a in signals)
        what = f"which array holds the samples? It holds {shapes[:300]}."
        raise source.error("arrays", what, "Choose by name: --set channels=NAME")
    if len({a.shape[0] for a in found}) > 1:
        shapes = ", ".join(f"{a.name} {a.shape[0]}" for a in found)
        raise source.error("length", f"channels differ in length: {shapes}.", "Choose others.")
    return found


def _flat(a: Array) -> Array:
    """A vector for a matrix of one row or column; channels in columns."""
    if len(a.shape) != 2 or a.shape[0] * _TRANSPOSED > a.shape[1]:
        return a

    def turned(n: int) -> Iterator[np.ndarray]:
        values = a.load().T
        yield from (values[i : i + n] for i in range(0, len(values), n))

    return replace(a, shape=a.shape[::-1], pieces=turned)


def _one(roles: _Roles, label: str, options: ReadOptions, source: Source) -> Reading:
    """One recording, or as many as the labels of its samples have runs."""
    size = roles.signals[0].shape[0]
    if size < 2:
        raise too_short(size, source)
    values, names, contract = _values(roles.signals, options, source)
    labels = None if options.label else roles.labels
    if labels is None or labels.shape[0] != size:
        recordings = [RawRecording("0", values, label)]
    else:
        recordings = _runs(values, _texts(labels, source))
    if not recordings:
        raise source.error("label", "no label holds for two samples or more.", "Mend the labels.")
    return Reading(channels_of(names, options), None, tuple(recordings), contract)


def _values(
    signals: list[Array], options: ReadOptions, source: Source
) -> tuple[Samples, list[str], Contract]:
    """Samples of arrays side by side, their channels' names and what they are kept as."""
    default = [n for a in signals for n in _names(a)]
    fixed = any("*" in c or c in {a.name for a in signals} for c in options.channels)
    taken, names = named(default, replace(options, channels=()) if fixed else options, source)
    dtype = np.result_type(*(a.dtype for a in signals))
    contract = contract_of(dtype, len(taken), source)
    step = max(1, _SMALL_BYTES // max(1, 4 * len(default)))

    def pieces() -> Iterator[np.ndarray]:
        first = 0
        for parts in zip(*(a.pieces(step) for a in signals), strict=True):
            together = np.concatenate([p.reshape(len(p), -1) for p in parts], axis=1)
            yield converted(together[:, taken], contract, source, first)
            first += len(together)

    values = Rows((signals[0].shape[0], len(taken)), np.dtype(contract.dtype), pieces)
    small = sum(a.nbytes for a in signals) <= _SMALL_BYTES
    return whole(values) if small else values, names, contract


def _names(a: Array) -> list[str]:
    if len(a.shape) == 1 or a.shape[1] == 1:
        return [a.name]
    return [f"{a.name}_{i}" for i in range(a.shape[1])]


def _many(roles: _Roles, label: str, options: ReadOptions, source: Source) -> Reading:
    """One array [recordings, samples, channels]."""
    (a,) = roles.signals
    count, samples, channels = a.shape
    if samples < 2:
        raise too_short(samples, source)
    default = [f"{a.name}_{i}" for i in range(channels)] if channels > 1 else [a.name]
    taken, names = named(default, options, source)
    contract = contract_of(a.dtype, len(taken), source)
    labels = [label] * count
    if roles.labels is not None and roles.labels.shape[0] == count and not options.label:
        labels = _texts(roles.labels, source)

    def pieces() -> Iterator[np.ndarray]:
        for first, one in enumerate(a.pieces(1)):
            yield converted(one[0][:, taken], contract, source, first * samples)

    every = rows.Sequence(Rows((count * samples, len(taken)), np.dtype(contract.dtype), pieces))
    recordings = tuple(
        RawRecording(str(i), every.cut(i * samples, (i + 1) * samples), labels[i])
        for i in range(count)
    )
    return Reading(channels_of(names, options), None, recordings, contract)


def _runs(values: Samples, labels: list[str]) -> list[RawRecording]:
    cuts = rows.Sequence(values)
    found, start = [], 0
    for i in range(1, len(labels) + 1):
        if i == len(labels) or labels[i] != labels[start]:
            if i - start > 1:
                found.append(RawRecording(str(start), cuts.cut(start, i), labels[start]))
            start = i
    return found


def _texts(labels: Array, source: Source) -> list[str]:
    if labels.nbytes > _LABEL_BYTES:
        raise source.error("label", f"labels of {labels.nbytes} bytes are too many.", "Split it.")
    values = labels.load().reshape(labels.shape[0], -1)
    if values.shape[1] != 1 or values.dtype.kind not in "iufbU":
        what = f"array {labels.name} {list(labels.shape)} of {labels.dtype} holds no labels."
        raise source.error("label", what, "Labels are a vector of texts or whole numbers.")
    return [_text(v) for v in values[:, 0]]


def _text(value: object) -> str:
    if isinstance(value, np.bool_ | np.integer):
        return str(int(value))
    return f"{float(value):.9g}" if isinstance(value, np.floating) else str(value).strip()


def _rate(text: str, source: Source) -> float:
    rate = float(text)
    if not 0 < rate < float("inf"):
        raise source.error("rate", f"its sampling rate is {text} Hz.", "Mend it.")
    return rate
