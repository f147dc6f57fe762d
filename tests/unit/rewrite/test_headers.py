"""Names of modules keep clear of headers that programs around them include."""

import pytest

from tinsmith.rewrite._headers import taken_by
from tinsmith.rewrite.lower import module_name, renaming

TAKEN = {
    "stdint": "C", "Math": "C", "threads": "C", "pthread": "POSIX", "golden": "our packages",
    "Arduino": "Arduino", "ARDUINO": "Arduino", "Wire": "Arduino", "wire": "Arduino",
    "SPI": "Arduino", "EEPROM": "Arduino", "Servo": "Arduino", "WiFi": "Arduino", "SD": "Arduino",
    "Print": "Arduino", "arm_math": "CMSIS", "core_cm33": "CMSIS", "core_cm0plus": "CMSIS",
    "cmsis_gcc": "CMSIS", "RTE_Components": "CMSIS", "FreeRTOS": "FreeRTOS", "task": "FreeRTOS",
    "zephyr": "Zephyr", "autoconf": "Zephyr", "soc": "Zephyr", "sdkconfig": "ESP-IDF",
    "list": "FreeRTOS", "network": "Arduino", "esp_system": "ESP-IDF", "nvs_flash": "ESP-IDF",
    "driver": "ESP-IDF",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(TAKEN))
def test_headers_of_frameworks_keep_their_names(name: str) -> None:
    assert taken_by(name) == TAKEN[name]
    assert module_name(name) == f"model_{name}" and not taken_by(f"model_{name}")


@pytest.mark.parametrize(
    "name",
    ["wrist", "kws", "net", "digits", "gestures", "core_classifier", "core", "arm", "wires",
     "hello_world", "sensor", "model", "spi_model", "espresso", "audio", "bridge", "robotcontrol"],
)  # fmt: skip
def test_other_names_are_free(name: str) -> None:
    assert taken_by(name) == "" and module_name(name) == name


def test_who_owns_a_name_is_said() -> None:
    assert renaming("audio") == ""
    assert renaming("Wire") == (
        "In C it is called model_Wire: Wire.h would be found in place of a header of Arduino."
    )
    assert "model_ts_net" in renaming("ts_net") and "our own" in renaming("ts_net")
