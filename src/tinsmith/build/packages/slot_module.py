"""Slot module: one flat binary that a host program runs where it lies, at any address, with the C
header of the format; the model can be replaced without linking the program again."""

from hashlib import sha256

from tinsmith.build.contents import Contents
from tinsmith.build.image import firmware_text
from tinsmith.build.module_binary import build_module_binary
from tinsmith.build.package import Order, Package
from tinsmith.build.sbom import Tool
from tinsmith.build.toolchain import TOOLCHAINS


def make(order: Order) -> tuple[str, bytes]:
    """``<name>-slot.zip``: ``<name>.bin`` with its hash, ts_slot.h, and the module's own header.

    Raises:
        UserError ``build.board.host``: the module's board is this computer.
    """
    contents = Contents("slot_module", order)
    name, module = contents.name, order.module
    binary = build_module_binary(module, order.board, order.toolchain, order.cache, order.job)
    contents.files[f"{name}.bin"] = binary
    contents.put(
        {
            f"{name}.bin.sha256": f"{sha256(binary).hexdigest()}  {name}.bin\n",
            f"{name}.h": module.sources[f"{name}.h"],
            "ts_slot.h": firmware_text("package/slot_module/ts_slot.h"),
            **{f"selftest/{path}": text for path, text in contents.selftest().items()},
        }
    )
    contents.add(
        {
            f"{name}_slot.c": "slot_module/slot.c.j2",
            f"{name}_slot.S": "slot_module/slot.S.j2",
        }
    )
    found = TOOLCHAINS.get(order.toolchain).find().version
    tool, _, version = found.rpartition(" ")
    return f"{name}-slot.zip", contents.finish(name, (Tool(tool, version),))


PACKAGE = Package(name="slot_module", make=make, linked=True)
