"""Zephyr module: sources with zephyr/module.yml, Kconfig and a sample (Zephyr documentation,
"Modules (External projects)")."""

from tinsmith.build.contents import Contents
from tinsmith.build.package import Order, Package


def make(order: Order) -> tuple[str, bytes]:
    """``<name>-zephyr.zip``; everything lies in a folder ``<name>``."""
    contents = Contents("zephyr", order)
    contents.sources("src/", "src/")
    sample = "samples/selftest"
    contents.add(
        {
            "zephyr/module.yml": "zephyr/module.yml.j2",
            "zephyr/Kconfig": "zephyr/Kconfig.j2",
            "zephyr/CMakeLists.txt": "zephyr/CMakeLists.txt.j2",
            f"{sample}/CMakeLists.txt": "zephyr/sample_CMakeLists.txt.j2",
            f"{sample}/prj.conf": "zephyr/prj.conf.j2",
            f"{sample}/sample.yaml": "zephyr/sample.yaml.j2",
        }
    )
    main = contents.text("embedded_main.c.j2", entry="int main(void)")
    contents.put({f"{sample}/src/main.c": main})
    return f"{contents.name}-zephyr.zip", contents.finish(contents.name)


PACKAGE = Package(name="zephyr", make=make)
