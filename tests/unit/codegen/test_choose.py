"""Kernels are chosen by what they cost and what a module is to be good at."""

from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest

from tinsmith.codegen.buffers import step_bytes
from tinsmith.codegen.choices import Choices
from tinsmith.codegen.choose import choose
from tinsmith.codegen.compile import lower
from tinsmith.codegen.costs import Cost, costs_of, work
from tinsmith.codegen.kernel_set import Binding, KernelSet, Table
from tinsmith.codegen.order import streamed
from tinsmith.codegen.program import Call
from tinsmith.codegen.runtime import library_of
from tinsmith.codegen.select import select
from tinsmith.devices.board import BOARDS
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr, Node
from tinsmith.ir.op import Argument, In, Out, Scratch, Site
from tinsmith.ir.types import Quant, TensorType
from tinsmith.testing.uses import draw

X = TensorType((1, 10), "float32")
SETS = {n: KernelSet(n, lambda use: []) for n in ("ref", "fast", "lean")}
CODE = {"ref/k": 500, "fast/k": 2000, "lean/k": 400}
RATES = {"ref/k": 50.0, "fast/k": 5.0, "lean/k": 80.0}
COSTS: Mapping[str, Mapping[str, Cost]] = {
    k: {"size": Cost(CODE[k], (0.0, 0.0, RATES[k], 0.0, 0.0))} for k in CODE
}


NEAR = {**COSTS, "fast/k": {"size": Cost(2000, (0.0, 0.0, 40.0, 0.0, 0.0))}}
"""The fast kernel is not much faster."""


def cost(code: int, rate: float) -> Mapping[str, Cost]:
    return {"size": Cost(code, (0.0, 0.0, rate, 0.0, 0.0))}


def call(node: str, kind: str, elements: int, more: tuple[Argument | Table, ...] = ()) -> Call:
    type = TensorType((1, elements), "float32")
    site = Site({}, (type,), (type,))
    return Call(
        Node(node, "relu", ("x",), (node,)), site, SETS[kind], Binding("k", (In(0), Out(), *more))
    )


def kernels(aim: str, offers: list[list[Call]], costs: object = COSTS) -> list[str]:
    calls, _ = choose(offers, costs, aim)  # type: ignore[arg-type]
    return [c.kernel for c in calls]


def offers(*elements: int) -> list[list[Call]]:
    return [[call(f"n{k}", kind, n) for kind in SETS] for k, n in enumerate(elements)]


def test_speed_takes_the_fastest() -> None:
    assert kernels("speed", offers(10, 1000)) == ["fast/k", "fast/k"]


def test_speed_takes_the_smaller_of_two_that_are_nearly_as_fast() -> None:
    """A hundred bytes are worth one instruction, no more."""
    small, large = cost(400, 10.0), cost(2400, 9.0)
    costs = {"ref/k": small, "lean/k": small, "fast/k": large}
    assert kernels("speed", offers(10), costs) == ["ref/k"]
    assert kernels("speed", offers(30), costs) == ["fast/k"]


def test_size_takes_what_is_smallest_together_and_loses_no_time() -> None:
    """The leaner kernel is slower than the reference, so it is not worth its bytes."""
    assert kernels("size", offers(10, 1000), NEAR) == ["ref/k", "ref/k"]


def test_size_pays_no_more_than_half_the_time_again() -> None:
    assert kernels("size", offers(10, 1000)) == ["fast/k", "fast/k"]


def test_size_pays_little_time_for_little_flash() -> None:
    """Of flash 1 % is not worth 40 % of the time, 3 % are."""
    for code, taken in ((1980, "fast/k"), (1940, "lean/k")):
        slower = {"fast/k": cost(2000, 10.0), "lean/k": cost(code, 14.0)}
        nodes = [[call("a", "lean", 1000), call("a", "fast", 1000)]]
        assert kernels("size", nodes, slower) == [taken]


def test_size_takes_no_more_flash_than_the_reference_where_time_is_won_all_the_same() -> None:
    """The fast kernel is larger than the reference's. What is smaller takes more than half the time
    again, yet less than the reference by as much; nothing is, where it does not."""
    costs = {"ref/k": cost(500, 50.0), "fast/k": cost(2000, 5.0), "lean/k": cost(400, 30.0)}
    assert kernels("size", offers(10, 1000), costs) == ["lean/k", "lean/k"]
    slower = {**costs, "lean/k": cost(400, 40.0)}
    assert kernels("size", offers(10, 1000), slower) == ["fast/k", "fast/k"]


def test_leaner_kernels_are_found_though_each_alone_takes_longer() -> None:
    """From all kernels the nearest way to as little flash as the reference's are these, and from
    there the second node's leaner kernel is no gain by itself."""
    codes = {"fast/k": (2000, 1.0), "lean/k": (1400, 3.0), "ref/k": (1150, 80.0),
             "fast/d": (1000, 0.5), "lean/d": (550, 4.0), "ref/d": (930, 2.5)}  # fmt: skip
    table = Table("t", lambda: np.zeros(30, np.int8))
    first = [call("a", kind, 100) for kind in ("fast", "lean", "ref")]
    second = [
        replace(c, binding=replace(c.binding, name="d"))
        for kind in ("fast", "lean", "ref")
        for c in [call("b", kind, 100, () if kind == "ref" else (table,))]
    ]
    costs = {k: cost(*numbers) for k, numbers in codes.items()}
    assert kernels("size", [first, second], costs) == ["lean/k", "lean/d"]


def test_a_kernel_of_unknown_cost_is_compiled_for_size() -> None:
    calls = [[call("a", "ref", 10)], [call("b", "fast", 10)]]
    costs = {"ref/k": {"speed": Cost(500, (0.0, 0.0, 50.0, 0.0, 0.0))}}
    assert choose(calls, costs, "speed")[1] == {"fast/k": "size", "ref/k": "speed"}
    assert choose(calls, {}, "speed")[1] == {}


def test_a_table_borrows_kernels_in_assembler() -> None:
    own, lent = costs_of("cortex-m55"), costs_of("cortex-m4f")
    assert lent["dsp/slice_bytes"] == own["dsp/slice_bytes"]
    assert own["dsp/conv_double"] != lent["dsp/conv_double"]  # was measured on both
    assert own.keys() - {k for k in lent if k.startswith("dsp/")} >= {"mve/conv_double_int8"}


def test_the_shape_of_a_layer_counts_not_that_of_the_vector_that_is_made_of_it() -> None:
    """A reshape behind it in the same step changes no product per channel."""
    b = Builder("net")
    x = b.input("x", TensorType((1, 4, 4, 2), "float32"))
    w, bias = np.ones((8, 3, 3, 2), np.float32), np.ones(8, np.float32)
    y = b.op("conv2d", x, b.constant("w", w), b.constant("bias", bias), name="y", stride=(1, 1),
             padding=(0, 0, 0, 0), dilation=(1, 1))  # fmt: skip
    apart = b.build([b.op("relu", y, name="r")])
    again = Builder("net")
    x = again.input("x", TensorType((1, 4, 4, 2), "float32"))
    y = again.op("conv2d", x, again.constant("w", w), again.constant("bias", bias), name="y",
                 stride=(1, 1), padding=(0, 0, 0, 0), dilation=(1, 1))  # fmt: skip
    flat = again.op("reshape", again.op("relu", y, name="r"), name="flat", shape=(1, 32))
    joined = again.build([flat])
    core = BOARDS.get("nucleo_l4r5zi").core
    one, other = (select(lower(g), core).calls for g in (apart, joined))
    assert len(other) == 1 and work(one[0]) == work(other[0])


def test_size_takes_steps_apart_where_that_is_less_flash() -> None:
    """A sum that is requantised at once needs a kernel beside the one of other requantisations; no
    value is larger for it. Time and other aims keep the step whole, and so does what the user
    says."""
    b = Builder("net", "quantised")
    x, y = (b.input(n, TensorType((1, 64), "int32")) for n in "xy")
    m, shift = b.constant("m", np.int32([2**30 + 9])), b.constant("s", np.int32([-3]))
    attrs: dict[str, Attr] = {"rounding": "single", "zero_point": 0, "act_min": -(2**15),
                              "act_max": 2**15 - 1, "dtype": "int16"}  # fmt: skip
    q = Quant((0.1,), (0,))
    ends = [b.op("requantize", v, m, shift, name=f"r{k}", quant=q, **attrs)
            for k, v in enumerate((b.op("add", x, y, name="sum", quant=None), y))]  # fmt: skip
    graph, core = lower(b.build(ends)), BOARDS.get("nucleo_l4r5zi").core
    used = [c.kernel for c in select(graph, core, Choices(aim="size")).calls]
    assert sorted(used) == ["ref/add_int32", "ref/requantize_int32", "ref/requantize_int32"]
    whole = [c.kernel for c in select(graph, core, Choices(aim="speed")).calls]
    assert sorted(whole) == ["ref/add_requantize_int32", "ref/requantize_int32"]
    pinned = Choices({"r0": "ref/add_requantize_int32"}, aim="size")
    assert len(select(graph, core, pinned).calls) == 2


def test_size_pays_tables_where_time_would_run_out() -> None:
    """Each node by itself would take the kernel with fewer tables, all together would then take
    more time than there is: some pay, those to which it brings most first."""
    table = Table("t", lambda: np.zeros(100, np.int8))
    nodes = [
        [call(f"n{k}", "lean", n), call(f"n{k}", "fast", n, (table,))]
        for k, n in enumerate((1000, 100, 100, 100, 100))
    ]
    costs = {"lean/k": cost(100, 10.0), "fast/k": cost(100, 4.0)}
    assert kernels("size", nodes, costs) == ["fast/k", "lean/k", "lean/k", "lean/k", "lean/k"]


def test_two_kernels_are_larger_than_one() -> None:
    """A node that only the fast kernel takes brings its code; then the other node takes it too."""
    forced = [[call("a", "fast", 10)], *offers(1000)]
    assert kernels("size", forced) == ["fast/k", "fast/k"]


def test_balance_pays_code_with_time() -> None:
    assert kernels("balanced", offers(1000)) == ["fast/k"]
    even = {**COSTS, "fast/k": {"size": Cost(2000, (0.0, 0.0, 45.0, 0.0, 0.0))}}
    assert kernels("balanced", offers(1000), even) == ["ref/k"]


def test_what_a_kernel_brings_along_counts_as_flash_once() -> None:
    """The reference's kernel is smaller, with the library behind it it is not."""
    library = {"ref/k": {"multiply": 1200, "add": 400}, "lean/k": {"add": 400}}
    even = {**COSTS, "fast/k": {"size": Cost(2000, (0.0, 0.0, 49.0, 0.0, 0.0))}}
    told = {
        k: {level: replace(c, library=library.get(k, {})) for level, c in levels.items()}
        for k, levels in even.items()
    }
    assert kernels("size", offers(10), even) == ["ref/k"]
    assert kernels("size", offers(10), told) == ["fast/k"]
    forced = [[call("a", "ref", 10)], *offers(10)]  # it is there in any case
    assert kernels("size", forced, told) == ["ref/k", "ref/k"]


def test_floats_are_no_part_of_an_integer_model_for_size() -> None:
    """Where there is no FPU, one product of floats brings along more than a kernel."""
    core = BOARDS.get("rpi_pico").core
    graph = lower(draw(3, 8, "conv").graph)
    used = {c.kernel for c in select(graph, core, Choices(aim="size")).calls}
    brought = {n for k in used for n in library_of(core.name).get(k, {})}
    assert "__aeabi_idiv" in brought and "__aeabi_fmul" not in brought


@pytest.mark.parametrize("board", ["rpi_pico", "nucleo_f103rb", "esp32_c3"])
def test_tables_of_the_library_name_kernels_that_are_there(board: str) -> None:
    library = library_of(BOARDS.get(board).core.name)
    folder = files("tinsmith.kernels")
    assert all(folder.joinpath(f"{k}.c").is_file() for k in library)
    multiplies = {k for k, own in library.items() if {"__aeabi_fmul", "__mulsf3"} & own.keys()}
    assert {"ref/conv2d_requantize_int8", "ref/dense_float32"} <= multiplies
    assert not any(k.startswith("plain/") and k.endswith("_int8") for k in multiplies)


def test_no_library_is_known_of_other_cores() -> None:
    assert library_of("cortex-m4f") == {}


def test_tables_count_as_flash() -> None:
    """More of them than the other kernel's code takes."""
    table = Table("t", lambda: np.zeros(300, np.int32))
    offered = [[call("a", "ref", 10), call("a", "fast", 10, (table,))], [call("b", "fast", 10)]]
    assert kernels("size", offered, NEAR) == ["ref/k", "fast/k"]
    assert kernels("speed", offered) == ["fast/k", "fast/k"]


def test_a_kernel_that_is_in_use_takes_the_place_of_one_that_is_not() -> None:
    """Though the next in line for the node is another one, as large as what is given up."""
    costs = {"ref/k": cost(500, 1.0), "lean/k": cost(550, 1.2), "fast/k": cost(700, 1.1)}
    table = Table("t", lambda: np.zeros(50, np.int8))
    every = [call("a", "ref", 10), call("a", "lean", 10), call("a", "fast", 10, (table,))]
    assert kernels("size", [every, [call("b", "fast", 10)]], costs) == ["fast/k", "fast/k"]


def test_one_kernel_takes_the_place_of_two() -> None:
    """Each of which alone is smaller than it."""
    costs = {"ref/k": cost(500, 1.0), "lean/k": cost(500, 1.0), "fast/k": cost(600, 1.1)}
    offered = [
        [call(n, kind, 10), call(n, "fast", 10)]
        for n, kind in zip("ab", ("ref", "lean"), strict=True)
    ]
    assert kernels("size", offered, costs) == ["fast/k", "fast/k"]


def test_size_ends_with_no_more_than_the_reference() -> None:
    """Two kernels that are each smaller than the reference's, but not both together: none of them
    can be given up alone."""
    costs = {
        k: {"size": Cost(code, (0.0, 0.0, rate, 0.0, 0.0))}
        for k, code, rate in (("ref/k", 500, 50.0), ("fast/k", 300, 40.0), ("lean/k", 300, 40.0))
    }
    offered = [[call("a", "fast", 10), call("a", "ref", 10)],
               [call("b", "lean", 10), call("b", "ref", 10)]]  # fmt: skip
    assert kernels("size", offered, costs) == ["ref/k", "ref/k"]


def test_ram_takes_what_lies_nearest_to_its_operand() -> None:
    """In place with a little scratch is less than side by side without."""
    streams = call("n", "fast", 100, (Scratch(64),))
    near = replace(streams.binding, orders=(streamed(streams.site, 0),))
    beside, scratchy = call("n", "ref", 100), call("n", "lean", 100, (Scratch(64),))
    offered = [[scratchy, beside, replace(streams, binding=near)]]
    assert [step_bytes(c, {0}) for c in offered[0]] == [864, 800, 464]
    assert kernels("ram", offered) == ["fast/k"]
    assert step_bytes(replace(beside, constants=frozenset({0})), {0}) == 400
    assert step_bytes(offered[0][-1], set()) == 864  # what is read again stays as it is


def test_ram_gives_time_only_where_memory_is_short() -> None:
    """The first node sets the peak; scratch of the second fits below it, unless a value waits."""
    small = [call("b", "fast", 10, (Scratch(64),)), call("b", "ref", 10)]
    offered = [[call("a", "ref", 100)], small]
    assert kernels("ram", offered) == ["ref/k", "fast/k"]
    type = TensorType((1, 100), "float32")
    node = Node("c", "add", ("a", "b"), ("c",))
    late = Call(node, Site({}, (type, type), (type,)), SETS["ref"], Binding("k", (In(0), Out())))
    streams = replace(late, binding=replace(late.binding, orders=(streamed(late.site, 0),)))
    large = [call("b", "fast", 100, (Scratch(640),)), call("b", "ref", 100)]
    assert kernels("ram", [[call("a", "ref", 100)], large, [streams]]) == ["ref/k"] * 3


def test_ram_takes_the_least_scratch_for_half_as_much_time_again() -> None:
    """The peak falls by the scratch of the first node; that is worth 40 % of time, not 400 %."""
    fast = call("a", "fast", 100, (Scratch(64),))
    for rate, taken in ((7.0, "ref/k"), (20.0, "fast/k")):
        costs = {**COSTS, "ref/k": {"size": Cost(500, (0.0, 0.0, rate, 0.0, 0.0))}}
        assert kernels("ram", [[fast, call("a", "ref", 100)]], costs) == [taken]


def test_a_node_with_an_offer_of_unknown_cost_gets_the_first() -> None:
    known = {k: v for k, v in COSTS.items() if k != "lean/k"}
    assert kernels("speed", [list(reversed(offers(10)[0]))], known) == ["lean/k"]


def test_the_level_is_part_of_the_choice() -> None:
    slow, quick = Cost(500, (0.0, 0.0, 50.0, 0.0, 0.0)), Cost(900, (0.0, 0.0, 20.0, 0.0, 0.0))
    costs = {"ref/k": {"size": slow, "speed": quick}}
    offered = [[call("a", "ref", 100)]]
    assert choose(offered, costs, "speed")[1] == {"ref/k": "speed"}
    assert choose(offered, costs, "size")[1] == {"ref/k": "size"}


@pytest.mark.parametrize("board", BOARDS.names())
def test_every_kernel_of_the_specification_has_a_cost(board: str) -> None:
    costs = costs_of(BOARDS.get(board).core.name)
    if not costs:
        pytest.skip(f"no costs were measured for {board}")
    assert {"ref/conv2d_requantize_int8", "ref/dense_float32", "ref/softmax_int8"} <= set(costs)
