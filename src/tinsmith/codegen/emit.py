"""Emission: a program and its memory plan become the C sources of an inference module.

The files and symbols are the C contract of ARCHITECTURE.md. Layout of the files is in templates/;
this file decides names and expressions.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from tinsmith.codegen.buffers import scratch_name
from tinsmith.codegen.cwriter import (
    CTYPES,
    array_definition,
    float_literal,
    int_literal,
    string_literal,
)
from tinsmith.codegen.kernel_set import INLINED, Table, symbol_of
from tinsmith.codegen.kernels import inlined_header, kernel_sources
from tinsmith.codegen.module import InferenceModule, MemoryPlan
from tinsmith.codegen.planner import align_up
from tinsmith.codegen.program import Call, Program
from tinsmith.ir.graph import Graph
from tinsmith.ir.op import F32, OPS, Argument, Attrs, In, Out, Scratch
from tinsmith.ir.types import TensorType
from tinsmith.version import __version__

ABI = 3
"""Version of the C contract; changes whenever a caller would have to."""


@dataclass(frozen=True)
class Target:
    """What a module is compiled for and from: board id, whether its core must have an Arm FPU,
    hash of the source graph."""

    board: str
    arm_fpu: bool
    graph_hash: str


def emit(program: Program, plan: MemoryPlan, target: Target) -> InferenceModule:
    """The module of a program. Deterministic: equal arguments, equal bytes."""
    graph = program.graph
    steps = {n.name: step_symbol(graph, i) for i, n in enumerate(graph.nodes)}
    version = f"tinsmith {__version__}"
    facts = _facts(program, plan, target) | {"version": version}
    name = graph.name
    sources = {
        path: _templates().get_template(template).render(facts)
        for path, template in (
            (f"{name}.h", "module.h.j2"),
            (f"{name}.c", "module.c.j2"),
            (f"{name}_weights.c", "weights.c.j2"),
            (f"{name}_internal.h", "internal.h.j2"),
        )
    }
    sources |= kernel_sources(program.kernels.values(), name)
    made = program.kernels
    levels = {f"kernels/{symbol_of(k)}.c": level for k, level in sorted(program.levels.items())}
    return InferenceModule(name, target.board, version, graph, plan, sources, steps, made, levels)


@cache
def _templates() -> Environment:
    """Kept, with the templates that it has read: to compile them takes longer than most graphs."""
    return Environment(
        loader=PackageLoader("tinsmith.codegen", "templates"), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip


def step_symbol(graph: Graph, step: int) -> str:
    """C function of a step: ``<name>_step_<nnn>_<node>``."""
    return f"{graph.name}_step_{step:03d}_{graph.nodes[step].name}"


def weight_symbol(graph: Graph, constant: str) -> str:
    """C array of a constant: ``<name>_w_<constant>``."""
    return f"{graph.name}_w_{constant}"


def table_symbol(graph: Graph, node: str, table: str) -> str:
    """C array that is made for a node: ``<name>_t_<node>_<table>``."""
    return f"{graph.name}_t_{node}_{table}"


def initial_symbol(graph: Graph, state: str) -> str:
    """C array of a state's initial content: ``<name>_s_<state>``."""
    return f"{graph.name}_s_{state}"


def io_macro(graph: Graph, value: str) -> str:
    """Prefix of the macros of an input or output: ``<NAME>_INPUT_<VALUE>`` or
    ``<NAME>_OUTPUT_<VALUE>``."""
    side = "INPUT" if value in graph.inputs else "OUTPUT"
    return f"{graph.name}_{side}_{value}".upper()


def _facts(program: Program, plan: MemoryPlan, target: Target) -> dict[str, object]:
    graph, tables = program.graph, _tables(program)
    symbols = {key: symbol for key, (symbol, _) in tables.items()}
    return {
        "name": graph.name,
        "NAME": graph.name.upper(),
        "abi": ABI,
        "plan": plan,
        "state": "state" if plan.state_bytes else "NULL",
        "target": target,
        "inputs": [_io(graph, plan, i) for i in graph.inputs],
        "outputs": [_io(graph, plan, o) for o in graph.outputs],
        "steps": [_step(plan, (graph, symbols), i, call) for i, call in program.steps()],
        "states": [_state(graph, plan, i) for i in range(len(graph.states))],
        "arrays": _arrays(program, tables),
        "inlined": sorted(
            {inlined_header(c.kernel) for c in program.calls if c.kernel.endswith(INLINED)}
        ),
        "macs": sum(OPS.get(c.node.op).cost(c.site).macs for c in program.calls),
    }


def _io(graph: Graph, plan: MemoryPlan, value: str) -> dict[str, object]:
    type = graph.type(value)
    per_tensor = type.quant is None or type.quant.axis is None
    return {
        "value": value,
        "macro": io_macro(graph, value),
        "type": type_text(type),
        "ctype": CTYPES[type.dtype],
        "offset": plan.places[value].offset,
        "kept": None if value not in graph.inputs else int(value in plan.kept),
        "nbytes": type.nbytes,
        "elements": type.elements,
        "shape": type.shape,
        "per_tensor": per_tensor,
        "scale": _scale(type) if per_tensor else "",
        "zero_point": type.quant.zero_point[0] if type.quant else 0,
        "labels": [string_literal(c) for c in graph.labels.get(value, ())],
    }


def _scale(type: TensorType) -> str:
    """Scales are doubles: real = scale * (integer - zero point) holds to 17 digits."""
    text = repr(float(type.quant.scale[0])) if type.quant else "1.0"
    return text if re.search(r"[.e]", text) else f"{text}.0"


_Symbols = Mapping[tuple[str, str], str]
"""Node and table -> its array."""


def _step(
    plan: MemoryPlan, named: tuple[Graph, _Symbols], step: int, call: Call
) -> dict[str, object]:
    (graph, symbols), node = named, call.node
    show = partial(_operand_text, graph)
    return {
        "symbol": step_symbol(graph, step),
        "number": f"{step:03d}",
        "node": node.name,
        "operations": [_operation(p.op, p.attrs) for p in node.parts or (node,)],
        "stage": comment_text(node.stage),
        "operands": [show(i) for i in node.inputs],
        "results": [show(o) for o in node.outputs],
        "kernel": f"ts_{call.symbol}",
        "arguments": _arguments(graph, plan, call, symbols),
        "inlined": call.binding.inlined,
        "state": any(s.name in node.inputs for s in graph.states),
    }


def _operation(op: str, attrs: Attrs) -> str:
    """An operation with its attributes, for comments."""
    told = ", ".join(f"{k}={v!r}" for k, v in sorted(attrs.items()))
    return comment_text(f"{op} {{{told}}}" if told else op)


def _operand_text(graph: Graph, value: str) -> str:
    return f"{value} {type_text(graph.type(value))}"


def type_text(type: TensorType) -> str:
    """A type for comments: ``int8[4x10] q(0.05, -3)``; a vector of scales by its range."""
    text = f"{type.dtype}[{'x'.join(map(str, type.shape))}]"
    if type.quant is None:
        return text
    low, high = min(type.quant.scale), max(type.quant.scale)
    scale = f"{low:.6g}" if low == high else f"{low:.6g}..{high:.6g}"
    return f"{text} q({scale}, {type.quant.zero_point[0]})"


def comment_text(text: str) -> str:
    """Text that cannot end a C comment, nor start one within (-Wcomment)."""
    return text.replace("*/", "* /").replace("/*", "/ *").replace("\n", " ")


def _arguments(graph: Graph, plan: MemoryPlan, call: Call, symbols: _Symbols) -> list[str]:
    """Lines of a kernel call's arguments: pointers on lines of their own, numbers side by side."""
    rows: list[list[str]] = []
    scratch = numbers = 0
    for a in call.binding.arguments:
        if isinstance(a, Scratch):
            at = plan.places[scratch_name(call.node)].offset + scratch
            text = f"(void *)(arena + {at})"
            scratch += align_up(a.nbytes, plan.alignment)
        elif isinstance(a, Table):
            text = symbols[call.node.name, a.name]
        else:
            text = _argument(graph, plan, call, a)
            if call.binding.untyped and isinstance(a, In | Out):  # one kernel for several types
                text = f"(const void *){text}" if isinstance(a, In) else f"(void *){text}"
        number = isinstance(a, int | F32)
        if number and numbers:
            rows[-1].append(text)
        else:
            rows.append([text])
        numbers = numbers + 1 if number else 0
    lines = [", ".join(row) for row in rows]
    return [f"{line}," for line in lines[:-1]] + lines[-1:]


def _argument(graph: Graph, plan: MemoryPlan, call: Call, a: Argument) -> str:
    match a:
        case In(index, skip):
            return _operand(graph, plan, call.node.inputs[index], skip)
        case Out(index):
            result = call.node.outputs[index]
            ctype = CTYPES[graph.type(result).dtype]
            return f"({ctype} *)(void *)(arena + {plan.places[result].offset})"
        case F32(value):
            return float_literal(value)
        case Scratch():
            raise AssertionError("scratch is placed by the caller")
        case _:
            return int_literal(int(a))


def _operand(graph: Graph, plan: MemoryPlan, value: str, skip: int) -> str:
    if value in graph.constants:
        assert not skip, "constants are read whole"
        return weight_symbol(graph, value)
    ctype = CTYPES[graph.type(value).dtype]
    if value in plan.state_offsets:
        return f"(const {ctype} *)(const void *)(state + {plan.state_offsets[value] + skip})"
    return f"(const {ctype} *)(const void *)(arena + {plan.places[value].offset + skip})"


def _state(graph: Graph, plan: MemoryPlan, index: int) -> dict[str, object]:
    s = graph.states[index]
    return {
        "name": s.name,
        "next": s.next,
        "type": type_text(graph.type(s.name)),
        "offset": plan.state_offsets[s.name],
        "nbytes": graph.type(s.name).nbytes,
        "initial": initial_symbol(graph, s.name),
        "next_offset": None if s.next == s.name else plan.places[s.next].offset,
    }


_Tables = dict[tuple[str, str], tuple[str, np.ndarray]]
"""Node and table -> its array's symbol and content."""


def _tables(program: Program) -> _Tables:
    """The arrays that are made for nodes. Equal ones are one, which has the first one's name: steps
    that compute parts of one layer read the same."""
    first: dict[tuple[str, bytes], str] = {}
    found: _Tables = {}
    for call in program.calls:
        for a in call.binding.arguments:
            if isinstance(a, Table):
                made, node = a.make(), call.node.name
                own = table_symbol(program.graph, node, a.name)
                symbol = first.setdefault((made.dtype.name, made.tobytes()), own)
                found[node, a.name] = symbol, made
    return found


def _arrays(program: Program, tables: _Tables) -> list[dict[str, str]]:
    """Constants that kernels read as they are, by name, tables that are made for them, by step, and
    initial contents: declaration, definition, comment."""
    graph = program.graph
    read = {
        c.node.inputs[a.index] for c in program.calls for a in c.binding.arguments
        if isinstance(a, In)
    }  # fmt: skip
    named = [
        (weight_symbol(graph, c), f"{c}: {type_text(graph.type(c))}", a)
        for c, a in sorted(graph.constants.items())
        if c in read
    ]
    named += [
        (symbol, f"{node}: {table}", made)
        for (node, table), (symbol, made) in tables.items()
        if symbol == table_symbol(graph, node, table)
    ]
    named += [
        (initial_symbol(graph, s.name), f"{s.name}: {type_text(graph.type(s.name))}", s.initial)
        for s in graph.states
    ]
    return [
        {
            "declaration": f"extern TS_WEIGHTS const {CTYPES[a.dtype.name]} {symbol}[{a.size}];",
            "definition": array_definition(symbol, a),
            "comment": comment_text(text),
        }
        for symbol, text, a in named
    ]
