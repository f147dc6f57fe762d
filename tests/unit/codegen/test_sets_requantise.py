"""`codegen/sets/_requantise.py`: its rows of factors, used as kernels use them, give what the
definitions give, for sums at both ends and around every change of the result."""

import numpy as np
import pytest

from tinsmith.codegen.sets._requantise import Requantise, requantise
from tinsmith.ir.graph import Attr
from tinsmith.ir.op import OPS, Site
from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.types import TensorType, type_of

ENDS = np.array([-(2**31) + 1, -(2**30), -1, 0, 1, 2**30, 2**31 - 1])


def site(rounding: str, zero: int, low: int, high: int, **attrs: Attr) -> Site:
    x, factor = TensorType((1, 1), "int32"), TensorType((1,), "int32")
    given: dict[str, Attr] = {
        "rounding": rounding, "zero_point": zero, "act_min": low, "act_max": high, **attrs,
    }  # fmt: skip
    return Site(given, (x, factor, factor), OPS.get("requantize").infer((x, factor, factor), given))


def offered(use: Site, factors: tuple[np.ndarray, np.ndarray], most: int) -> Requantise | None:
    return requantise(use, factors, np.array([-most]), np.array([most]))


def as_kernels_do(sums: np.ndarray, how: Requantise) -> np.ndarray:
    """What `kernels/dsp/ts_dsp_conv.inc` does with the rows and the clamp of bytes."""
    first, second = (int(v) for v in how.rows(1)[0])
    zero, room, back = how.clamp
    half = 0 if how.rounding == "single" else 1 << 31
    high = ((sums << 32) + sums * first + half) >> 32
    high = high - ((high < 0) & (how.rounding == "double"))
    y = np.clip(((high * second + (1 << 31)) >> 32) + zero, 0, 255)
    y = np.minimum(y + (room & 255), 255) + (back & 255)
    return np.asarray(y.astype(np.uint8).view(np.int8))


def changes(multiplier: int, right: int) -> np.ndarray:
    """Sums around those at which the result changes."""
    steps = np.arange(-260, 260) + 0.5
    near = np.rint(steps * 2.0 ** (31 + right) / max(multiplier, 1)).astype(np.int64)
    found = (near[:, None] + np.arange(-3, 4)).ravel()
    return np.concatenate([np.clip(found, ENDS[0], ENDS[-1]), ENDS])


@pytest.mark.parametrize("rounding", ["double", "single"])
@pytest.mark.parametrize("act", [(0, -128, 127), (-128, -128, 127), (5, -100, 99), (7, 7, 8)])
def test_rows_give_what_the_definition_gives(rounding: str, act: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(1)
    use = site(rounding, *act)
    for factor in (0.0, 2.0**-32, 0.2499999, 0.125, *np.exp(rng.uniform(-20, -1.5, 60))):
        m, s = multipliers([float(factor)])
        how = offered(use, (m, s), 2**31 - 1)
        assert how is not None
        sums = changes(int(m[0]), -int(s[0]))
        (wanted,) = OPS.get("requantize").reference((sums.astype(np.int32)[:, None], m, s), use)
        assert np.array_equal(as_kernels_do(sums, how), wanted[:, 0]), factor


def test_positive_is_what_is_clamped_at_the_zero_point() -> None:
    m, s = multipliers([0.01])
    kinds = {low: offered(site("double", 3, low, 127), (m, s), 999) for low in (2, 3, 4)}
    assert [k.rounding if k else "" for k in kinds.values()] == ["double", "positive", "positive"]


@pytest.mark.parametrize(
    ("rounding", "factor", "attrs"),
    [
        ("onnx", 0.1, {}), ("wide16", 0.1, {}), ("double", 0.25, {}), ("single", 3.0, {}),
        ("double", 0.1, {"dtype": "int16"}), ("double", 0.1, {"dtype": "uint8", "act_min": 0}),
    ],
)  # fmt: skip
def test_refused(rounding: str, factor: float, attrs: dict[str, Attr]) -> None:
    m, s = multipliers([factor])
    assert offered(site(rounding, 0, 0, 127, **attrs), (m, s), 999) is None


def test_a_float32_factor_is_kept_as_it_is_where_kernels_know_it() -> None:
    factors = np.array([1.5, 3e-9, 0.0625], np.float32)
    m, s = multipliers([float(f) for f in factors])
    use, sums = site("onnx", 0, -128, 127), np.array([99, 99, 99])
    how = requantise(use, (m, s), -sums, sums, ("onnx",))
    assert how is not None and how.rounding == "onnx"
    assert how.rows(3)[:, 0].view(np.float32).tolist() == factors.tolist()


def test_sums_beyond_int32_are_refused() -> None:
    m, s = multipliers([0.1])
    assert offered(site("double", 0, -128, 127), (m, s), 2**31 - 1) is not None
    assert offered(site("double", 0, -128, 127), (m, s), 2**31) is None


def test_a_row_for_each_channel_or_one_for_all() -> None:
    m, s = multipliers([0.1, 0.0, 0.01])
    use = site("single", 0, -128, 127)
    each, one = offered(use, (m, s), 99), offered(use, (m[:1], s[:1]), 99)
    assert each and one and not each.one and one.one
    assert len({tuple(r) for r in each.rows(3).tolist()}) == 3
    assert one.rows(3).tolist() == [one.rows(1)[0].tolist()] * 3
    assert type_of(each.rows(3)).dtype == "int32"
