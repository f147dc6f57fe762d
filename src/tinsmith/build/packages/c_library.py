"""C library: a zip of sources, stable header, CMake project, example, golden vectors, SELFTEST."""

from tinsmith.build.contents import Contents
from tinsmith.build.package import Order, Package


def make(order: Order) -> tuple[str, bytes]:
    """``<name>-c-library.zip``; everything lies in a folder ``<name>``."""
    contents = Contents("c_library", order)
    contents.sources("", "selftest/")
    contents.add(
        {
            "CMakeLists.txt": "c_library/CMakeLists.txt.j2",
            "example/example.c": "example.c.j2",
            "example/selftest.c": "selftest_main.c.j2",
        }
    )
    return f"{contents.name}-c-library.zip", contents.finish(contents.name)


PACKAGE = Package(name="c_library", make=make)
