"""ESP-IDF component: sources with idf_component.yml and an example project (ESP-IDF Programming
Guide, "Build System"; IDF Component Manager, "idf_component.yml Manifest File")."""

from tinsmith.build.contents import Contents
from tinsmith.build.package import Order, Package


def make(order: Order) -> tuple[str, bytes]:
    """``<name>-esp-idf.zip``; everything lies in a folder ``<name>``."""
    contents = Contents("esp_idf", order)
    contents.sources("src/", "src/")
    example = "examples/selftest"
    contents.add(
        {
            "CMakeLists.txt": "esp_idf/CMakeLists.txt.j2",
            "idf_component.yml": "esp_idf/idf_component.yml.j2",
            f"{example}/CMakeLists.txt": "esp_idf/example_CMakeLists.txt.j2",
            f"{example}/main/CMakeLists.txt": "esp_idf/example_main_CMakeLists.txt.j2",
            f"{example}/main/idf_component.yml": "esp_idf/example_component.yml.j2",
        }
    )
    main = contents.text("embedded_main.c.j2", entry="void app_main(void)")
    contents.put({f"{example}/main/main.c": main})
    return f"{contents.name}-esp-idf.zip", contents.finish(contents.name)


PACKAGE = Package(name="esp_idf", make=make)
