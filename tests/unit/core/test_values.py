"""Errors, units and quantities."""

import pytest

from tinsmith.core.errors import UserError
from tinsmith.core.quantity import Emulated, Estimated, Measured, Planned, Quantity, plus
from tinsmith.core.units import bytes_text, count_text, percent_text


def test_an_error_reads_as_message_and_hint() -> None:
    assert str(UserError("a.b", "We got x.", "Try y.")) == "We got x. Try y."
    assert str(UserError("a.b", "We got x.")) == "We got x."


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_345, "12.3 kB"), (2_096_896, "2.10 MB")],
)
def test_bytes(count: int, text: str) -> None:
    assert bytes_text(count) == text


def test_counts_and_shares() -> None:
    assert count_text(1234567) == "1 234 567"
    assert percent_text(0.975) == "97.5 %"


def test_an_estimate_lies_in_its_range() -> None:
    Estimated(2.0, "ms", "b", "model", low=1.0, high=3.0)
    with pytest.raises(ValueError, match="low <= value <= high"):
        Estimated(4.0, "ms", "b", "model", low=1.0, high=3.0)


def test_quantities_of_different_methods_are_never_equal() -> None:
    emulated = Emulated(1.0, "B", "b", "unicorn")
    assert emulated != Estimated(1.0, "B", "b", "unicorn", low=1, high=1)
    assert emulated != Planned(1.0, "B", "b", "unicorn")
    assert emulated != Planned(1.0, "B", "b", "unicorn", method="emulated")


@pytest.mark.parametrize(
    ("quantity", "text"),
    [
        (
            Emulated(109576, "instructions", "b", "unicorn 2.1.4"),
            "109 576 instructions (emulated, unicorn 2.1.4)",
        ),
        (
            Emulated(12, "B", "b", "zig 0.14", method="linked image"),
            "12 B (linked image, zig 0.14)",
        ),
        (Planned(12, "B", "host", "memory planner x"), "12 B (planned, memory planner x)"),
        (
            Estimated(1.5, "ms", "b", "cycle table", low=1.3, high=1.75),
            "1.3 to 1.75 ms (estimated, cycle table)",
        ),
        (Measured(0.001234, "s", "b", "scope"), "0.00123 s (measured, scope)"),
    ],
)
def test_a_quantity_prints_itself(quantity: Quantity, text: str) -> None:
    assert str(quantity) == text


def test_the_sum_of_two_figures_is_as_good_as_the_worse() -> None:
    linked = Emulated(1300, "B", "b", "zig", method="linked image")
    stack = Measured(200, "B", "b", "probe")
    assert plus(linked, stack) == Emulated(
        1500, "B", "b", "zig + probe", method="linked image + measured"
    )
    assert isinstance(plus(stack, stack), Measured)
    with pytest.raises(ValueError, match="no sum"):
        plus(linked, Emulated(1, "B", "another", "zig"))
    with pytest.raises(ValueError, match="no sum"):
        plus(linked, Emulated(1, "ms", "b", "zig"))


def test_counts_are_whole() -> None:
    assert Emulated(3.0, "B", "b", "s").whole == 3
    with pytest.raises(ValueError, match="not a whole number"):
        _ = Emulated(3.5, "B", "b", "s").whole
