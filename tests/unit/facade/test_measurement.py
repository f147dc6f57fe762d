"""Figures by name, each of its kind; what a board does not show is told."""

import pytest

from tinsmith.core.errors import UserError
from tinsmith.core.quantity import Emulated, Estimated, Planned
from tinsmith.facade.measurement import Measurement
from tinsmith.facade.proof import Proof
from tinsmith.prove.trace import Divergence, Verdict

COUNT = Emulated(1000, "instructions", "b", "unicorn 2")
FIGURES = {
    "instructions": COUNT,
    "instructions_least": COUNT,
    "latency": Estimated(1.5, "ms", "b", "table x 1.3; a paper", low=1, high=2),
    "flash": Emulated(9000, "B", "b", "zig 0", method="linked image"),
    "arena": Planned(64, "B", "b", "memory planner best"),
}


def test_figures_carry_their_method() -> None:
    found = Measurement("net", "b", 1, FIGURES)
    assert (found.instructions.value, found.instructions.method) == (1000, "emulated")
    assert (found.flash.value, found.flash.method) == (9000, "linked image")
    assert (found.latency.low, found.latency.high) == (1, 2)
    assert str(found).splitlines() == [
        "net on b, 1 case",
        "  instructions  1 000 instructions  emulated, unicorn 2",
        "  latency       1 to 2 ms           estimated, table x 1.3",
        "  flash         9 000 B             linked image, zig 0",
        "  arena         64 B                planned, memory planner best",
    ]


def test_the_least_is_shown_where_it_differs() -> None:
    few = Emulated(900, "instructions", "b", "unicorn 2")
    found = Measurement("net", "b", 2, {**FIGURES, "instructions_least": few})
    assert "instructions least  900 instructions" in str(found)
    assert "<td>900 instructions</td>" in found._repr_html_()


@pytest.mark.parametrize("name", ["cycles", "ram", "stack", "state", "ram_static", "weights"])
def test_what_there_is_not_is_told(name: str) -> None:
    found = Measurement("net", "b", 1, FIGURES)
    with pytest.raises(UserError, match=f"'b' shows no {name.replace('_', ' ')}") as e:
        getattr(found, name)
    assert e.value.hint == f"There are: {', '.join(FIGURES)}."


def test_a_proof_raises_with_the_first_difference() -> None:
    right = Verdict("host C", True, 3, 5)
    assert Proof("net", "b", (right,)).check().equal
    first = Divergence("layer", "y", "kernel", "It is wrong.", 0, 1, 4)
    wrong = Proof("net", "b", (right, Verdict("b/unicorn", False, 3, 5, first)))
    assert (wrong.equal, wrong.divergence) == (False, first)
    assert "NOT EQUAL" in str(wrong)
    with pytest.raises(UserError, match="b/unicorn diverges at layer") as e:
        wrong.check()
    assert e.value.code == "prove.diverges"
