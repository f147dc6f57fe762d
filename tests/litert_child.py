"""LiteRT in a process of its own, for files that may bring it down."""

import os
import signal
from collections.abc import Sequence
from io import BytesIO
from zipfile import BadZipFile

import numpy as np

SECONDS = 30
OVERFLOW = 1e30


def outputs(data: bytes, inputs: Sequence[np.ndarray]) -> list[np.ndarray] | None:
    """What LiteRT's reference kernels make of one case; None where it refuses the model, fails, or
    dies of it."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            signal.alarm(SECONDS)
            answer = BytesIO()
            np.savez(answer, *_run(data, inputs))
            with os.fdopen(write, "wb") as pipe:
                pipe.write(answer.getvalue())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        answer = BytesIO(pipe.read())
    os.waitpid(child, 0)
    try:
        with np.load(answer) as found:
            return [found[f"arr_{i}"] for i in range(len(found.files))]
    except (EOFError, ValueError, BadZipFile):
        return None


def require_close(got: np.ndarray, want: np.ndarray, largest: float = 0.0) -> None:
    """Integers exactly; floats within 1e-5 of the largest. Where theirs are no numbers or beyond
    what sums in any order agree on, ours are no numbers or as large.

    ``largest``: the largest magnitude on the way to them. Eight roundings of it are allowed: terms
    of 4 that cancel to 0.01 leave less than five digits to compare."""
    assert (got.dtype, got.shape) == (want.dtype, want.shape)
    if want.dtype != np.float32:
        np.testing.assert_array_equal(got, want)
    elif (np.abs(want) < OVERFLOW).all():
        allowed = max(1e-30, 1e-5 * np.abs(want).max(), 8 * 2**-24 * largest)
        assert np.abs(got - want).max() <= allowed
    else:
        assert not (np.abs(got) < OVERFLOW / 10).all()


def _run(data: bytes, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    machine = Interpreter(
        model_content=data, experimental_op_resolver_type=OpResolverType.BUILTIN_REF
    )
    machine.allocate_tensors()
    for detail, array in zip(machine.get_input_details(), inputs, strict=True):
        machine.set_tensor(detail["index"], array)
    machine.invoke()
    return [machine.get_tensor(d["index"]).copy() for d in machine.get_output_details()]
