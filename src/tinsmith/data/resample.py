"""Resampling: recordings of any rate, also an uneven one, brought to one rate.

Between samples values run straight. Where the new rate is lower, a new sample is the mean of that
line over one new period (its integral from half a period before to half a period after), which
keeps most of what the new rate cannot show out of it; where it is not, the value of the line.
"""

import numpy as np


def resample(values: np.ndarray, seconds: np.ndarray, rate_hz: float) -> np.ndarray:
    """Values [new samples, channels] float32 at ``rate_hz`` of samples [samples, channels] taken at
    ``seconds`` [samples], which increase; the first is taken at the first time."""
    span = float(seconds[-1] - seconds[0])
    count = int(np.floor(span * rate_hz * (1 + 1e-9))) + 1
    times = np.arange(count) / rate_hz
    own = seconds - seconds[0]
    averaged = rate_hz < 0.999 * (len(values) - 1) / span
    columns = [_means(own, v, times, rate_hz) if averaged else np.interp(times, own, v)
               for v in values.astype(np.float64).T]  # fmt: skip
    return np.stack(columns, axis=1).astype(np.float32)


def _means(own: np.ndarray, column: np.ndarray, times: np.ndarray, rate_hz: float) -> np.ndarray:
    areas = np.diff(own) * (column[1:] + column[:-1]) / 2
    integral = np.concatenate([[0.0], np.cumsum(areas)])
    low = np.maximum(times - 0.5 / rate_hz, 0)
    high = np.minimum(times + 0.5 / rate_hz, own[-1])
    area = _at(own, column, integral, high) - _at(own, column, integral, low)
    found: np.ndarray = area / (high - low)
    return found


def _at(own: np.ndarray, column: np.ndarray, integral: np.ndarray, times: np.ndarray) -> np.ndarray:
    """The integral of the line from the first sample to ``times``."""
    i = np.clip(np.searchsorted(own, times, side="right") - 1, 0, len(own) - 2)
    part = times - own[i]
    slope = (column[i + 1] - column[i]) / (own[i + 1] - own[i])
    found: np.ndarray = integral[i] + part * (column[i] + slope * part / 2)
    return found
