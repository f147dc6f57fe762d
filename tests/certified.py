"""A small network with every kind of layer, and wrong versions of it: what certificates reject."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from firmwares import CACHE

from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen.buffers import plan_memory
from tinsmith.codegen.choices import Choices
from tinsmith.codegen.compile import lower
from tinsmith.codegen.emit import Target, emit
from tinsmith.codegen.module import InferenceModule, Place
from tinsmith.codegen.program import Program
from tinsmith.codegen.select import possible, select
from tinsmith.devices.board import BOARDS, Board
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr, Graph
from tinsmith.ir.op import Scratch
from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.types import Quant, TensorType
from tinsmith.prove.certificate.checker.statement import Certificate, Rejected
from tinsmith.prove.certificate.make import make

BOARD, HELIUM = BOARDS.get("nucleo_l4r5zi"), BOARDS.get("alif_e7")
_ZERO = -5


@cache
def network() -> Graph:
    """Convolutions of 3 x 3 and 1 x 1, one of each channel by itself, a pooling, a dense layer."""
    rng = np.random.default_rng(4)
    b = Builder("net", "quantised")
    x = b.input("x", TensorType((1, 8, 7, 3), "int8", Quant((0.05,), (-9,))))
    q, window = Quant((0.1,), (_ZERO,)), {"stride": (1, 1), "padding": (1, 1, 1, 1)}
    x = _layer(b, rng, ("conv2d", x, (6, 3, 3, 3)), "first", window)
    deep = ("depthwise_conv2d", x, (1, 3, 3, 6))
    x = _layer(b, rng, deep, "deep", {**window, "multiplier": 1})
    x = _layer(b, rng, ("conv2d", x, (5, 1, 1, 6)), "point", {"stride": (1, 1)})
    x = b.op("max_pool2d", x, name="pool", quant=q, size=(2, 2), stride=(2, 2))
    x = b.op("reshape", x, name="flat", quant=q, shape=(1, 60))
    return b.build([_layer(b, rng, ("dense", x, (7, 60)), "last", {})])


def _layer(
    b: Builder,
    rng: np.random.Generator,
    what: tuple[str, str, tuple[int, ...]],
    name: str,
    attrs: dict[str, Attr],
) -> str:
    op, x, shape = what
    n = shape[3] if op == "depthwise_conv2d" else shape[0]
    w = b.constant(
        f"{name}_w", rng.integers(-127, 128, shape).astype(np.int8), Quant((0.02,), (0,))
    )
    bias = b.constant(f"{name}_b", rng.integers(-3000, 3000, n).astype(np.int32))
    sums = b.op(op, x, w, bias, name=f"{name}_sum", quant=None, **attrs)
    scale = 127 / (3600 * np.sqrt(np.prod(shape) / n))
    m, s = multipliers([float(f) for f in rng.uniform(0.5, 1.5, n) * scale])
    return b.op(
        "requantize", sums, b.constant(f"{name}_m", m), b.constant(f"{name}_s", s), name=name,
        quant=Quant((0.1,), (_ZERO,)), rounding="double", zero_point=_ZERO, act_min=-128,
        act_max=127,
    )  # fmt: skip


@cache
def program(kind: str) -> Program:
    """The network's, by kernels of a set where it has any; ``set@board`` for another board."""
    graph, core = lower(network()), board_of(kind).core
    chosen = {
        node: next(k for k in kernels if k.startswith(f"{kind.partition('@')[0]}/"))
        for node, kernels in possible(graph, core).items()
    }
    return select(graph, core, Choices(chosen))


def board_of(kind: str) -> Board:
    return BOARDS.get(kind.partition("@")[2] or BOARD.id)


@cache
def module(kind: str) -> InferenceModule:
    return emitted(program(kind), board_of(kind))


def emitted(given: Program, board: Board = BOARD, **moved: Place) -> InferenceModule:
    """A module of a program, in whose plan some values lie elsewhere."""
    plan = plan_memory(given, "first_fit")
    plan = replace(plan, places={**plan.places, **moved})
    return emit(given, plan, Target(board.id, True, "0" * 64))


def certificate(of: InferenceModule) -> Certificate:
    board = BOARDS.get(of.board)
    firmware = build_image(of, board, "zig", BuildOptions(CACHE))
    return make(firmware, board, network(), CACHE)


def rejected(of: InferenceModule) -> str:
    """The part that rejects a module; empty where none does."""
    try:
        certificate(of)
    except Rejected as e:
        return e.part
    return ""


def planted(kind: str, path: str, old: str, new: str) -> InferenceModule:
    """A module with another text in place of the first of its kind in a source."""
    right = module(kind)
    head, end, code = right.sources[path].partition("*/\n")  # comments in front may quote it
    if old not in code:
        raise LookupError(f"{old!r} does not occur in {path}")
    changed = head + end + code.replace(old, new, 1)
    return replace(right, sources={**right.sources, path: changed})


def number_changed(table: str, at: int, change: Callable[[int], int]) -> InferenceModule:
    """A module with one number of one constant array changed."""
    right, path = module("dsp"), "net_weights.c"
    head, start, rest = right.sources[path].partition(f" {table}[")
    size, brace, body = rest.partition("{")
    numbers, close, tail = body.partition("}")
    found = numbers.split(",")
    found[at] = f" {change(int(found[at]))}"
    text = head + start + size + brace + ",".join(found) + close + tail
    return replace(right, sources={**right.sources, path: text})


def short_of_scratch(node: str, nbytes: int) -> InferenceModule:
    """A module whose kernel was promised less scratch than it uses."""
    right = program("dsp")
    calls = []
    for call in right.calls:
        given = tuple(
            Scratch(a.nbytes - nbytes) if isinstance(a, Scratch) else a
            for a in call.binding.arguments
        )
        wrong = replace(call, binding=replace(call.binding, arguments=given))
        calls.append(wrong if call.node.name == node else call)
    return emitted(replace(right, calls=tuple(calls)))


def moved(value: str, by: int = 0, less: int = 0, to: str = "") -> InferenceModule:
    """A module whose plan has a value elsewhere, or gives it less memory."""
    places = module("dsp").plan.places
    at = replace(places[value], offset=places[to or value].offset)
    return emitted(
        program("dsp"), **{value: replace(at, offset=at.offset + by, nbytes=at.nbytes - less)}
    )


@dataclass(frozen=True)
class Fault:
    """What is wrong, how to make it, and the part that rejects it."""

    name: str
    make: Callable[[], InferenceModule]
    part: str = "steps"


def _text(name: str, kind: str, path: str, old: str, new: str) -> Fault:
    return Fault(name, lambda: planted(kind, f"kernels/{path}", old, new))


def _call(name: str, old: str, new: str) -> Fault:
    return Fault(name, lambda: planted("dsp", "net.c", old, new))


def _number(name: str, table: str, at: int, change: Callable[[int], int]) -> Fault:
    return Fault(name, lambda: number_changed(f"net_t_{table}", at, change))


_WRAPS = (
    "((shifted * multiplier + ((int64_t)1 << 30)) >> 31)",
    "((((int64_t)((uint64_t)(shifted * multiplier) << 16) >> 16) + ((int64_t)1 << 30)) >> 31)",
)
_UNALIGNED = (
    "weights = w + ((o * kernel_y + ky) * kernel_x + kx) * depth;",
    "weights = (const weight_type *)((uintptr_t)(w + ((o * kernel_y + ky) * kernel_x + kx)"
    " * depth) & ~(uintptr_t)3);",
)
_SUM = "sum += TS_TERM(x[m * depth + k], w[n * depth + k]);"
_STEP = "    net_step_001_deep(a, s);"
_CONV, _DEEP, _DENSE, _POOL, _FIXED = (
    "ts_conv2d.inc", "ts_depthwise_conv2d.inc", "ts_dense.inc", "ts_max_pool2d.inc", "ts_fixed.h"
)  # fmt: skip

VENDORS = (
    Fault("scratch too small", lambda: short_of_scratch("deep", 200)),
    _text("a requantisation that overflows", "ref", _FIXED, *_WRAPS),
    _text("an output row not written", "ref", _CONV, "rows * columns; place++",
          "rows * columns - columns; place++"),
    _text("1 x 1 wrong for unaligned weights", "ref", _CONV, *_UNALIGNED),
    _text("a dropped bias", "ref", _CONV, "sum_type sum = b[o];", "sum_type sum = 0 * b[o];"),
)  # fmt: skip
"""Defects that libraries were shipped with."""

FAULTS = (
    _call("an output row of a pooling not written", "1, 8, 7, 5, 4, 3,", "1, 8, 7, 5, 3, 3,"),
    _number("a dropped bias in a table", "deep_rows", 2, lambda n: n & 0xFFFFFF),
    _text("right border", "ref", _CONV, "px >= width", "px > width"),
    _text("dilation", "ref", _CONV, "ky * dilation_y", "ky + dilation_y"),
    _text("last channel", "ref", _CONV, "c < depth;", "c < depth - 1;"),
    _text("first bias for all", "ref", _DEEP, "sum = b[o]", "sum = b[0]"),
    _text("last kernel row", "ref", _DEEP, "ky < kernel_y", "ky < kernel_y - 1"),
    _text("first tap", "ref", _DENSE, "k = 0; k < depth", "k = 1; k < depth"),
    _text("weights of one channel", "ref", _DENSE, "w[n * depth + k]", "w[k]"),
    _text("smallest for largest", "ref", _POOL, "value > best", "value < best"),
    _text("half of the rounding", "ref", _FIXED, "((int64_t)1 << 30)", "((int64_t)1 << 29)"),
    _text("halves of negatives", "ref", _FIXED, "(high < 0 ? 1 : 0)", "0"),
    _text("halves", "ref", _FIXED, "> threshold", ">= threshold"),
    _text("zero point", "ref", _FIXED, "ts_saturate(y + zero)", "ts_saturate(y - zero)"),
    _text("shift of one channel", "ref", "conv2d_requantize_int8.c", "shift[(o) * each]",
          "shift[0]"),
    _text("zero point of x", "ref", "dense_requantize_int8.c", "(value) - x_zero",
          "(value) + x_zero"),
    _text("zeros take less time", "ref", _DENSE, _SUM,
          f"if (x[m * depth + k] == x_zero) {{ continue; }} {_SUM}"),
    _text("a byte behind the result", "ref", _DENSE, "sum_type sum = b[n];",
          "sum_type sum = b[n]; to[rows * channels] = 0;"),
    _text("a byte in front of the result", "ref", _POOL, "value_type best = 0;",
          "value_type best = 0; y[-1] = 0;"),
    _text("a byte outside the arena", "ref", _DENSE, "sum_type sum = b[n];",
          "sum_type sum = b[n]; to[1024] = 0;"),
    Fault("stack", lambda: planted("ref", f"kernels/{_DENSE}", "sum_type sum = b[n];",
          "volatile uint8_t deep[6000]; deep[n] = 0; deep[5999 - n] = 0; sum_type sum = b[n];"),
          "image"),
    _text("rounds down", "dsp", "ts_dsp_mode.inc", '"smmlar " a ", " a ", " second',
          '"smmla " a ", " a ", " second'),
    _text("halves towards zero", "dsp", "ts_dsp_mode.inc",
          '#define TS_AWAY(a) "add " a ", " a ", " a ", asr #31\\n"', "#define TS_AWAY(a)"),
    _text("last channels", "dsp", "ts_dsp_conv_body.inc", "last = out & 3", "last = 0 * out"),
    _text("a result twice", "dsp", "ts_dsp_dense.inc", "strbge r3, [r6]", "strbge r2, [r6]"),
    _text("channels that are no four", "dsp", "ts_dsp_pool.inc", "k = ts_least(k, channels - 4);",
          ""),
    _number("one more in a bias", "first_packed", 0, lambda n: n + 1),
    _number("a weight", "last_packed", 3, lambda n: n ^ 0x00000100),
    _number("a factor", "deep_rows", 3, lambda n: n + (1 << 16)),
    _number("a factor's last bits", "first_packed", 1, lambda n: n - 4096),
    _number("sign of a weight", "point_packed", 4, lambda n: -n),
    _call("another table's start", "net_t_point_packed,", "net_t_point_packed + 1,"),
    _call("a step reads elsewhere", "1, 8, 7, 6, 8, 7, 1, 1", "1, 8, 8, 6, 8, 7, 1, 1"),
    Fault("a step left out", lambda: planted("dsp", "net.c", f"{_STEP}\n", ""), "image"),
    Fault("a step twice", lambda: planted("dsp", "net.c", _STEP, f"{_STEP} {_STEP}"), "runs"),
    Fault("a result over what is read", lambda: moved("point", 200), "plan"),
    Fault("a misaligned result", lambda: moved("last", 4), "plan"),
    Fault("too small a place", lambda: moved("deep", 0, 8), "plan"),
    Fault("scratch over an operand", lambda: moved("first#scratch", to="x"), "plan"),
    Fault("a place behind the arena", lambda: moved("last", 4096), "plan"),
)  # fmt: skip
"""Mutations of kernels, calls, constants and plans."""

_MVE = f"mve@{HELIUM.id}"
HELIUM_FAULTS = (
    _text("a requantisation that overflows", f"ref@{HELIUM.id}", _FIXED, *_WRAPS),
    _text("a dropped bias", f"ref@{HELIUM.id}", _CONV, "sum_type sum = b[o];",
          "sum_type sum = 0 * b[o];"),
    _text("a byte outside the arena", f"ref@{HELIUM.id}", _DENSE, "sum_type sum = b[n];",
          "sum_type sum = b[n]; to[4096] = 0;"),
    _text("a byte behind the result", f"ref@{HELIUM.id}", _DENSE, "sum_type sum = b[n];",
          "sum_type sum = b[n]; to[rows * channels] = 0;"),
    _text("zero point", _MVE, "ts_mve_row.h", "vaddq_n_s32(all, p->zero)",
          "vaddq_n_s32(all, 0)"),
    _text("last depths", _MVE, "ts_mve_row.h", "bytes = left < 16 ? left : 16;", "bytes = 16;"),
    _text("upper border", _MVE, "ts_mve_conv.inc", "row * stride_y - top", "row * stride_y"),
    _text("a place of a pooling", _MVE, "ts_mve_pool.inc", "x + part.first", "x"),
)  # fmt: skip
"""Mutations of what runs on a core with Helium."""
