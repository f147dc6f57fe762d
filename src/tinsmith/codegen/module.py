"""MemoryPlan and InferenceModule: what the compiler makes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tinsmith.ir.graph import Graph


@dataclass(frozen=True)
class Place:
    """Where a buffer lies in the arena and for which steps (node indices, inclusive) it must
    survive.

    Inputs are live from step -1, those that are kept and outputs until step len(nodes).
    """

    offset: int
    nbytes: int
    first: int
    last: int


@dataclass(frozen=True)
class MemoryPlan:
    """One arena: places of all activations (by value name) and scratch (by node name + '#scratch').
    Persistent state lies in a block of its own: offsets by state name. ``kept``: inputs that a run
    leaves as they were written. ``bound_bytes``: no arena for these kernels can be smaller."""

    planner: str
    arena_bytes: int
    places: Mapping[str, Place]
    state_bytes: int
    state_offsets: Mapping[str, int]
    alignment: int = 8
    kept: tuple[str, ...] = ()
    bound_bytes: int = 0


@dataclass(frozen=True)
class InferenceModule:
    """A graph compiled for a board: readable C sources, the plan, and the graph (lowered) that they
    compute.

    ``sources``: relative path -> text; the model's own files under ``<name>*.c/.h``, kernels under
    ``kernels/``. ``steps``: node name -> C function of its step, in order of execution.
    ``kernels``: node name -> kernel (``<set>/<name>``). ``levels``: path of a source -> how hard
    a toolchain optimises it (a name of `Toolchain.optimize`), where that was chosen. ``tuned``:
    version of the toolchain with which the levels were measured for this model; empty where they
    are what a table says.
    """

    name: str
    board: str
    compiler: str
    graph: Graph
    plan: MemoryPlan
    sources: Mapping[str, str]
    steps: Mapping[str, str]
    kernels: Mapping[str, str]
    levels: Mapping[str, str] = field(default_factory=dict)
    tuned: str = ""
