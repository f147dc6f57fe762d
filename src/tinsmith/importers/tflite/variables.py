"""Variables: what a model keeps from run to run.

Two kinds: resources with a name (VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE, first contents by
CALL_ONCE), and tensors that the file marks as variable, which recurrent operators read and write.
Both become states of the graph. Operators run in the file's order: a read sees the latest
assignment before it in the same run, or else what the run before left.
"""

import numpy as np

from tinsmith.importers._frame import Unsupported
from tinsmith.importers.tflite.schema import Tensor
from tinsmith.importers.tflite.values import known, readable, type_of
from tinsmith.ir.builder import Builder
from tinsmith.ir.types import TensorType


class Variables:
    """The variables of one translation. A resource that nothing initialises begins as real zeros,
    as TensorFlow Lite Micro has it; a variable tensor too."""

    def __init__(self, builder: Builder) -> None:
        self._b = builder
        self._handles: dict[int, str] = {}
        self._initial: dict[str, np.ndarray] = {}
        self._latest: dict[str, str] = {}
        self._states: dict[str, str] = {}

    def bind(self, tensor: Tensor, name: str) -> None:
        """A tensor is a handle of the resource ``name`` from now on."""
        self._handles[tensor.index] = name

    def resource(self, tensor: Tensor) -> str:
        """Name of the resource that a handle stands for."""
        if tensor.index not in self._handles:
            raise Unsupported(f"{tensor} is no handle of a variable")
        return self._handles[tensor.index]

    def initialise(self, contents: dict[str, np.ndarray]) -> None:
        """First contents; nothing may have been read or assigned before."""
        for name, array in contents.items():
            if name in self._latest:
                raise Unsupported(f"variable {name!r} is used before its first content is known")
            self._initial[name] = array

    def read(self, name: str, type: TensorType) -> str:
        """Value of a variable now."""
        if name not in self._latest:
            self._declare(name, type)
        value = self._latest[name]
        _same(name, self._b.type(value), type)
        return value

    def assign(self, name: str, value: str) -> None:
        """The variable holds ``value`` from now on."""
        if name not in self._latest:
            self._declare(name, self._b.type(value))
        _same(name, self._b.type(self._latest[name]), self._b.type(value))
        self._latest[name] = value

    def tensor(self, tensor: Tensor) -> str:
        """Value of a variable tensor now."""
        return self.read(f"tensor {tensor.index} {tensor.name}", type_of(tensor))

    def write(self, tensor: Tensor, value: str) -> None:
        """A variable tensor holds ``value`` from now on."""
        if not tensor.variable:
            raise Unsupported(f"{tensor} is no variable, but holds its state")
        self.assign(f"tensor {tensor.index} {tensor.name}", value)

    def settle(self) -> None:
        """After a run each state holds what was assigned last."""
        for name, state in self._states.items():
            self._b.update(state, self._latest[name])

    def contents(self) -> dict[str, np.ndarray]:
        """What was assigned, where it depends on constants only.

        Raises:
            Unsupported: a variable is read, or depends on one.
        """
        found = {}
        for name, value in self._latest.items():
            array = known(self._b, value)
            if array is None:
                raise Unsupported(f"the first content of variable {name!r} is not known")
            found[name] = array
        return found

    def _declare(self, name: str, type: TensorType) -> None:
        initial = self._initial.get(name)
        if initial is None:
            zero = type.quant.zero_point[0] if type.quant else 0
            initial = np.full(type.shape, zero, type.dtype)
        if (initial.shape, initial.dtype.name) != (type.shape, type.dtype):
            got = f"{initial.dtype.name}{list(initial.shape)}"
            raise Unsupported(f"variable {name!r} begins as {got}, but is used as {type}")
        stem = readable(name) or "variable"
        taken, count = set(self._b.build([]).types), 0
        while (unique := f"{stem}_{count}" if count else stem) in taken:
            count += 1
        state = self._b.state(unique, initial, type.quant)
        self._states[name], self._latest[name] = state, state


def _same(name: str, held: TensorType, type: TensorType) -> None:
    if held != type:
        raise Unsupported(f"variable {name!r} holds {held}, but is used as {type}")
