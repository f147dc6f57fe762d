"""Crafted hostile models: sound files whose shapes, indices, constants, options and types lie. Each
is refused by name, or gives what LiteRT's reference gives where that takes it."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import litert_child
import numpy as np
from tflite_elements import ALONG, ELEMENTS
from tflite_movements import MOVEMENTS
from tflite_options import Drawer
from tflites import TYPES, File, Operator, Tensor

from tinsmith.core.errors import UserError
from tinsmith.importers.tflite.convert import convert
from tinsmith.importers.tflite.operators import NAMES
from tinsmith.importers.tflite.rules import RULES
from tinsmith.ir.interp import Interpreter
from tinsmith.ir.types import TensorType

FILES = 240
TABLE: dict[str, Drawer] = {**MOVEMENTS, **ELEMENTS, **ALONG}
ENDS = (0, 1, -1, 2, 5, -7, 2**15, 2**31 - 1, -(2**31))


def lied_to(rng: np.random.Generator, file: File) -> File:
    """One or two parts of a file changed."""
    for _ in range(int(rng.integers(1, 3))):
        at = int(rng.integers(len(file.tensors)))
        tensor, operator = file.tensors[at], file.operators[0]
        end = int(rng.choice(ENDS))
        match int(rng.integers(7)):
            case 0:
                shape = list(tensor.shape) or [1]
                shape[int(rng.integers(len(shape)))] = end
                file.tensors[at] = replace(tensor, shape=shape)
            case 1:
                inputs = list(operator.inputs)
                inputs[int(rng.integers(len(inputs)))] = end
                file.operators[0] = replace(operator, inputs=inputs)
            case 2:
                file.tensors[at] = _lying_constant(rng, tensor, end)
            case 3:
                options: dict[int, tuple[str, Any]] = dict.fromkeys(range(6), ("i", end))
                file.operators[0] = replace(operator, options=options)
            case 4:
                kind = str(rng.choice([t for t in TYPES if t != "int4"]))
                data = None if tensor.data is None else bytes(64)
                file.tensors[at] = replace(tensor, type=kind, data=data)
            case 5:
                outputs = [at, *operator.outputs][: int(rng.integers(3))]
                file.operators[0] = replace(operator, outputs=outputs)
            case 6:
                file.tensors[at] = replace(tensor, signature=(-1, end))
    return file


def _lying_constant(rng: np.random.Generator, tensor: Tensor, end: int) -> Tensor:
    """Other numbers, none at all, or too many; a scale that means nothing."""
    if tensor.data is None:
        scale = (float(rng.choice([0, -1, 1e-38, 1e38, np.nan, np.inf])),)
        return replace(tensor, scale=scale, zero=(end,))
    if tensor.type == "float32" or isinstance(tensor.data, bytes) or rng.integers(3) == 0:
        return replace(tensor, data=bytes(int(rng.integers(1, 40))))
    numbers = np.array(tensor.data).copy()
    numbers.flat[int(rng.integers(numbers.size))] = end % 128 if numbers.itemsize == 1 else end
    return replace(tensor, data=numbers)


def outcome(file: File, folder: Path, rng: np.random.Generator) -> str:
    """The code of the refusal, ``refused by LiteRT``, or ``equal`` to its reference."""
    path = folder / "net.tflite"
    path.write_bytes(file.bytes())
    try:
        graph = convert(path, "net", "litert")
    except UserError as e:
        assert e.code.startswith("import.tflite."), e
        return e.code
    inputs = {n: drawn(rng, graph.type(n)) for n in graph.inputs}
    values = {**graph.constants, **Interpreter(graph).run(inputs)}
    wanted = litert_child.outputs(path.read_bytes(), list(inputs.values()))
    if wanted is None:
        return "refused by LiteRT"
    for name, want in zip(graph.outputs, wanted, strict=True):
        litert_child.require_close(values[name], want)
    return "equal"


def drawn(rng: np.random.Generator, type: TensorType) -> np.ndarray:
    whole = rng.integers(0, 2 if type.dtype == "bool" else 100, type.shape)
    return (whole / 8 if type.dtype == "float32" else whole).astype(type.dtype)


def test_lies_are_refused_or_harmless(tmp_path: Path) -> None:
    names, seen = list(TABLE), Counter[str]()
    for number in range(FILES):
        rng = np.random.default_rng([2027, number])
        name = names[number % len(names)]
        dtypes = RULES[name.split()[0]].types
        file = TABLE[name](rng, dtypes[number // len(names) % len(dtypes)]).file()
        seen[outcome(lied_to(rng, file), tmp_path, rng)] += 1
    assert seen["equal"] and seen["import.tflite.op"] and seen["import.tflite.shape"], seen


def test_subgraphs_that_call_each_other_are_refused(
    rng: np.random.Generator, tmp_path: Path
) -> None:
    def calls(number: int) -> Operator:
        return Operator(NAMES.index("CALL_ONCE"), (), (), 103, {0: ("i", number)})

    for first in (1, 2):
        tensors = [Tensor("x", (2,)), Tensor("y", (2,))]
        more = [File([Tensor("a", (1,))], [calls(n)], (), ()) for n in (2, 1)]
        operators = [calls(first), Operator(NAMES.index("ABS"), (0,), (1,))]
        found = outcome(File(tensors, operators, more=more), tmp_path, rng)
        assert found == "import.tflite.op"
