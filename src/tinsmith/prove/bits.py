"""Exact comparison: integers and floats bit for bit."""

import numpy as np


def differing(expected: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Where two arrays of one shape and dtype differ, as booleans.

    Floats are compared by their bits (0.0 and -0.0 differ); two NaN are equal whatever their
    payload, as IEEE 754 leaves it to the hardware.
    """
    if expected.dtype.kind != "f":
        return np.asarray(expected != seen)
    words = np.dtype(f"u{expected.dtype.itemsize}")
    bits = np.ascontiguousarray(expected).view(words) != np.ascontiguousarray(seen).view(words)
    return np.asarray(bits & ~(np.isnan(expected) & np.isnan(seen)))


def same_type(expected: np.ndarray, seen: np.ndarray) -> bool:
    """Whether two arrays have the same shape and dtype."""
    return expected.shape == seen.shape and expected.dtype == seen.dtype


def equal(expected: np.ndarray, seen: np.ndarray) -> bool:
    """Whether two arrays have the same shape, dtype and bits."""
    return same_type(expected, seen) and not differing(expected, seen).any()
