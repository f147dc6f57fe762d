"""The type gate: a bare number is no quantity."""

from collections.abc import Callable

import pytest

BARE = """\"\"\"Planted.\"\"\"

from tinsmith.bench.outcome import Outcome
from tinsmith.build.firmware import SizeReport
from tinsmith.core.quantity import Emulated, Measured, Planned

FLASH = Emulated(9000, "B", "rpi_pico", "zig 0", method="linked image")
{line}
"""


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("SIZE = SizeReport(9000, FLASH, {}, FLASH, FLASH)", 'has incompatible type "int"'),
        ('SEEN = Outcome("u", "1", "emulated", "b", {}, stack=8)', 'has incompatible type "int"'),
        (
            'ARENA: Measured = Planned(8, "B", "host", "planner")',
            "Incompatible types in assignment",
        ),
    ],
)
def test_a_bare_number_is_no_quantity(tree, fails: Callable, line: str, says: str) -> None:
    tree.write("src/tinsmith/bench/planted.py", BARE.replace("{line}", line))
    fails(tree.make("gate-types"), "bench/planted.py", says)
