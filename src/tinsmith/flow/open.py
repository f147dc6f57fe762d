"""Opens a project for a run: cache, journal and steps in its .tinsmith folder."""

from pathlib import Path

from tinsmith.core.cache import Cache, code_fingerprint
from tinsmith.flow.journal import Journal, Listener
from tinsmith.flow.project import read_project
from tinsmith.flow.steps import Steps

PACKAGE = Path(__file__).parents[1]


def open_project(folder: Path, listener: Listener) -> Steps:
    """Read project.toml and get ready to do or serve its steps.

    Raises:
        UserError: the project cannot be used; see `read_project`.
    """
    project = read_project(folder)
    cache = Cache(project.state / "cache", code_fingerprint(PACKAGE))
    return Steps(project, Journal(cache, project.state / "runs", listener))
