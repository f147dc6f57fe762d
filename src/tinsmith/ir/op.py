"""Op: everything that is known of one operation, in one file under `ir/ops`.

The numpy reference is the meaning. Kernels in C (`kernels/<set>/<op>_<dtype>.c`) are bound by file
name and must agree with it: integers to the last bit, floats to the last bit too as long as both
follow the declared order.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from tinsmith.core.catalogue import Catalogue
from tinsmith.core.errors import UserError
from tinsmith.ir.graph import Attr
from tinsmith.ir.types import SIZES, Quant, TensorType
from tinsmith.ir.walk import Walk

Attrs = Mapping[str, Attr]
Types = Sequence[TensorType]


class ShapeError(UserError):
    """Operands that an op cannot take; the message has the shapes."""

    def __init__(self, op: str, message: str) -> None:
        super().__init__("ir.shape", f"{op}: {message}")


@dataclass(frozen=True)
class Site:
    """One use of an op: attributes and types. What references, kernels and costs get to see;
    never names."""

    attrs: Attrs
    inputs: tuple[TensorType, ...]
    outputs: tuple[TensorType, ...]


@dataclass(frozen=True)
class Check:
    """What every use of an op keeps beyond its inference, as the content of constants is needed to
    tell; a row of the grammar of quantised and lowered graphs.

    Args:
        name: of the row.
        holds: (use, content of each operand, None where it is no constant) -> whether it is kept.
        sentence: why a use is rejected.
    """

    name: str
    holds: Callable[[Site, Sequence[np.ndarray | None]], bool]
    sentence: str


@dataclass(frozen=True)
class In:
    """Kernel argument: pointer to operand ``index``, or so many bytes into it."""

    index: int
    skip: int = 0


@dataclass(frozen=True)
class Out:
    """Kernel argument: pointer to result ``index``."""

    index: int = 0


@dataclass(frozen=True)
class Scratch:
    """Kernel argument: pointer to ``nbytes`` of scratch, 8-byte aligned, contents undefined."""

    nbytes: int


@dataclass(frozen=True)
class F32:
    """Kernel argument: a float literal, printed exactly (hexadecimal)."""

    value: float


Argument = In | Out | Scratch | F32 | int


@dataclass(frozen=True)
class Kernel:
    """How one C kernel is called: ``ts_<op>_<suffix>(arguments...)``, in the order of its
    prototype.

    ``suffix`` is the dtype where empty; kernels that only move elements share one per width:
    ``b1``, ``b2``, ``b4``, ``b8``.
    """

    arguments: Callable[[Site], Sequence[Argument]]
    suffix: str = ""


def moving(arguments: Callable[[Site], Sequence[Argument]], *dtypes: str) -> dict[str, Kernel]:
    """Kernels of an op that moves elements of any kind: one per width (all dtypes if none are
    named)."""
    return {d: Kernel(arguments, f"b{SIZES[d]}") for d in dtypes or SIZES}


@dataclass(frozen=True)
class Cost:
    """What one use of an op has to do: multiply-accumulates, and bytes of constants that it
    reads."""

    macs: int = 0
    weight_bytes: int = 0


@dataclass(frozen=True)
class Case:
    """One row of an op's test table. Operands listed in ``constant`` are constants, the others
    activations."""

    operands: tuple[np.ndarray, ...]
    types: tuple[TensorType, ...]
    attrs: Attrs = field(default_factory=dict)
    constant: tuple[int, ...] = ()
    out_quant: Any = None
    """Quant of the result where the op does not infer it."""


@dataclass(frozen=True)
class Extension:
    """How a random graph may go on from an activation: operands (0 = the activation, 1 = another
    activation of the same type, or a constant with its type) and attributes."""

    operands: tuple[int | tuple[np.ndarray, TensorType], ...]
    attrs: Attrs = field(default_factory=dict)
    out_quant: Quant | None = None
    """Quant of the result where the op does not infer it."""


@dataclass(frozen=True)
class Op:
    """One operation.

    Args:
        name: the file's name.
        infer: operand types and attributes -> result types; raises ShapeError with the shapes.
        reference: operands (numpy) and the Site -> results (numpy), bit-exact meaning of the op.
        oracle: the same in float64 with the textbook formula, for float ops; None for exact integer
            ops.
        kernels: dtype of operand 0 -> how to call ``kernels/ref/<name>_<suffix>.c``.
        cost: arithmetic of one use.
        access: order in which a kernel touches memory, from which safe aliasing follows.
            ``elementwise``: results are written front to back and element i is written after
            everything at index <= i of the aliased operand was read, of which it is a function;
            ``streamed``: the same order, of any function; ``moving``: results are written front to
            back, each after the element that it holds was read; ``windows``: results are written
            pixel by pixel, and operand 0 is read in the pixel's window only; ``steps``: in each
            direction of a recurrent layer a row of operand 0 is read while that of the result is
            written; ``whole``: an operand may be read after any result byte was written.
        alias: indices of operands the result may share memory with (0 for ``windows``).
        cases: the test table: reference vs oracle, host C and emulated C run all of it.
        extend: proposes a use of the op on an activation type for random graphs, None where it does
            not apply.
        followed_by: operations on its result that a fused kernel may do in the same step.
        tolerance: allowed max|a-b| / max|b| of float results against the oracle; looser than 1e-5
            needs ``why``.

    What rewrites and quantisation may rely on (tests hold each against the reference):

    Args:
        pointwise: how many operands the result is a function of element by element, the first ones;
            each has the result's number of elements or repeats. The operands behind them are
            parameters: one for all, or one per channel (last axis). 0 for other ops.
        commutes: its two operands may change places.
        increasing: of two values the larger one never has the smaller result.
        affine: constant second operand c -> (factor, summand) in float64, with which the result is
            factor * x + summand.
        limits: single values of the operands behind x -> (low, high), to which x is clamped.
        moves: results hold elements of operand 0 as they are; the other operands say which.
        walk: the elements of operand 0 that the result holds, in order, for an op that moves.
        channel_axis: of a layer (x, weights, bias): the axis of the weights that counts the
            channels, the last axis of the result.
        scores: the last axis of its result holds shares of classes: they sum to one.
        quantises: its result stands for real numbers by a scale: not in the float dialect.
        storable: whether a file of ours may hold it; False where kernels trust what a constant
            holds.
        checks: what its uses keep beyond inference.
    """

    name: str
    infer: Callable[[Types, Attrs], tuple[TensorType, ...]]
    reference: Callable[[Sequence[np.ndarray], Site], tuple[np.ndarray, ...]]
    kernels: Mapping[str, Kernel]
    cases: Mapping[str, Case]
    extend: Callable[[np.random.Generator, TensorType], Extension | None]
    cost: Callable[[Site], Cost] = lambda site: Cost()
    oracle: Callable[[Sequence[np.ndarray], Site], tuple[np.ndarray, ...]] | None = None
    access: Literal["whole", "elementwise", "streamed", "moving", "windows", "steps"] = "whole"
    alias: tuple[int, ...] = ()
    followed_by: tuple[str, ...] = ()
    tolerance: float = 1e-5
    why: str = ""
    pointwise: int = 0
    commutes: bool = False
    increasing: bool = False
    affine: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]] | None = None
    limits: Callable[[Sequence[float]], tuple[float, float]] | None = None
    moves: bool = False
    walk: Callable[[Site], Walk] | None = None
    channel_axis: int | None = None
    scores: bool = False
    quantises: bool = False
    storable: bool = True
    checks: tuple[Check, ...] = ()

    def kernel_name(self, dtype: str) -> str:
        """File and function (behind ``ts_``) of the kernel for a dtype of operand 0."""
        return f"{self.name}_{self.kernels[dtype].suffix or dtype}"


OPS: Catalogue[Op] = Catalogue("op", "tinsmith.ir.ops", Op)
