"""Files through the sandbox and their samples to disk, as they come: neither a long file nor many
small ones are ever in memory at once.

One reader serves many files. Where it dies, the file that it died of is found by reading one after
the other, and a new reader goes on behind it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tinsmith.core import sandbox
from tinsmith.core.errors import InternalError, UserError
from tinsmith.core.progress import Progress
from tinsmith.data.files import Known, SourceFile
from tinsmith.data.format import ReadOptions
from tinsmith.data.reading import Part, Problem, Read
from tinsmith.data.samples import Incoming, SampleFolder

_READER = "tinsmith.data.reading:read_files"
_MEMORY_BYTES = 4_000_000_000
_PART_BYTES = 200_000_000
_BATCH_FILES, _BATCH_BYTES = 4096, 4_000_000_000
_BYTES_PER_S = 1e6
"""A reader that is slower than this hangs."""
_DEATHS = 20
"""Files of a batch that its reader may die of: more are no accident."""


@dataclass
class Entry:
    """A file on its way into the dataset: what was in it, or why it cannot be used."""

    file: SourceFile
    known: Known
    state: tuple[int, int]
    """Size in bytes and time of the last change (ns) before it was read."""
    read: Read | None = None
    digests: list[str] = field(default_factory=list)
    problem: Problem | None = None

    @property
    def complete(self) -> bool:
        """Whether nothing more comes of it."""
        if self.problem is not None:
            return True
        return self.read is not None and len(self.digests) == len(self.read.heads)

    def fail(self, e: UserError | Problem) -> None:
        """It cannot be used."""
        self.problem = Problem(e.code, e.message, e.hint)


def entry(file: SourceFile, known: Known) -> Entry:
    """A file that is to be read."""
    found = Entry(file, known, _state(file.path))
    if known.why_not:
        found.fail(UserError("data.pattern", f"{file.name}: {known.why_not}.", "Mend one of them."))
    return found


class Receiver:
    """Sends files to readers and keeps what comes back."""

    def __init__(self, options: ReadOptions, samples: SampleFolder, job: Progress) -> None:
        self._options, self._samples, self._job = options, samples, job
        self._incoming: Incoming | None = None

    def receive(self, entries: Sequence[Entry]) -> None:
        """Read all files.

        Raises:
            UserError: more than `_DEATHS` readers died; ``tool.missing``.
        """
        done = 0
        for batch in _batches([e for e in entries if not e.complete]):
            each, deaths = False, 0
            while left := [e for e in batch if not e.complete]:
                try:
                    self._read(left, each)
                    if not all(e.complete for e in left):
                        raise InternalError("a reader ended before its files were read")
                except UserError as e:
                    deaths += each
                    if not e.code.startswith("sandbox.") or deaths > _DEATHS:
                        raise
                    if each:
                        _died_of(next(x for x in batch if not x.complete), e)
                    each = not each
            done += len(batch)
            self._job.advance(done, len(entries), batch[-1].file.name)

    def _read(self, entries: Sequence[Entry], each: bool) -> None:
        tasks = tuple(e.known.task for e in entries)
        cpu_s = 600 + sum(e.state[0] for e in entries) / _BYTES_PER_S
        limits = sandbox.SandboxLimits(_MEMORY_BYTES, cpu_s, 2 * cpu_s, _PART_BYTES)
        arguments = (entries[0].file.format, tasks, self._options, each)
        self._forget()
        for e in entries:
            e.read, e.digests = None, []
        announced: list[Entry] = []
        count = 0
        for part in sandbox.stream(_READER, arguments, Part, limits, self._job):
            for e, read in zip(entries[count:], part.reads, strict=False):
                e.read, e.problem = read, read.problem
                announced.append(e)
            count += len(part.reads)
            self._keep(announced, memoryview(part.samples))
            if part.broken is not None:
                announced[-1].fail(part.broken)
                self._forget()
            for e in announced:
                if e.complete:
                    _check_unchanged(e)
            announced = [e for e in announced if not e.complete]
            self._job.check()

    def _keep(self, announced: Sequence[Entry], data: memoryview) -> None:
        """Samples go to the recordings that were announced, in their order."""
        for e in announced:
            while e.read is not None and not e.complete:
                if self._incoming is None:
                    shape = (e.read.heads[len(e.digests)].samples, len(e.read.channels))
                    dtype = e.read.contract.dtype
                    self._incoming = Incoming(self._samples.folder, dtype, shape)
                taken = data[: self._incoming.missing]
                self._incoming.add(taken)
                data = data[len(taken) :]
                if self._incoming.missing:
                    return
                e.digests.append(self._samples.put(self._incoming))
                self._incoming = None

    def _forget(self) -> None:
        if self._incoming is not None:
            self._incoming.drop()
            self._incoming = None


def _died_of(e: Entry, cause: UserError) -> None:
    e.fail(UserError(cause.code, f"{e.file.name}: {cause.message}", cause.hint))


def _check_unchanged(e: Entry) -> None:
    if e.problem is None and _state(e.file.path) != e.state:
        message = f"{e.file.name} changed while it was read."
        e.fail(UserError("data.changed", message, "Import it when it is complete."))


def _state(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _batches(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Runs of one format for one reader each: starting one costs more than many files."""
    batch: list[Entry] = []
    nbytes = 0
    for e in entries:
        full = len(batch) == _BATCH_FILES or nbytes + e.state[0] > _BATCH_BYTES
        if batch and (full or e.file.format != batch[0].file.format):
            yield batch
            batch, nbytes = [], 0
        batch.append(e)
        nbytes += e.state[0]
    if batch:
        yield batch
