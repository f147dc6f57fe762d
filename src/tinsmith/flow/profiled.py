"""A model file's profile on one board."""

from pathlib import Path

from tinsmith.core.job import Job
from tinsmith.flow.model import MeasureOptions, measure_model
from tinsmith.flow.profile import Profile, profile


def profile_model(path: Path, options: MeasureOptions, job: Job | None = None) -> Profile:
    """Import a model, build it for a board, run it and see where the time goes.

    Raises:
        UserError: what `measure_model` raises, and ``profile.runner``.
    """
    board = options.target().board
    found = measure_model(path, options, job)
    return profile(found.firmware, found.outcome, board, options.optimize)
