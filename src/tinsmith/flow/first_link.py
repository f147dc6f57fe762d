"""The first link for a core: a toolchain that brings its runtime as sources (zig) compiles it then,
once, for some ten seconds. People who wait are told why."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tinsmith.build.toolchain import TOOLCHAINS
from tinsmith.core.cache import write_atomically
from tinsmith.core.codec import content_hash
from tinsmith.devices.board import Core


@contextmanager
def explained(
    core: Core, toolchain: str, cache: Path, tell: Callable[[str], None]
) -> Iterator[None]:
    """Around a link: ``tell`` hears one sentence if it is the first for this core, toolchain and
    ``cache`` (the folder of compiled objects) that comes to its end.

    Raises:
        UnknownKind: no such toolchain.
        MissingTool: it is not installed.
        UserError: it does not serve this core.
    """
    chain = TOOLCHAINS.get(toolchain)
    if str(cache) not in "".join(chain.environment(cache).values()):  # it keeps nothing there
        yield
        return
    key = content_hash(chain.name, chain.find().version, chain.flags(core))
    done = cache / "runtimes" / key
    if not done.exists():
        tell(
            f"this is the first build for {core.title}: {chain.name} compiles its runtime library, "
            "which takes some ten seconds, once."
        )
    yield
    if not done.exists():
        write_atomically(done, b"")
