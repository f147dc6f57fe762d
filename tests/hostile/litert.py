"""LiteRT's reference kernels on files that may be hostile: in a child process, which may die of
them; a file that it dies of, or works on for too long, was not accepted."""

import contextlib
import io
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

LATE_S = 30.0
"""No file may take longer."""
_MEMORY = 6 << 30
OUTPUTS, REFUSED, DIED = "outputs", "refused", "died"


def run_all(files: Sequence[tuple[Path, Sequence[np.ndarray]]], folder: Path) -> list[str]:
    """What LiteRT made of every file with its inputs [case, *shape]: ``outputs`` (then they are in
    `outputs_of`), ``refused`` or ``died``."""
    for number, (path, inputs) in enumerate(files):
        np.savez(_inputs(folder, number), *inputs)
        (folder / f"{number}.name").write_text(str(path), encoding="utf-8")
    states: list[str] = []
    while len(states) < len(files):
        states += _some(folder, len(states), len(files))
    return states


def outputs_of(folder: Path, number: int) -> list[np.ndarray]:
    """Outputs of file ``number``, each [case, *shape]."""
    with np.load(folder / f"{number}.out.npz") as archive:
        return [archive[k] for k in archive.files]


def _inputs(folder: Path, number: int) -> Path:
    return folder / f"{number}.in.npz"


def _some(folder: Path, first: int, end: int) -> list[str]:
    """Files from ``first`` on, up to the end or one that the child dies of."""
    command = [sys.executable, __file__, str(folder), str(first), str(end)]
    log = folder / f"{first}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        seen, since = 0, time.monotonic()
        while process.poll() is None and time.monotonic() - since < LATE_S:
            time.sleep(0.02)
            if (size := log.stat().st_size) != seen:
                seen, since = size, time.monotonic()
        process.kill()
        process.wait()
    states = log.read_text(encoding="utf-8").split()
    return states if first + len(states) == end else [*states, DIED]


def _one(folder: Path, number: int) -> str:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    path = (folder / f"{number}.name").read_text(encoding="utf-8")
    with np.load(_inputs(folder, number)) as archive:
        inputs = [archive[k] for k in archive.files]
    try:
        machine = Interpreter(path, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
        machine.allocate_tensors()
        cases = []
        for case in zip(*inputs, strict=True):
            for details, array in zip(machine.get_input_details(), case, strict=True):
                machine.set_tensor(details["index"], array.reshape(details["shape"]))
            machine.invoke()
            cases.append([machine.get_tensor(d["index"]) for d in machine.get_output_details()])
    except (RuntimeError, ValueError):
        return REFUSED
    np.savez(folder / f"{number}.out.npz", *(np.stack(o) for o in zip(*cases, strict=True)))
    return OUTPUTS


def _main(folder: Path, first: int, end: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in range(first, end):
        with contextlib.redirect_stdout(io.StringIO()):
            state = _one(folder, number)
        print(state, flush=True)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
