"""Several operations in one step: what the compiler makes of a layer and what follows it, so that
no sums go through memory. Lowered graphs only.

``Node.parts`` holds them (`ir/graph.py`, Part); the meaning is running them in turn. It has no
kernels of its own name: sets offer them by the operations inside (`codegen/sets`).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tinsmith.ir.graph import Attr, Part
from tinsmith.ir.op import OPS, Attrs, Case, Check, Cost, Op, ShapeError, Site, Types
from tinsmith.ir.ops._conv import offset_layer
from tinsmith.ir.ops.requantize import ROUNDINGS, multipliers
from tinsmith.ir.types import DType, Quant, TensorType, type_of


def parts_of(attrs: Attrs) -> tuple[Part, ...]:
    """The parts; ShapeError where there are none."""
    parts = attrs.get("parts")
    if not isinstance(parts, tuple) or not parts or not all(isinstance(p, Part) for p in parts):
        raise ShapeError("fused", f"parts are {parts!r}")
    return parts  # type: ignore[return-value]


def part_sites(site: Site) -> Iterator[tuple[Part, Site]]:
    """Each part with what its operation gets to see; the last makes what the node makes."""
    parts, types = parts_of(site.attrs), list(site.inputs)
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        made = site.outputs[0] if last else part.type
        yield part, Site(part.attrs, tuple(types[i] for i in part.inputs), (made,))
        types.append(made)


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """Operands of all parts, in order -> the type of the last part."""
    types = list(inputs)
    for part in parts_of(attrs):
        if not all(0 <= i < len(types) for i in part.inputs):
            raise ShapeError("fused", f"{part.name} reads operand {part.inputs} of {len(types)}")
        (found,) = OPS.get(part.op).infer([types[i] for i in part.inputs], part.attrs)
        if (found.shape, found.dtype) != (part.type.shape, part.type.dtype):
            raise ShapeError("fused", f"{part.name} makes {found}, not {part.type}")
        types.append(part.type)
    return (types[-1],)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The parts in turn."""
    values = list(operands)
    for part, inner in part_sites(site):
        values.append(OPS.get(part.op).reference([values[i] for i in part.inputs], inner)[0])
    return (values[-1],)


def _parts_hold(site: Site, contents: Sequence[np.ndarray | None]) -> bool:
    """What the operations inside ask of their uses; results of parts are no constants."""
    parts = tuple(part_sites(site))
    known = [*contents, *[None] * len(parts)]
    return all(
        own.holds(inner, [known[i] for i in part.inputs])
        for part, inner in parts
        for own in OPS.get(part.op).checks
    )


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The textbook formula of the last part on the exact results of those before."""
    *before, (last, inner) = part_sites(site)
    values = list(operands)
    for part, own in before:
        values.append(OPS.get(part.op).reference([values[i] for i in part.inputs], own)[0])
    op = OPS.get(last.op)
    return (op.oracle or op.reference)([values[i] for i in last.inputs], inner)


def cost(site: Site) -> Cost:
    """Of all parts."""
    found = [OPS.get(p.op).cost(s) for p, s in part_sites(site)]
    return Cost(sum(c.macs for c in found), sum(c.weight_bytes for c in found))


def _then(case: Case, op: str, rounding: str, rng: np.random.Generator) -> Case:
    """A row of a layer with a requantisation behind it, factors as large as its sums ask for."""
    (sums,) = OPS.get(op).infer(case.types, case.attrs)
    made = OPS.get(op).reference(case.operands, Site(case.attrs, tuple(case.types), (sums,)))[0]
    factors = _factors(made, sums, rng)
    dtype: DType = "int16" if sums.dtype in ("int16", "int64") else "int8"
    limits, zero, n = np.iinfo(dtype), int(rng.integers(-9, 9)), len(case.operands)
    attrs: dict[str, Attr] = {
        "rounding": rounding, "zero_point": zero, "dtype": dtype,
        "act_min": int(rng.choice([limits.min, zero])), "act_max": int(limits.max),
    }  # fmt: skip
    quant = Quant((0.1,), (zero,))
    result = TensorType(sums.shape, dtype, quant)
    parts = (
        Part("sum", op, tuple(range(n)), dict(case.attrs), "sum", sums),
        Part("y", "requantize", (n + 2, n, n + 1), attrs, "y", result),
    )
    given: dict[str, Any] = {"parts": parts}
    operands, types = (*case.operands, *factors), (*case.types, *map(type_of, factors))
    return Case(operands, types, given, (*case.constant, n, n + 1), quant)


def _factors(
    made: np.ndarray, sums: TensorType, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Multiplier and shift, one for all or one per channel, that bring sums into the result's
    range."""
    size = max(1.0, float(np.abs(made.astype(np.float64)).max()))
    channels = sums.shape[-1] if rng.integers(2) else 1
    most = 120.0 if sums.dtype in ("int8", "uint8", "int32") else 30000.0
    factors = rng.uniform(0.3, 1.2, channels) * most / size
    return multipliers([float(np.float32(f)) for f in factors])


_LAYER = ("int32", "int64")
SUMS: Mapping[str, tuple[str, ...]] = {
    "conv2d": _LAYER, "depthwise_conv2d": _LAYER, "dense": _LAYER, "add": ("int32",),
    "avg_pool2d": ("int8",), "max_pool2d": ("int8",),
}  # fmt: skip
"""Layer -> types of its results that a table row requantises."""


def _clamped(case: Case, op: str, tail: tuple[str, ...]) -> Case:
    """A row of a float layer with a rectifier, or with a lower and an upper bound behind it."""
    (type,) = OPS.get(op).infer(case.types, case.attrs)
    n = len(case.operands)
    numbers = () if tail == ("relu",) else (-0.25, 0.75)
    bounds = tuple(np.full((1,) * min(1, len(type.shape)), b, np.float32) for b in numbers)
    parts = [Part("sum", op, tuple(range(n)), dict(case.attrs), "sum", type)]
    for number, name in enumerate(tail):
        own = (n + number,) if bounds else ()
        before = n + len(bounds) + number
        parts.append(Part(name, name, (before, *own), {}, name, type))
    given: dict[str, Any] = {"parts": tuple(parts)}
    constant = (*case.constant, *range(n, n + len(bounds)))
    return Case((*case.operands, *bounds), (*case.types, *map(type_of, bounds)), given, constant)


def _cases() -> dict[str, Case]:
    """Every row of every layer that has a fused kernel, integers with all roundings in turn."""
    rng, table = np.random.default_rng(11), {}
    for op in SUMS:
        for number, (name, case) in enumerate(OPS.get(op).cases.items()):
            (sums,) = OPS.get(op).infer(case.types, case.attrs)
            if sums.dtype in SUMS[op]:
                rounding = ROUNDINGS[number % len(ROUNDINGS)]
                table[f"{op}_{name}_{rounding}"] = _then(case, op, rounding, rng)
            elif sums.dtype == "float32" and not op.endswith("pool2d"):
                table[f"{op}_{name}_relu"] = _clamped(case, op, ("relu",))
                table[f"{op}_{name}_bounds"] = _clamped(case, op, ("max", "min"))
    rows = offset_layer("int16", (3, 8), (5, 8), 0, {})  # more than a word of results
    return table | {"dense_int16_rows": _then(rows, "dense", "wide16", rng)}


OP = Op(
    name="fused",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={},
    cost=cost,
    cases=_cases(),
    extend=lambda rng, x: None,
    checks=(Check("parts", _parts_hold, "the operations inside keep their own checks"),),
)
