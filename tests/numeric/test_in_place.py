"""What an operation says of its memory is true of its kernel: wherever the verifier of plans lets a
result share memory with an operand, the real kernel computes the right result there."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from programs import reference_program

from tinsmith.codegen.buffers import buffers_of
from tinsmith.codegen.module import MemoryPlan, Place
from tinsmith.codegen.program import Program
from tinsmith.codegen.verify import PlanError, verify_plan
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Node
from tinsmith.ir.op import OPS, Case, Op
from tinsmith.prove.bits import equal
from tinsmith.testing.kernels import HostKernels, Tested, all_kernels, binding_of, case_site

MOST_BYTES = 160
ALIGNMENT = 8


def small_cases(kernel: Tested) -> Iterator[Case]:
    """Rows of the table whose activations and results are small, and more than one word."""
    for case in kernel.rows.values():
        moving = [case.types[i] for i in activations(case)]
        sizes = [t.nbytes for t in (*moving, *case_site(OPS.get(kernel.op), case).outputs)]
        if max(sizes) <= MOST_BYTES and sizes[0] > ALIGNMENT:
            yield case


def activations(case: Case) -> list[int]:
    return [i for i in range(len(case.operands)) if i not in case.constant]


def use(op: Op, case: Case, shared: int) -> Program:
    """One use of the op, behind a copy of the operand that is to share memory."""
    b = Builder("net", "lowered")
    names = [
        b.constant(f"const_{i}", a, type.quant) if i in case.constant else b.input(f"in_{i}", type)
        for i, (a, type) in enumerate(zip(case.operands, case.types, strict=True))
    ]
    names[shared] = b.op("reshape", names[shared], shape=case.types[shared].shape, name="shared")
    graph, site = b.build(["shared"]), case_site(op, case)
    attrs = {k: v for k, v in case.attrs.items() if k != "parts"}
    parts = tuple(case.attrs.get("parts", ()))
    node = Node("result", op.name, tuple(names), ("result",), attrs, parts=parts)
    types = {**graph.types, "result": site.outputs[0]}
    return reference_program(
        graph.with_(nodes=(*graph.nodes, node), outputs=("result",), types=types)
    )


def plan(graph: Program, distance: int) -> MemoryPlan:
    """Everything far apart, but the result: the operand begins ``distance`` bytes behind it."""
    at, places = 0, {}
    for name, buffer in buffers_of(graph).items():
        at += 2 * MOST_BYTES
        places[name] = Place(at, buffer.nbytes, buffer.first, buffer.last)
        at += -(-buffer.nbytes // ALIGNMENT) * ALIGNMENT
    offset = places["shared"].offset - distance
    places["result"] = replace(places["result"], offset=offset)
    return MemoryPlan("by hand", at + 2 * MOST_BYTES, places, 0, {}, ALIGNMENT)


def accepted(graph: Program, distance: int) -> bool:
    try:
        verify_plan(graph, plan(graph, distance))
    except PlanError:
        return False
    return True


@pytest.fixture
def kernels(host_kernels: Callable[..., HostKernels]) -> HostKernels:
    return host_kernels("-O2", "-std=c99")


@pytest.mark.parametrize("kernel", all_kernels(), ids=str)
def test_where_a_plan_is_accepted_the_kernel_is_right(kernel: Tested, kernels: HostKernels) -> None:
    op, seen, ordered = OPS.get(kernel.op), 0, False
    for case in list(small_cases(kernel))[:3]:
        site = case_site(op, case)
        (want,) = op.reference(case.operands, site)
        for shared in activations(case):
            graph = use(op, case, shared)
            below, above = site.inputs[shared].nbytes, site.outputs[0].nbytes
            for distance in range(-below // ALIGNMENT * ALIGNMENT, above + 8, ALIGNMENT):
                if accepted(graph, distance):
                    got = kernels.call_over(op, case.operands, site, shared, distance)
                    assert equal(want, got), f"operand {shared} {distance} B behind the result"
                    seen += -below < distance < above
        ordered |= bool(binding_of(op, site).orders)
    assert (seen > 0) == ordered


@pytest.mark.parametrize("kernel", all_kernels(), ids=str)
def test_a_plan_is_accepted_from_the_declared_distance_on(kernel: Tested) -> None:
    op = OPS.get(kernel.op)
    found = list(small_cases(kernel))
    assert found, "the table needs a small row for every dtype"
    refused = 0
    for case in found:
        site = case_site(op, case)
        for shared in activations(case):
            graph = use(op, case, shared)
            safe = graph.calls[-1].distances(shared)
            least = -(-safe.least // ALIGNMENT) * ALIGNMENT
            most = max(least, site.outputs[0].nbytes) + ALIGNMENT
            assert all(accepted(graph, d) for d in range(least, most, ALIGNMENT))
            assert all(accepted(graph, d) for d in safe.exact)
            touching = least - ALIGNMENT > -site.inputs[shared].nbytes
            refused += touching and not accepted(graph, least - ALIGNMENT)
            if not graph.calls[-1].binding.orders and touching:
                assert not accepted(graph, least - ALIGNMENT)
    assert refused, "a larger distance than needed is declared"


def test_a_wrong_claim_is_seen(kernels: HostKernels) -> None:
    """A transpose that said it was elementwise would be caught."""
    op = OPS.get("transpose")
    case = op.cases["odd"]
    site = case_site(op, case)
    (want,) = op.reference(case.operands, site)
    assert not equal(want, kernels.call_over(op, case.operands, site, 0, 0))
