"""Makes certificates: it gathers what the compiler knows, and the checker finds the rest."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np

from tinsmith.build.firmware import Firmware
from tinsmith.codegen.kernel_set import Binding, sets_for
from tinsmith.codegen.module import InferenceModule
from tinsmith.codegen.uses import offers_of
from tinsmith.core.errors import InternalError
from tinsmith.core.progress import SILENT, Progress
from tinsmith.devices.board import Board
from tinsmith.ir.graph import Graph, Node
from tinsmith.prove.certificate.checker.check import examine, hashes
from tinsmith.prove.certificate.checker.statement import (
    VERSION,
    Certificate,
    Subject,
    Timed,
)
from tinsmith.prove.certificate.stimuli import Stimuli


def make(
    firmware: Firmware,
    board: Board,
    source: Graph,
    cache: Path | None = None,
    job: Progress = SILENT,
) -> Certificate:
    """The certificate of a linked image. Deterministic: equal arguments, equal certificate.

    Args:
        source: the graph that the module was compiled from.
        cache: folder of the emulator's plug-ins.

    Raises:
        Rejected: the module is wrong; there is no certificate for it.
        UserError ``certificate.board``: nothing can be executed on the board's core.
    """
    subject = subject_of(firmware, board, source)
    return Certificate(VERSION, subject, examine(subject, Stimuli(), cache, job), hashes(subject))


def subject_of(firmware: Firmware, board: Board, source: Graph) -> Subject:
    """What a certificate speaks of."""
    module = firmware.module
    plan = module.plan
    return Subject(
        module.name, board, firmware.toolchain_version, source, module.graph,
        firmware.elf, firmware.stack_bytes, plan.arena_bytes, plan.state_bytes,
        {name: (p.offset, p.nbytes) for name, p in plan.places.items()},
        dict(plan.state_offsets), plan.kept, dict(module.steps), dict(module.kernels),
        dict(_orders(module, board)),
        {path: sha256(text.encode()).hexdigest() for path, text in sorted(module.sources.items())},
    )  # fmt: skip


def _orders(module: InferenceModule, board: Board) -> Iterator[tuple[str, tuple[Timed, ...]]]:
    """By node, where operand and result share memory: only there a declared order matters."""
    places = module.plan.places
    for node in module.graph.nodes:
        spans = [places[o] for o in node.outputs]
        over = {
            k for k, name in enumerate(node.inputs)
            if name in places and any(
                places[name].offset < p.offset + p.nbytes
                and p.offset < places[name].offset + places[name].nbytes
                for p in spans
            )
        }  # fmt: skip
        if over:
            found = [o for o in _binding(module, node, board).orders if o.operand in over]
            times = [(o.operand, *o.times()) for o in found]
            yield node.name, tuple(Timed(k, _small(r), _small(w)) for k, r, w in times)


def _small(times: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(times, np.int64).astype(np.int32)


def _binding(module: InferenceModule, node: Node, board: Board) -> Binding:
    for call in offers_of(module.graph, node, sets_for(board.core.features)):
        if call.kernel == module.kernels[node.name]:
            return call.binding
    raise InternalError(f"no set offers {module.kernels[node.name]} for {node.name!r}")
