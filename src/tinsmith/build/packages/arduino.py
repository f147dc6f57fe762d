"""Arduino library: a zip that the IDE and arduino-cli install (Library Specification 1.5 rev. 2.2,
https://docs.arduino.cc/arduino-cli/library-specification)."""

from tinsmith.build.contents import Contents
from tinsmith.build.package import Order, Package


def make(order: Order) -> tuple[str, bytes]:
    """``<name>-arduino.zip``: library.properties, src/ and a sketch that runs the self-test."""
    contents = Contents("arduino", order)
    contents.sources("src/", "src/")
    contents.add(
        {
            "library.properties": "arduino/library.properties.j2",
            "examples/selftest/selftest.ino": "arduino/selftest.ino.j2",
        }
    )
    return f"{contents.name}-arduino.zip", contents.finish(contents.name, bill="extras/bom.json")


PACKAGE = Package(name="arduino", make=make)
