"""Headers that ``<name>.h`` of a module must not stand for, and whose they are.

Compilers take the first file of a name that they find, on macOS and Windows whatever its case, so a
module called ``Wire`` would be found in place of Arduino's. Names are in small letters and without
``.h``; sources, as of their versions in November 2026:

C: ISO/IEC 9899:2024, 7.1.2. POSIX: IEEE Std 1003.1-2024, Base Definitions, 14. Arduino: the folders
``cores`` and ``libraries`` of github.com/arduino/ArduinoCore-avr, ``api`` of ArduinoCore-API,
"Built-in libraries" of docs.arduino.cc, and ``libraries`` of github.com/espressif/arduino-esp32:
where a library has a header of its own name, and not those of retired boards (Due, Esplora, Robot,
Yun), which few sketches still include.
CMSIS: ``CMSIS/Core/Include`` of github.com/ARM-software/CMSIS_6 and CMSIS_5, folders ``Include``
of CMSIS-DSP and CMSIS-NN, the headers that csolution generates. FreeRTOS: ``include`` of
github.com/FreeRTOS/FreeRTOS-Kernel. Zephyr: what its build generates and includes without the
prefix ``zephyr/``, or did up to version 3.4. ESP-IDF: the folders of ``components``, which a
component of the same name takes the place of ("Multiple Components with the Same Name", ESP-IDF
Programming Guide), and their headers.
"""

import re
from collections.abc import Mapping

_NAMES: Mapping[str, str] = {
    "C": "assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal "
    "stdalign stdarg stdatomic stdbit stdbool stdckdint stddef stdint stdio stdlib stdnoreturn "
    "string tgmath threads time uchar wchar wctype",
    "POSIX": "aio cpio devctl dirent dlfcn endian fcntl fmtmsg fnmatch ftw glob grp iconv langinfo "
    "libgen libintl monetary mqueue ndbm netdb nl_types poll pthread pwd regex sched search "
    "semaphore spawn strings stropts syslog tar termios trace ulimit unistd utime utmpx wordexp",
    "our packages": "golden",
    "Arduino": "arduino arduinoapi binary cdc client hardwareserial hid ipaddress new pins_arduino "
    "pluggableusb print printable server stream udp usbapi usbcore usbdesc wcharacter "
    "wiring_private wprogram wstring arduinoble arduinoota asyncudp bledevice "
    "bluetoothserial dnsserver eeprom esp_i2s esp_now espmdns eth ethernet ffat firmata "
    "fs gsm httpclient httpupdate i2s insights keyboard liquidcrystal littlefs matter "
    "mouse netbios network pdm ppp preferences rtc scheduler sd sd_mmc servo simpleble "
    "softwareserial spi spiffs stepper tft thread ticker update usb usbhost webserver "
    "wifi wifiprov wire zigbee",
    "CMSIS": "arm_common_tables arm_const_structs arm_helium_utils arm_math arm_math_memory "
    "arm_math_types arm_nn_math_types arm_nn_tables arm_nn_types arm_nnfunctions "
    "arm_nnsupportfunctions arm_vec_math armv7m_cachel1 armv7m_mpu armv81m_pac armv8m_mpu "
    "armv8m_pmu cachel1_armv7 mpu_armv7 mpu_armv8 pac_armv81 pmu_armv8 rte_components rte_device "
    "tz_context",
    "FreeRTOS": "atomic croutine deprecated_definitions event_groups freertos freertosconfig list "
    "message_buffer mpu_prototypes mpu_wrappers portable portmacro projdefs queue semphr "
    "stack_macros stackmacros stream_buffer task timers",
    "Zephyr": "app_version autoconf device devicetree devicetree_generated init kernel "
    "kernel_version offsets soc toolchain version zephyr",
    "ESP-IDF": "app_trace app_update bootloader bootloader_support bt cjson cmock console cxx "
    "driver efuse espcoredump fatfs hal heap http_parser idf_test ieee802154 json linux log lwip "
    "mbedtls mdns mqtt mqtt_client newlib nvs nvs_flash nvs_sec_provider partition_table perfmon "
    "protocomm riscv rt sdkconfig sdmmc sdmmc_cmd spi_flash tcp_transport touch_element ulp unity "
    "vfs wear_levelling wifi_provisioning wpa_supplicant xtensa",
}
_FAMILIES: Mapping[str, str] = {
    "CMSIS": r"cmsis_\w+|core_(ca|c[amr]\d\w*|sc\d+|armv\w+|star\w*)",
    "FreeRTOS": r"freertos_\w+",
    "Zephyr": r"zephyr_\w+",
    "ESP-IDF": r"esp_\w+",
}


def taken_by(name: str) -> str:
    """Whose header has the name of a module, whatever its case; empty where it is free."""
    low = name.lower()
    named = (whose for whose, names in _NAMES.items() if low in names.split())
    like = (whose for whose, form in _FAMILIES.items() if re.fullmatch(form, low))
    return next(named, "") or next(like, "")
