"""Certificates of model files: made with the linked image, written, read and checked."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tinsmith.bench.replay import check_board, why_not
from tinsmith.build.firmware import Firmware
from tinsmith.build.package import Papers
from tinsmith.codegen.module import InferenceModule
from tinsmith.core.cache import write_atomically
from tinsmith.core.codec import dumps, loads
from tinsmith.core.errors import InternalError, MissingTool, UserError
from tinsmith.core.job import Job
from tinsmith.flow import stages
from tinsmith.flow.locks import lock_of, locked
from tinsmith.flow.model import MeasureOptions, open_model
from tinsmith.flow.model_target import Target
from tinsmith.flow.places import check_output
from tinsmith.ir.graph import Graph
from tinsmith.ir.text import graph_hash
from tinsmith.prove.certificate.checker.check import check
from tinsmith.prove.certificate.checker.statement import Certificate, Claims
from tinsmith.prove.certificate.make import make
from tinsmith.prove.certificate.stimuli import Stimuli


@dataclass(frozen=True)
class Certified:
    """A certificate that holds: of which module, and what it claims."""

    module: str
    board: str
    toolchain: str
    hashes: Mapping[str, str]
    claims: Claims

    def record(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "module": self.module, "board": self.board, "toolchain": self.toolchain,
            "hashes": dict(self.hashes), "claims": asdict(self.claims),
        }  # fmt: skip

    def lines(self) -> list[str]:
        """For people: the module, its whole runs, one line for each step."""
        c = self.claims
        time = "the same for all data" if c.constant else "at most, it depends on data"
        found = [
            f"{self.module} for {self.board}, {self.toolchain}: certified.",
            f"{c.runs} whole runs equal the source graph; {c.instructions} instructions, {time}; "
            f"stack {c.stack} B, {_at_most(c.stack_bound)}{c.unbounded and ': '}{c.unbounded}",
        ]
        if c.rounded:
            which = "all" if c.rounded_all else "the decisive"
            found.append(f"Requantisation equals its definition on {which} {c.rounded} sums.")
        for s in c.steps:
            told = f"  {s.node} ({s.kernel}): {s.stimuli} stimuli, {s.instructions} instructions"
            told += "" if s.constant else " at most"
            told += f", stack {s.stack} B, {_at_most(s.stack_bound)}"
            told += f", code {s.code[1]}/{s.code[0]} B"
            if s.sums is not None:
                u = s.sums
                fits = "wraps" if u.wraps else "fits"
                told += f", sums {u.low}..{u.high} ({fits}), taps {u.taps_seen}/{u.taps}"
                told += f", biases {u.biases_seen}/{u.biases}"
                told += f", {u.mute} channels always the same" if u.mute else ""
                told += f", breakpoints {u.breakpoints_hit}/{u.breakpoints}"
            found.append(told)
        if c.unreached:
            found.append(f"No step executed, so nothing is told of: {', '.join(c.unreached)}.")
        return found


def certify_model(path: Path, options: MeasureOptions, output: Path, job: Job) -> Certified:
    """Import a model, build it for a board, and write the certificate of its image.

    Raises:
        UserError: what `measure_model` raises; ``certificate.*`` (the module is wrong, or nothing
            can be executed step by step on the board's core).
    """
    target = options.target()
    check_board(target.board)
    check_output(output, path)
    lock = lock_of(path, options.choices)
    graph = open_model(path, options.semantics, job)
    choices = locked(lock, target, graph, job)
    module = stages.compiled(job, graph, target.board, target.aimed(choices))
    firmware = stages.built(job, module, target)
    found = job.step("certify", certificate_of, firmware=firmware, target=target, graph=graph)
    write_atomically(output, dumps(found))
    return _told(found)


def certificate_of(firmware: Firmware, target: Target, graph: Graph, job: Job) -> Certificate:
    """Step: the certificate of an image."""
    return make(firmware, target.board, graph, target.cache, job)


def papers_of(job: Job, module: InferenceModule, target: Target, graph: Graph) -> Papers:
    """The certificate of a module's image for its packages, or why there is none.

    Raises:
        Rejected: the module is wrong, and must not be handed over.
    """
    if reason := why_not(target.board):
        return Papers(b"", f"no emulator executes steps of board {target.board.id}: {reason}")
    try:
        firmware = stages.built(job, module, target)
        made = job.step("certify", certificate_of, firmware=firmware, target=target, graph=graph)
    except UserError as e:
        if e.code != "build.fit" and not isinstance(e, MissingTool):
            raise
        return Papers(b"", e.message.removesuffix("."))
    return Papers(dumps(made), "")


def check_certificate(
    path: Path, cache: Path, job: Job, model: Path | None = None, semantics: str = ""
) -> Certified:
    """Find out again all that a certificate claims; and that it is of a ``model`` file.

    Raises:
        UserError: ``certificate.file`` (it is none), ``certificate.model`` (it is of another model
            than that), ``certificate.*`` (it does not hold).
    """
    given = _read(path)
    if model is not None:
        _check_model(given, open_model(model, semantics, job), model)
    check(given, Stimuli(), cache / "objects", job)
    return _told(given)


def _check_model(given: Certificate, graph: Graph, model: Path) -> None:
    own = graph_hash(graph.with_(name=given.subject.source.name))
    if given.hashes.get("source") != own:
        raise UserError(
            "certificate.model",
            f"It is a certificate of {given.subject.name!r}, compiled from another graph than that "
            f"of {model}.",
            "Name the model that it was made of, with the same --semantics.",
        )


def _read(path: Path) -> Certificate:
    try:
        data = path.read_bytes()
        given = loads(Certificate, data)
        if dumps(given) != data:
            raise InternalError("it holds more than a certificate")
    except OSError as e:
        raise UserError(
            "certificate.file", f"{path} cannot be read: {e.strerror or e}.", "Name a certificate."
        ) from None
    except InternalError as e:
        raise UserError(
            "certificate.file", f"{path} is no certificate of this version, or a damaged one.",
            "Make one with: tinsmith certify MODEL --board BOARD --output FILE",
        ) from e  # fmt: skip
    return given


def _told(given: Certificate) -> Certified:
    s = given.subject
    return Certified(s.name, s.board.id, s.toolchain, given.hashes, given.claims)


def _at_most(bound: int | None) -> str:
    return "no bound" if bound is None else f"at most {bound} B"
