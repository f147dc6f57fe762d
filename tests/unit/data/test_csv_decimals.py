"""Plain decimals are read as `float` reads them, to the last bit; everything else is left alone."""

import numpy as np
import pytest

from tinsmith.data.formats.csv._decimals import PAD, decimals


def parsed(cells: list[str]) -> np.ndarray | None:
    text = ",".join(cells).encode() + b","
    data = np.frombuffer(b"9" * PAD + text, np.uint8)
    ends = np.flatnonzero(data == 44)
    starts = np.concatenate([[PAD], ends[:-1] + 1])
    return decimals(data, starts, ends)


@pytest.mark.parametrize("point", range(-1, 8))
def test_as_float_reads_them(point: int, rng: np.random.Generator) -> None:
    cells = []
    for _ in range(3000):
        whole = int(rng.integers(1, 15 - max(point, 0) + 1))
        digits = "".join(rng.choice(list("0123456789"), whole))
        behind = "".join(rng.choice(list("0123456789"), max(point, 0)))
        sign = "-" if rng.random() < 0.5 else ""
        cells.append(sign + digits + ("." + behind if point >= 0 else ""))
    found = parsed(cells)
    assert found is not None
    wanted = np.array([float(cell) for cell in cells])
    assert found.tobytes() == wanted.tobytes()


@pytest.mark.parametrize(
    "odd",
    ["", "-", ".", "1.2.3", "1.2x", "1x.25", "12:34", "nan", "1e5", "1.255", "1.2", " 1.25",
     "+1.25", "1234567890123456.25", "--1.25", "1-2.25", ".25", "١.25", "1/2.25", "1.-5"],
)  # fmt: skip
def test_what_is_no_plain_decimal_is_left_alone(odd: str) -> None:
    for cells in (["1.25", odd, "2.50"], [odd, "1.25"], ["3.25", odd]):
        assert parsed(cells) is None


def test_numbers_of_one_digit_and_of_fifteen() -> None:
    found = parsed(["1", "-2", "123456789012345", "0", "-0"])
    assert found is not None
    assert found.tolist() == [1, -2, 123456789012345, 0, 0]
    assert np.signbit(found[-1])
