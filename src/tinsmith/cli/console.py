"""What a person sees while a run works: one line per step, progress inside."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

from tinsmith.core.job import Job
from tinsmith.core.progress import StepRecord


class Bar:
    """Progress of one step, as a bar."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def advance(self, done: int, total: int, note: str = "") -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=done, total=total, note=note)


class Show:
    """A Listener that shows steps on a terminal: the running one as a bar, finished ones as
    lines."""

    def __init__(self, console: Console, progress: Progress) -> None:
        self._console = console
        self._progress = progress
        self._task: TaskID | None = None

    def started(self, step: str) -> Bar:
        """Show the step's bar."""
        self._task = self._progress.add_task(step, total=None, note="")
        return Bar(self._progress, self._task)

    def finished(self, record: StepRecord) -> None:
        """Turn the bar into a line."""
        if self._task is not None:
            self._progress.remove_task(self._task)
            self._task = None
        how = "[dim]served[/dim]  " if record.served else "[green]executed[/green]"
        self._console.print(f"  {how}  {record.name:<28}{record.seconds:8.2f} s", highlight=False)

    def noted(self, text: str) -> None:
        """Say it on stderr: results on stdout stay what they are."""
        typer.echo(f"tinsmith: note: {text}", err=True)


@contextmanager
def shown(quiet: bool = False) -> Iterator[Show]:
    """A listener on stdout, or on stderr where stdout belongs to JSON (``quiet``)."""
    console = Console(stderr=quiet)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(),
               TextColumn("[dim]{task.fields[note]}"))  # fmt: skip
    silent = not console.is_terminal  # else it leaves an empty line in a file
    with Progress(*columns, console=console, transient=True, disable=silent) as progress:
        yield Show(console, progress)


@contextmanager
def working(quiet: bool = False, fresh: bool = False) -> Iterator[Job]:
    """A job for model files that is `shown`; its results are kept in the user's cache. ``fresh``:
    what was done before is done again."""
    from tinsmith.flow.open import model_job
    from tinsmith.flow.places import default_cache

    with shown(quiet) as listener:
        yield model_job(listener, default_cache(), fresh)


def print_json(body: Any) -> None:
    """Print a result for programs."""
    Console(soft_wrap=True).print(json.dumps(body, indent=1, sort_keys=True), markup=False,
                                  highlight=False)  # fmt: skip
