"""Errors, units and quantities."""

import pytest

from tinsmith.core.errors import UserError
from tinsmith.core.quantity import Emulated, Estimated
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
