"""Reads the file, in the sandbox."""

from pathlib import Path

import numpy as np

from tinsmith.importers._frame import Refusal
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.types import TensorType

refuse = Refusal("plain")


def convert(path: Path, name: str) -> Graph:
    """The graph of a file.

    Raises:
        UserError: ``import.plain.broken``.
    """
    try:
        w = np.atleast_2d(np.loadtxt(path, np.float32))
    except ValueError as e:
        refuse("broken", f"{e}.", "Write one row of numbers a line.")
    b = Builder(name)
    x = b.input("x", TensorType((1, w.shape[1]), "float32"))
    bias = b.constant("bias", np.zeros(len(w), np.float32))
    return b.build([b.op("dense", x, b.constant("w", w), bias, name="y")])
