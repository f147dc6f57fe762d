"""Golden recordings at other instants: what a sensor with its own clock would have seen."""

from dataclasses import dataclass

import numpy as np

KERNELS = ("cubic", "linear", "sinc")
"""Interpolation kernels. How the signal went on between two samples is not known; a clean trace
may follow any of them."""

_LANCZOS = 4


@dataclass(frozen=True)
class Clock:
    """Sample k was taken at golden time ratio * k + shift, in sampling periods."""

    ratio: float
    shift: float
    kernel: str


def resample(golden: np.ndarray, times: np.ndarray, kernel: str) -> np.ndarray:
    """Golden [case, samples, channels] at ``times`` [n] (in sampling periods), [case, n, channels].

    Beyond the ends the outermost sample is held. ``linear``; ``cubic`` by Keys (IEEE Trans. ASSP
    29, 1981, equation 15, a = -1/2); ``sinc`` windowed by Lanczos (a = 4).
    """
    reach = {"linear": 1, "cubic": 2, "sinc": _LANCZOS}[kernel]
    base = np.floor(times).astype(np.int64)
    result = np.zeros((golden.shape[0], len(times), golden.shape[2]))
    total = np.zeros(len(times))
    for tap in range(1 - reach, reach + 1):
        weight = _weight(times - (base + tap), kernel)
        index = np.clip(base + tap, 0, golden.shape[1] - 1)
        result += weight[None, :, None] * golden[:, index, :]
        total += weight
    return np.asarray(result / total[None, :, None])


def _weight(distance: np.ndarray, kernel: str) -> np.ndarray:
    x = np.abs(distance)
    if kernel == "linear":
        return np.asarray(np.maximum(0.0, 1.0 - x))
    if kernel == "cubic":
        near = 1.5 * x**3 - 2.5 * x**2 + 1.0
        far = -0.5 * x**3 + 2.5 * x**2 - 4.0 * x + 2.0
        return np.asarray(np.where(x <= 1.0, near, np.where(x < 2.0, far, 0.0)))
    return np.asarray(np.where(x < _LANCZOS, np.sinc(x) * np.sinc(x / _LANCZOS), 0.0))
