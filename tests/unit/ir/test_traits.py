"""What ops say of themselves is true of their references, row by row of their tables."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from tinsmith.ir.op import OPS, Case, Op, Site
from tinsmith.ir.types import type_of
from tinsmith.testing.kernels import case_site

Rows = Iterator[tuple[Case, Site]]


def rows(op: Op) -> Rows:
    return ((case, case_site(op, case)) for case in op.cases.values())


def result(op: Op, operands: tuple[np.ndarray, ...], site: Site) -> np.ndarray:
    return op.reference(operands, site)[0]


def pointwise(op: Op, case: Case, site: Site) -> bool:
    """Elements in another order give results in that order."""
    count = site.outputs[0].elements
    sizes = [o.size for o in case.operands]
    along = [o.shape == case.operands[0].shape[-1:] != (1,) for o in case.operands[op.pointwise :]]
    if any(s not in (1, count) for s in sizes[: op.pointwise]) or any(along):
        return False  # something per channel
    order = np.random.default_rng(1).permutation(count)
    moved = tuple(
        o.reshape(-1)[order].reshape(o.shape) if i < op.pointwise and o.size == count else o
        for i, o in enumerate(case.operands)
    )
    want = result(op, case.operands, site).reshape(-1)[order]
    assert result(op, moved, site).reshape(-1).tobytes() == want.tobytes()
    return count > 1


def commutes(op: Op, case: Case, site: Site) -> bool:
    x, b = case.operands
    if x.shape != b.shape:
        return False
    turned = replace(site, inputs=site.inputs[::-1])
    want, got = result(op, (x, b), site), result(op, (b, x), turned)
    assert np.array_equal(got, want, equal_nan=want.dtype.kind == "f")
    return True


def increasing(op: Op, case: Case, site: Site) -> bool:
    x = np.sort(case.operands[0].reshape(-1))
    x = x[np.isfinite(x) & (x > 0)]
    if len(x) < 20:
        return False
    at = replace(site, inputs=(type_of(x),), outputs=(type_of(x),))
    y = result(op, (x,), at)
    assert np.all(y[1:] >= y[:-1])
    return True


def affine(op: Op, case: Case, site: Site) -> bool:
    x, c = case.operands
    tame = np.all(np.isfinite(x)) and np.all(np.isfinite(c)) and np.all(c != 0)
    if x.dtype != np.float32 or not tame or op.oracle is None or op.affine is None:
        return False
    factor, summand = op.affine(c.astype(np.float64))
    np.testing.assert_allclose(factor * x + summand, op.oracle((x, c), site)[0], rtol=1e-9)
    return True


def limits(op: Op, case: Case, site: Site) -> bool:
    x, *others = case.operands
    if x.dtype != np.float32 or any(o.size > 1 for o in others) or op.limits is None:
        return False
    low, high = op.limits([float(o.reshape(-1)[0]) for o in others])
    known = ~np.isnan(x)
    assert np.array_equal(np.clip(x, low, high)[known], result(op, case.operands, site)[known])
    return True


def moves(op: Op, case: Case, site: Site) -> bool:
    held = {e.tobytes() for e in case.operands[0].reshape(-1)}
    assert {e.tobytes() for e in result(op, case.operands, site).reshape(-1)} <= held
    return True


def walk(op: Op, case: Case, site: Site) -> bool:
    assert op.walk is not None and op.moves
    want = case.operands[0].reshape(-1)[op.walk(site).places()]
    assert result(op, case.operands, site).reshape(-1).tobytes() == want.tobytes()
    return True


def channel_axis(op: Op, case: Case, site: Site) -> bool:
    x, w, b = case.operands
    if x.dtype != np.float32 or op.channel_axis is None:
        return False
    factors = (2.0 ** (np.arange(site.outputs[0].shape[-1]) % 4)).astype(np.float32)
    shape = [1] * w.ndim
    shape[op.channel_axis] = -1
    got = result(op, (x, w * factors.reshape(shape), b * factors), site)
    want = result(op, case.operands, site) * factors
    assert np.array_equal(got, want, equal_nan=True)
    return True


def scores(op: Op, case: Case, site: Site) -> bool:
    if not np.all(np.isfinite(case.operands[0])) or site.inputs[0].dtype != "float32":
        return False
    y = result(op, case.operands, site)
    assert np.all(y >= 0) and np.allclose(y.sum(axis=-1), 1, atol=1e-5)
    return True


TRAITS: dict[str, Callable[[Op, Case, Site], bool]] = {
    f.__name__: f
    for f in (
        pointwise, commutes, increasing, affine, limits, moves, walk, channel_axis, scores
    )
}  # fmt: skip
SAID = [
    (name, trait)
    for name in OPS.names()
    for trait in TRAITS
    if getattr(OPS.get(name), trait) not in (None, False, 0) or trait == "channel_axis"
    if getattr(OPS.get(name), trait) is not None
]
INTEGERS_ONLY = {("softmax16", "scores")}
"""Its shares are steps of 1/32768."""


def judged(op: Op, trait: str) -> int:
    """Rows that the claim was tested with; AssertionError where it does not hold."""
    with np.errstate(all="ignore"):
        return sum(TRAITS[trait](op, case, site) for case, site in rows(op))


@pytest.mark.parametrize(("name", "trait"), SAID)
def test_what_an_op_says_of_itself_holds(name: str, trait: str) -> None:
    assert judged(OPS.get(name), trait) > 0 or (name, trait) in INTEGERS_ONLY


@pytest.mark.parametrize(
    ("name", "claim"),
    [
        ("cumsum", {"pointwise": 1}),
        ("softmax", {"pointwise": 1}),
        ("sub", {"commutes": True}),
        ("cos", {"increasing": True}),
        ("sub", {"affine": OPS.get("add").affine}),
        ("min", {"limits": OPS.get("max").limits}),
        ("neg", {"moves": True}),
        ("transpose", {"walk": OPS.get("reshape").walk}),
        ("dense", {"channel_axis": 1}),
        ("relu", {"scores": True}),
    ],
)
def test_a_wrong_claim_is_found(name: str, claim: dict[str, object]) -> None:
    op = replace(OPS.get(name), **claim)  # type: ignore[arg-type]
    with pytest.raises((AssertionError, ValueError)):
        judged(op, next(iter(claim)))


@pytest.mark.parametrize("name", OPS.names())
def test_an_op_that_runs_element_by_element_says_what_it_is(name: str) -> None:
    """So that transposes move through it and quantisation makes a table of it."""
    op = OPS.get(name)
    assert op.access != "elementwise" or op.pointwise or op.walk
    assert not op.commutes or op.pointwise == 2
    assert not op.increasing or op.pointwise == 1
