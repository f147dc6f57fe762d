"""Random graphs for tests: 4 to 12 nodes over float32, int8 and raw integers, from `Op.extend`;
vectors, matrices and pictures (NHWC).

Every value of every case is finite, so that results can be compared bit for bit on every core.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from tinsmith.core.errors import InternalError, UserError
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.op import OPS, Extension, Op, Site
from tinsmith.ir.types import SIZES, DType, Quant, TensorType

DRAWN = 4 * ("float32", "int8") + 2 * ("int16", "int32") + ("uint8", "int64", "bool")
"""What types of inputs are drawn from."""
MAX_ELEMENTS = 96
_ATTEMPTS = 200
_LIMIT = 1e12
"""Bound on float magnitudes, so that sums of products stay finite for many nodes."""


@dataclass(frozen=True)
class RandomGraph:
    """A graph and its inputs: name -> [case, *shape]. Runs keep their state from case to case."""

    graph: Graph
    inputs: dict[str, np.ndarray]


def random_graph(
    rng: np.random.Generator,
    nodes: int | None = None,
    must_use: str | tuple[str, ...] = (),
    cases: int = 3,
    drawn: tuple[str, ...] = DRAWN,
) -> RandomGraph:
    """A random graph.

    Args:
        rng: source of everything; equal state, equal graph.
        nodes: how many nodes; 4 to 12 at random if None.
        must_use: name of an op that must occur, or several different ones (4 at most).
        cases: how many cases of inputs.
        drawn: types that inputs are drawn from.

    Raises:
        InternalError: none was found, e.g. as ``must_use`` extends none of the types drawn here.
    """
    wanted = (must_use,) if isinstance(must_use, str) else must_use
    for _ in range(_ATTEMPTS):
        count = int(rng.integers(4, 13)) if nodes is None else nodes
        draft = _Draft(rng, cases, drawn)
        draft.add_input(draft.random_type())
        places = rng.choice(count, len(wanted), replace=False).tolist()
        given = dict(zip(places, wanted, strict=True))
        stateful = int(rng.integers(count)) if count > 4 and rng.integers(3) == 0 else None
        steps = (
            draft.remember() if i == stateful and i not in given else draft.grow(given.get(i))
            for i in range(count)
        )
        if all(steps):
            made = draft.finish()
            if _all_finite(made):
                return made
    raise InternalError(f"no random graph found that uses {must_use!r}")


@dataclass
class _Draft:
    """A graph that grows, with the values of its activations in every case (states at rest)."""

    rng: np.random.Generator
    cases: int
    drawn: tuple[str, ...]
    builder: Builder = field(default_factory=lambda: Builder("random", "quantised"))
    inputs: dict[str, np.ndarray] = field(default_factory=dict)
    values: dict[str, list[np.ndarray]] = field(default_factory=dict)
    ops: list[str] = field(default_factory=OPS.names)

    def random_type(self) -> TensorType:
        """float32 and int8 most often, raw sensor integers now and then (int16 ones in one of two
        with a scale); some axes fit an FFT, two shapes in seven are pictures [1, height, width,
        channels]."""
        dtype: DType = self.rng.choice(self.drawn)
        rank = int(self.rng.choice([1, 2, 2, 2, 3, 4, 4]))
        shape = tuple(int(d) for d in self.rng.integers(1, 6, rank - 1))
        shape = (*shape, int(self.rng.choice([1, 3, 4, 5, 8, 8, 16])))
        if rank == 4:
            shape = (1, *(int(d) for d in self.rng.integers(2, 6, 2)), int(self.rng.integers(1, 4)))
        quant = None
        if dtype == "int8":
            zero = int(self.rng.choice([-128, 0, 127, int(self.rng.integers(-128, 128))]))
            quant = Quant((float(self.rng.uniform(0.005, 0.1)),), (zero,))
        elif dtype == "int16" and self.rng.integers(2):
            quant = Quant((float(self.rng.uniform(2e-5, 1e-3)),), (0,))
        return TensorType(shape, str(dtype), quant)  # type: ignore[arg-type]

    def add_input(self, type: TensorType) -> str:
        """A new input, with values for every case; float ones are all positive in one of two."""
        name = self.builder.input(f"in_{len(self.inputs)}", type)
        shape = (self.cases, *type.shape)
        if type.dtype == "float32":
            drawn = self.rng.normal(size=shape) * 2
            array = (np.abs(drawn) + 0.1 if self.rng.integers(2) else drawn).astype(np.float32)
        else:
            array = self._integers(type.dtype, shape)
        self.inputs[name] = array
        self.values[name] = list(array)
        return name

    def _integers(self, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
        if dtype in ("bool", "uint8"):
            return self.rng.integers(2 if dtype == "bool" else 256, size=shape).astype(dtype)
        top = min(1 << (8 * SIZES[dtype] - 1), 1 << 20)
        return self.rng.integers(-top, top, shape).astype(dtype)

    def grow(self, must_use: str | None) -> bool:
        """Add one node; the given op, or any. False if nothing fitted."""
        for _ in range(_ATTEMPTS):
            op = OPS.get(must_use or str(self.rng.choice(self.ops)))
            x = self._activation(op, bool(must_use))
            extension = op.extend(self.rng, self.builder.type(x)) if x else None
            if x and extension and self._apply(op, x, extension):
                return True
        return False

    def _activation(self, op: Op, wanted: bool) -> str | None:
        """An activation that the op may follow; a late one rather than an early one."""
        names = list(self.values)
        back = int(self.rng.geometric(0.4)) - 1
        x = names[max(0, len(names) - 1 - back)]
        if wanted and (
            op.extend(self.rng, self.builder.type(x)) is None or self.rng.integers(8) == 0
        ):
            type = self.random_type()
            fits = op.extend(self.rng, type) is not None
            return self.add_input(type) if fits and len(self.inputs) < 4 else None
        return x

    def _apply(self, op: Op, x: str, extension: Extension) -> bool:
        """Add a node if it infers, stays small and has finite results in every case."""
        second = self._alike(x)
        names = [(x if o == 0 else second) if isinstance(o, int) else o for o in extension.operands]
        types = [self.builder.type(n) if isinstance(n, str) else n[1] for n in names]
        try:
            (inferred,) = op.infer(types, extension.attrs)
        except UserError:
            return False
        quant = extension.out_quant or inferred.quant
        result = replace(inferred, quant=quant)
        site = Site(extension.attrs, tuple(types), (result,))
        with np.errstate(all="ignore"):
            computed = [
                op.reference(
                    [self.values[n][i] if isinstance(n, str) else n[0] for n in names], site
                )
                for i in range(self.cases)
            ]
        if result.elements > MAX_ELEMENTS or not all(_finite(y) for y in computed):
            return False
        operands = [n if isinstance(n, str) else self._constant(*n) for n in names]
        y = self.builder.op(op.name, *operands, name="", quant=quant, **extension.attrs)
        self.values[y] = [v for (v,) in computed]
        return True

    def remember(self) -> bool:
        """Add one node that reads a new state: a running sum (s' = x + s) or a difference to the
        run before (s' = x). False if no activation may be added to a state."""
        names = [v for v in self.values if _may_be_added(self.builder.type(v))]
        if not names:
            return False
        x = str(self.rng.choice(names))
        type = self.builder.type(x)
        op = OPS.get("sub" if type.dtype == "float32" and x not in self.inputs else "add")
        initial = _small(self.rng, type)
        state = self.builder.state(f"state_{len(self.values)}", initial, type.quant)
        y = self.builder.op(op.name, x, state, quant=type.quant)
        self.builder.update(state, x if op.name == "sub" else y)
        site = Site({}, (type, type), (type,))
        held, results = initial, []
        for value in self.values[x]:
            results.append(op.reference([value, held], site)[0])
            held = value if op.name == "sub" else results[-1]
        self.values[y] = results
        return True

    def _alike(self, x: str) -> str:
        """Another activation of x's type; x itself if there is none."""
        type = self.builder.type(x)
        others = [v for v in self.values if v != x and self.builder.type(v) == type]
        return str(self.rng.choice(others)) if others else x

    def _constant(self, array: np.ndarray, type: TensorType) -> str:
        return self.builder.constant("constant", array, type.quant)

    def finish(self) -> RandomGraph:
        """Outputs are the values that no node reads, and a few that some do."""
        graph = self.builder.build(())
        computed = [n.outputs[0] for n in graph.nodes]
        outputs = [v for v in computed if not graph.users(v) or self.rng.integers(6) == 0]
        return RandomGraph(graph.with_(outputs=tuple(outputs)), self.inputs)


def _small(rng: np.random.Generator, type: TensorType) -> np.ndarray:
    if type.dtype == "int8":
        return np.asarray(rng.integers(-128, 128, type.shape), np.int8)
    return np.asarray(rng.normal(size=type.shape), np.float32)


def _finite(results: Iterable[np.ndarray]) -> bool:
    floats = [r for r in results if r.dtype == np.float32]
    return all(bool(np.all(np.abs(r) < _LIMIT)) for r in floats)


def _may_be_added(type: TensorType) -> bool:
    """Whether `add` takes it: real numbers, or int8 that stands for some by one scale."""
    scaled = type.quant is not None and type.quant.axis is None
    return type.dtype == "float32" or (type.dtype == "int8" and scaled)


def _all_finite(made: RandomGraph) -> bool:
    """Both with states kept from case to case and with a reset before each."""
    runs = (run_cases(made.graph, made.inputs, reset_each) for reset_each in (False, True))
    return all(_finite(values.values()) for values in runs)
