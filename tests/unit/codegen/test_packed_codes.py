"""Weights of few values as codes: what they stand for, and how they lie in words."""

import numpy as np
import pytest

from tinsmith.codegen.sets.packed._codes import every_width, padded, words

LEAST_BITS = {
    "ternary": ((-127, 0, 127), 2), "binary": ((-1, 1), 1), "binary, far apart": ((-127, 127), 1),
    "all the same": ((5, 5), 1), "two bits": ((-2, -1, 0, 1), 2), "int4": (tuple(range(-8, 8)), 4),
    "int4, moved": (tuple(range(100, 116)), 4), "multiples": (tuple(range(-120, 120, 17)), 4),
    "uint8": ((0, 255), 1),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(LEAST_BITS))
def test_codes_stand_for_the_weights(name: str, rng: np.random.Generator) -> None:
    values, bits = LEAST_BITS[name]
    rows = rng.choice(np.array(values), (5, 19))
    rows[0, : len(values)] = values
    found = list(every_width(rows))
    assert [c.bits for c in found] == [b for b in (1, 2, 4) if b >= bits]
    for codes in found:
        assert np.array_equal(codes.low + codes.spacing * codes.rows, rows)
        assert codes.rows.min() >= 0 and codes.rows.max() < 1 << codes.bits


@pytest.mark.parametrize("values", [range(-8, 9), (0, 1, 16), (-128, 0, 1)])
def test_other_weights_have_no_codes(values: range | tuple[int, ...]) -> None:
    assert not list(every_width(np.array([list(values)])))


def test_a_depth_that_sums_may_not_have_is_refused() -> None:
    assert list(every_width(np.ones((1, 1 << 14), np.int64)))
    assert not list(every_width(np.ones((1, (1 << 14) + 1), np.int64)))


def test_the_first_field_is_the_lowest_of_the_lower_half() -> None:
    fields = np.array([[[1, 2, 3, 4], [5, 6, 7, 15]]])
    assert [int(w) & 0xFFFFFFFF for w in words(fields, 4)] == [0xF7654321]
    assert padded(np.ones((5, 3), int), 4, 8).shape == (8, 8)
