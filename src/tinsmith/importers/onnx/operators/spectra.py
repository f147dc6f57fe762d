"""Spectra by products with constant matrices: DFT, STFT, MelWeightMatrix.

Source: ONNX operators (onnx/docs/Operators.md).
"""

from math import prod

import numpy as np

from tinsmith.compose import movement
from tinsmith.compose.layers import matmul
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.content import axis_in
from tinsmith.importers.onnx.operator import Operator
from tinsmith.importers.onnx.parse import dtype_name
from tinsmith.importers.onnx.use import Use

FLOAT = ("float32",)
MOST_ELEMENTS = 2**22
"""Of the matrix that a transform takes, and of the one that it is found with."""


def _dft(use: Use) -> str:
    """A transform along one axis of x [..., 1 (real) or 2 (real, imaginary)]."""
    x, shape = use.value(0, *FLOAT), use.shape(0)
    axis = _axis(use, len(shape))
    inverse, onesided = bool(use.integer("inverse", 0)), bool(use.integer("onesided", 0))
    if shape[-1] not in (1, 2) or axis == len(shape) - 1:
        raise Unsupported(f"x {shape} along axis {axis}")
    if inverse and not onesided:
        raise Unsupported("an inverse transform to complex numbers")
    if onesided and inverse == (shape[-1] == 1):
        raise Unsupported(f"one side of x {shape}, inverse {inverse}")
    count, length = shape[axis], 2 * (shape[axis] - 1) if inverse else shape[axis]
    if use.has(1):
        length = int(use.constant(1).ravel()[0])
    matrix = _matrix(count, shape[-1], length, inverse, onesided)
    others = [a for a in range(len(shape) - 1) if a != axis]
    order = [*others, axis, len(shape) - 1]
    rows = movement.transpose(use.b, x, order)
    rows = movement.reshape(use.b, rows, (prod(shape[a] for a in others), count * shape[-1]))
    y = matmul(use.b, rows, matrix.reshape(count * shape[-1], -1))
    wide = movement.reshape(use.b, y, (*(shape[a] for a in others), *matrix.shape[2:]))
    return use.b.renamed(movement.transpose(use.b, wide, np.argsort(order).tolist()), use.name)


def _axis(use: Use, rank: int) -> int:
    """An attribute up to version 19, operand 2 since."""
    if use.version < 20:
        return use.axis("axis", 1, rank)
    return axis_in(int(use.constant(2).ravel()[0]) if use.has(2) else -2, rank)


def _matrix(count: int, parts: int, length: int, inverse: bool, onesided: bool) -> np.ndarray:
    """[count, parts, bins, parts of the result]: what the transform makes of each place alone; an
    inverse one gives real numbers."""
    results = length // 2 + 1 if onesided and not inverse else length
    widest = count * parts * max(2 * results, count * parts)
    if length < 1 or widest > MOST_ELEMENTS:
        raise Unsupported(f"a transform of {count} places to {length}")
    basis = np.eye(count * parts).reshape(-1, count, parts)
    signal = basis[..., 0] + (1j * basis[..., 1] if parts == 2 else 0)
    if inverse:
        found = np.fft.irfft(signal, n=length, axis=1)[..., None]
    else:
        turned = np.fft.fft(signal, n=length, axis=1)[:, :results]
        found = np.stack([turned.real, turned.imag], -1)
    return found.reshape(count, parts, *found.shape[1:]).astype(np.float32)


def _stft(use: Use) -> str:
    """Transforms of frames of a signal [batch, places, 1 or 2]: [batch, frames, bins, 2]."""
    x, step = use.value(0, *FLOAT), int(use.constant(1).ravel()[0])
    batch, places, parts = use.shape(0) if len(use.shape(0)) == 3 else (0, 0, 0)
    window = use.constant(2) if use.has(2) else None
    length = places if window is None else window.size
    length = int(use.constant(3).ravel()[0]) if use.has(3) else length
    onesided = bool(use.integer("onesided", 1))
    if parts not in (1, 2) or step < 1 or not 1 <= length <= places:
        raise Unsupported(f"frames of {length}, {step} apart, of x {use.shape(0)}")
    if (window is not None and window.shape != (length,)) or (onesided and parts == 2):
        raise Unsupported(f"a window for frames of {length}, parts {parts}")
    frames = (places - length) // step + 1
    matrix = _matrix(length, parts, length, False, onesided)
    if window is not None:
        matrix = (matrix * window.reshape(-1, 1, 1, 1)).astype(np.float32)
    walk = movement.Walk(
        (batch, frames, length * parts), (places * parts, step * parts, 1)
    )  # fmt: skip
    y = matmul(use.b, movement.strided(use.b, x, walk), matrix.reshape(length * parts, -1))
    return use.b.renamed(movement.reshape(use.b, y, (batch, frames, *matrix.shape[2:])), use.name)


def _mel_weights(use: Use) -> np.ndarray:
    """Triangles of the mel scale [bins of the spectrum, bands]."""
    bands, length, rate = (int(use.constant(i).ravel()[0]) for i in range(3))
    low, high = (float(use.constant(i).ravel()[0]) for i in (3, 4))
    bins = length // 2 + 1
    if not (1 <= bands <= 4096 and 1 <= bins <= 2**16 and rate > 0 and 0 <= low < high):
        raise Unsupported(f"{bands} bands of {length} places from {low} to {high} Hz at {rate} Hz")
    ends = 2595 * np.log10(1 + np.array([low, high]) / 700)
    mel = ends[0] + np.arange(bands + 2) * (ends[1] - ends[0]) / (bands + 2)
    edges = ((length + 1) * 700 * (10 ** (mel / 2595) - 1) // rate).astype(int)
    if edges[-1] > bins:
        raise Unsupported(f"bands up to bin {edges[-1]} of {bins}")
    found = np.zeros((bins, bands))
    for band, (left, centre, right) in enumerate(zip(edges, edges[1:], edges[2:], strict=False)):
        rising, falling = np.arange(left, centre + 1), np.arange(centre, right)
        found[rising, band] = (rising - left) / (centre - left) if centre > left else 1
        if right > centre:
            found[falling, band] = (right - falling) / (right - centre)
    return found.astype(dtype_name(use.integer("output_datatype", 1)))


_KNOWN = "its operands must be known at import"
OPERATORS = (
    Operator("DFT", _dft, FLOAT, note="constant length and axis; inverse to real numbers only"),
    Operator("STFT", _stft, FLOAT, note="constant step, window and length"),
    Operator("MelWeightMatrix", _mel_weights, FLOAT, note=_KNOWN),
)
