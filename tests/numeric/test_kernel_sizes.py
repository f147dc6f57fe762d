"""The code of a kernel, as tables of costs count it, is all that it brings into an image."""

import io

from elftools.elf.elffile import ELFFile
from firmwares import CACHE

from tinsmith.build.image import BuildOptions, build_image
from tinsmith.build.sizes import SymbolSizes
from tinsmith.codegen.choices import Choices
from tinsmith.codegen.compile import compile_graph
from tinsmith.devices.board import BOARDS
from tinsmith.testing.networks import mobilenet

BOARD = "nucleo_l4r5zi"


def test_code_of_a_kernel_is_counted_with_its_helpers() -> None:
    """Functions that only a kernel's file has are part of it; together with what the module and the
    port bring, they are all code."""
    module = compile_graph(mobilenet(size=32).graph, BOARD, choices=Choices(aim="speed"))
    firmware = build_image(module, BOARDS.get(BOARD), "zig", BuildOptions(CACHE))
    sizes = SymbolSizes(firmware.elf)
    table = ELFFile(io.BytesIO(firmware.elf)).get_section_by_name(".symtab")
    alone = {s.name: int(s["st_size"]) for s in table.iter_symbols()}
    used = {k.replace("/", "_").removeprefix("ref_") for k in module.kernels.values()}
    code = {k: sizes.kernel(module.name, k) for k in used}
    helped = [k for k in used if code[k] > alone[f"{module.name}_ts_{k}"]]
    assert "dsp_conv_positive" in helped and "softmax_int8" in helped
    assert all(code[k] >= alone[f"{module.name}_ts_{k}"] > 0 for k in used)
    assert firmware.size is not None
    assert sum(code.values()) > 0.6 * firmware.size.code.whole
