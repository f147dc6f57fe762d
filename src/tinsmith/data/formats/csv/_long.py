"""Long tables, where each line is one value of one channel, made wide: one row for each time."""

import numpy as np

from tinsmith.data.dataset import Channel
from tinsmith.data.format import ReadOptions
from tinsmith.data.formats.csv._collect import Collected, Lines
from tinsmith.data.text import Source


def widened(
    long: Collected, options: ReadOptions, source: Source
) -> tuple[Collected, tuple[Channel, ...]]:
    """Rows of all channels, in the order of label and group, then of time (without one: of lines);
    times that lack a channel are left out. Names of channels stand last in the keys of ``long``.

    Raises:
        UserError: ``long`` where no time has all channels.
    """
    names = list(dict.fromkeys(key[-1] for key in long.keys))
    if options.channels:
        names = [n for n in options.channels if n in names]
    owners = list(dict.fromkeys(key[:-1] for key in long.keys))
    place = {name: i for i, name in enumerate(names)}
    name = np.array([place.get(key[-1], -1) for key in long.keys])[long.lines.runs]
    owner = np.array([owners.index(key[:-1]) for key in long.keys])[long.lines.runs]
    parts = [_part(long.lines, owner == i, name, len(names)) for i in range(len(owners))]
    full = [p for p in parts if len(p[0])]
    if not full or not names:
        what = f"no time has a value of each channel ({', '.join(names)[:80]})."
        hint = "Choose channels that were sampled together: --set channels=..."
        raise source.error("long", what, hint)
    values, seconds, numbers = (np.concatenate(found) for found in zip(*full, strict=True))
    runs = np.repeat(np.arange(len(full)), [len(p[0]) for p in full])
    keys = tuple(k for k, p in zip(owners, parts, strict=True) if len(p[0]))
    timed = seconds if long.lines.seconds is not None else None
    channels = tuple(Channel(n, options.units.get(n, "")) for n in names)
    return Collected(Lines(values, timed, numbers, runs), keys, long.missing), channels


def _part(
    lines: Lines, mine: np.ndarray, name: np.ndarray, channels: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values [times, channels], times and numbers of lines of one label and group."""
    rows = np.flatnonzero(mine & (name >= 0))
    names = name[rows]
    if lines.seconds is None:
        times = np.zeros(len(rows))
        for i in range(channels):
            times[names == i] = np.arange((names == i).sum())
    else:
        times = lines.seconds[rows]
    there, row = np.unique(times, return_inverse=True)
    wide = np.full((len(there), channels), np.nan, np.float32)
    wide[row, names] = lines.values[rows, 0]
    first = np.full(len(there), np.iinfo(np.int64).max)
    np.minimum.at(first, row, lines.numbers[rows])
    whole = ~np.isnan(wide).any(axis=1)
    return wide[whole], there[whole], first[whole]
