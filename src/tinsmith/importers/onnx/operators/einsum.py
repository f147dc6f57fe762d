"""Einsum: sums of products along axes that have letters, as products of matrices.

Operands are taken in order: each pair becomes one stack of matrix products over the letters that
both have and nobody needs later. Source: ONNX operators (onnx/docs/Operators.md), Einsum.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from tinsmith.compose import movement
from tinsmith.compose.elementwise import binary
from tinsmith.compose.layers import matmul
from tinsmith.compose.reduction import reduce
from tinsmith.compose.value import Value, operand, permuted, reshaped, shape_of
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.operator import Operator
from tinsmith.importers.onnx.operators.movement import bound
from tinsmith.importers.onnx.use import Use
from tinsmith.ir.builder import Builder

TYPES = ("float32", "int32")
_HIDDEN = "0123456789"
"""Letters of the axes that an ellipsis stands for, counted from the last."""


@dataclass(frozen=True)
class _Term:
    """A value and the letter of each of its axes, all different."""

    value: Value
    letters: str


def _einsum(use: Use) -> str:
    b = use.b
    values = [use.weights(i) for i in range(use.count)]
    for i in range(use.count):
        if (found := use.dtype(i)) not in TYPES:
            raise Unsupported(f"operand {i} is {found}; supported: {', '.join(TYPES)}")
    equation = use.text("equation").replace(" ", "")
    inputs, result = _letters(equation, [len(shape_of(b, v)) for v in values])
    lengths = _lengths(b, values, inputs)
    if set(result) - set(lengths) or len(set(result)) < len(result):
        raise Unsupported(f"its equation {equation!r} names a result that its operands do not have")
    terms = [_plain(b, _Term(v, t), lengths) for v, t in zip(values, inputs, strict=True)]
    total, *rest = terms
    for i, term in enumerate(rest):
        later = {*result, *(c for t in rest[i + 1 :] for c in t.letters)}
        total = _product(b, _summed(b, total, {*later, *term.letters}),
                         _summed(b, term, {*later, *total.letters}), later)  # fmt: skip
    total = _summed(b, total, {*result})
    y = permuted(b, total.value, [total.letters.index(c) for c in result])
    return b.renamed(operand(b, y, use.name), use.name)


def _letters(equation: str, ranks: Sequence[int]) -> tuple[list[str], str]:
    """The letters of each operand and of the result; an ellipsis becomes digits."""
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    if len(terms) != len(ranks):
        raise Unsupported(f"its equation {equation!r} is for {len(terms)} operands")
    most = 0
    for i, (term, rank) in enumerate(zip(terms, ranks, strict=True)):
        hidden = rank - len(term.replace("...", ""))
        if hidden < 0 or (hidden and "..." not in term) or hidden > len(_HIDDEN):
            raise Unsupported(f"its equation {equation!r} does not fit operand {i} of {rank} axes")
        terms[i] = term.replace("...", _HIDDEN[:hidden][::-1], 1)
        most = max(most, hidden)
    every = "".join(terms)
    ellipsis = _HIDDEN[:most][::-1]
    if not arrow:
        counts = Counter(every)
        right = "..." + "".join(sorted(c for c, n in counts.items() if n == 1 and c.isalpha()))
    result = right.replace("...", ellipsis, 1)
    if not all(c.isalpha() or c in ellipsis for c in every + result):
        raise Unsupported(f"its equation is {equation!r}")
    return terms, result


def _lengths(b: Builder, values: Sequence[Value], terms: Sequence[str]) -> dict[str, int]:
    """The length of each letter's axis; lengths of 1 fit any other."""
    found: dict[str, int] = {}
    for value, term in zip(values, terms, strict=True):
        for letter, length in zip(term, shape_of(b, value), strict=True):
            if 1 not in (length, found.setdefault(letter, length)) and length != found[letter]:
                raise Unsupported(f"axes {letter!r} of {found[letter]} and {length} elements")
            found[letter] = max(found[letter], length)
    return found


def _plain(b: Builder, term: _Term, lengths: Mapping[str, int]) -> _Term:
    """Letters that occur twice are walked along the diagonal; axes of 1 get their full length."""
    shape = shape_of(b, term.value)
    letters = "".join(dict.fromkeys(term.letters))
    steps = dict.fromkeys(letters, 0)
    for letter, length, step in zip(term.letters, shape, movement.row_major(shape), strict=True):
        steps[letter] += step if length > 1 else 0
    full = bound([lengths[c] for c in letters], 4)
    if letters == term.letters and full == shape:
        return term
    if isinstance(term.value, np.ndarray):
        flat = np.ascontiguousarray(term.value)
        bytes_of = [steps[c] * flat.itemsize for c in letters]
        view = np.lib.stride_tricks.as_strided(flat, full, bytes_of)
        return _Term(view.copy(), letters)
    walk = movement.Walk(full, [steps[c] for c in letters])
    return _Term(movement.strided(b, term.value, walk), letters)


def _summed(b: Builder, term: _Term, kept: set[str]) -> _Term:
    """Sums along axes that nobody needs."""
    axes = tuple(i for i, c in enumerate(term.letters) if c not in kept)
    if not axes:
        return term
    letters = "".join(c for c in term.letters if c in kept)
    if isinstance(term.value, np.ndarray):
        return _Term(term.value.sum(axis=axes, dtype=term.value.dtype), letters)
    return _Term(reduce(b, "sum", term.value, axes, False), letters)


def _product(b: Builder, x: _Term, y: _Term, kept: set[str]) -> _Term:
    """Products of two terms, summed over the letters of both that are not kept."""
    both = [c for c in x.letters if c in y.letters]
    if isinstance(x.value, np.ndarray) and isinstance(y.value, str) and not set(both) & kept:
        x, y = y, x
    batch = "".join(c for c in both if c in kept)
    inner = "".join(c for c in both if c not in kept)
    left = "".join(c for c in x.letters if c not in both)
    right = "".join(c for c in y.letters if c not in both)
    first, second = _ordered(b, x, batch + left + inner), _ordered(b, y, batch + inner + right)
    lengths = dict(zip(first.letters, shape_of(b, first.value), strict=True))
    lengths |= dict(zip(second.letters, shape_of(b, second.value), strict=True))
    shapes = [[lengths[c] for c in part] for part in (batch, left, inner, right)]
    stack, m, k, n = shapes[0], *(prod(s) for s in shapes[1:])
    wanted = bound([*stack, *shapes[1], *shapes[3]], 4)
    p = reshaped(b, first.value, (*stack, m, k))
    q = reshaped(b, second.value, (*stack, k, n))
    if inner:
        z = matmul(b, p, q)
    else:
        z = binary(b, "mul", operand(b, p, "left"), operand(b, q, "right"))
    return _Term(movement.reshape(b, z, wanted), batch + left + right)


def _ordered(b: Builder, term: _Term, letters: str) -> _Term:
    value = permuted(b, term.value, [term.letters.index(c) for c in letters])
    return replace(term, value=value, letters=letters)


OPERATORS = (Operator("Einsum", _einsum, TYPES),)
