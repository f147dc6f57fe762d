"""Links an inference module with a port into an image for exactly the memories of a board."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from tinsmith.build.firmware import Firmware
from tinsmith.build.linker import linker_script
from tinsmith.build.machines import machine_for
from tinsmith.build.objects import Compiler, compile_all, compiler_for, optimised, write_objects
from tinsmith.build.sizes import size_report, symbols
from tinsmith.build.stack import stack_report
from tinsmith.codegen.module import InferenceModule
from tinsmith.core.errors import InternalError, UnknownKind, UserError
from tinsmith.core.progress import SILENT, Progress
from tinsmith.devices.board import Board, Memory

PORT = "bare"
"""The port of images whose sizes count: it adds nothing to the model."""
DEFAULT_STACK = 4096
"""Bytes reserved for the stack where nothing else is asked for; a reference kernel needs less
than 1000."""
_ROOM = 1 << 26


@dataclass(frozen=True)
class BuildOptions:
    """How to link. ``cache``: folder of cached objects. ``port``: a folder of firmware/ports.

    ``stack_bytes``: a multiple of 8; None means `DEFAULT_STACK`. ``optimize``: a name that the
    toolchain knows (`Toolchain.optimize`); empty means its own choice. ``job``: whose work it is.
    """

    cache: Path
    port: str = PORT
    stack_bytes: int | None = None
    optimize: str = ""
    job: Progress = field(default=SILENT, compare=False)


def build_image(
    module: InferenceModule, board: Board, toolchain: str, options: BuildOptions
) -> Firmware:
    """Compile and link; two builds of the same module give the same bytes in any folder.

    Raises:
        MissingTool: the toolchain is not installed.
        UserError ``build.fit``: the image needs more flash or RAM than the board has.
        UserError ``build.stack``: the stack is not a positive multiple of 8 bytes.
        UnknownKind: no such port.
        InternalError: our sources do not compile.
    """
    port = options.port
    stack = DEFAULT_STACK if options.stack_bytes is None else options.stack_bytes
    check_stack(stack)
    memories = machine_for(board).memories if port == "qemu" else board.memories
    if not memories:
        raise UserError(
            "build.board.host",
            f"Board {board.id!r} has no memories to link an image for.",
            "Build a shared object for it, or choose another board.",
        )
    _check_ram(module, memories, stack)
    compiler = compiler_for(board.core, toolchain, options.cache, job=options.job)
    compiler = optimised(compiler, options.optimize, module.levels, module.tuned)
    objects = compile_all(compiler, {**module.sources, **_port_sources(module, board, port)})
    title = f"{board.id}, port {port}"
    link = Link(title, memories, stack, entry_symbol(board.core.isa))
    elf = _link_or_explain(compiler, objects, link, module)
    return Firmware(
        board=board.id, port=port, toolchain=toolchain, toolchain_version=compiler.found.version,
        kind="image", elf=elf, stack_bytes=stack, module=module,
        size=size_report(elf, board.id, compiler.found.version),
        symbols=symbols(elf, thumb=board.core.isa.startswith("arm")),
        stack=stack_report(elf, board, module, compiler.found.version),
    )  # fmt: skip


def check_stack(nbytes: int) -> None:
    """Raises UserError ``build.stack`` where so large a stack cannot be reserved on any board."""
    if nbytes < 8 or nbytes % 8:
        raise UserError(
            "build.stack",
            f"A stack of {nbytes} B is not a positive multiple of 8 B.",
            f"Take the next multiple of 8; usual are {DEFAULT_STACK} B.",
        )


@dataclass(frozen=True)
class Link:
    """What the linker script is made of."""

    title: str
    memories: Sequence[Memory]
    stack_bytes: int
    entry: str


def entry_symbol(isa: str) -> str:
    """Where execution begins: Arm takes it from the vector table, RISC-V starts at ``_start``."""
    return "ts_start" if isa.startswith("arm") else "_start"


def model_header(module: InferenceModule) -> str:
    """ts_model.h: the names of this module for main.c, which is the same for all."""
    lower, upper = module.name, module.name.upper()
    return (
        f'/* Generated: the module that main.c runs. */\n#include "{lower}.h"\n\n'
        f"#define TS_MODEL_INIT {lower}_init\n#define TS_MODEL_RESET {lower}_reset\n"
        f"#define TS_MODEL_RUN {lower}_run\n#define TS_MODEL_ALIGN {upper}_ALIGN\n"
        f"#define TS_MODEL_ARENA_BYTES {upper}_ARENA_BYTES\n"
        f"#define TS_MODEL_STATE_BYTES {upper}_STATE_BYTES\n"
    )


def ports() -> list[str]:
    """Names of all ports: the folders of firmware/ports that hold a port.c."""
    folders = files("tinsmith.firmware").joinpath("ports").iterdir()
    return sorted(f.name for f in folders if f.joinpath("port.c").is_file())


def firmware_text(path: str) -> str:
    """A file of the package data ``tinsmith/firmware``."""
    return files("tinsmith.firmware").joinpath(path).read_text(encoding="utf-8")


def _port_sources(module: InferenceModule, board: Board, port: str) -> dict[str, str]:
    arm = board.core.isa.startswith("arm")
    start = "start/thumb.c" if arm else "start/riscv.S"
    names = ["port.h", "main.c", "memory.c", start]
    folder = files("tinsmith.firmware").joinpath("ports", port)
    if port not in ports():
        raise UnknownKind("port", port, ports())
    names += sorted(f"{port}/{p.name}" for p in folder.iterdir() if p.name.endswith((".c", ".h")))
    sources = {f"ports/{n}": firmware_text(f"ports/{n}") for n in names}
    sources["ports/ts_model.h"] = model_header(module)
    if port == "qemu":
        machine = machine_for(board)
        ram = next(m for m in machine.memories if m.role == "ram")
        sources["ports/qemu/ts_machine.h"] = (
            f"/* Generated: addresses of machine {machine.name}. */\n"
            f"#define TS_UART_ADDRESS {machine.uart:#x}u\n"
            f"#define TS_BLOB_ADDRESS {machine.blob.origin:#x}u\n"
            f"#define TS_RAM_END {ram.origin + ram.nbytes:#x}u\n"
        )
    return sources


def link_elf(compiler: Compiler, objects: Mapping[str, bytes], script: str) -> bytes:
    """Link objects by a script.

    Raises:
        InternalError: the linker refused; the message has its words.
    """
    with TemporaryDirectory(prefix="tinsmith-") as name:
        folder = Path(name)
        names = write_objects(objects, folder)
        (folder / "image.ld").write_text(script, encoding="utf-8")
        argv = [
            *compiler.found.command, *compiler.target, *compiler.toolchain.link_flags,
            "-static", "-Wl,--gc-sections", "-Wl,-z,max-page-size=4", "-Wl,-T,image.ld", *names,
            *compiler.toolchain.libraries, "-o", "image.elf",
        ]  # fmt: skip
        compiler.run(argv, folder, "linking")
        return (folder / "image.elf").read_bytes()


def _link_or_explain(
    compiler: Compiler, objects: Mapping[str, bytes], link: Link, module: InferenceModule
) -> bytes:
    script = linker_script(link.title, link.memories, link.stack_bytes, link.entry)
    try:
        elf = link_elf(compiler, objects, script)
    except InternalError:
        # It may just not fit. Linked with room to spare, the image itself says what it needs.
        roomy = linker_script(link.title, link.memories, link.stack_bytes, link.entry, _ROOM)
        _check_fit(link_elf(compiler, objects, roomy), link, module, compiler.found.version)
        raise
    _check_fit(elf, link, module, compiler.found.version)
    return elf


def _check_fit(elf: bytes, link: Link, module: InferenceModule, linker: str) -> None:
    size = size_report(elf, module.board, linker)
    flash = next(m for m in link.memories if m.role == "flash")
    if size.flash.whole > flash.nbytes:
        constants = {k: v.nbytes for k, v in module.graph.constants.items()}
        raise _too_big("flash", size.flash.whole, flash.nbytes, _largest(constants), module)
    _check_ram(module, link.memories, link.stack_bytes, size.ram_static.whole)


def _check_ram(
    module: InferenceModule, memories: Sequence[Memory], stack: int, static: int | None = None
) -> None:
    """Static RAM and stack against the board; before linking the plan is what is known of it."""
    plan = module.plan
    need = stack + (plan.arena_bytes + plan.state_bytes if static is None else static)
    has = next(m for m in memories if m.role == "ram").nbytes
    if need > has:
        places = {k: p.nbytes for k, p in plan.places.items()}
        raise _too_big("RAM", need, has, _largest(places), module)


def _largest(sizes: Mapping[str, int]) -> str:
    if not sizes:
        return ""
    name = max(sorted(sizes), key=lambda k: sizes[k])
    return f" The largest buffer is {name!r} with {sizes[name]} B."


def _too_big(what: str, need: int, has: int, largest: str, module: InferenceModule) -> UserError:
    return UserError(
        "build.fit",
        f"Model {module.name!r} does not fit {module.board}: needs {need} B of {what}, "
        f"has {has} B.{largest}",
        "Try: a shorter window, smaller layers, or a board with more memory.",
    )
