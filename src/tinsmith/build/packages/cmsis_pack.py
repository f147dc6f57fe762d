"""CMSIS-Pack: a .pack with its description (Open-CMSIS-Pack specification 1.7, PACK.xsd)."""

from hashlib import sha256

from tinsmith.build.contents import Contents
from tinsmith.build.package import Order, Package

VENDOR = "tinsmith"


def make(order: Order) -> tuple[str, bytes]:
    """``tinsmith.<name>.<version>.pack``; the description lies at the top of the archive."""
    contents = Contents("cmsis_pack", order)
    contents.sources("src/", "src/")
    pdsc = contents.text("cmsis_pack/pack.pdsc.j2", group=group(contents.name))
    contents.put({f"{VENDOR}.{contents.name}.pdsc": pdsc})
    return f"{VENDOR}.{contents.name}.{order.version}.pack", contents.finish()


def group(name: str) -> str:
    """The module's name as PACK.xsd takes it (CidPartType: 2 to 32 characters)."""
    if len(name) < 2:
        return f"{name} model"
    return name if len(name) <= 32 else f"{name[:23]}_{sha256(name.encode()).hexdigest()[:8]}"


PACKAGE = Package(name="cmsis_pack", make=make)
