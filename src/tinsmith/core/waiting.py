"""Waiting for work that cannot be asked to stop: a call that is cancelled returns, the work ends by
itself, unseen.

That is right for work which harms nobody when it goes on: loading a library (Python loads one in
one go, and what was interrupted there cannot be loaded again), or a foreign function without side
effects. Everything else looks at its job itself, or is a child process (core/process.py).
"""

import importlib
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from tinsmith.core.process import POLL_S
from tinsmith.core.progress import SILENT, Progress

T = TypeVar("T")


def waited(work: Callable[[], T], job: Progress) -> T:
    """What ``work`` returns or raises. It is done by a thread of its own, which the interpreter
    waits for when it ends, unless nobody can cancel the job.

    Raises:
        Cancelled: the job was cancelled; the work goes on.
    """
    job.check()
    if job is SILENT:
        return work()
    result, fault, done = list[T](), list[BaseException](), threading.Event()

    def perform() -> None:
        try:
            result.append(work())
        except BaseException as e:  # noqa: BLE001 - raised again in the thread that waits
            fault.append(e)
        finally:
            done.set()

    threading.Thread(target=perform).start()
    while not done.wait(POLL_S):
        job.check()
    if fault:
        raise fault[0]
    return result[0]


def load_library(name: str, job: Progress) -> Any:
    """A module by its name, as ``import`` gives it. Where it was not loaded before, `waited`.

    Raises:
        ImportError: as ``import`` does.
        Cancelled: the job was cancelled; the module goes on being loaded.
    """
    found = sys.modules.get(name)
    if found is not None and not getattr(getattr(found, "__spec__", None), "_initializing", False):
        return found
    return waited(lambda: importlib.import_module(name), job)
