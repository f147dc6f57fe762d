"""Opens a project for a run: cache, journal and steps in its .tinsmith folder."""

from pathlib import Path

from tinsmith.core.cache import Cache, code_fingerprint
from tinsmith.flow.journal import Journal, Listener
from tinsmith.flow.places import check_output_folder
from tinsmith.flow.project import read_project
from tinsmith.flow.steps import Steps

PACKAGE = Path(__file__).parents[1]


def open_project(folder: Path, listener: Listener, delivers: bool = False) -> Steps:
    """Read project.toml and get ready to do or serve its steps; ``delivers``: files are going to be
    handed over in its output folder.

    Raises:
        UserError: the project cannot be used, see `read_project`; ``output.place``: what it keeps
            or hands over cannot be written.
    """
    project = read_project(folder)
    check_output_folder(project.state)
    if delivers:
        check_output_folder(project.output)
    cache = Cache(project.state / "cache", code_fingerprint(PACKAGE))
    return Steps(project, Journal(cache, project.state / "runs", listener))
