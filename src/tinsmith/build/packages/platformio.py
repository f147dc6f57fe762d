"""PlatformIO library: sources with library.json (PlatformIO documentation, "library.json")."""

import json

from tinsmith.build.contents import Contents
from tinsmith.build.package import Order, Package


def make(order: Order) -> tuple[str, bytes]:
    """``<name>-platformio.zip``: library.json lies at the top of the archive."""
    contents = Contents("platformio", order)
    contents.sources("src/", "src/")
    main = contents.text("embedded_main.c.j2", entry="int main(void)")
    manifest = json.dumps(_manifest(order), indent=2) + "\n"
    contents.put({"library.json": manifest, "examples/selftest/main.c": main})
    return f"{contents.name}-platformio.zip", contents.finish()


def _manifest(order: Order) -> dict[str, object]:
    name = order.module.name
    return {
        "name": name,
        "version": order.version,
        "description": f"Inference module {name}, compiled for {order.module.board}",
        "keywords": "machine learning, inference",
        "license": "Apache-2.0",
        "frameworks": "*",
        "platforms": "*",
        "headers": f"{name}.h",
        "build": {"srcDir": "src", "includeDir": "src", "flags": ["-fno-strict-aliasing"]},
        "examples": [{"name": "selftest", "base": "examples/selftest", "files": ["main.c"]}],
    }


PACKAGE = Package(name="platformio", make=make)
