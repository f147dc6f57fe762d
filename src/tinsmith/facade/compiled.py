"""Compiled: a model as C and as an image for a board. It predicts, measures, proves, packages."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, Unpack

import numpy as np

from tinsmith.build.firmware import Firmware
from tinsmith.build.package import Order
from tinsmith.codegen.choices import Choices
from tinsmith.core.codec import content_hash
from tinsmith.core.errors import UserError
from tinsmith.core.job import Job
from tinsmith.core.units import count_text
from tinsmith.devices.board import Board
from tinsmith.facade import _work, saved
from tinsmith.facade.arrays import Cases, taken
from tinsmith.facade.board import board_of
from tinsmith.facade.comparison import Comparison
from tinsmith.facade.measurement import Measurement
from tinsmith.facade.model import Model
from tinsmith.facade.profile import Profile
from tinsmith.facade.proof import Proof
from tinsmith.facade.shown import Row, Shown, tensors
from tinsmith.ir.types import TensorType


@dataclass(frozen=True, repr=False, eq=False)
class Package(Shown, _work.Packed):
    """An archive that was written: ``cases`` golden vectors travel in it."""

    def _title(self) -> str:
        return f"{self.path.name}: {self.kind} for {self.board}"

    def _rows(self) -> Iterable[Row]:
        yield "size", f"{count_text(self.nbytes)} B"
        yield "golden vectors", count_text(self.cases)
        yield "certificate", f"none: {self.uncertified}" if self.uncertified else "inside"
        yield "sha256", self.sha256


@dataclass(frozen=True, repr=False, eq=False)
class Compiled(Shown):
    """A model compiled for a board. What is made of it is kept in a cache, so the second time is
    quick; a model with states is reset once and then fed the cases of a call in order.

    Args:
        model: what was compiled.
        firmware: the linked image, with its C sources in ``firmware.module.sources``.
        target: board, toolchain, runner.
        choices: kernels that were pinned.
        shop: where results are kept.

    Example:
        >>> compiled = ts.compile(model, board="nucleo_l4r5zi")
        >>> compiled.measure().flash.value
    """

    model: Model
    firmware: Firmware
    target: _work.Target
    choices: Choices
    shop: _work.Workshop

    @property
    def board(self) -> Board:
        """What it was compiled for."""
        return self.target.board

    @property
    def inputs(self) -> Mapping[str, TensorType]:
        """Shape and dtype of each input by name, in order; without the axis of cases."""
        return self.model.inputs

    @property
    def outputs(self) -> Mapping[str, TensorType]:
        """Shape and dtype of each output by name, in order; without the axis of cases."""
        return self.model.outputs

    @property
    def sources(self) -> Mapping[str, str]:
        """The C: relative path -> text."""
        return self.firmware.module.sources

    @property
    def kernels(self) -> Mapping[str, str]:
        """Layer -> the kernel that computes it (``<set>/<name>``)."""
        return self.firmware.module.kernels

    def predict(self, cases: Cases) -> np.ndarray | Any:
        """The answers of the compiled C, run on this computer: bit for bit those of the board.

        Args:
            cases: [case, *shape] for each input, see `Cases`. One call with many cases is quicker
                than many calls.

        Returns:
            An array [case, *shape]; of a model with several outputs a dict of arrays by name. Where
            the inputs came without the model's own first axis of length 1, so do the answers.

        Raises:
            UserError: ``model.inputs.*``.

        Example:
            >>> compiled.predict(x).argmax(axis=1)
        """
        given = taken(cases, self.inputs)
        found = _work.on_host(self.firmware.module, self._renamed(given.arrays), self.shop)
        names = zip(self.outputs, self.firmware.module.graph.outputs, strict=True)
        return given.answers({own: found[c] for own, c in names})

    def measure(self, inputs: Cases | None = None, reset_each: bool = False) -> Measurement:
        """Run on the board's runner (an emulator of its core) and take the figures.

        Args:
            inputs: cases to run, see `Cases`; one case of fixed pseudo-random values if None.
            reset_each: states are reset before each case, not only before the first.

        Raises:
            UserError: ``model.inputs.*``, ``bench.*`` (the firmware faulted).
            MissingTool: the runner is not installed.

        Example:
            >>> print(compiled.measure(x[:10]))
            >>> compiled.measure(x[:10]).instructions.value
        """
        graph = self.firmware.module.graph
        arrays = _work.default_inputs(graph) if inputs is None else self._taken(inputs)
        cases = _work.Cases(arrays, reset_each=reset_each)
        return Measurement.of(_work.measured(self.firmware, cases, self.target, self.shop))

    def profile(self, inputs: Cases | None = None) -> Profile:
        """Where the time of one inference goes: instructions and model cycles of every layer.

        Args:
            inputs: the case to run is the first, see `Cases`; fixed pseudo-random values if None.

        Raises:
            UserError: ``profile.runner`` (nothing counts instructions there), as `measure`.
            MissingTool: the runner is not installed.

        Example:
            >>> print(compiled.profile())
        """
        graph = self.firmware.module.graph
        arrays = _work.default_inputs(graph) if inputs is None else self._taken(inputs)
        cases = _work.Cases({name: a[:1] for name, a in arrays.items()})
        return Profile.of(_work.profiled(self.firmware, cases, self.target, self.shop))

    def prove(self, inputs: Cases | None = None) -> Proof:
        """Compare the reference, C on this computer and the board's firmware, value by value.

        Args:
            inputs: cases to compare on, see `Cases`; a few pseudo-random ones if None. States are
                reset before each.

        Returns:
            The proof; ``proof.check()`` raises where something differs.

        Raises:
            UserError: ``model.inputs.*``, ``bench.*``.
            MissingTool: the board's runner is not installed.

        Example:
            >>> compiled.prove(x[:20]).equal
        """
        module = self.firmware.module
        arrays = _work.seeded_inputs(module.graph) if inputs is None else self._taken(inputs)
        return Proof(
            module.name, self.board.id, _work.proven(self.firmware, arrays, self.target, self.shop)
        )

    def compare(
        self,
        other: "Compiled | None" = None,
        inputs: Cases | None = None,
        reset_each: bool = False,
    ) -> Comparison:
        """Set every layer of two executions side by side, also of layers that are fused here and
        not there.

        Args:
            other: the same model compiled for another board, or in another way; the reference in
                numpy if None.
            inputs: cases to run, see `Cases`; one case of fixed pseudo-random values if None.
            reset_each: states are reset before each case, not only before the first.

        Raises:
            UserError: ``compare.trace`` (the runner of a board sees no layers), ``compare.model``
                (``other`` is of another model), ``model.inputs.*``, ``bench.*``.
            MissingTool: a board's runner is not installed.

        Example:
            >>> compiled.compare(ts.compile(small, "host"), x[:5]).first
        """
        if other is not None and content_hash(other.model.graph) != content_hash(self.model.graph):
            raise UserError(
                "compare.model",
                f"{self.model.name!r} would be compared with another model.",
                "Compile one model twice.",
            )
        graph = self.firmware.module.graph
        arrays = _work.default_inputs(graph) if inputs is None else self._taken(inputs)
        runs = [(c.firmware, c.target) for c in (self, other) if c is not None]
        cases = _work.Cases(arrays, reset_each=reset_each)
        found = _work.compared(self.model.graph, runs, cases, self.shop)
        return Comparison(**vars(found))

    def package(
        self,
        kind: str,
        folder: str | os.PathLike[str],
        version: str = "1.0.0",
        inputs: Cases | None = None,
    ) -> Package:
        """Write an archive that drops into a firmware project.

        Args:
            kind: ``c_library``, ``arduino``, ... (`tinsmith kinds package`).
            folder: where to; it is made if there is none.
            version: ``<major>.<minor>.<patch>``.
            inputs: golden cases for the self-test, see `Cases`; pseudo-random ones if None.

        Raises:
            UnknownKind: no such kind.
            UserError: ``package.*``, ``output.place``, ``build.board.host``, ``model.inputs.*``.

        Example:
            >>> compiled.package("c_library", "build")
        """
        place, job = Path(folder), self.shop.job()
        _work.check_packages((kind,), version, place, (self.board,))
        module, where = self.firmware.module, self.target
        golden = _work.golden_of(module.graph, self._taken(inputs) if inputs is not None else None)
        papers = _work.papers_of(job, module, where, self.model.graph)
        order = Order(
            module, where.board, golden, where.cache, where.toolchain, version, job, papers
        )
        (made,) = _work.write_packages(order, (kind,), place, job)
        return Package(**vars(made))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the model with how it was compiled; `Compiled.load` makes the same C of it.

        Args:
            path: ends in ``.tsc``.

        Raises:
            UserError: ``compiled.save`` (another suffix, or a board that no TOML file says),
                ``output.place``, ``import.tinsmith.op`` (an operation that is not kept in files).

        Example:
            >>> compiled.save("gestures.tsc")
        """
        t, module = self.target, self.firmware.module
        tools = t.toolchain, t.runner, t.optimize
        how = saved.How(*tools, t.stack_bytes, self.choices, t.keep_inputs)
        record = saved.record(self.model.graph, self.model.origin, t.board, how, module)
        return _work.write(saved.check_suffix(Path(path)), saved.dumps(record))

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], cache: str | os.PathLike[str] | None = None
    ) -> "Compiled":
        """Read what `save` wrote. The file is read in a sandbox, nothing in it is run: its model is
        compiled again, and the C must be the one that was saved.

        Args:
            path: the file.
            cache: folder of compiled things; the user's if None.

        Raises:
            UserError: ``compiled.file`` (there is none, or it is none of ours),
                ``compiled.version`` (this tinsmith makes other C of the model).

        Example:
            >>> compiled = ts.Compiled.load("gestures.tsc")
        """
        file = Path(path)
        kept = saved.read(file)
        how, shop = kept.how, _work.workshop(_folder(cache))
        board = saved.board_of(kept)
        tools = how.toolchain, how.runner, how.optimize
        found = _work.target_for(board, *tools, cache=shop.folder).keeping(how.keep_inputs)
        target = found.reserving(how.stack_bytes)
        choices = target.aimed(how.choices)
        firmware = _work.compiled(kept.graph, target, choices, shop)
        saved.check_same(kept, firmware.module, file)
        return cls(Model(kept.graph, kept.origin), firmware, target, choices, shop)

    def _taken(self, cases: Cases) -> dict[str, np.ndarray]:
        return self._renamed(taken(cases, self.inputs).arrays)

    def _renamed(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """By the names in C, which are identifiers."""
        return _work.renamed(arrays, self.model.graph, self.firmware.module.graph)

    def _title(self) -> str:
        return f"{self.firmware.module.name} for {self.board.id} ({self.board.name})"

    def _rows(self) -> Iterable[Row]:
        size, made = self.firmware.size, self.firmware
        yield "inputs", tensors(self.inputs.items())
        yield "outputs", tensors(self.outputs.items())
        if size is not None:
            yield "flash", str(size.flash)
            yield "RAM", f"{size.ram_static}, without stack"
        yield "arena", str(made.arena)
        if made.module.plan.state_bytes:
            yield "state", str(made.state)
        optimised = f", optimised for {self.target.optimize}" if self.target.optimize else ""
        yield "compiled by", f"{made.module.compiler}, {made.toolchain_version}{optimised}"


Place = str | os.PathLike[str]


class How(TypedDict, total=False):
    """How a model is compiled; see `compile`."""

    optimize: str
    toolchain: str
    runner: str
    stack_bytes: int | None
    keep_inputs: bool
    choices: Mapping[str, str] | Place | None
    cache: Place | None
    job: Job | None


def compile(model: Model, board: Place | Board, **how: Unpack[How]) -> Compiled:
    """Compile a model for a board: C, and an image linked for its exact memories.

    Args:
        model: from `load` or `quantise`.
        board: id of a board that comes with tinsmith (`boards`), path of your own board's TOML
            file, or a `Board`.
        optimize: what kernels are chosen and compiled for: ``balanced`` (the default),
            ``speed``, ``size`` or ``ram``.
        toolchain: ``zig`` or ``arm_gcc``; the first that serves the board if empty.
        runner: ``unicorn`` or ``qemu``; the first that serves the board if empty.
        stack_bytes: stack to reserve; 4096 if None.
        keep_inputs: a run leaves its inputs as they were written, at the price of their memory.
        choices: kernels to pin, layer -> ``<set>/<name>``, or the path of a lock file.
        cache: folder of compiled things; the user's (TINSMITH_CACHE, else ~/.cache/tinsmith) if
            None.
        job: from `tinsmith.job`: whatever is made of the model can be watched and cancelled.

    Raises:
        UnknownKind: no such board or optimisation.
        UserError: ``board.*``, ``toml.*`` (the board's file is wrong), ``build.fit`` (the board's
            memory is too small; says what is needed), ``build.stack``, ``codegen.*``,
            ``compile.choices``, ``model.target`` (toolchain or runner do not serve the board),
            ``cache.folder``.
        MissingTool: the toolchain is not installed.

    Example:
        >>> compiled = ts.compile(small, board="nucleo_l4r5zi")
    """
    known = How.__annotations__
    if unknown := how.keys() - known.keys():
        raise TypeError(f"compile() takes no {min(unknown)!r}; it takes {', '.join(known)}")
    shop = _work.workshop(_folder(how.get("cache")), how.get("job"))
    tools = how.get("toolchain", ""), how.get("runner", ""), how.get("optimize", "")
    target = _work.target_for(board_of(board), *tools, cache=shop.folder)
    target = target.reserving(how.get("stack_bytes")).keeping(how.get("keep_inputs", False))
    choices = how.get("choices")
    lock = Path(choices) if isinstance(choices, str | os.PathLike) else choices
    pinned = target.aimed(_work.pinned(lock, target, model.graph, shop))
    firmware = _work.compiled(model.graph, target, pinned, shop)
    return Compiled(model, firmware, target, pinned, shop)


def _folder(cache: Place | None) -> Path | None:
    return None if cache is None else Path(cache)
