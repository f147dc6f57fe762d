"""What trials would not miss: results that are wrong or never written, and writes elsewhere."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from trial_families import LAYERS, draw
from trial_runs import EXTENSIONS, faults, roomy
from trials import RED, Trial, Tried, tried

from tinsmith.codegen.kernel_set import SETS
from tinsmith.core.errors import UserError

BOARDS_RUN = ("host", "nucleo_l4r5zi", "alif_e7")


def made_for(board: str) -> Tried:
    return tried(draw("add", 0, 3), roomy(board))


def with_step(made: Tried, trial: Trial, change: Callable[[str], str]) -> Tried:
    """With the body of a trial's step changed."""
    path, symbol = f"{made.module.name}.c", made.module.steps[trial.node]
    head, start, rest = made.module.sources[path].partition(f"TS_STEP void {symbol}(")
    opening, body = rest.split("{\n", 1)
    own, end, tail = body.partition("\n}\n")
    text = f"{head}{start}{opening}{{\n{change(own)}{end}{tail}"
    return replace(made, module=replace(made.module, sources={**made.module.sources, path: text}))


def told(made: Tried, board: str) -> list[str]:
    return faults(made, roomy(board), ("zig", "size"), np.random.default_rng(1))


@pytest.mark.parametrize("board", BOARDS_RUN)
def test_planted_faults_are_seen(board: str, require_tool: Callable[[str], str]) -> None:
    require_tool("qemu-system-arm")
    made = made_for(board)
    assert not told(made, board)
    trial = made.trials[1]
    value, at = trial.results[0]
    size, operand = made.uses.graph.type(value).nbytes, trial.operands[0][1]
    apart = not operand <= at < operand + size and not at <= operand < at + size
    places = {"result": at, "behind": at + size, "before": at - 1, "far": RED // 2}
    places |= {"operand": operand} if apart else {}
    for name, place in places.items():
        wrong = f"    arena[{place}] = (uint8_t)(arena[{place}] + 1);"
        found = told(with_step(made, trial, lambda own, more=wrong: f"{own}\n{more}"), board)
        assert len(found) == 2 and all(trial.kernel in f for f in found), name  # in each case
    nothing = "    (void)state;\n    *(volatile uint8_t *)arena = *(volatile uint8_t *)arena;"
    assert len(told(with_step(made, trial, lambda own: nothing), board)) == 2


def test_an_access_that_a_core_cannot_do_is_seen() -> None:
    made, wrong = made_for("rpi_pico"), "    (void)*(volatile uint32_t *)(void *)(arena + 1);"
    planted = with_step(made, made.trials[0], lambda own: f"{own}\n{wrong}")
    assert not told(made, "rpi_pico")
    with pytest.raises(UserError, match="faults there"):
        told(planted, "rpi_pico")


def test_this_computer_runs_the_plain_c_of_every_set() -> None:
    kinds = {t.kernel.partition("/")[0] for t in made_for("host").trials}
    assert {"dsp", "mve", "plain", "ref"} <= kinds
    assert {b for s in SETS.all() for b in s.needs} <= {"fpu", *EXTENSIONS}


def test_families_reach_every_set() -> None:
    sets, found = list(SETS.all()), set[str]()
    for family in LAYERS:
        shapes = draw(family, 0, 12)
        found |= {c.set.name for n in shapes.graph.nodes for c in shapes.offers(n, sets)}
    assert found == set(SETS.names())


def test_kernels_for_other_cores_are_tried_less_often() -> None:
    shapes, board = draw("add", 0, 40), roomy("nucleo_l4r5zi")
    all_, some = tried(shapes, board), tried(shapes, board, ("dsp",))
    for made, least in ((all_, 40), (some, 10)):
        times = Counter(t.kernel.partition("/")[0] for t in made.trials)
        assert times["ref"] == times["plain"] == least and times["dsp"] > 30


def test_uses_lie_over_operands_where_kernels_allow_it() -> None:
    made = tried(draw("add", 0, 20), roomy("nucleo_l4r5zi"))
    over = [t for t in made.trials if t.results[0][1] in {at for _, at in t.operands}]
    assert len(over) > len(made.trials) // 4
