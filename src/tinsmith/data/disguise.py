"""Channels that are none: the label in disguise (in every recording one value, which tells the
label), and what only ever grows."""

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.data.dataset import Dataset

_RECORDINGS = 3
"""Fewer have different constants by accident."""
_SAMPLES = 8
_LONG, _STEPS = 32, 4
"""Samples of recordings, and different values in each, from which growing says something."""


def check_disguised(dataset: Dataset) -> None:
    """Whether no channel tells the label by a constant, while there are others.

    Raises:
        UserError ``data.disguise``: names the channel, its values, and what to say.
    """
    recordings = dataset.manifest.recordings
    channels = dataset.manifest.channels
    long = [r for r in recordings if r.samples >= _SAMPLES]
    if len(channels) < 2 or len(long) < _RECORDINGS or len(dataset.labels) < 2:
        return
    ends = [(r.label, v.min(axis=0), v.max(axis=0)) for r in long for v in [dataset.values(r)]]
    for i, channel in enumerate(channels):
        if any(low[i] != high[i] for _, low, high in ends):
            continue
        found: dict[float, set[str]] = {}
        for label, low, _ in ends:
            found.setdefault(float(low[i]), set()).add(label)
        if len(found) > 1 and all(len(labels) == 1 for labels in found.values()):
            raise _question(channel.name, {v: min(n) for v, n in found.items()})


def _question(name: str, values: dict[float, str]) -> UserError:
    shown = ", ".join(f"{value:g}: {label}" for value, label in sorted(values.items())[:4])
    return UserError(
        "data.disguise",
        f"Channel {name!r} never changes inside a recording, and its value tells the label "
        f"({shown}). A model would learn that and nothing else.",
        f"Leave it out: --set ignore={name}; if it is a true measurement, name all channels: "
        "--set channels=...",
    )


def growing(dataset: Dataset) -> tuple[str, ...]:
    """Names of channels that never fall inside a recording, though they change in each: counters
    and clocks do, sensors rarely."""
    long = [r for r in dataset.manifest.recordings if r.samples >= _LONG]
    if len(long) < _RECORDINGS:
        return ()
    left = np.ones(len(dataset.manifest.channels), bool)
    for recording in long:
        steps = np.diff(dataset.values(recording), axis=0)
        left &= (steps >= 0).all(axis=0) & ((steps > 0).sum(axis=0) >= _STEPS)
    return tuple(c.name for c, grows in zip(dataset.manifest.channels, left, strict=True) if grows)
