"""Train the model and compress it; print its accuracy before and after."""

import typer

from tinsmith.cli.command import Command
from tinsmith.cli.options import HERE, JsonOption, ProjectOption, opened

app = typer.Typer()


@app.command(epilog="Example: tinsmith train --project examples/wrist-motion --json")
def train(project: ProjectOption = HERE, json: JsonOption = False) -> None:
    """Cut windows, train the pipeline of project.toml and quantise it."""
    from tinsmith.cli.console import print_json, shown
    from tinsmith.cli.show import show_model
    from tinsmith.flow.record import model_record
    from tinsmith.flow.run import make_model

    with shown(json) as listener:
        model = make_model(opened(project, listener))
    print_json(model_record(model)) if json else show_model(model)


COMMAND = Command("train", app)
