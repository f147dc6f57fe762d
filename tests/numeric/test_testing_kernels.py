"""The kernel harness sees wrong bits and writes outside of results."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tinsmith.core.errors import InternalError
from tinsmith.ir.op import F32, OPS, Argument, In, Kernel, Out, Scratch
from tinsmith.prove.bits import equal
from tinsmith.testing.kernels import (
    Tested,
    all_kernels,
    binding_of,
    case_site,
    check_call,
    compile_kernels,
    kernel_sources,
    prototypes,
)

FLAGS = ("-O1", "-std=c99")
NAME, BODY = "relu_float32.c", "ts_unary.inc"


def one_kernel(old: str, new: str) -> dict[str, str]:
    sources = kernel_sources()
    assert old in sources[BODY]
    headers = {n: t for n, t in sources.items() if n.endswith(".h")}
    return {**headers, NAME: sources[NAME], BODY: sources[BODY].replace(old, new)}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("i < n;", "i <= n;"),
        ("int32_t i = 0;", "int32_t i = -1;"),
        ("y[i] =", "((float *)(uintptr_t)x)[i] = y[i] ="),
    ],
    ids=["behind", "before", "into_an_operand"],
)
def test_writes_outside_of_results_are_seen(old: str, new: str, tmp_path: Path) -> None:
    kernels = compile_kernels(tmp_path, FLAGS, one_kernel(old, new))
    op = OPS.get("relu")
    case = op.cases["odd"]
    with pytest.raises(InternalError, match=r"relu.* wrote outside"):
        kernels.call(op, case.operands, case_site(op, case))


def test_a_warning_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InternalError, match="unused variable"):
        compile_kernels(
            tmp_path, FLAGS, one_kernel("for (int32_t i", "float unused = x[0]; for (int32_t i")
        )


def test_bits_are_compared_and_nan_is_nan() -> None:
    zeros, ones = np.zeros(2, np.float32), np.ones(2, np.float32)
    nan = np.array([0x7FC00000, 0xFFC00001], np.uint32).view(np.float32)
    assert equal(zeros, zeros) and equal(nan, nan[::-1])
    assert not equal(zeros, -zeros)
    assert not equal(zeros, ones)
    assert not equal(zeros, nan)
    assert not equal(zeros, zeros.reshape(2, 1))
    assert not equal(zeros, zeros.astype(np.float64))
    assert equal(np.array(1, np.int8), np.array(1, np.int8))
    assert not equal(np.array([1], np.int8), np.array([2], np.int8))


PARAMETERS = prototypes(kernel_sources())


@pytest.mark.parametrize("kernel", all_kernels(), ids=str)
def test_an_op_gives_a_kernel_what_its_prototype_takes(kernel: Tested) -> None:
    op, function = OPS.get(kernel.op), f"ts_{kernel.name}"
    for case in kernel.rows.values():
        arguments = binding_of(op, case_site(op, case)).arguments
        check_call(f"{function}({PARAMETERS[function]})", arguments)


PROTOTYPE = "ts_f(const float *x, float *y, int32_t n, float low)"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([In(0), Out(), 3], r"gives 3 arguments .* takes 4: ts_f.const float"),
        ([In(0), Out(), 3, F32(1.0), 4], "gives 5 arguments"),
        ([In(0), Out(), F32(1.0), 3], "pointer, pointer, float, int32_t"),
        ([In(0), 3, Out(), F32(1.0)], "pointer, int32_t, pointer, float"),
    ],
)
def test_arguments_of_another_number_or_kind_are_told(
    arguments: Sequence[Argument], said: str
) -> None:
    check_call(PROTOTYPE, [In(0), Scratch(8), 3, F32(1.0)])
    with pytest.raises(InternalError, match=said):
        check_call(PROTOTYPE, arguments)


def test_a_kernel_is_not_called_with_a_wrong_number_of_arguments(tmp_path: Path) -> None:
    """It would read past its arguments: a segmentation fault, or luck."""
    kernels = compile_kernels(tmp_path, FLAGS, one_kernel("", ""))
    op, case = OPS.get("relu"), OPS.get("relu").cases["odd"]
    short = replace(op, kernels={"float32": Kernel(lambda site: [In(0), site.inputs[0].elements])})
    with pytest.raises(InternalError, match=r"gives 2 arguments .* takes 3: ts_relu_float32"):
        kernels.call(short, case.operands, case_site(op, case))
