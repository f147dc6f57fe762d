"""Runs a module's shared object by ctypes. Only ever called in a child process (see
bench/runners/host.py): a wild pointer in native code must not take tinsmith with it."""

import ctypes
from dataclasses import dataclass
from pathlib import Path

from tinsmith.core.errors import UserError

_GUARD = 64
_FILL = 0xA5


@dataclass(frozen=True)
class NativeOrder:
    """What to run. Sizes in bytes; ``inputs`` and ``outputs``: (offset in the arena, bytes);
    ``traced``: (offset, bytes, step). ``cases``: bytes of all inputs, case by case."""

    name: str
    arena_bytes: int
    state_bytes: int
    alignment: int
    steps: tuple[str, ...]
    inputs: tuple[tuple[int, int], ...]
    outputs: tuple[tuple[int, int], ...]
    traced: tuple[tuple[int, int, int], ...]
    cases: tuple[bytes, ...]
    reset_each: bool


@dataclass(frozen=True)
class NativeAnswer:
    """Bytes of outputs and of traced tensors, case by case."""

    outputs: tuple[bytes, ...]
    traces: tuple[bytes, ...]


class Block:
    """Aligned memory with guards on both sides."""

    def __init__(self, nbytes: int, alignment: int) -> None:
        self.nbytes = nbytes
        self._raw = ctypes.create_string_buffer(nbytes + 2 * _GUARD + 2 * alignment)
        ctypes.memset(self._raw, _FILL, len(self._raw))
        start = ctypes.addressof(self._raw) + _GUARD
        self.address = -(-start // alignment) * alignment

    def read(self, offset: int, nbytes: int) -> bytes:
        """Bytes of the block."""
        return ctypes.string_at(self.address + offset, nbytes)

    def write(self, offset: int, data: bytes) -> None:
        """Set bytes of the block."""
        ctypes.memmove(self.address + offset, data, len(data))

    def intact(self) -> bool:
        """Whether the bytes around the block are untouched."""
        low = ctypes.string_at(self.address - _GUARD, _GUARD)
        high = ctypes.string_at(self.address + self.nbytes, _GUARD)
        return low == high == bytes([_FILL]) * _GUARD


class Native:
    """A loaded module with an arena and states of its own."""

    def __init__(self, order: NativeOrder, library: ctypes.CDLL) -> None:
        self.order = order
        self.library = library
        self.arena = Block(order.arena_bytes, max(16, order.alignment))
        self.state = Block(order.state_bytes, max(16, order.alignment))
        self.call("init", self.state_pointer)

    @property
    def state_pointer(self) -> ctypes.c_void_p:
        """NULL where the module keeps no state: the contract allows it, so it is what we use."""
        return ctypes.c_void_p(self.state.address if self.order.state_bytes else None)

    def call(self, function: str, *arguments: ctypes.c_void_p) -> int:
        """Call ``<name>_<function>``."""
        return int(getattr(self.library, f"{self.order.name}_{function}")(*arguments))

    def load(self, case: bytes) -> None:
        """Write the inputs of one case."""
        at = 0
        for offset, nbytes in self.order.inputs:
            self.arena.write(offset, case[at : at + nbytes])
            at += nbytes

    def run(self) -> bytes:
        """One run; the outputs."""
        status = self.call("run", ctypes.c_void_p(self.arena.address), self.state_pointer)
        if status != 0:
            raise UserError("bench.status", f"The model returned {status} instead of 0.")
        return self.outputs()

    def outputs(self) -> bytes:
        """All outputs as they stand in the arena."""
        if not (self.arena.intact() and self.state.intact()):
            raise UserError("bench.memory", "The model wrote outside its arena or its states.")
        return b"".join(self.arena.read(o, n) for o, n in self.order.outputs)

    def trace(self) -> bytes:
        """Call the steps one by one and read what each computed."""
        pieces = []
        for i, step in enumerate(self.order.steps):
            function = getattr(self.library, step)
            function.restype = None
            function(ctypes.c_void_p(self.arena.address), self.state_pointer)
            pieces += [self.arena.read(o, n) for o, n, s in self.order.traced if s == i]
        return b"".join(pieces)


def execute(order: NativeOrder, library: Path) -> NativeAnswer:
    """All cases. A trace is taken step by step, then the whole run must give the same outputs.

    Raises:
        UserError ``bench.status``, ``bench.memory``, ``bench.trace``.
    """
    native = Native(order, ctypes.CDLL(str(library)))
    outputs, traces = [], []
    for case in order.cases:
        if order.reset_each:
            native.call("reset", native.state_pointer)
        native.load(case)
        traces.append(native.trace() if order.traced else b"")
        stepped = native.outputs()
        # Steps read states but only run() writes them, so the same case can be run again.
        native.load(case)
        outputs.append(native.run())
        if order.traced and stepped != outputs[-1]:
            raise UserError("bench.trace", "The steps one by one and the whole run differ.")
    return NativeAnswer(tuple(outputs), tuple(traces))
