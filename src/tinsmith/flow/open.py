"""Opens a project for a run: cache, journal and steps in its .tinsmith folder."""

from functools import cached_property
from pathlib import Path

from tinsmith.core.cache import Cache, code_fingerprint
from tinsmith.core.job import Job
from tinsmith.core.progress import Listener
from tinsmith.core.store import LocalStore
from tinsmith.flow.journal import Journal
from tinsmith.flow.places import check_cache, check_output_folder
from tinsmith.flow.project import read_project
from tinsmith.flow.steps import Steps

PACKAGE = Path(__file__).parents[1]


class Anew(LocalStore):
    """A folder of files of which nothing is served that was there before."""

    def get(self, key: str) -> bytes | None:
        """None, until it is put again."""
        return super().get(key) if key in self.written else None

    def put(self, key: str, data: bytes) -> None:
        """See `LocalStore.put`."""
        super().put(key, data)
        self.written.add(key)

    @cached_property
    def written(self) -> set[str]:
        """Keys that were put."""
        return set()


def open_project(
    folder: Path, listener: Listener, cache: Path, delivers: bool = False, fresh: bool = False
) -> Steps:
    """Read project.toml and get ready to do or serve its steps.

    Args:
        folder: the project's; its results are kept in it.
        listener: hears of each step.
        cache: the user's folder of what compilers make, the same for all projects.
        delivers: whether files are going to be handed over in the project's output folder.
        fresh: do again what was done before.

    Raises:
        UserError: the project cannot be used, see `read_project`; ``output.place``: what it keeps
            or hands over cannot be written.
    """
    project = read_project(folder)
    check_output_folder(project.state)
    if delivers:
        check_output_folder(project.output)
    results = _results(project.state / "cache", fresh)
    journal = Journal(project.state / "runs", listener)
    return Steps(project, Job(results, journal), journal, cache / "objects")


def model_job(listener: Listener, folder: Path, fresh: bool = False) -> Job:
    """A job for model files, which belong to no project: its results are kept in a folder.
    ``fresh``: do again what was done before.

    Raises:
        UserError ``cache.folder``: it cannot be written.
    """
    check_cache(folder)
    return Job(_results(folder / "steps", fresh), listener)


def _results(folder: Path, fresh: bool) -> Cache:
    store = Anew(folder) if fresh else LocalStore(folder)
    return Cache(store, code_fingerprint(PACKAGE))
