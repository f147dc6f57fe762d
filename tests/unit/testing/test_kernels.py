"""The kernel harness sees wrong bits and writes outside of results."""

from pathlib import Path

import numpy as np
import pytest

from tinsmith.core.errors import InternalError
from tinsmith.ir.op import OPS
from tinsmith.prove.bits import equal
from tinsmith.testing.kernels import case_site, compile_kernels, kernel_sources

FLAGS = ("-O1", "-std=c99")
NAME = "relu_float32.c"


def one_kernel(old: str, new: str) -> dict[str, str]:
    text = kernel_sources()[NAME]
    assert old in text
    return {
        NAME: text.replace(old, new),
        **{n: t for n, t in kernel_sources().items() if n.endswith(".h")},
    }


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
    with pytest.raises(InternalError, match="relu wrote outside"):
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
