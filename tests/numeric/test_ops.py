"""Every operation of the catalogue, every row of its table: reference against the float64 oracle,
and C on this computer against the reference, bit for bit, at every optimisation."""

from collections.abc import Callable

import numpy as np
import pytest

from tinsmith.ir.interp import Interpreter, site_of
from tinsmith.ir.op import OPS, Case, Op, Site
from tinsmith.prove.bits import equal
from tinsmith.testing.graphs import random_graph
from tinsmith.testing.kernels import HostKernels, all_kernels, case_site, kernel_sources

ROWS = [(op, row) for op in OPS.names() for row in OPS.get(op).cases]
WORLDS = {
    "O0-c99": ("-O0", "-std=c99"),
    "O2-c99": ("-O2", "-std=c99"),
    "O3-c99": ("-O3", "-std=c99"),
    "O0-gnu17": ("-O0", "-std=gnu17"),
    "O2-gnu17": ("-O2", "-std=gnu17"),
    "O3-gnu17-fused": ("-O3", "-std=gnu17", "-march=native", "-ffp-contract=fast"),
    "Os-c99-no-fpu": ("-Os", "-std=c99", "-DTS_NO_FPU"),
}
ORACLE_RANGE = (1e-30, 1e18)
"""Operands in this range keep float32's precision, with others only C is compared; results outside
are as far outside, or not a number either."""


def within_range(array: np.ndarray) -> np.ndarray:
    """Where a float array is zero or in `ORACLE_RANGE`."""
    low, high = ORACLE_RANGE
    size = np.abs(array.astype(np.float64))
    return (size == 0) | ((size > low) & (size < high))


def has_oracle(case: Case) -> bool:
    return all(within_range(o).all() for o in case.operands if o.dtype.kind == "f")


COMPARED = [(op, row) for op, row in ROWS if has_oracle(OPS.get(op).cases[row])]
"""Rows that the oracle speaks of."""


def reference(op: Op, case: Case) -> tuple[np.ndarray, ...]:
    with np.errstate(all="ignore"):
        return op.reference(case.operands, case_site(op, case))


def show_difference(want: np.ndarray, got: np.ndarray) -> str:
    """Each wrong index with both values, the first ten of them, and how many there are."""
    if (want.dtype, want.shape) != (got.dtype, got.shape):
        return f"{got.dtype}{got.shape} instead of {want.dtype}{want.shape}"
    pairs = zip(np.ndindex(want.shape), want.reshape(-1), got.reshape(-1), strict=True)
    wrong = [f"{i}: {b!r}, not {a!r}" for i, a, b in pairs if not equal(a[None], b[None])]
    return f"{len(wrong)} of {want.size} differ: " + "; ".join(wrong[:10])


@pytest.mark.parametrize(("name", "row"), ROWS, ids=lambda v: v)
def test_result_has_the_inferred_type(name: str, row: str) -> None:
    op = OPS.get(name)
    case = op.cases[row]
    types = case_site(op, case).outputs
    results = reference(op, case)
    assert [(r.dtype.name, r.shape) for r in results] == [(t.dtype, t.shape) for t in types]


@pytest.mark.parametrize(("name", "row"), COMPARED, ids=lambda v: v)
def test_reference_agrees_with_the_oracle(name: str, row: str) -> None:
    op = OPS.get(name)
    case = op.cases[row]
    if op.oracle is None:
        assert only_moves(op, case), "an op that computes needs an oracle"
        return
    with np.errstate(all="ignore"):
        wanted = op.oracle(case.operands, case_site(op, case))
    for got, want in zip(reference(op, case), wanted, strict=True):
        assert got.shape == want.shape
        if got.dtype in (np.int8, np.uint8, np.int16):
            steps = max(1, op.tolerance * np.max(np.abs(want)))
            assert np.max(np.abs(got - want)) <= steps
        elif got.dtype != np.float32 and want.dtype.kind == "f":
            assert np.max(np.abs(got.astype(np.float64) - want)) < 1
        elif got.dtype != np.float32:
            np.testing.assert_array_equal(got, want)
        else:
            at, low_and_high = within_range(want), (-ORACLE_RANGE[1], ORACLE_RANGE[1])
            inside = np.where(at, want, 0)
            limit = op.tolerance * np.max(np.abs(inside))
            assert np.max(np.abs(np.where(at, got, 0) - inside)) <= limit, show_worst(got, want)
            rest, other = (np.clip(v[~at], *low_and_high) for v in (want, got))
            np.testing.assert_allclose(other, rest, rtol=1e-5, atol=2 * ORACLE_RANGE[0])


def only_moves(op: Op, case: Case) -> bool:
    """Every result has the bytes of an element of an operand."""
    given = {v.tobytes() for o in case.operands for v in o.reshape(-1)}
    return all(v.tobytes() in given for r in reference(op, case) for v in r.reshape(-1))


def show_worst(got: np.ndarray, want: np.ndarray) -> str:
    worst = np.unravel_index(np.argmax(np.abs(got - want)), want.shape)
    return f"worst at {worst}: {got[worst]!r}, oracle {want[worst]!r}"


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("name", OPS.names())
def test_host_c_equals_the_reference(
    name: str, world: str, host_kernels: Callable[..., HostKernels]
) -> None:
    op = OPS.get(name)
    kernels = host_kernels(*WORLDS[world])
    found = []
    for row, case in op.cases.items():
        results = kernels.call(op, case.operands, case_site(op, case))
        for want, got in zip(reference(op, case), results, strict=True):
            if not equal(want, got):
                found.append(f"{name}/{row}: {show_difference(want, got)}")
    assert not found, "\n".join(found)


PLAIN = [n for n in OPS.names() if OPS.get(n).kernels]


@pytest.mark.parametrize("name", PLAIN)
def test_table_covers_every_kernel(name: str) -> None:
    op = OPS.get(name)
    assert {c.types[0].dtype for c in op.cases.values()} == set(op.kernels)
    assert {c.types[0].dtype for c in op.cases.values() if has_oracle(c)} == set(op.kernels)


def test_table_of_fused_uses_covers_every_kernel() -> None:
    bound = {k.file for k in all_kernels()}
    assert bound == {n for n in kernel_sources() if n.endswith(".c")}
    assert [k.name for k in all_kernels() if k.op == "fused" and not k.rows] == []


@pytest.mark.parametrize("name", PLAIN)
def test_random_use_equals_the_reference(
    name: str, rng: np.random.Generator, host_kernels: Callable[..., HostKernels]
) -> None:
    """Operands as random graphs make them: each extension's shapes and constants."""
    made = random_graph(rng, must_use=name)
    inputs = {k: v[0] for k, v in made.inputs.items()}
    values = {**made.graph.constants, **inputs, **Interpreter(made.graph).run(inputs)}
    kernels = host_kernels("-O2", "-std=c99")
    for node in made.graph.nodes:
        site: Site = site_of(made.graph, node)
        got = kernels.call(OPS.get(node.op), [values[i] for i in node.inputs], site)
        for output, array in zip(node.outputs, got, strict=True):
            assert equal(values[output], array), show_difference(values[output], array)
