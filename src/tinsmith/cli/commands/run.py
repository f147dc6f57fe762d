"""The whole story: recordings in, a proven inference module on each board out."""

import typer

from tinsmith.cli.command import Command
from tinsmith.cli.options import HERE, FreshOption, JsonOption, ProjectOption, opened

app = typer.Typer()


@app.command(epilog="Example: tinsmith run --project examples/wrist-motion")
def run(
    project: ProjectOption = HERE, fresh: FreshOption = False, json: JsonOption = False
) -> None:
    """Do everything that project.toml asks for: train, compress, compile, measure, prove, report.

    Unchanged steps are served from the cache. Exit code 2 if a gate is not passed.
    """
    from tinsmith.cli.console import print_json, shown
    from tinsmith.cli.show import show_run
    from tinsmith.flow.outputs import check, write_all
    from tinsmith.flow.run import run as run_story

    with shown(json) as listener:
        steps = opened(project, listener, delivers=True, fresh=fresh)
        result = run_story(steps)
        delivered = write_all(steps, result)
    print_json(delivered.record) if json else show_run(result, delivered)
    check(result)


COMMAND = Command("run", app)
