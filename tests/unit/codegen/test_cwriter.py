"""Numbers as C: exact, and refused where they are not."""

import re

import numpy as np
import pytest

from tinsmith.codegen.cwriter import array_definition, float_literal, int_literal
from tinsmith.core.errors import InternalError


def test_float_literals_read_back_to_the_bit(rng: np.random.Generator) -> None:
    bits = rng.integers(0, 1 << 32, 2000, dtype=np.uint32)
    extremes = np.float32([0, -0.0, 1, 1e-45, np.finfo("f4").tiny, np.finfo("f4").max, -1 / 3])
    for value in [*extremes, *bits.view(np.float32)]:
        if np.isfinite(value):
            text = float_literal(float(value))
            assert re.fullmatch(r"-?0x[01]\.[0-9a-f]+p[+-]\d+f", text)
            assert np.float32(float.fromhex(text[:-1])).tobytes() == np.float32(value).tobytes()


def test_float_literals_are_short() -> None:
    assert [float_literal(v) for v in (1.0, -0.5, 0.0)] == ["0x1.0p+0f", "-0x1.0p-1f", "0x0.0p+0f"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e39, 0.1])
def test_what_float32_cannot_hold_is_refused(value: float) -> None:
    with pytest.raises(InternalError, match="not a finite float32"):
        float_literal(value)


def test_integer_literals() -> None:
    assert int_literal(-5) == "-5"
    assert int_literal(-(2**31)) == "(-2147483647 - 1)"
    for value in (2**31, -(2**31) - 1):
        with pytest.raises(InternalError, match="outside int32"):
            int_literal(value)


def test_arrays_have_a_line_per_row() -> None:
    text = array_definition("w", np.arange(6, dtype=np.int8).reshape(3, 2))
    assert text == "const int8_t w[6] = {\n    0, 1,\n    2, 3,\n    4, 5,\n};\n"
    wide = array_definition("w", np.full(99, -128, np.int8))
    assert max(map(len, wide.splitlines())) <= 100 and wide.count("-128") == 99
    assert array_definition("w", np.float32(1)) == "const float w[1] = {\n    0x1.0p+0f,\n};\n"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_arrays_hold_finite_numbers(value: float) -> None:
    with pytest.raises(InternalError, match="not a finite float32"):
        array_definition("w", np.float32([0, value]))
