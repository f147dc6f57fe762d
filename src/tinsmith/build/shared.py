"""Links an inference module as a shared object for this computer: the second opinion of a proof."""

from pathlib import Path
from tempfile import TemporaryDirectory

from tinsmith.build.firmware import Firmware
from tinsmith.build.objects import compile_all, compiler_for, optimised, write_objects
from tinsmith.build.sizes import symbols
from tinsmith.build.toolchain import toolchains_for
from tinsmith.codegen.module import InferenceModule
from tinsmith.core.progress import SILENT, Progress
from tinsmith.devices.board import BOARDS

HOST_PORT = "host"
"""A shared object is called by its runner as it is; the name keeps images and it apart."""


def build_shared(
    module: InferenceModule, cache: Path, optimize: str = "", job: Progress = SILENT
) -> Firmware:
    """Shared object with ``<name>_run`` and all step functions exported; no libc, no start-up.

    Its sizes are those of this computer and say nothing of a board, so there are none.
    ``optimize``: a name of `Toolchain.optimize`, or empty for the toolchain's own choice.

    Raises:
        InternalError: our sources do not compile.
    """
    host = BOARDS.get("host")
    compiler = compiler_for(host.core, toolchains_for(host)[0], cache, ("-fPIC",), job)
    compiler = optimised(compiler, optimize, module.levels, module.tuned)
    objects = compile_all(compiler, module.sources)
    with TemporaryDirectory(prefix="tinsmith-") as name:
        folder = Path(name)
        names = write_objects(objects, folder)
        argv = [
            *compiler.found.command, *compiler.target, *compiler.toolchain.link_flags,
            "-shared", "-fPIC", "-Wl,-z,undefs", *names, "-o", "module.so",
        ]  # fmt: skip
        compiler.run(argv, folder, "linking the shared object")
        elf = (folder / "module.so").read_bytes()
    return Firmware(
        board=host.id, port=HOST_PORT, toolchain=compiler.toolchain.name,
        toolchain_version=compiler.found.version, kind="shared-object", elf=elf,
        size=None, symbols=symbols(elf, thumb=False), stack_bytes=0,
        module=module,
    )  # fmt: skip
