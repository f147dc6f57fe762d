"""Jobs: work that is watched, cancelled, or done anew."""

import os
from pathlib import Path

from tinsmith.core.job import Job
from tinsmith.core.progress import Listener
from tinsmith.facade import _work


def job(
    listener: Listener | None = None,
    cache: str | os.PathLike[str] | None = None,
    fresh: bool = False,
) -> Job:
    """A piece of work, for the argument ``job`` of `load`, `quantise` and `compile`. Another thread
    may call its ``cancel()``: what is done for it then ends with
    `tinsmith.core.errors.Cancelled`.

    Args:
        listener: hears of each step, of progress inside it and of notes
            (`tinsmith.core.progress.Listener`).
        cache: folder that keeps results; the user's if None.
        fresh: do again what was done before.

    Example:
        >>> job = ts.job(fresh=True)
        >>> ts.compile(model, "rpi_pico", job=job).measure()
        >>> [(step.name, step.seconds) for step in job.records]
    """
    return _work.watched(listener, None if cache is None else Path(cache), fresh)
